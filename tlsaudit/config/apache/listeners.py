"""From virtual hosts to listeners: one for each port at which a virtual host speaks TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tlsaudit.config.apache import defaults, headers, protocols
from tlsaudit.config.apache.clients import clients_of
from tlsaudit.config.apache.identity import Identity, dh_of, has_curve, identity_of, stapling_of
from tlsaudit.config.apache.identity_headers import forgeable
from tlsaudit.config.apache.plain_ways import PlainWays, ways_past
from tlsaudit.config.apache.protocols import Versions
from tlsaudit.config.apache.reading import Commands, Reading, ciphers_of, commands_of, suites_1_3_of
from tlsaudit.config.apache.scope import Level, Setting, flag
from tlsaudit.config.apache.servers import Address, Server, Servers, is_switched_on, speaks_tls, undecided
from tlsaudit.config.ciphers import CipherString
from tlsaudit.config.commands import replaced
from tlsaudit.config.groups import default_groups, read_groups
from tlsaudit.config.terms import ClientTerms, Terms, where_both
from tlsaudit.model.configuration import Said, ServerNames, Setup
from tlsaudit.model.facts import Endpoint, Preference
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

_MOST_NAMES = 50
_TELLING = ("sslprotocol", "sslciphersuite", "sslverifyclient", "sslopensslconfcmd", "sslpolicy")
"""What makes a level worth judging although nothing listens there."""
_SHIPPED = ("sslengine", "sslprotocol", "sslciphersuite", "sslhonorcipherorder", "sslsessiontickets")
_ALPN = ("h2", "http/1.1")
_OPTIONS = {
    "sslcompression": ("compression",),
    "sslinsecurerenegotiation": ("unsafelegacyrenegotiation", "clientrenegotiation"),
}
"""Options of the library (SSL_CONF_cmd) that do what a directive does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A virtual host at one port, and what it asks for there."""

    server: Server
    name: str
    terms: Terms
    names: ServerNames


@dataclass(frozen=True, slots=True)
class Place:
    """A virtual host at one of its ports; None: at a port that is not known."""

    server: Server
    address: Address
    port: int | None


def places(servers: Servers) -> Iterator[Place]:
    """Every virtual host at every port where it speaks TLS."""
    for server in servers.hosts:
        seen: set[int | None] = set()
        for address in server.addresses:
            if not speaks_tls(servers, address):
                continue
            for port in (address.port,) if address.port is not None else servers.ports or (None,):
                if port not in seen:
                    seen.add(port)
                    yield Place(server, address, port)


def listener_at(reading: Reading, servers: Servers, where: Place, ways: PlainWays) -> Listener:
    """What a virtual host asks for at a port."""
    server, address, port = where.server, where.address, where.port
    place = Basis(Origin.DEFAULT, server.directive.at)
    names = concrete_names(server.names)
    name = names[0] if names else address.host
    socket = servers.socket(address)
    first = socket[0].level  # where OpenSSL takes what SSL_set_SSL_CTX does not replace
    # A virtual host without SSLEngine has no SSL_CTX: the handshake is wholly that of the first one.
    spoken_by = server if is_switched_on(servers, server) else socket[0]
    level = spoken_by.level
    commands = commands_of(level)
    ciphers = _ciphers(reading, level, commands, place)
    spoken, said = _protocols(reading, spoken_by, socket[0], ciphers, place)
    said += _shipped(level, place)
    spoken = _bounded(spoken, commands)
    versions = tuple(spoken.value) if isinstance(spoken, Known) else ()
    stapling = stapling_of(level, place)
    identity = identity_of(reading, level, names, versions, stapling)
    clients = clients_of(reading, level, place)
    assume = reading.context.assume
    terms = Terms(
        endpoint=Endpoint(host=name, port=port or 0, sni=names[0] if names else None),
        place=place,
        protocols=spoken,
        without_gaps=True,
        ciphers=ciphers,
        suites_1_3=suites_1_3_of(level, "sslciphersuite", commands, place),
        groups=_groups(reading, first, identity if socket[0] is spoken_by else None, place),
        prefers=(prefers := _prefers(level, first, place)),
        prefers_1_3=prefers,
        certificates=identity.deployments,
        keys=identity.keys,
        dh=dh_of(reading, identity, commands, place),
        client=replace(clients.terms, in_clear=ways_past(ways, server, address)),
        alpn=_alpn(server.level, place),
        early_data=Known(None, place),  # mod_ssl has none
        compression=_switch(level, commands, "sslcompression", place),
        tickets=_by_option(commands, "sessionticket") or where_both(_tickets(first, place), _tickets(level, place)),
        insecure_renegotiation=_switch(level, commands, "sslinsecurerenegotiation", place),
        http=headers.answer_of(server.level, place),
        setup=Setup(
            ticket_key=_ticket_key(level, place),
            hsts_lost=Known(headers.lost(server.level, place), place),
            foreign_default=_foreign_default(server, socket, place),
            stapling=stapling,
            client_ca_is_public=clients.ca_is_public,
            client_revocation=clients.revocation,
            client_crl_unchecked=clients.unchecked,
            client_errors_ignored=Known((), place),  # mod_ssl leaves out none, short of optional_no_ca
            forgeable_headers=forgeable(server.level, place),
            unserved=undecided(socket[0]) or Known((), place),
            key_mismatches=identity.mismatches,
            version_defaults=Known(said, place) if said or None in {assume.apache, assume.openssl} else NOT_ASKED,
        ),
    )
    shown = f"{name}:{port}" if port is not None else name
    served = ServerNames(
        names=server.names, is_default=socket[0] is server, chooser="apache", socket=f"{address.host}:{address.port}"
    )
    return Listener(server=server, name=shown, terms=terms, names=served)


def settings_alone(reading: Reading, level: Level) -> Terms | None:
    """Directives on TLS where nothing listens: they hold for virtual hosts in other files.

    Only what is said is known; what is left out may be said there. None where nothing is said.
    """
    said = [each for name in _TELLING for each in level.own(name)]
    if not said:
        return None
    place = Basis(Origin.DEFAULT, min(said, key=lambda each: each.line).at)
    elsewhere = Unknown(Why.NOT_ASKED, "left to the virtual hosts that this is for, which are not here")
    commands = commands_of(level)
    names = commands.keys() if not isinstance(commands, Unknown) else set()
    setting = _protocol_setting(level)
    spoken = _evaluated(setting) if setting is not None else elsewhere
    prefers = _prefers(level, level, place) if level.own("sslhonorcipherorder") else elsewhere
    has_ciphers = bool(level.own("sslciphersuite")) or "cipherstring" in names
    clients = clients_of(reading, level, place) if level.own("sslverifyclient") else None
    return Terms(
        endpoint=Endpoint(host="*", port=0),
        place=place,
        protocols=_bounded(spoken, commands),
        without_gaps=True,
        ciphers=_ciphers(reading, level, commands, place) if has_ciphers else elsewhere,
        suites_1_3=suites_1_3_of(level, "sslciphersuite", commands, place),
        groups=_groups(reading, level, None, place) if "groups" in names else elsewhere,
        prefers=prefers,
        prefers_1_3=prefers,
        client=clients.terms if clients is not None else ClientTerms(mode=elsewhere),
        http=elsewhere,
    )


def concrete_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that clients ask for; one that fits stands for a wildcard."""
    found: list[str] = []
    for each in names[:_MOST_NAMES]:
        if "$" in each or "%" in each or each.strip("*?.") == "":
            continue
        found.append(each.replace("*", "any").replace("?", "x"))
    return tuple(dict.fromkeys(found))


