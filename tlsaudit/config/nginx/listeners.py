"""From server blocks to listeners: one for each port at which a server block speaks TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tlsaudit.config.groups import default_groups, read_groups
from tlsaudit.config.local import is_local
from tlsaudit.config.nginx import defaults, headers, identity_headers
from tlsaudit.config.nginx.commands import bounded, ciphers_of, commands_of, suites_1_3_of
from tlsaudit.config.nginx.guards import without_tls
from tlsaudit.config.nginx.identity import clients_of, identity_of, stapling_of
from tlsaudit.config.nginx.reading import Reading, dh_of, read_flag, read_protocols, settled
from tlsaudit.config.nginx.scope import Scope, Setting
from tlsaudit.config.nginx.servers import Listen, Server, Socket, starttls_of
from tlsaudit.config.terms import ClientTerms, Terms, where_both
from tlsaudit.model.configuration import Said, Setup
from tlsaudit.model.facts import ClientAuthMode, Endpoint, Preference
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

_EARLY_DATA_OCTETS = 16384
"""NGX_SSL_BUFSIZE, which nginx sets as max_early_data_size."""
_MOST_NAMES = 50
Versions = dict[ProtocolVersion, Basis]
_TELLING = ("ssl_protocols", "ssl_ciphers", "ssl_verify_client", "ssl_ecdh_curve", "ssl_conf_command")
"""What makes a level worth judging although nothing listens there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A server block at one port, and what it asks for there."""

    server: Server
    listen: Listen
    name: str
    terms: Terms
    is_default: bool


def listeners(reading: Reading, servers: list[Server], sockets: Mapping[tuple[str, str], Socket]) -> Iterator[Listener]:
    """Every server block at every port where it speaks TLS; those that reject every handshake are none."""
    for server in servers:
        if rejects(server):
            continue
        ports: dict[object, Listen] = {}
        for listen in sorted(server.tls, key=lambda each: "quic" in each.parameters):  # beside TCP it says no more
            ports.setdefault(listen.port or listen.socket, listen)
        for listen in ports.values():
            yield _listener(reading, server, listen, sockets[server.module, listen.socket])


def name_in_clear(server: Server) -> str | None:
    """The name of a server block where it is reached without TLS; None where it is not."""
    plain = next(iter(server.in_clear()), None)
    return name_of(server, plain) if plain is not None else None


def name_of(server: Server, listen: Listen) -> str:
    """What a server block at a port is called."""
    names = concrete_names(server.names)
    name = names[0] if names else listen.address
    return f"{name}:{listen.port}" if listen.port else name


def rejects(server: Server) -> bool:
    """ssl_reject_handshake on: nobody gets through to this server."""
    setting = server.scope.setting("ssl_reject_handshake")
    return isinstance(setting, Setting) and setting.word.lower() == "on"


def _listener(reading: Reading, server: Server, listen: Listen, socket: Socket) -> Listener:
    scope, place = server.scope, Basis(Origin.DEFAULT, listen.directive.at)
    names = concrete_names(server.names)
    name = names[0] if names else listen.address
    commands = commands_of(scope)
    first = (socket.default or server).scope  # where the library takes what no later callback replaces
    protocols, said = _protocols(reading, server, socket, place)
    if "quic" in listen.parameters and isinstance(protocols, Known):  # RFC 9001 section 4.2
        kept = [each for each in protocols.value if each is ProtocolVersion.TLS_1_3]
        protocols = Known({each: protocols.value[each] for each in kept}, protocols.basis)
    versions = tuple(protocols.value) if isinstance(protocols, Known) else ()
    stapling = stapling_of(scope, place)
    identity = identity_of(reading, scope, first, names=names, versions=versions, stapling=stapling)
    clients = clients_of(reading, scope, server.module, place)
    early = _early_data(first, versions, place)
    http2 = server.module == "http" and (socket.http2 or _is_on(scope, "http2"))
    terms = Terms(
        endpoint=Endpoint(
            host=name,
            port=listen.port or 0,
            sni=names[0] if names else None,
            transport="quic" if "quic" in listen.parameters else "tcp",
            starttls=starttls_of(server),
        ),
        place=place,
        protocols=protocols,
        ciphers=ciphers_of(reading, scope, commands, place),
        suites_1_3=_suites_1_3(reading, server, socket, place),
        groups=_groups(reading, first, place),
        prefers=_prefers(scope, commands, place),
        prefers_1_3=_prefers(first, commands_of(first), place),  # TLS 1.3 picks its suite before the name is looked at
        certificates=identity.deployments,
        keys=identity.keys,
        dh=dh_of(reading, scope, place),
        client=replace(clients.terms, in_clear=dict(_in_clear(server, listen, clients.terms))),
        alpn=_alpn(server, place, http2=http2),
        early_data=early,
        tickets=where_both(_tickets(first, place), _tickets(scope, place)),
        http=headers.answer_of(scope, place) if server.module == "http" else Known(None, place),
        setup=Setup(
            ticket_key=_ticket_key(scope, place),
            early_data_guarded=_guarded(scope, early),
            hsts_lost=Known(headers.lost(scope), place) if server.module == "http" else NOT_ASKED,
            foreign_default=_foreign_default(server, socket, place),
            stapling=stapling,
            client_ca_is_public=clients.ca_is_public,
            client_revocation=clients.revocation,
            client_errors_ignored=clients.ignored,
            forgeable_headers=_forgeable(server, clients.terms),
            unserved=Known((), place),
            key_mismatches=identity.mismatches,
            version_defaults=_depends(reading, scope, said, place),
        ),
    )
    return Listener(
        server=server,
        listen=listen,
        name=name_of(server, listen),
        terms=terms,
        is_default=socket.default is server,
    )


def settings_alone(reading: Reading, scope: Scope) -> Terms | None:
    """Directives on TLS at a level where nothing listens: they hold for servers in other files.

    Only what is said is known; what is left out may be said there. None where nothing is said.
    """
    said = [each for name in _TELLING for each in scope.own(name)]
    if not said:
        return None
    place = Basis(Origin.DEFAULT, said[0].at)
    elsewhere = Unknown(Why.NOT_ASKED, "left to the servers that this is for, which are not here")
    commands = commands_of(scope)
    protocols: Fact[dict[ProtocolVersion, Basis]] = elsewhere
    if scope.own("ssl_protocols"):
        protocols = read_protocols(settled(scope.setting("ssl_protocols")), defaults.PROTOCOLS, (), place)
    clients = clients_of(reading, scope, "http", place) if scope.own("ssl_verify_client") else None
    prefers = _prefers(scope, commands, place) if scope.own("ssl_prefer_server_ciphers") else elsewhere
    return Terms(
        endpoint=Endpoint(host="*", port=0),
        place=place,
        protocols=bounded(protocols, commands),
        ciphers=ciphers_of(reading, scope, commands, place) if scope.own("ssl_ciphers") else elsewhere,
        suites_1_3=suites_1_3_of(commands, place),
        groups=_groups(reading, scope, place) if scope.own("ssl_ecdh_curve") else elsewhere,
        prefers=prefers,
        prefers_1_3=prefers,
        client=clients.terms if clients is not None else ClientTerms(mode=elsewhere),
        http=elsewhere,
    )


def concrete_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that clients ask for; one below it stands for a wildcard."""
    found: list[str] = []
    for each in names[:_MOST_NAMES]:
        if each in {"_", "", "*"} or each.startswith("~") or "$" in each or each.endswith("*"):
            continue
        found.append(f"any{each[1:]}" if each.startswith("*.") else each.removeprefix("."))
    return tuple(found)


