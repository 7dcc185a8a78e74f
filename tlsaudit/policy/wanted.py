"""From a policy to what a server is to be configured with.

Whatever costs a finding of severity low or worse is left out: what that is, `questions` finds by asking the rules. What
cannot be satisfied is refused, with the value of the policy that is in the way.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from tlsaudit.data.groups import GROUPS
from tlsaudit.data.suites import CipherSuite, suite_name, suites_for
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.forbidden import Forbidden
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.wanted import Library, Wanted
from tlsaudit.policy.policy import Policy
from tlsaudit.policy.questions import POST_QUANTUM, what_is_forbidden

_TLS = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
_CURRENT = frozenset({ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3})
_AUTHENTICATIONS = frozenset({"RSA", "ECDSA"})
_STAPLING = "revocation/stapling"


def wanted(policy: Policy, library: Library) -> Wanted:
    """What satisfies `policy` with this library; raises InputError where nothing does."""
    forbidden = what_is_forbidden(policy)
    allowed = _allowed_versions(policy)
    versions = _versions(policy, library, allowed)
    suites = _suites(policy, library, versions, forbidden)
    if _STAPLING in policy.required and not library.staples:
        _refuse(policy, library, f"required has {_STAPLING}, and it staples nothing")
    return Wanted(
        name=f"{policy.id} {policy.version}",
        versions=versions,
        suites=tuple(suite.code for suite in suites),
        groups=_groups(policy, library, forbidden),
        server_order=not all(suite.aead and suite.ephemeral for suite in suites),
        hsts_seconds=policy.limits.hsts_seconds_min,
        hsts_subdomains="http/hsts-subdomains" in policy.required,
        client_certificate=policy.expect.client_auth is ClientAuthMode.REQUIRED,
        stapling=_STAPLING in policy.required,
        certificate=tuple(_certificate(policy)),
        left_out=tuple(
            f"{version}: the policy allows it, and {library.name} does not speak it"
            for version in ProtocolVersion
            if version in allowed and version not in versions
        ),
    )


def _refuse(policy: Policy, library: Library, why: str) -> NoReturn:
    raise InputError(f"{library.name} cannot satisfy {policy.id}: {why}")


def _allowed_versions(policy: Policy) -> frozenset[ProtocolVersion]:
    listed = policy.limits.versions_allowed
    return _CURRENT if listed is None else listed


def _versions(policy: Policy, library: Library, allowed: Collection[ProtocolVersion]) -> tuple[ProtocolVersion, ...]:
    """What is allowed and spoken, without a gap: most products are told the oldest and the newest alone."""
    versions = tuple(version for version in _TLS if version in allowed and version in library.versions)
    if not versions:
        spoken = _listed(library.versions)
        _refuse(policy, library, f"versions_allowed is {_listed(allowed) or 'empty'}, and it speaks {spoken}")
    if contradicted := [version for version in versions if f"protocol/{version}" in policy.forbidden]:
        _refuse(policy, library, f"versions_allowed has {_listed(contradicted)}, and forbidden has it too")
    between = _TLS[_TLS.index(versions[0]) : _TLS.index(versions[-1])]
    if gap := [version for version in between if version not in versions]:
        _refuse(policy, library, f"versions_allowed is {_listed(allowed)}, without {_listed(gap)} in between")
    if missing := (policy.limits.versions_required or frozenset()) - {*versions}:
        _refuse(policy, library, f"versions_required has {_listed(missing)}, and it is not accepted")
    return versions


def _suites(
    policy: Policy, library: Library, versions: tuple[ProtocolVersion, ...], forbidden: Forbidden
) -> tuple[CipherSuite, ...]:
    """Those that are good at every version they may be chosen at: one list is for all versions below TLS 1.3."""
    bad = {code for version in versions for codes in forbidden.suites.get(version, ()) for code in codes}
    found: dict[int, CipherSuite] = {}
    for version in reversed(versions):
        usual = [suite for suite in suites_for(version) if _is_usual(suite, library)]
        good = [suite for suite in usual if suite.code not in bad]
        if version is ProtocolVersion.TLS_1_3 and (fixed := library.fixed_suites & bad):
            names = ", ".join(suite_name(code) for code in sorted(fixed))
            _refuse(policy, library, f"at TLSv1.3 it always accepts {names}, which the policy does not allow")
        if not good:
            _refuse(policy, library, f"versions_allowed has {version}, and the policy allows none of its suites there")
        found |= {suite.code: suite for suite in good}
    return tuple(found.values())


def _is_usual(suite: CipherSuite, library: Library) -> bool:
    """Suites that servers are configured with, as far as this library has them."""
    if suite.openssl_name is None or not suite.standard:
        return False
    if suite.kx == "TLS13":
        return suite.mode in {"GCM", "POLY1305"} and suite.enc in {"AES", "CHACHA20"}
    return suite.auth in _AUTHENTICATIONS and (suite.kx, suite.enc, suite.mode, suite.mac) in library.suites


def _groups(policy: Policy, library: Library, forbidden: Forbidden) -> tuple[int, ...]:
    by_name = {group.name: group for group in GROUPS.values()}
    bad = {code for codes in forbidden.groups.values() for code in codes}
    listed = policy.limits.groups_allowed
    offered = [by_name[name].code for name in library.groups]
    groups = tuple(code for code in offered if (listed is None or code in listed) and code not in bad)
    required = policy.limits.groups_required
    if required is not None and required.isdisjoint(groups):
        names = ", ".join(GROUPS[code].name for code in sorted(required))
        _refuse(policy, library, f"groups_required is {names} ({library.post_quantum})")
    if POST_QUANTUM in policy.required and not any(GROUPS[code].post_quantum for code in groups):
        _refuse(policy, library, f"required has {POST_QUANTUM} ({library.post_quantum})")
    if not groups:
        names = ", ".join(GROUPS[code].name for code in sorted(listed or ()))
        _refuse(policy, library, f"groups_allowed is {names or 'empty'} ({library.post_quantum})")
    return groups


def _listed(versions: Collection[ProtocolVersion]) -> str:
    return ", ".join(str(version) for version in ProtocolVersion if version in versions)


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