def _protocols(
    reading: Reading, server: Server, first: Server, ciphers: Fact[CipherString], place: Basis
) -> tuple[Fact[Versions], tuple[Said, ...]]:
    """The versions, and what of them hangs on the version of httpd or OpenSSL."""
    assume = reading.context.assume
    said: list[Said] = []
    setting = _protocol_setting(server.level)
    if first is not server:
        theirs = _protocol_setting(first.level)
        if setting is None or not defaults.protocols_per_name(assume.apache):
            setting = theirs
        elif assume.apache is None and isinstance(setting, Setting) and _words(setting) != _words(theirs):
            said.append(Said(defaults.PER_NAME_DEPENDS, setting.basis))
    if setting is not None:
        return _evaluated(setting), tuple(said)
    if assume.openssl is None:
        said.append(Said(defaults.PROTOCOLS_DEPEND, place))
    level = ciphers.value.security_level if isinstance(ciphers, Known) else None
    default = defaults.protocols(assume.apache, assume.openssl, level)
    return Known(dict.fromkeys(default, place), place), tuple(said)


def _shipped(level: Level, place: Basis) -> tuple[Said, ...]:
    """What hangs on a file that is not here, and that is taken for what is shipped."""
    held = (level.setting(name) for name in _SHIPPED)
    notes = (each.directive.shipped for each in held if isinstance(each, Setting))
    return tuple(Said(note, place) for note in dict.fromkeys(notes) if note)


