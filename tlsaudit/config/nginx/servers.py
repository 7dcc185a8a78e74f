"""Servers and sockets: which server blocks speak TLS, on which socket, and who is its default server.

`ssl` is a parameter of the socket: once one server says it of an address and port, all of them speak TLS there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.scope import Scope

MODULES = ("http", "stream", "mail")
_PORT = re.compile(r"(?:(?P<address>\[[^\]]*\]|[^\[\]:]*):)?(?P<port>[0-9]{1,5})")
_DEFAULT_PORT = 80


@dataclass(frozen=True, slots=True)
class Listen:
    """One `listen` directive; `port` None: a socket in the file system, or a variable."""

    directive: Directive
    socket: str
    address: str
    port: int | None
    parameters: frozenset[str]


@dataclass(slots=True, eq=False)
class Server:
    """One server block: what it listens on and its names. `tls` are the listens at which it speaks TLS.

    `starttls`: there it begins in plain text.
    """

    module: str
    scope: Scope
    block: Directive
    listens: list[Listen]
    names: tuple[str, ...]
    tls: list[Listen] = field(default_factory=list)
    starttls: bool = False

    def in_clear(self) -> list[Listen]:
        """The listens at which it does not speak TLS."""
        spoken = {each.socket for each in self.tls}
        return [each for each in self.listens if each.socket not in spoken]


@dataclass(slots=True, eq=False)
class Socket:
    """An address and port with its servers; the first one is the default unless another says so."""

    servers: list[Server] = field(default_factory=list)
    default: Server | None = None
    tls: bool = False
    http2: bool = False


def read_servers(
    top: Scope, spoken: frozenset[tuple[str, str]] = frozenset()
) -> tuple[list[Server], dict[tuple[str, str], Socket]]:
    """All server blocks, in their order, and the sockets by module and name.

    `spoken` are sockets of which a server elsewhere says that they speak TLS.
    """
    servers = list(_servers(top))
    sockets: dict[tuple[str, str], Socket] = {}
    for server in servers:
        legacy = any(each.args == ("on",) for each in server.scope.own("ssl"))
        for listen in server.listens:
            socket = sockets.setdefault((server.module, listen.socket), Socket())
            socket.servers.append(server)
            marked = bool(listen.parameters & {"default_server", "default"})
            socket.default = server if marked or socket.default is None else socket.default
            socket.http2 = socket.http2 or "http2" in listen.parameters
            says = listen.parameters & {"ssl", "quic"} or (legacy and "udp" not in listen.parameters)
            socket.tls = socket.tls or bool(says) or (server.module, listen.socket) in spoken
    for server in servers:
        server.tls = [each for each in server.listens if sockets[server.module, each.socket].tls]
        starttls = server.module == "mail" and any(each.args[:1] != ("off",) for each in _starttls(server.scope))
        if starttls and not server.tls:
            server.tls, server.starttls = list(server.listens), True
    return servers, sockets


def starttls_of(server: Server) -> str | None:
    """The mail protocol whose TLS begins in plain text, where `starttls` says so and the socket is no TLS socket."""
    if not server.starttls:
        return None
    protocol = server.scope.own("protocol")
    return protocol[-1].args[0] if protocol and protocol[-1].args else "smtp"


def _starttls(scope: Scope) -> Sequence[Directive]:
    own = scope.own("starttls")
    return own or (scope.parent.own("starttls") if scope.parent is not None else ())


def _servers(top: Scope) -> Iterator[Server]:
    for module in top.blocks(*MODULES):
        inside = top.inner(module)
        yield from (_server(module.name, inside.inner(block), block) for block in inside.blocks("server"))


def _server(module: str, scope: Scope, block: Directive) -> Server:
    listens = [listen for each in scope.own("listen") if (listen := _listen(each)) is not None]
    if not scope.own("listen") and module == "http":
        listens = [Listen(block, "*:80", "*", _DEFAULT_PORT, frozenset())]
    elif not listens and scope.hidden() is not None:
        listens = [Listen(block, "*", "*", None, frozenset())]  # said in a file that is not here
    names = tuple(name for each in scope.own("server_name") for name in each.args)
    return Server(module, scope, block, listens, names)


def _listen(directive: Directive) -> Listen | None:
    if not directive.args:
        return None
    word = directive.args[0]
    parameters = frozenset(directive.args[1:])
    if word.startswith("unix:") or "$" in word:
        return Listen(directive, word, word, None, parameters)
    found = _PORT.fullmatch(word)
    address, port = (found["address"] or "*", int(found["port"])) if found is not None else (word, _DEFAULT_PORT)
    address = "*" if address in {"*", "0.0.0.0", ""} else address  # noqa: S104 - nothing is bound here
    return Listen(directive, f"{address}:{port}{_transport(parameters)}", address, port, parameters)


def _transport(parameters: frozenset[str]) -> str:
    """What tells a socket of UDP from that of TCP with the same number."""
    return "/udp" if parameters & {"udp", "quic"} else ""
