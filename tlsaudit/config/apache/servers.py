"""Virtual hosts and sockets: which of them speak TLS, on which ports, and which is the first of its address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.scope import Level, Setting
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown

_ADDRESS = re.compile(r"(?P<host>\[[^\]]*\]|[^\[\]:]*)(?::(?P<port>[0-9]{1,5}|\*))?")
_LISTEN = re.compile(r"(?:(?P<host>\[[^\]]*\]|[^\[\]:]+):)?(?P<port>[0-9]{1,5})")
_ANY = frozenset({"", "*", "_default_", "0.0.0.0", "[::]"})  # noqa: S104 - nothing is bound here
_OF_ONE_FAMILY = frozenset({"0.0.0.0", "[::]"})  # noqa: S104 - nothing is bound here
_NAME = re.compile(r"(?:[a-z]+://)?(?P<host>[^:/]*)", re.IGNORECASE)
HTTPS = 443
_WHOLE = frozenset({"virtualhost", "if", "elseif", "else"})
_TELLING = (
    "ssl", "rewrite", "redirect", "proxy", "requestheader", "sethandler", "directoryindex", "wsgiscriptalias",
    "balancermember", "alias",
)  # fmt: skip
_HSTS = "strict-transport-security"
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a virtual host; `port` None: every port that is listened on."""

    host: str
    port: int | None


@dataclass(slots=True, eq=False)
class Server:
    """A virtual host, or the main server (`section` None); `directive` is what makes it speak TLS, or begins it."""

    level: Level
    directive: Directive
    section: Directive | None
    addresses: tuple[Address, ...]
    names: tuple[str, ...]
    own_name: bool


@dataclass(slots=True)
class Servers:
    """All of a configuration. `listens` has each socket with its protocol, which is https at port 443 (mpm_common)."""

    base: Level
    hosts: list[Server] = field(default_factory=list)
    listens: dict[Address, str] = field(default_factory=dict)
    sockets: dict[tuple[str, int | None], list[Server]] = field(default_factory=dict)

    def socket(self, address: Address) -> list[Server]:
        """The virtual hosts at an address, in their order."""
        return self.sockets[address.host, address.port]

    @property
    def ports(self) -> tuple[int, ...]:
        """Those that are listened on."""
        return tuple(dict.fromkeys(each.port for each in self.listens if each.port is not None))


def read_servers(directives: tuple[Directive, ...]) -> Servers:
    """The main server and its virtual hosts."""
    base = Level(tuple(each for each in directives if each.name in _WHOLE or _tells(each, 0)))
    servers = Servers(base, listens=dict(_listens(base)))
    for section in base.sections("virtualhost"):
        host = _host(section, base)
        servers.hosts.append(host)
        for each in dict.fromkeys(host.addresses):
            servers.sockets.setdefault((each.host, each.port), []).append(host)
    main = _main(servers)
    if main is not None:
        servers.hosts.insert(0, main)
        for each in main.addresses:
            servers.sockets[each.host, each.port] = [main]
    return servers


def _tells(directive: Directive, depth: int) -> bool:
    """Whether what stands in a section matters here: a main server may have thousands, for each virtual host."""
    if directive.block is not None:
        return depth > _DEEPEST or any(_tells(each, depth + 1) for each in directive.block)
    if not depth or directive.hidden or "${" in directive.raw:
        return True
    if directive.name == "header":
        return _HSTS in directive.raw.lower()
    return directive.name.startswith(_TELLING)


def speaks_tls(servers: Servers, address: Address) -> bool:
    """Whether clients speak TLS there: the first virtual host of an address decides for all of them."""
    return is_switched_on(servers, servers.socket(address)[0])


def terminates(servers: Servers, server: Server) -> Fact[bool]:
    """Whether what a server passes on came over TLS, at one of its addresses at least."""
    place = Basis(Origin.DEFAULT, server.directive.at)
    setting = server.level.setting("sslengine")
    if any(is_switched_on(servers, servers.socket(address)[0]) for address in server.addresses):
        return Known(True, place)
    return setting if isinstance(setting, Unknown) else Known(False, place)


def name_of(server: Server, address: Address | None) -> str:
    """The name and port of a server that has no TLS, at one of its addresses."""
    address = address or (server.addresses[0] if server.addresses else Address("*", None))
    name = server.names[0] if server.names else address.host
    return f"{name}:{address.port}" if address.port is not None else name