def _protocol_setting(level: Level) -> Setting | Unknown | None:
    """SSLProtocol, or an SSLPolicy that is nearer than it."""
    own, policy = level.setting("sslprotocol"), level.setting("sslpolicy")
    if not isinstance(policy, Setting) or (isinstance(own, Setting) and own.origin is Origin.EXPLICIT):
        return own
    return policy if own is None or policy.origin is Origin.EXPLICIT else own


def _evaluated(setting: Setting | Unknown) -> Fact[Versions]:
    if isinstance(setting, Unknown):
        return setting
    return protocols.of_policy(setting) if setting.directive.name == "sslpolicy" else protocols.evaluated(setting)


def _words(setting: Setting | Unknown | None) -> tuple[str, ...]:
    return tuple(each.lower() for each in setting.args) if isinstance(setting, Setting) else ()


def _bounded(spoken: Fact[Versions], commands: Commands) -> Fact[Versions]:
    """The versions within MinProtocol and MaxProtocol."""
    if isinstance(spoken, Unknown):
        return spoken
    if isinstance(commands, Unknown):
        return commands
    if "protocol" in commands:
        at = commands["protocol"].basis.at
        return Unknown(Why.UNSUPPORTED, f"SSLOpenSSLConfCmd Protocol is not evaluated ({at})")
    kept = spoken.value
    for name, keeps in (("minprotocol", (0, 1)), ("maxprotocol", (-1, 0))):
        if name not in commands:
            continue
        setting = commands[name]
        bound = defaults.PROTOCOLS.get(setting.args[1].lower())
        if bound is None:
            return Unknown(Why.UNSUPPORTED, f"{setting.args[1][:60]!r} is no version ({setting.basis.at})")
        if name == "minprotocol":  # replaces the lowest of SSLProtocol, which is a range
            kept = dict.fromkeys(defaults.PROTOCOLS.values(), setting.basis) | kept
            newest = max(spoken.value, key=lambda each: each.rank)
            kept = {each: basis for each, basis in kept.items() if each.rank <= newest.rank}
        kept = {each: basis for each, basis in kept.items() if _compared(each, bound) in keeps}
    return Known(dict(sorted(kept.items(), key=lambda pair: pair[0].rank)), spoken.basis)


def _compared(one: ProtocolVersion, other: ProtocolVersion) -> int:
    return (one.rank > other.rank) - (one.rank < other.rank)


