"""The algebra of SSLProtocol: plus adds, minus takes away, a bare word replaces all so far (ssl_cmd_protocol_parse)."""

from __future__ import annotations

from tlsaudit.config.apache.defaults import PROTOCOLS
from tlsaudit.config.apache.scope import Setting
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

Versions = dict[ProtocolVersion, Basis]

_POLICIES = {
    "modern": ("tlsv1.2", "tlsv1.3"),
    "intermediate": ("tlsv1", "tlsv1.1", "tlsv1.2"),
    "old": ("sslv3", "tlsv1", "tlsv1.1", "tlsv1.2"),
}
"""Of SSLPolicy, which is in no release so far (httpd 2.5, modules/ssl/ssl_policies.h)."""


def evaluated(setting: Setting) -> Fact[Versions]:
    """The versions that are left at the end of the line."""
    found: set[ProtocolVersion] = set()
    for word in setting.args:
        sign, name = (word[0], word[1:].lower()) if word[:1] in {"+", "-"} else ("", word.lower())
        if name == "sslv2":
            if sign == "-":
                continue
            return Unknown(
                Why.UNSUPPORTED, f"{word[:60]!r}: httpd 2.4 has no SSLv2 and does not start ({_at(setting)})"
            )
        if name != "all" and name not in PROTOCOLS:
            return Unknown(Why.UNSUPPORTED, f"{word[:60]!r} is no protocol version ({_at(setting)})")
        meant = set(PROTOCOLS.values()) if name == "all" else {PROTOCOLS[name]}
        found = found - meant if sign == "-" else found | meant if sign == "+" else meant
    if not found:
        return Unknown(Why.UNSUPPORTED, f"no version is left, so that the server does not start ({_at(setting)})")
    return Known(_listed(found, setting.basis), setting.basis)


def of_policy(setting: Setting) -> Fact[Versions]:
    """The versions of SSLPolicy."""
    names = _POLICIES.get(setting.word.lower())
    if names is None:
        return Unknown(Why.UNSUPPORTED, f"the policy {setting.word[:60]!r} is not known here ({_at(setting)})")
    return Known(_listed({PROTOCOLS[name] for name in names}, setting.basis), setting.basis)


def _listed(versions: set[ProtocolVersion], basis: Basis) -> Versions:
    return dict.fromkeys(sorted(versions, key=lambda each: each.rank), basis)


def _at(setting: Setting) -> str:
    return setting.directive.at
