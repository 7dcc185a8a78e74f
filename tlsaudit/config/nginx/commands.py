"""ssl_conf_command and proxy_ssl_conf_command: what is handed to OpenSSL behind nginx's own directives."""

from __future__ import annotations

from tlsaudit.config.ciphers import TLS_1_3_DEFAULT, CipherString, tls_1_3_suites
from tlsaudit.config.commands import command_name, with_level
from tlsaudit.config.nginx import defaults
from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.reading import Reading, settled
from tlsaudit.config.nginx.scope import Scope, Setting
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

Commands = dict[str, Setting] | Unknown
"""By lower-case name; the last of each counts."""

_MIN_MAX = {
    "SSLv3": ProtocolVersion.SSL_3,
    **{name: version for name, version in defaults.PROTOCOLS.items() if name.startswith("TLS")},
}


def commands_of(scope: Scope, prefix: str = "") -> Commands:
    """What holds at a level; `prefix` is that of the directives on upstreams.

    A file that is not here is not thought to hold one: what is written stands, as hardly anybody overrides it so.
    """
    found = scope.setting(f"{prefix}ssl_conf_command")
    if not isinstance(found, Setting):
        return {}
    setting = settled(found)
    if not isinstance(setting, Setting):
        return setting or {}
    named: dict[str, list[Directive]] = {}
    for each in setting.directives:
        if len(each.args) == 2:
            named.setdefault(command_name(each.args[0]), []).append(each)
    return {name: Setting(tuple(each), setting.origin) for name, each in named.items()}


def bounded(protocols: Fact[dict[ProtocolVersion, Basis]], commands: Commands) -> Fact[dict[ProtocolVersion, Basis]]:
    """The versions within MinProtocol and MaxProtocol."""
    if isinstance(protocols, Unknown):
        return protocols
    if isinstance(commands, Unknown):
        return commands
    if "protocol" in commands:
        setting = commands["protocol"]
        reason = f"{setting.directives[-1].name} Protocol is not evaluated ({setting.basis.at})"
        return Unknown(Why.UNSUPPORTED, reason)
    kept = protocols.value
    for name, keeps in (("minprotocol", (0, 1)), ("maxprotocol", (-1, 0))):
        if name not in commands:
            continue
        bound = _MIN_MAX.get(commands[name].args[1])
        if bound is None:
            return Unknown(
                Why.UNSUPPORTED, f"{commands[name].args[1][:60]!r} is no version ({commands[name].basis.at})"
            )
        kept = {
            each: basis for each, basis in kept.items() if (each.rank > bound.rank) - (each.rank < bound.rank) in keeps
        }
    return Known(kept, protocols.basis)


def ciphers_of(
    reading: Reading,
    scope: Scope,
    commands: Commands,
    place: Basis,
    *,
    prefix: str = "",
    default: str = defaults.CIPHERS,
) -> Fact[CipherString]:
    """The cipher string for TLS 1.2 and older, which CipherString replaces."""
    if isinstance(commands, Unknown):
        return commands
    own = reading.cipher_string(scope, f"{prefix}ssl_ciphers", default, place)
    setting = commands.get("cipherstring")
    if setting is None:
        return own
    *earlier, last = (reading.evaluated(each.args[1], Basis(setting.origin, each.at)) for each in setting.directives)
    return with_level(last, (own, *earlier))


def suites_1_3_of(commands: Commands, place: Basis) -> Fact[tuple[int, ...]]:
    """The suites of TLS 1.3, of which nginx has no directive of its own."""
    if isinstance(commands, Unknown):
        return commands
    setting = commands.get("ciphersuites")
    if setting is None:
        return Known(TLS_1_3_DEFAULT, place)
    suites, unknown = tls_1_3_suites(setting.args[1])
    if unknown:
        return Unknown(Why.UNSUPPORTED, f"{unknown[0][:60]!r} is no suite of TLS 1.3 ({setting.basis.at})")
    return Known(suites, setting.basis)