def _ciphers(reading: Reading, level: Level, commands: Commands, place: Basis) -> Fact[CipherString]:
    policy = level.setting("sslpolicy")
    if isinstance(policy, Setting) and level.setting("sslciphersuite") is None:
        return Unknown(Why.UNSUPPORTED, f"the suites of SSLPolicy are not known here ({policy.basis.at})")
    return ciphers_of(reading, level, "sslciphersuite", commands, place)


def _groups(reading: Reading, first: Level, identity: Identity | None, place: Basis) -> Fact[tuple[int, ...]]:
    """Groups or Curves of the first virtual host of the address; a curve in its certificate file is the only one."""
    commands = commands_of(first)
    if isinstance(commands, Unknown):
        return commands
    openssl = reading.context.assume.openssl
    setting = commands.get("groups")
    if setting is None and identity is not None and has_curve(identity):
        return Unknown(Why.UNSUPPORTED, "the certificate file names a curve, which is not read")
    if setting is None or setting.args[1].lower() in {"auto", "automatic", "+automatic"}:
        return Known(default_groups(openssl), setting.basis if setting is not None else place)
    groups, unknown = read_groups(setting.args[1], openssl)
    if unknown:
        return Unknown(Why.UNSUPPORTED, f"{unknown[0][:60]!r} is no group that is known here ({setting.basis.at})")
    return Known(groups, setting.basis)


def _prefers(level: Level, first: Level, place: Basis) -> Fact[Preference]:
    """An option that the first virtual host of the address has on stays on for all of them (SSL_set_options adds)."""
    basis = place
    for each in (first, level):
        wish = flag(each.setting("sslhonorcipherorder"), place)
        if isinstance(wish, Unknown):
            return wish
        commands = commands_of(each)
        if isinstance(commands, Unknown):
            return commands
        options = commands.get("options")
        if options is not None and "ServerPreference" in options.args[1].split(","):
            return Known(Preference.SERVER, options.basis)
        if wish.value:
            return Known(Preference.SERVER, wish.basis)
        basis = wish.basis
    return Known(Preference.CLIENT, basis)


def _alpn(level: Level, place: Basis) -> Tried[str]:
    setting = level.setting("protocols")
    if isinstance(setting, Unknown):
        return Tried(rest=setting)
    basis = setting.basis if setting is not None else place
    asked = {each.lower() for each in setting.args} if setting is not None else {"http/1.1"}
    accepted = [each for each in _ALPN if each in asked or each == "http/1.1"]
    return Tried(dict.fromkeys(accepted, basis), frozenset(_ALPN) - set(accepted))


def _switch(level: Level, commands: Commands, name: str, place: Basis) -> Fact[bool]:
    """On or off by a directive of mod_ssl, or by an option of the library behind it."""
    return _by_option(commands, *_OPTIONS[name]) or flag(level.setting(name), place)


def _by_option(commands: Commands, *names: str) -> Unknown | None:
    """Why a switch is not known that `SSLOpenSSLConfCmd Options` may turn."""
    options = commands.get("options") if not isinstance(commands, Unknown) else None
    words = {each.strip().lstrip("+-").lower() for each in options.args[1].split(",")} if options is not None else set()
    return replaced(commands, ["options"], "what is switched on and off is") if words.intersection(names) else None


def _tickets(level: Level, place: Basis) -> Fact[bool]:
    return flag(level.setting("sslsessiontickets"), place, default=True)


def _ticket_key(level: Level, place: Basis) -> Fact[bool]:
    tickets = _tickets(level, place)
    setting = level.setting("sslsessionticketkeyfile")
    if isinstance(tickets, Unknown):
        return tickets
    if isinstance(setting, Unknown):
        return setting
    return Known(tickets.value and setting is not None, setting.basis if setting is not None else tickets.basis)


def _foreign_default(server: Server, socket: list[Server], place: Basis) -> Fact[bool]:
    """Whether it is the first of several at its address, and a site of its own."""
    named = server.own_name and bool(concrete_names(server.names))
    return Known(len(socket) > 1 and socket[0] is server and named, place)
