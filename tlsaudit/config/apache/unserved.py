"""Virtual hosts that look as if they spoke TLS and do not: a certificate is there, and nothing switches TLS on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlsaudit.config.apache.scope import Level, Setting
from tlsaudit.config.apache.served import Served, served_root
from tlsaudit.config.apache.servers import HTTPS, Address, Server, Servers, is_switched_on, speaks_tls, undecided
from tlsaudit.model.configuration import Said
from tlsaudit.model.knowledge import Basis, Origin, Unknown

_HTTP = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class InClear:
    """A virtual host at one port, and what is wrong there; or why that is not known."""

    server: Server
    address: Address
    said: Said | Unknown


def in_clear(servers: Servers) -> Iterator[InClear]:
    """Every port at which a virtual host has a certificate, and the address speaks no TLS.

    Port 80 is meant to be in clear where the name is served over TLS as well, or clients are sent there.
    """
    over_tls = {
        name
        for each in servers.hosts
        for name in each.names
        if any(speaks_tls(servers, address) for address in each.addresses)
    }
    for server in servers.hosts:
        certificate = server.level.setting("sslcertificatefile")
        for address in {each.port: each for each in reversed(server.addresses)}.values():
            first = servers.socket(address)[0]
            if is_switched_on(servers, first):
                continue
            unknown = _open(servers, first, address)
            if unknown is not None:
                yield InClear(server=server, address=address, said=unknown)
            elif isinstance(certificate, Setting) and _is_meant(servers, server, address, over_tls):
                yield InClear(server=server, address=address, said=_said(servers, server, first, certificate))


def _open(servers: Servers, first: Server, address: Address) -> Unknown | None:
    """Why it is not known whether TLS is spoken at an address.

    What the main server takes in from elsewhere is for all, and hardly switches TLS on; nor does what is taken in at
    port 80.
    """
    levels = [each for each in (first.level, first.level.around) if each is not None]
    if any(each.own("sslengine") for each in levels):
        return undecided(first)
    ports = servers.ports if address.port is None else (address.port,)
    return undecided(first) if first.level.hidden() is not None and set(ports) != {_HTTP} else None


def _is_meant(servers: Servers, server: Server, address: Address, over_tls: set[str]) -> bool:
    """Whether TLS seems to be meant at an address."""
    if address.port == HTTPS or is_switched_on(servers, server):
        return True
    engine = server.level.setting("sslengine")
    if not server.level.own("sslcertificatefile") or (isinstance(engine, Setting) and engine.word.lower() == "off"):
        return False
    return address.port != _HTTP or not (over_tls.intersection(server.names) or _redirects(server.level))


def _redirects(level: Level) -> bool:
    served, by = served_root(level)
    return served is Served.ERROR and by is not None and "https://" in by.raw


def _said(servers: Servers, server: Server, first: Server, certificate: Setting) -> Said:
    place, what = Basis(Origin.EXPLICIT, server.directive.at), "SSLEngine is not on"
    engine = server.level.setting("sslengine")
    if is_switched_on(servers, server):
        what = f"TLS is off in the first virtual host of the address ({first.directive.at}), which decides"
    elif isinstance(engine, Setting):
        place, what = engine.basis, f"SSLEngine is {engine.word[:20]}"
    return Said(f"a certificate is configured at {certificate.directive.at}, and {what}", place)
