"""The target grammar: what a user may write to name an endpoint (design: one grammar everywhere).

    host   host:port   [v6]:port   v6   host@address:port   https://host:port   postgres://host
    target?sni=NAME   target?http=PORT   target?http=none

Internationalised names are accepted as typed and kept as A-labels. The port defaults to that of the scheme, else 443.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import idna

from tlsaudit.model.errors import InputError

STARTTLS_PORTS = {"postgres": 5432}
"""Services whose TLS begins in plain text, by scheme (`probe.starttls` speaks them)."""
SCHEME_PORTS = {"https": 443, "tls": 443, **STARTTLS_PORTS}
_HTTP, _HTTPS = 80, 443
_LONGEST = 1024
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+(?:%[0-9A-Za-z_.-]+)?")
"""What an address is made of; the zone of a link-local one is the name of an interface (RFC 4007 section 11)."""
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One endpoint to audit. `host` is an A-label name or an IP address in canonical form; `address` pins the dial."""

    host: str
    port: int = 443
    address: str | None = None
    scheme: str | None = None
    sni: str | None = None
    http_port: int | None = None
    """Where the same host speaks HTTP without TLS, if somebody says so; 0: nowhere."""

    @property
    def plain_http_port(self) -> int | None:
        """The port of plain HTTP that belongs to this one: what was said, else 80 beside 443 (RFC 9110 section 4.2)."""
        if self.http_port is not None:
            return self.http_port or None
        usual = self.port == _HTTPS and self.starttls is None and self.scheme != "tls"
        return _HTTP if usual else None

    @property
    def name(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def id(self) -> str:
        """The canonical spelling: stable over runs, unique for what is audited."""
        pinned = f"@{_bracketed(self.address)}" if self.address else ""
        sni = f"?sni={self.sni}" if self.sni is not None else ""
        scheme = f"{self.starttls}://" if self.starttls else ""
        return f"{scheme}{_bracketed(self.host)}{pinned}:{self.port}{sni}"

    @property
    def starttls(self) -> str | None:
        """The service that is asked for TLS in plain text; None where TLS begins at once."""
        return self.scheme if self.scheme in STARTTLS_PORTS else None

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP literal, which can never be sent as SNI (RFC 6066 section 3)."""
        return _address(self.host) is not None

    @property
    def server_name(self) -> str | None:
        """The name for the server_name extension: the override (empty: none), else the host unless it is an address."""
        if self.sni is not None:
            return self.sni or None
        return None if self.is_address else self.host


def parse_target(text: str) -> Target:
    """The target that `text` names; raises InputError with the reason."""
    target = text.strip()
    if not target:
        raise InputError("empty target: expected HOST, HOST:PORT, [IPV6]:PORT or https://HOST")
    if len(target) > _LONGEST:
        raise InputError(f"target is longer than {_LONGEST} characters")
    if not target.isprintable() or any(character.isspace() for character in target):
        raise InputError(f"target {target!a} contains spaces or control characters")
    target, _, query = target.partition("?")
    scheme, target = _split_scheme(target, text)
    target = target.removesuffix("/")
    if "/" in target:
        raise InputError(f"target {text!r} has a path; give only host and port")
    host_text, address, port = _split_authority(target, text)
    result = Target(
        host=canonical_host(host_text),
        port=port if port is not None else SCHEME_PORTS.get(scheme or "https", 443),
        address=address,
        scheme=scheme,
    )
    return _with_options(result, query, text)


def parse_http_port(text: str) -> int:
    """The port of plain HTTP that `text` names, 0 for `none`; raises InputError."""
    if text == "none":
        return 0
    if not _is_port(text):
        raise InputError(f"{text!r} is neither a port between 1 and 65535 nor none")
    return int(text)


def canonical_host(text: str) -> str:
    """A host name as lower-case A-labels without trailing dot, or an IP address in canonical form.

    Raises InputError where `text` is neither (RFC 1123 section 2.1, RFC 5891; underscores occur and are let through).
    """
    if not text.isascii():
        # Mapped before anything is decided: other scripts have digits and full stops of their own (UTS #46).
        try:
            return canonical_host(idna.encode(text, uts46=True).decode("ascii"))
        except (idna.IDNAError, UnicodeError) as error:
            raise InputError(f"{text!r} is not a valid host name: {error}") from None
    address = _address(text)
    if address is not None:
        return str(address)
    name = text.rstrip(".") if not text.endswith("..") else text
    if re.fullmatch(r"[0-9.]+", name):
        raise InputError(f"{text!r} is not a valid IPv4 address")
    name = name.lower()
    if not name or len(name) > 253 or not all(_LABEL.match(label) for label in name.split(".")):
        raise InputError(f"{text!r} is not a valid host name")
    return name


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not _ADDRESS.fullmatch(text):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _split_scheme(target: str, text: str) -> tuple[str | None, str]:
    scheme, separator, rest = target.partition("://")
    if not separator:
        return None, target
    if scheme.lower() not in SCHEME_PORTS:
        known = ", ".join(sorted(SCHEME_PORTS))
        raise InputError(f"target {text!r}: unknown scheme {scheme!r}; known: {known}")
    return scheme.lower(), rest


def _split_authority(target: str, text: str) -> tuple[str, str | None, int | None]:
    """Host, pinned address and port of `host[@address][:port]`."""
    host, at, rest = target.partition("@")
    if not at:
        host, port = _split_port(target, text)
        return host, None, port
    pinned, port = _split_port(rest, text)
    address = _address(pinned)
    if address is None:
        raise InputError(f"target {text!r}: {pinned!r} is not an IP address")
    return host.strip("[]"), str(address), port


def _split_port(target: str, text: str) -> tuple[str, int | None]:
    if target.startswith("["):
        host, bracket, rest = target[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or _address(host) is None:
            raise InputError(f"target {text!r}: expected [IPV6]:PORT")
        return host, _port(rest[1:], text) if rest else None
    if target.count(":") > 1:
        if _address(target) is None:
            raise InputError(f"target {text!r} is neither HOST:PORT nor an IPv6 address; write [IPV6]:PORT")
        return target, None
    host, colon, port = target.partition(":")
    return host, _port(port, text) if colon else None


def _port(port: str, text: str) -> int:
    if not _is_port(port):
        raise InputError(f"target {text!r}: port {port!r} is not between 1 and 65535")
    return int(port)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535


def _http_port(value: str, text: str) -> int:
    try:
        return parse_http_port(value)
    except InputError as error:
        raise InputError(f"target {text!r}: http={error}") from None


def _with_options(target: Target, query: str, text: str) -> Target:
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key == "sni":
            target = replace(target, sni=canonical_host(value) if value else "")
        elif key == "http":
            target = replace(target, http_port=_http_port(value, text))
        else:
            raise InputError(f"target {text!r}: unknown option {key!r}; known: http, sni")
    return target
