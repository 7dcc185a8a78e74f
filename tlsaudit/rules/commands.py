"""Commands that rules hand out to see for oneself; {connect} and {servername} are filled in by the judge.

They are for the openssl of today: what it refuses of its own accord (RFC 5746 missing, keys and digests below its level
of security) is allowed where the server needs that, and a comment says what it may not have been built with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tlsaudit.data.groups import GROUPS
from tlsaudit.data.suites import SUITES
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Known
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.rules.registry import group_code, suite_code

SHOW_CHAIN = "openssl s_client -connect {connect} -servername {servername} -showcerts </dev/null"
VERIFY = "openssl s_client -connect {connect} -servername {servername} -verify_return_error </dev/null"

GET = "curl -sSk -o /dev/null -D - --connect-to ::{connect} https://{servername}/"
NEEDS_ML_KEM = "  # needs OpenSSL 3.5"

_GET_BY_OPENSSL = (
    "printf 'GET / HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' {servername} | "
    "openssl s_client -quiet -connect {connect} -servername {servername}"
)
_NEEDS_ANOTHER_CURL = "  # needs a curl that may speak to so old a server"
_CLIENT = "openssl s_client"
_OLD = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2)
_SMALL_DH: Final = 2048
"""Below this many bits, openssl's usual level of security, 2, ends the handshake."""
_SHA1_SCHEMES: Final = frozenset({0x0101, 0x0201, 0x0202, 0x0203})
"""With MD5 or SHA-1, which that level refuses."""
_OFFERED_GROUPS: Final = frozenset({23, 24, 25, 29, 30, *range(256, 261)})
"""What openssl offers without being told: the NIST curves of 256 bits and more, X25519, X448 and RFC 7919."""
_STATIC: Final = frozenset({"DH", "ECDH"})
_SHOW = "openssl s_client -connect {connect} -servername {servername} "
_ITEM = re.compile(r"(?P<name>[A-Za-z0-9_-]+) at (?P<version>TLSv1\.[0-3])\b")
_FLAGS: Final = {"TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}
_GONE = re.compile("RC4|DES|RC2|IDEA|EXPORT")
"""In names of suites that a current OpenSSL is usually built without."""
_OPENSSL_GROUPS: Final = {"secp256r1": "prime256v1", "secp192r1": "prime192v1", "x25519": "X25519", "x448": "X448"}
"""OpenSSL's names where they are not IANA's."""


def show_item(observed: Iterable[str]) -> str | None:
    """The command that has openssl offer the first cipher suite or named group that `observed` names with a version.

    None where nothing of the kind is named, or OpenSSL has no name for it.
    """
    for text in observed:
        match = _ITEM.match(text)
        if match is None:
            continue
        offer = _offer(match["name"], match["version"])
        if offer is not None:
            return f"{_SHOW}{_FLAGS[match['version']]} {offer}"
    return None


def suited(template: str, facts: Facts) -> str:
    """The command with what openssl has to be allowed so that it speaks to this server at all.

    curl cannot be allowed as much, so openssl asks in its place.
    """
    legacy, groups = _lacks_secure_renegotiation(facts), _unusual_groups(facts)
    weak = bool(groups) or _is_weak(facts)
    if template == GET and (legacy or weak):
        template = _GET_BY_OPENSSL
    elif template.startswith("curl") and "https:" in template and (legacy or weak):
        template += _NEEDS_ANOTHER_CURL
    if legacy:
        template = template.replace(_CLIENT, f"{_CLIENT} -legacy_server_connect")
    if weak and "-cipher " not in template and "-tls1_3" not in template:
        template = template.replace(_CLIENT, f"{_CLIENT} -cipher ALL:@SECLEVEL=0")
    if groups and "-groups " not in template:
        template = template.replace(_CLIENT, f"{_CLIENT} -groups {groups}")
    return template


def _lacks_secure_renegotiation(facts: Facts) -> bool:
    """Below TLS 1.3 OpenSSL 3 ends the handshake with such a server (RFC 5746 section 4.1)."""
    answered = facts.session.secure_renegotiation
    return isinstance(answered, Known) and not answered.value and any(each in facts.protocols.accepted for each in _OLD)


def _unusual_groups(facts: Facts) -> str:
    """The groups that the server accepts, where openssl offers none of them without being told."""
    accepted = {code for _, code in facts.groups.accepted}
    if not accepted.isdisjoint(_OFFERED_GROUPS) or not accepted <= GROUPS.keys():
        return ""
    names = [GROUPS[code].name for code in sorted(accepted) if not GROUPS[code].post_quantum]
    return ":".join(_OPENSSL_GROUPS.get(name, name) for name in names)


def _is_weak(facts: Facts) -> bool:
    """Whether all that the server has, or some of what it may choose, is below openssl's usual level of security."""
    accepted = facts.protocols.accepted
    if ProtocolVersion.TLS_1_3 in accepted:
        return False
    if accepted and ProtocolVersion.TLS_1_2 not in accepted:
        return True
    exchanges = facts.key_exchanges.value if isinstance(facts.key_exchanges, Known) else ()
    return any(
        (each.dh is not None and each.dh.bits < _SMALL_DH) or each.signature_scheme in _SHA1_SCHEMES
        for each in exchanges
    )


def _offer(name: str, version: str) -> str | None:
    """The options of s_client that offer this suite or group alone."""
    group = group_code(name)
    if group is not None:
        return _offer_group(group, version)
    code = suite_code(name)
    suite = SUITES[code] if code is not None and code in SUITES else None
    if suite is None or suite.openssl_name is None or not suite.standard:
        return None
    known = suite.openssl_name
    if version == "TLSv1.3":
        return f"-ciphersuites {known} </dev/null"
    if suite.kx in _STATIC:
        return f"-cipher {known} </dev/null  # needs OpenSSL 1.0.2: later versions have no such suite"
    if suite.kx.endswith("PSK"):
        return f"-psk KEY -cipher {known}:@SECLEVEL=0 </dev/null  # KEY: the server's pre-shared key, in hexadecimal"
    note = "  # needs an openssl that was built with this suite" if _GONE.search(name) else ""
    return f"-cipher {known}:@SECLEVEL=0 </dev/null{note}"


def _offer_group(code: int, version: str) -> str | None:
    """OpenSSL has the final groups with ML-KEM, since 3.5, and none of their drafts."""
    group = GROUPS[code]
    if group.post_quantum and group.obsolete:
        return None
    least = "" if version == "TLSv1.3" else "-cipher ALL:@SECLEVEL=0 "
    note = NEEDS_ML_KEM if group.post_quantum else ""
    return f"{least}-groups {_OPENSSL_GROUPS.get(group.name, group.name)} </dev/null{note}"
