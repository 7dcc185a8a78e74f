"""From a policy to what a server is to be configured with.

Whatever costs a finding of severity low or worse is left out: what that is, `questions` finds by asking the rules.
"""

from __future__ import annotations

from tlsaudit.data.groups import GROUPS
from tlsaudit.data.suites import CipherSuite, suites_for
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.wanted import Wanted
from tlsaudit.policy.policy import Policy
from tlsaudit.policy.questions import what_is_forbidden

_TLS = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
_CURRENT = frozenset({ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3})
_KEY_EXCHANGES = frozenset({"ECDHE", "RSA", "TLS13"})
_AUTHENTICATIONS = frozenset({"RSA", "ECDSA", "TLS13"})
_CIPHERS = frozenset({"AES", "CHACHA20", "3DES"})
_MODES = frozenset({"GCM", "POLY1305", "CBC"})
_GROUPS = ("X25519MLKEM768", "SecP384r1MLKEM1024", "MLKEM1024", "x25519", "secp256r1", "secp384r1", "secp521r1")
"""What servers can be told to offer, best first."""
_POST_QUANTUM_FROM = (3, 5)
"""The OpenSSL that brought ML-KEM."""


def wanted(policy: Policy, openssl: tuple[int, int]) -> Wanted:
    """What satisfies `policy` with this OpenSSL; raises InputError where nothing does."""
    forbidden = what_is_forbidden(policy)
    allowed = policy.limits.versions_allowed or _CURRENT
    versions = tuple(version for version in _TLS if version in allowed)
    suites: dict[int, CipherSuite] = {}
    for version in reversed(versions):
        bad = {code for codes in forbidden.suites.get(version, ()) for code in codes}
        suites |= {suite.code: suite for suite in suites_for(version) if _is_usual(suite) and suite.code not in bad}
    bad_groups = {code for codes in forbidden.groups.values() for code in codes}
    groups = [code for code in _offered(policy, openssl) if code not in bad_groups]
    _refuse_impossible(policy, groups, openssl)
    return Wanted(
        name=f"{policy.id} {policy.version}",
        versions=versions,
        suites=tuple(suites),
        groups=tuple(groups),
        server_order=not all(suite.aead and suite.ephemeral for suite in suites.values()),
        hsts=_hsts(policy),
        client_certificate=policy.expect.client_auth is ClientAuthMode.REQUIRED,
        certificate=tuple(_certificate(policy)),
    )


def _is_usual(suite: CipherSuite) -> bool:
    """Suites that servers are configured with; DHE would need parameters, and CCM has no users on the web."""
    return (
        suite.kx in _KEY_EXCHANGES
        and suite.auth in _AUTHENTICATIONS
        and suite.enc in _CIPHERS
        and suite.mode in _MODES
        and suite.openssl_name is not None
    )


def _offered(policy: Policy, openssl: tuple[int, int]) -> list[int]:
    by_name = {group.name: group for group in GROUPS.values()}
    listed = policy.limits.groups_allowed
    return [
        by_name[name].code
        for name in _GROUPS
        if (listed is None or by_name[name].code in listed)
        and (openssl >= _POST_QUANTUM_FROM or not by_name[name].post_quantum)
    ]


def _refuse_impossible(policy: Policy, groups: list[int], openssl: tuple[int, int]) -> None:
    required = policy.limits.groups_required
    if not groups or (required is not None and required.isdisjoint(groups)):
        version = ".".join(str(part) for part in openssl)
        names = ", ".join(GROUPS[code].name for code in sorted(required or ()))
        needs = f"it requires one of {names}" if names else "it allows none that this version has"
        raise InputError(f"OpenSSL {version} cannot satisfy {policy.id}: {needs} (ML-KEM is in OpenSSL 3.5 and later)")


def _hsts(policy: Policy) -> str:
    subdomains = "; includeSubDomains" if "http/hsts-subdomains" in policy.required else ""
    return f"max-age={policy.limits.hsts_seconds_min}{subdomains}"


def _certificate(policy: Policy) -> list[str]:
    limits = policy.limits
    lines = []
    if limits.certificate_keys_allowed is not None:
        lines.append(f"its key is one of {', '.join(sorted(limits.certificate_keys_allowed))}")
    if "key/rsa-of-wanted-size" in policy.required:
        lines.append(f"an RSA key has {limits.rsa_bits_wanted} bits or more")
    if limits.certificate_signatures_allowed is not None:
        lines.append(f"it is signed with one of {', '.join(sorted(limits.certificate_signatures_allowed))}")
    if limits.lifetime_days_max is not None:
        lines.append(f"it lives for {limits.lifetime_days_max} days at most")
    return lines