def _is_on(scope: Scope, name: str) -> bool:
    setting = scope.setting(name)
    return isinstance(setting, Setting) and setting.word.lower() == "on"


def _protocols(
    reading: Reading, server: Server, socket: Socket, place: Basis
) -> tuple[Fact[Versions], tuple[Said, ...]]:
    """The versions, and what of them hangs on the version of nginx."""
    scope, said = server.scope, []
    default = socket.default or server
    setting = settled(scope.setting("ssl_protocols"))
    found = _spoken(reading, scope, place)
    if default is not server:
        theirs = settled(default.scope.setting("ssl_protocols"))
        if not defaults.protocols_per_name(reading.assume.nginx):
            return _spoken(reading, default.scope, place), ()
        if isinstance(setting, Setting) and _words(setting) != _words(theirs):
            what = (
                "ssl_protocols of a server that is not the default of its socket has an effect since nginx 1.29.2 only"
            )
            said.append(Said(what, setting.basis))
        if _decides_unseen(reading, default) and isinstance(theirs, Setting) and isinstance(found, Known):
            more = _spoken(reading, default.scope, place)
            versions = (more.value if isinstance(more, Known) else {}) | found.value
            found = Known({each: versions[each] for each in sorted(versions, key=lambda each: each.rank)}, found.basis)
    if setting is None:
        said.append(Said(defaults.PROTOCOLS_DEPEND, place))
    return found, tuple(said)


