"""The values of the policy in force, as texts of rules and directives of servers name them.

`expected` and `remedy` of a rule may have fields in braces: a number of `Limits` by its name, or one of

    {least_version}  the oldest version to allow: TLS 1.2        {versions}  all of them
    {groups}         elliptic curves to offer                    {hybrid}    the best group with ML-KEM
    {usual_groups}   X25519 and secp256r1, as far as allowed     {ciphers}   AES, and ChaCha20 where it is allowed
    {key}            kinds of a certificate's key
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Final

from tlsaudit.data.suites import CipherSuite, openssl_name, suites_for
from tlsaudit.model.limits import Limits
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.rules.registry import group_code

_TLS: Final = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
_CURRENT: Final = _TLS[2:]
_CURVES: Final = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384"}
"""Groups to offer, best first, with OpenSSL's names."""
_LARGE_CURVES: Final = {"secp521r1": "P-521"}
"""Offered where nothing else is allowed."""
_HYBRIDS: Final = ("X25519MLKEM768", "SecP384r1MLKEM1024", "MLKEM1024")
_NO_HYBRID: Final = "a group with ML-KEM, once the policy allows one,"
_ANY_STRONG: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
_STRONG_BITS: Final = 128
_BY_DEFAULT: Final = frozenset({0x1301, 0x1302, 0x1303})
"""What OpenSSL accepts at TLS 1.3 without being told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to configure under a policy.

    `older` is OpenSSL's cipher string below TLS 1.3, empty where the policy allows nothing there; `newest` are the
    suites of TLS 1.3, empty where OpenSSL's own three will do; `groups` and `hybrid` (or "") are IANA's names.
    """

    versions: tuple[ProtocolVersion, ...]
    older: str
    newest: str
    groups: tuple[str, ...]
    hybrid: str
    chacha: bool
    hsts: str

    def openssl_groups(self, *, hybrid: bool = False) -> str:
        """OpenSSL's list of groups, with the hybrid one before the others if so wished, or where there is no other."""
        names = [(_CURVES | _LARGE_CURVES)[name] for name in self.groups]
        return ":".join([self.hybrid, *names] if hybrid or not names else names)


def choice(limits: Limits, required: Collection[str] = ()) -> Choice:
    """What these limits allow, best first; `required` names what else the policy requires."""
    versions = _versions(limits)
    older = _strong(ProtocolVersion.TLS_1_2, limits) if versions[0] is not ProtocolVersion.TLS_1_3 else ()
    newest = _strong(ProtocolVersion.TLS_1_3, limits) if versions[-1] is ProtocolVersion.TLS_1_3 else ()
    codes = {suite.code for suite in newest}
    unlimited = limits.suites_allowed is None and limits.symmetric_bits_min <= _STRONG_BITS
    subdomains = "; includeSubDomains" if "http/hsts-subdomains" in required else ""
    return Choice(
        versions=versions,
        older=_ANY_STRONG if unlimited and older else _names(older),
        newest="" if codes >= _BY_DEFAULT else _names(newest),
        groups=_groups(limits),
        hybrid=next((name for name in _HYBRIDS if _is_allowed(name, limits)), ""),
        chacha=any(suite.enc == "CHACHA20" for suite in (*older, *newest)),
        hsts=f"max-age={limits.hsts_seconds_min}{subdomains}",
    )


def filled(text: str, limits: Limits) -> str:
    """The text of a rule with the values of `limits` in the place of its fields."""
    if "{" not in text:
        return text
    chosen = choice(limits)
    numbers = {each.name: str(value) for each in fields(limits) if isinstance(value := getattr(limits, each.name), int)}
    named = [version.replace("TLSv", "TLS ") for version in chosen.versions]
    groups = ["X25519" if name == "x25519" else name for name in chosen.groups] or [chosen.hybrid or _NO_HYBRID]
    return text.format_map(
        {
            **numbers,
            "least_version": named[0],
            "versions": _in_words(named),
            "groups": _in_words(groups),
            "usual_groups": _in_words([name for name in groups if name in {"X25519", "secp256r1"}] or groups),
            "hybrid": chosen.hybrid or _NO_HYBRID,
            "key": _key(limits),
            "ciphers": "AES or ChaCha20" if chosen.chacha else "AES",
        }
    )


def _versions(limits: Limits) -> tuple[ProtocolVersion, ...]:
    """TLS 1.2 and TLS 1.3, as far as allowed; older ones only where neither is."""
    listed = limits.versions_allowed
    if listed is None:
        return _CURRENT
    found = (tuple(version for version in among if version in listed) for among in (_CURRENT, _TLS))
    return next((allowed for allowed in found if allowed), _CURRENT)


def _strong(version: ProtocolVersion, limits: Limits) -> tuple[CipherSuite, ...]:
    """The suites with fresh keys and authenticated encryption that OpenSSL has a name for, as far as allowed."""
    return tuple(
        suite
        for suite in suites_for(version)
        if suite.standard
        and suite.openssl_name is not None
        and suite.kx in {"ECDHE", "TLS13"}
        and suite.auth in {"RSA", "ECDSA", "TLS13"}
        and (suite.enc, suite.mode) in {("AES", "GCM"), ("CHACHA20", "POLY1305")}
        and suite.effective_bits >= limits.symmetric_bits_min
        and (limits.suites_allowed is None or suite.code in limits.suites_allowed)
    )


def _groups(limits: Limits) -> tuple[str, ...]:
    found = (tuple(name for name in among if _is_allowed(name, limits)) for among in (_CURVES, _LARGE_CURVES))
    return next((allowed for allowed in found if allowed), ())


def _is_allowed(group: str, limits: Limits) -> bool:
    return limits.groups_allowed is None or group_code(group) in limits.groups_allowed


def _key(limits: Limits) -> str:
    kinds = {"secp256r1": "P-256", "secp384r1": "P-384", "rsa": f"RSA of {limits.rsa_bits_wanted} bits"}
    listed = limits.certificate_keys_allowed
    allowed = [words for kind, words in kinds.items() if listed is None or kind in listed]
    return " or ".join(allowed) or "of a kind that the policy lists"


def _names(suites: Sequence[CipherSuite]) -> str:
    return ":".join(openssl_name(suite.code) for suite in suites)


def _in_words(items: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(items[:-1]), items[-1]) if part)
