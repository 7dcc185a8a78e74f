"""Sockets that look as if they spoke TLS and do not: a certificate is there, and `ssl` is not said of the socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.reading import Reading
from tlsaudit.config.nginx.scope import Scope, Setting
from tlsaudit.config.nginx.servers import Listen, Server
from tlsaudit.model.configuration import Said
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

_HTTP = 80
_HTTPS = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class InClear:
    """The sockets of one port of a server block, and what is wrong with them, as far as known."""

    server: Server
    listen: Listen
    unserved: Fact[tuple[Said, ...]]


def in_clear(
    reading: Reading, servers: Sequence[Server], beside: frozenset[tuple[str, str]] = frozenset()
) -> Iterator[InClear]:
    """Every port at which a server block has settings for TLS and a socket that does not speak it.

    Port 80 beside a TLS socket is meant to be in clear, here or in another server block for the same name, and so is
    one that only sends clients to https. `beside` are sockets of which a file beside this one says that they speak TLS.
    """
    over_tls = {name for each in servers if each.tls for name in each.names}
    for server in servers:
        ports: dict[object, list[Listen]] = {}
        for each in server.listens:
            if each not in server.tls and "udp" not in each.parameters and _is_meant(server, each, over_tls):
                ports.setdefault(each.port or each.socket, []).append(each)
        for listens in ports.values():
            may_be = any((server.module, each.socket) in beside for each in listens)
            fact = _unserved(server, listens, alone=reading.whole and not may_be)
            if not isinstance(fact, Known) or fact.value:
                yield InClear(server=server, listen=listens[0], unserved=fact)


def _is_meant(server: Server, listen: Listen, over_tls: set[str]) -> bool:
    """Whether TLS seems to be meant at a socket."""
    preread = server.scope.setting("ssl_preread")
    if isinstance(preread, Setting) and preread.word.lower() == "on":
        return False  # TLS goes through to whoever is behind
    if listen.port == _HTTPS:
        return True
    if server.tls or not server.scope.own("ssl_certificate"):
        return False
    if listen.port != _HTTP:
        return True
    alone = all(each.port == _HTTP for each in server.listens)
    return alone and not over_tls.intersection(server.names) and not _redirects(server.scope)


def _redirects(scope: Scope) -> bool:
    """Whether a server sends clients to https, by itself or in one of its locations."""
    levels = (scope, *map(scope.inner, scope.blocks("location", "if")))
    return any(
        "https://" in word
        for level in levels
        for name in ("return", "rewrite")
        for each in level.own(name)
        for word in each.args
    )


def _hidden_around(scope: Scope) -> Directive | None:
    """An include beside a server of which the content is not known."""
    level = scope.parent
    while level is not None:
        hidden = level.hidden()
        if hidden is not None:
            return hidden
        level = level.parent
    return None


def _unserved(server: Server, listens: Sequence[Listen], *, alone: bool) -> Fact[tuple[Said, ...]]:
    certificate = server.scope.setting("ssl_certificate")
    if isinstance(certificate, Unknown):
        return certificate
    place = Basis(Origin.EXPLICIT, listens[0].directive.at)
    if certificate is None:
        return Known((), place)
    beside = _hidden_around(server.scope)
    if listens[0].port != _HTTP and (beside is not None or not alone):
        where = beside.args[0][:200] if beside is not None else "another file"
        return Unknown(Why.UNRESOLVED, f"ssl may be said of this socket in {where!r} ({place.at})")
    what = f"a certificate is configured at {certificate.basis.at}, and listen does not say ssl"
    return Known(tuple(Said(what, Basis(Origin.EXPLICIT, each.directive.at)) for each in listens), place)
