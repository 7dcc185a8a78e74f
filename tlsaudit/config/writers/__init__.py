"""From what is wanted to the lines of a server's configuration, one module a product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tlsaudit.config.libraries import boringssl, go, openssl
from tlsaudit.config.writers.apache import apache
from tlsaudit.config.writers.caddy import caddy
from tlsaudit.config.writers.envoy import envoy
from tlsaudit.config.writers.haproxy import haproxy
from tlsaudit.config.writers.nginx import nginx
from tlsaudit.config.writers.postgresql import postgresql
from tlsaudit.config.writers.traefik import traefik
from tlsaudit.model.errors import InputError
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.wanted import Library, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """How a product is written, and the library that it brings; None: an OpenSSL.

    One that `staples` nothing, although OpenSSL could, is called by its `name` in a message.
    """

    write: Callable[[Wanted], str]
    library: Library | None = None
    name: str = ""
    staples: bool = True

    def spoken(self, version: tuple[int, int] | None) -> Library:
        """Its library, with this version of OpenSSL where it has one; 3.0 where none is said."""
        if self.library is None:
            library = openssl(version or (3, 0))
            return library if self.staples else replace(library, name=f"{self.name} with {library.name}", staples=False)
        if version is not None:
            raise InputError(f"--openssl: {self.library.name} has a TLS library of its own")
        return self.library


_CURRENT = frozenset({ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3})

PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        "apache": Product(write=apache),
        "caddy": Product(write=caddy, library=go("Caddy", versions=_CURRENT, staples=True)),
        "envoy": Product(write=envoy, library=boringssl("Envoy")),
        "haproxy": Product(write=haproxy),
        "nginx": Product(write=nginx),
        "postgresql": Product(write=postgresql, name="PostgreSQL", staples=False),
        "traefik": Product(write=traefik, library=go("Traefik", staples=False)),
    }
)
"""By the name that `--for` takes."""