def _spoken(reading: Reading, scope: Scope, place: Basis) -> Fact[Versions]:
    """The versions that one server block asks for."""
    default = defaults.default_protocols(reading.assume.nginx)
    spoken = read_protocols(settled(scope.setting("ssl_protocols")), defaults.PROTOCOLS, default, place)
    return bounded(spoken, commands_of(scope))


def _decides_unseen(reading: Reading, default: Server) -> bool:
    """Whether a default server may decide for others (before nginx 1.29.2), and is no listener that is judged."""
    return rejects(default) and reading.assume.nginx is None


def _suites_1_3(reading: Reading, server: Server, socket: Socket, place: Basis) -> Fact[tuple[int, ...]]:
    """Those of the default server of the socket, as long as OpenSSL picks the suite before nginx looks at the name."""
    default = socket.default or server
    theirs = suites_1_3_of(commands_of(default.scope), place)
    if not defaults.protocols_per_name(reading.assume.nginx):
        return theirs
    own = suites_1_3_of(commands_of(server.scope), place)
    if not _decides_unseen(reading, default) or isinstance(own, Unknown):
        return own
    return theirs if isinstance(theirs, Unknown) else Known(tuple(dict.fromkeys(own.value + theirs.value)), own.basis)


def _depends(reading: Reading, scope: Scope, said: tuple[Said, ...], place: Basis) -> Fact[tuple[Said, ...]]:
    """What hangs on the version of nginx, where none is assumed, and on files that are taken for what is shipped."""
    settings = (scope.setting(name) for name in _TELLING)
    shipped = {each.shipped: each.basis for each in settings if isinstance(each, Setting) and each.shipped}
    notes = tuple(Said(what, basis) for what, basis in shipped.items())
    if reading.assume.nginx is not None:
        return Known(notes, place) if notes else NOT_ASKED
    return Known((*said, *notes), place)


def _words(setting: Setting | Unknown | None) -> frozenset[str]:
    return frozenset(setting.args) if isinstance(setting, Setting) else frozenset()


def _groups(reading: Reading, scope: Scope, place: Basis) -> Fact[tuple[int, ...]]:
    """Of ssl_ecdh_curve, or Groups: those of the default server of the socket."""
    commands = commands_of(scope)
    if isinstance(commands, Unknown):
        return commands
    curve = settled(scope.setting("ssl_ecdh_curve"))
    if isinstance(curve, Unknown):
        return curve
    command = commands.get("groups")
    setting, text = (command, command.args[1]) if command is not None else (curve, curve.word if curve else "auto")
    if setting is None or text == "auto":
        return Known(default_groups(reading.assume.openssl), setting.basis if setting is not None else place)
    groups, unknown = read_groups(text, reading.assume.openssl)
    if unknown:
        return Unknown(Why.UNSUPPORTED, f"{unknown[0][:60]!r} is no group that is known here ({setting.basis.at})")
    return Known(groups, setting.basis)