def is_switched_on(servers: Servers, server: Server) -> bool:
    """SSLEngine; where that is not known, whether it looks so.

    A server with a certificate, for which nobody says it, speaks TLS where its protocol is https (ssl_engine_init.c).
    """
    setting = server.level.setting("sslengine")
    if isinstance(setting, Setting):
        # An address behind it (httpd 2.5) stands for on; "optional" was TLS after a plain HTTP request.
        return setting.word.lower() not in {"off", "optional"}
    if isinstance(setting, Unknown):
        return any(each.port == HTTPS for each in server.addresses) or bool(server.level.own("sslcertificatefile"))
    return server.level.written("sslcertificatefile") is not None and _is_https(servers, server)


def undecided(server: Server) -> Unknown | None:
    """Why it is not known whether a server speaks TLS; `on` that is written is believed before an include behind it."""
    setting = server.level.setting("sslengine")
    if not isinstance(setting, Unknown):
        return None
    own = server.level.own("sslengine")
    return None if own and own[-1].doubt is None and own[-1].word.lower() == "on" else setting


def _is_https(servers: Servers, server: Server) -> bool:
    """Protocol, or that of the Listen line with the very same address; one that is not here may be there.

    Where there is IPv6, `Listen 443` is [::]:443: `*` is that and 0.0.0.0, and no other word is both (vhost.c,
    get_addresses; listen.c; measured).
    """
    protocol = server.level.written("protocol")
    if protocol is not None:
        return protocol.lower() == "https"
    words = server.section.args if server.section is not None else ()
    written = {address for each in words if (address := _written(each)) is not None} or set(server.addresses)
    if HTTPS not in servers.ports and any(each == Address("*", HTTPS) for each in written):
        return True
    return any(servers.listens.get(each) == "https" for each in written)


def server_name(level: Level) -> str | None:
    """ServerName without scheme and port."""
    word = level.written("servername")
    found = _NAME.match(word) if word is not None and "${" not in word else None
    return found["host"].lower() or None if found is not None else None


def _host(section: Directive, base: Level) -> Server:
    level = Level(section.block or (), base)
    name = server_name(level)
    aliases = tuple(word.lower() for each in level.own("serveralias") for word in each.args)
    return Server(
        level=level,
        directive=section,
        section=section,
        addresses=tuple(address for each in section.args if (address := _address(each)) is not None),
        names=((name,) if name else ()) + aliases,
        own_name=bool(level.own("servername") or aliases),
    )


def _main(servers: Servers) -> Server | None:
    """The main server, where it speaks TLS itself at a port that no virtual host takes whole."""
    engine = servers.base.own("sslengine")
    if not engine or engine[-1].word.lower() != "on":
        return None
    taken = {port for host, port in servers.sockets if host == "*"}
    free = [Address("*", port) for port in servers.ports if port not in taken] if None not in taken else []
    if not free:
        return None
    name = server_name(servers.base)
    return Server(servers.base, engine[-1], None, tuple(free), (name,) if name else (), own_name=name is not None)


def _listens(base: Level) -> Iterator[tuple[Address, str]]:
    for each in base.own("listen"):
        found = _LISTEN.fullmatch(each.word)
        if found is not None:
            host, port = (found["host"] or "").lower(), int(found["port"])
            protocol = each.args[1].lower() if len(each.args) > 1 else "https" if port == HTTPS else "http"
            yield Address("*" if host in _ANY else host, port), protocol
            if host in _OF_ONE_FAMILY:
                yield Address(host, port), protocol


def _written(word: str) -> Address | None:
    """An address as it is written, with one word for all machines: 0.0.0.0 and [::] are not the same ones."""
    address = _address(word)
    literal = word.rpartition(":")[0].lower()
    return Address(literal, address.port) if address is not None and literal in _OF_ONE_FAMILY else address


def _address(word: str) -> Address | None:
    found = _ADDRESS.fullmatch(word)
    if found is None:
        return None if "${" not in word else Address(word, None)
    host = found["host"].lower()
    port = found["port"]
    return Address("*" if host in _ANY else host, int(port) if port and port != "*" else None)
