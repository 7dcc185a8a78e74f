"""What only a policy's own lists decide: versions it does not allow, versions and groups that it requires.

What is wrong under every policy has a rule of its own elsewhere, and so have the lists of suites (CIPH-019), groups
(KEX-012), keys (CERT-042) and signatures (SIG-009).
"""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.groups import group_name
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Fail, Severity, Source
from tlsaudit.rules.registry import GROUP_VERSIONS, groups_where, speaks
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, rfc

_WITHOUT_OWN_RULE = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
"""Older versions are those of PROTO-001 to 004."""
_ANY_VERSION = speaks(*ProtocolVersion)
_MOZILLA = Source("Mozilla Server Side TLS 6.0, tls_versions")


def _has_version_list(case: Case) -> bool:
    return case.limits.versions_allowed is not None


def _requires_versions(case: Case) -> bool:
    return case.limits.versions_required is not None and _ANY_VERSION(case)


def _requires_group(case: Case) -> bool:
    return case.limits.groups_required is not None and bool(case.facts.protocols.any(GROUP_VERSIONS))


@rule(
    "TLS-PROTO-017",
    title="Protocol version outside the policy",
    severity=Severity.MEDIUM,
    cwe=(326,),
    applies=_has_version_list,
    enforces=("protocol/unlisted",),
    reads=("versions_allowed",),
    expected="only protocol versions that the policy lists",
    why="An older version lacks what the policy relies on, and an attacker can try to push clients down to it.",
    remedy="Set the minimum protocol version to one that the policy lists, or choose a policy that allows it.",
    sources=(_MOZILLA, asvs("12.1.1 (L1)")),
)
def version_outside_policy(case: Case) -> Iterable[Fail]:
    """TLS 1.2 or 1.3 is accepted and not on the policy's list."""
    allowed = case.limits.versions_allowed or frozenset()
    unlisted = [version for version in _WITHOUT_OWN_RULE if version not in allowed]
    return tuple(Fail(f"{seen.item} is accepted", (seen.basis,)) for seen in case.facts.protocols.any(unlisted))


@rule(
    "TLS-PROTO-018",
    title="Required protocol version missing",
    severity=Severity.MEDIUM,
    applies=_requires_versions,
    enforces=("protocol/required",),
    reads=("versions_required",),
    expected="every protocol version that the policy requires",
    why="Clients that the policy has in mind cannot connect, or only with an older version than they have to use.",
    remedy="Enable the version; OpenSSL has TLS 1.2 since 1.0.1 and TLS 1.3 since 1.1.1.",
    sources=(rfc(9325, "3.1.1"), Source("NIST SP 800-52r2 section 3.1", verified=False)),
)
def required_version_missing(case: Case) -> Iterable[Fail]:
    """A required version is refused; where that is TLS 1.3 beside TLS 1.2, PROTO-007 has the same cause."""
    protocols = case.facts.protocols
    required = case.limits.versions_required or frozenset()
    at = tuple(protocols.accepted.values())
    for version in sorted(required & protocols.refused, key=lambda each: each.rank):
        same = version is ProtocolVersion.TLS_1_3 and ProtocolVersion.TLS_1_2 in protocols.accepted
        yield Fail(f"{version} is refused", at, cause="TLS-PROTO-007" if same else None)
    protocols.all_of(required)


@rule(
    "TLS-KEX-015",
    title="Required group missing",
    severity=Severity.MEDIUM,
    applies=_requires_group,
    enforces=("group/required",),
    reads=("groups_required",),
    expected="one of the groups that the policy requires",
    why="Clients that follow the policy find no key exchange that it lets them use.",
    remedy="Enable one of the groups; those with ML-KEM need OpenSSL 3.5 or another library of 2025 or later.",
    sources=(
        Source("NIST SP 800-52r2 section 3.4", verified=False),
        Source("draft-becker-cnsa2-tls-profile-03", verified=False),
    ),
)
def required_group_missing(case: Case) -> Iterable[Fail]:
    """Every one of them is refused."""
    wanted = case.limits.groups_required or frozenset()
    if not case.facts.groups.any(groups_where(lambda group: group.code in wanted)):
        names = ", ".join(sorted(group_name(code) for code in wanted))
        at = tuple(dict.fromkeys(each.basis for each in case.facts.protocols.any(GROUP_VERSIONS)))
        yield Fail("no group of the policy's is accepted", at, expected=f"one of {names}")


RULES: tuple[Rule, ...] = (version_outside_policy, required_version_missing, required_group_missing)
