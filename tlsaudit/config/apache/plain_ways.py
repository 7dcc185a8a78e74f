"""Virtual hosts in clear that serve what another one serves to clients with a certificate alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.rewrites import is_redirect
from tlsaudit.config.apache.scope import Level
from tlsaudit.config.apache.sections import inner_sections, root_sections
from tlsaudit.config.apache.served import Served, matches, served_root, unread
from tlsaudit.config.apache.servers import Address, Server, Servers, is_switched_on, name_of
from tlsaudit.config.local import is_local
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

Content = tuple[Served, str | None]
PlainWays = Mapping[Content, Mapping[Address, tuple[str, Fact[ClientAuthMode]]]]
"""By what is served, the addresses in clear with their names, and what they ask of clients: nothing."""

_IN_CLEAR = {
    "%{https}": {"off", "=off", "!on", "!=on", "^off$", "!^on$", "^off", "!^on"},
    "%{request_scheme}": {"http", "=http", "^http$", "!https", "!=https", "!^https$", "!^https"},
    "%{server_port}": {"80", "=80", "^80$", "!443", "!=443", "!^443$"},
}
_NAMES = ("%{server_name}", "%{http_host}")


def plain_ways(servers: Servers) -> PlainWays:
    """What is served in clear by all virtual hosts of a configuration, and by the main server beside them."""
    found: dict[Content, dict[Address, tuple[str, Fact[ClientAuthMode]]]] = {}
    for server, addresses in _in_clear(servers):
        mode = _mode(server)
        for address in addresses if mode is not None else ():
            assert mode is not None
            found.setdefault(_content(server.level), {}).setdefault(address, (name_of(server, address), mode))
    return found


def ways_past(ways: PlainWays, server: Server, address: Address) -> dict[str, Fact[ClientAuthMode]]:
    """The ways in clear to what a virtual host serves at an address; those on the machine itself count there alone."""
    beside = ways.get(_content(server.level), {})
    return {
        f"in clear at {name}": mode
        for plain, (name, mode) in beside.items()
        if is_local(address.host) or not is_local(plain.host)
    }


def _in_clear(servers: Servers) -> Iterator[tuple[Server, tuple[Address, ...]]]:
    for server in servers.hosts:
        sockets = (
            (address, servers.sockets.get((address.host, address.port), [server])) for address in server.addresses
        )
        yield server, tuple(address for address, hosts in sockets if not is_switched_on(servers, hosts[0]))
    taken = {port for _, port in servers.sockets}
    ports = [port for port in servers.ports if port not in taken] if None not in taken else []
    listen = next(iter(servers.base.own("listen")), None)
    if listen is not None and ports and not servers.base.own("sslengine"):
        main = Server(servers.base, listen, None, tuple(Address("*", port) for port in ports), (), own_name=False)
        if not is_switched_on(servers, main):
            yield main, main.addresses


def _content(level: Level) -> Content:
    """What answers `/`: the folder, or whoever it is passed on to."""
    served, by = served_root(level)
    if served is Served.FILE:
        folder = level.written("documentroot")
        return served, folder.rstrip("/") if folder is not None else None
    url = next((each for each in by.args if "://" in each), by.raw) if by is not None else ""
    return served, url.rstrip("/")


def _mode(server: Server) -> Fact[ClientAuthMode] | None:
    """None where clients are sent away; unknown where that hangs on something."""
    level = server.level
    served, _ = served_root(level)
    if served is Served.ERROR:
        return None
    root = list(root_sections(level, served))
    blocks = [level, *(Level(each.block or ()) for each in root)]
    if any(block.own("sslrequiressl") for block in blocks):
        return None
    if any(_is_redirected(block, server.names) for block in blocks):
        return None
    doubt = next(_doubts(level, blocks, root), None)
    if doubt is not None:
        reason = f"whether clients are served in clear at {name_of(server, None)} hangs on {doubt.name} ({doubt.at})"
        return Unknown(Why.UNRESOLVED, reason)
    return Known(ClientAuthMode.NONE, Basis(Origin.EXPLICIT, server.directive.at))


def _doubts(level: Level, blocks: list[Level], root: list[Directive]) -> Iterator[Directive]:
    """What may send clients away all the same."""
    odd = unread(level)
    if odd is not None:
        yield odd
    for block in blocks:
        yield from (each for each in block.own("rewriterule") if len(each.args) > 2 and is_redirect(each.args[2]))
        yield from (each for name in ("redirect", "redirectmatch") for each in block.own(name) if block is not level)
        yield from (each for each in block.directives if each.hidden and not set("*?[").intersection(each.word))
    rules = [each for block in blocks for each in block.own("require")]
    if rules and rules[-1].raw.strip().lower() != "all granted":
        yield rules[-1]
    yield from (each for each in root if each.name in {"if", "elseif", "else"})
    yield from (each for each in inner_sections(level) if each.name in {"requireall", "requireany", "requirenone"})


def _is_redirected(level: Level, names: tuple[str, ...]) -> bool:
    """Whether a RewriteRule sends a request in clear for `/` away, with conditions that always hold for it."""
    if (level.written("rewriteengine") or "").lower() != "on":
        return False
    conditions: list[bool] = []
    either = False
    for each in level.directives:
        if each.name == "rewritecond":
            conditions.append(each.doubt is None and _holds(each.args, names))
            either |= len(each.args) > 2 and "or" in each.args[2].lower().strip("[]").split(",")
        elif each.name == "rewriterule":
            met = (any(conditions) if either else all(conditions)) if conditions else True
            sent = each.doubt is None and len(each.args) > 2 and is_redirect(each.args[2])
            if met and sent and matches(each.args[0], "/"):
                return True
            conditions, either = [], False
    return False


def _holds(args: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether a condition holds for certain for `GET /` in clear, under a name of the virtual host."""
    if len(args) < 2:
        return False
    what, value = args[0].lower(), args[1]
    if what == "%{request_uri}":
        fits = matches(value.removeprefix("!"), "/")
        return fits is not None and fits is not value.startswith("!")
    if what in _NAMES:
        return value.lstrip("=^").rstrip("$").replace("\\", "").lower() in names
    return value.lower() in _IN_CLEAR.get(what, ())