def _prefers(scope: Scope, commands: dict[str, Setting] | Unknown, place: Basis) -> Fact[Preference]:
    flag = read_flag(scope.setting("ssl_prefer_server_ciphers"), place)
    if isinstance(flag, Unknown):
        return flag
    if isinstance(commands, Unknown):
        return commands
    options = commands.get("options")
    by_option = options is not None and "ServerPreference" in options.args[1].split(",")
    return Known(Preference.SERVER if flag.value or by_option else Preference.CLIENT, flag.basis)


def _alpn(server: Server, place: Basis, *, http2: bool) -> Tried[str]:
    if server.module == "http":
        accepted = ("h2", "http/1.1") if http2 else ("http/1.1",)
        basis = Basis(Origin.EXPLICIT, place.at) if http2 else place
        return Tried(dict.fromkeys(accepted, basis), frozenset({"h2", "http/1.1"} - set(accepted)))
    setting = server.scope.setting("ssl_alpn")
    names = setting.args if isinstance(setting, Setting) else ()
    return Tried(dict.fromkeys(names, place), frozenset({"h2", "http/1.1"} - set(names)))


def _early_data(scope: Scope, versions: tuple[ProtocolVersion, ...], place: Basis) -> Fact[int | None]:
    flag = read_flag(scope.setting("ssl_early_data"), place)
    if isinstance(flag, Unknown) or not versions:
        return flag if isinstance(flag, Unknown) else NOT_ASKED
    on = flag.value and ProtocolVersion.TLS_1_3 in versions
    return Known(_EARLY_DATA_OCTETS if on else None, flag.basis)


def _guarded(scope: Scope, early: Fact[int | None]) -> Fact[bool]:
    """Whether $ssl_early_data is passed on, or looked at, anywhere in the server."""
    if isinstance(early, Unknown) or early.value is None:
        return early if isinstance(early, Unknown) else NOT_ASKED
    return Known(_mentions(scope, "$ssl_early_data"), early.basis)


def _mentions(scope: Scope, variable: str) -> bool:
    level: Scope | None = scope
    while level is not None:
        waiting = [each for each in level.directives if level is scope or each.block is None]
        while waiting:
            each = waiting.pop()
            if any(variable in word for word in each.args):
                return True
            waiting += each.block or ()
        level = level.parent
    return False


def _in_clear(server: Server, over_tls: Listen, client: ClientTerms) -> Iterator[tuple[str, Fact[ClientAuthMode]]]:
    """Where the same server answers without TLS, and so without a certificate, although it requires one."""
    required = isinstance(client.mode, Known) and client.mode.value is ClientAuthMode.REQUIRED
    for each in server.in_clear() if required and server.module == "http" else ():
        if each.port is None or (is_local(each.address) and not is_local(over_tls.address)):
            continue  # no way for those whom certificates are for
        refuses = without_tls(server.scope)
        if isinstance(refuses, Unknown):
            yield f"in clear at port {each.port}", refuses
        elif not refuses.value:
            basis = Basis(Origin.EXPLICIT, each.directive.at)
            yield f"in clear at port {each.port}", Known(ClientAuthMode.NONE, basis)


def _forgeable(server: Server, client: ClientTerms) -> Fact[tuple[Said, ...]]:
    if isinstance(client.mode, Unknown):
        return client.mode
    asks = server.module == "http" and client.mode.value is not ClientAuthMode.NONE
    return identity_headers.forgeable(server.scope, client.mode.basis) if asks else NOT_ASKED


def _tickets(scope: Scope, place: Basis) -> Fact[bool]:
    return read_flag(scope.setting("ssl_session_tickets"), place, default=True)


def _ticket_key(scope: Scope, place: Basis) -> Fact[bool]:
    tickets = _tickets(scope, place)
    setting = scope.setting("ssl_session_ticket_key")
    if isinstance(tickets, Unknown):
        return tickets
    if isinstance(setting, Unknown):
        return setting
    return Known(tickets.value and setting is not None, setting.basis if setting is not None else tickets.basis)


def _foreign_default(server: Server, socket: Socket, place: Basis) -> Fact[bool]:
    if socket.default is not server:
        return Known(False, place)
    alone = all(each is server for each in socket.servers)
    return Known(not alone and bool(concrete_names(server.names)), place)
