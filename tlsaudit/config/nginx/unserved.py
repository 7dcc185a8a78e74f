"""Sockets that look as if they spoke TLS and do not: a certificate is there, and `ssl` is not said of the socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.reading import Reading
from tlsaudit.config.nginx.scope import Scope, Setting
from tlsaudit.config.nginx.servers import Listen, Server
from tlsaudit.config.nginx.ways import ways
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
    spoken = {(server.module, each.port): each for server in servers for each in server.tls if "udp" not in each.socket}
    for server in servers:
        ports: dict[object, list[Listen]] = {}
        for each in server.in_clear():
            if "udp" not in each.parameters:
                ports.setdefault(each.port or each.socket, []).append(each)
        for listens in ports.values():
            other = spoken.get((server.module, listens[0].port)) if listens[0].port not in {None, _HTTP} else None
            if not _is_meant(server, listens[0], over_tls, other, alone=len(ports) == 1):
                continue
            may_be = any((server.module, each.socket) in beside for each in listens)
            fact = _unserved(server, listens, other, alone=reading.whole and not may_be)
            if not isinstance(fact, Known) or fact.value:
                yield InClear(server=server, listen=listens[0], unserved=fact)


def _is_meant(server: Server, listen: Listen, over_tls: set[str], other: Listen | None, *, alone: bool) -> bool:
    """Whether TLS seems to be meant at a port; `alone`: it is the only one of its server.

    `other` speaks TLS at another address of the same port: whoever asks this address for it talks in clear.
    """
    preread = server.scope.setting("ssl_preread")
    if isinstance(preread, Setting) and preread.word.lower() == "on":
        return False  # TLS goes through to whoever is behind
    if listen.port == _HTTPS or other is not None:
        return True
    if server.tls:
        return False
    if not server.scope.own("listen") and server.scope.hidden() is not None:
        return True  # where it listens is said in a file that is not here
    if not server.scope.own("ssl_certificate"):
        around = isinstance(server.scope.setting("ssl_certificate"), Setting)
        return around and str(listen.port).endswith(str(_HTTPS))  # 8443 and its like, which nobody uses in clear
    return listen.port != _HTTP or (alone and not over_tls.intersection(server.names))


def _unserved(
    server: Server, listens: Sequence[Listen], other: Listen | None, *, alone: bool
) -> Fact[tuple[Said, ...]]:
    place = Basis(Origin.EXPLICIT, listens[0].directive.at)
    certificate = server.scope.setting("ssl_certificate")
    if certificate is None and other is None:
        return Known((), place)
    if listens[0].port == _HTTP:
        leads = _leads_to_https(server.scope)
        if isinstance(leads, Unknown) or leads.value:
            return leads if isinstance(leads, Unknown) else Known((), place)
    if isinstance(certificate, Unknown):
        return certificate
    hidden = _hidden(server.scope)
    if hidden is not None or not alone:
        where = hidden.args[0][:200] if hidden is not None else "another file"
        return Unknown(Why.UNRESOLVED, f"ssl may be said of this socket in {where!r} ({place.at})")
    meant = f"a certificate is configured at {certificate.basis.at}" if certificate is not None else ""
    if other is not None:
        meant = f"another address of the port speaks TLS ({other.directive.at})"
    what = f"{meant}, and listen does not say ssl"
    return Known(tuple(Said(what, Basis(Origin.EXPLICIT, each.directive.at)) for each in listens), place)


def _hidden(scope: Scope) -> Directive | None:
    """An include of which the content is not known, at this level or around it."""
    level: Scope | None = scope
    while level is not None:
        hidden = level.hidden()
        if hidden is not None:
            return hidden
        level = level.parent
    return None


def _leads_to_https(scope: Scope) -> Fact[bool]:
    """Whether whoever asks a server for `/` in clear is sent to https."""
    found = ways(scope, tls=False)
    if isinstance(found, Unknown):
        return found
    others = [each.level for each in found if not each.secure]
    hidden = next((include for each in others if (include := _hidden(each)) is not None), None)
    if hidden is not None:
        reason = f"{hidden.args[0][:200]!r} may send clients to https, and is not in the scanned tree ({hidden.at})"
        return Unknown(Why.UNRESOLVED, reason)
    return Known(bool(found) and not others, Basis(Origin.EXPLICIT, f"{scope.file}:{scope.line}"))
