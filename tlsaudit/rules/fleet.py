"""TLS-FLEET: endpoints that are one service. Judged of a name over its addresses, never of a single endpoint."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.fold import fold
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Basis, Origin, Undecided, Unknown
from tlsaudit.model.result import Fail, Severity
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import rfc


def _has_members(case: Case) -> bool:
    return len(case.members) > 1


@rule(
    "TLS-FLEET-005",
    title="Addresses of one name differ",
    severity=Severity.MEDIUM,
    applies=_has_members,
    expected="the same versions, suites, groups, certificates and client authentication at every address",
    why="An attacker picks the weakest address; clients that reach another one than the tests did see another service.",
    remedy="Give every replica the same TLS configuration and certificates, and audit all of them after a change.",
    sources=(rfc(9325, "3.9", verified=False),),
)
def addresses_differ(case: Case) -> Iterable[Fail]:
    """Some aspect was seen to differ; undecided where none was, but not all could be compared."""
    known: dict[str, Facts] = {}
    missing: Unknown | None = None
    for member, facts in case.members.items():
        if isinstance(facts, Unknown):
            missing = facts
        else:
            known[member] = facts.value
    comparison = fold(known)
    for each in comparison.differences:
        at = tuple(Basis(Origin.DERIVED, member) for members in each.values.values() for member in members)
        yield Fail(str(each), at)
    if comparison.differences:
        return
    if missing is not None:
        raise Undecided(missing)
    for aspect, unknown in comparison.unknown:
        raise Undecided(Unknown(unknown.why, f"{aspect} could not be compared: {unknown.detail or unknown.why.value}"))


RULES: tuple[Rule, ...] = (addresses_differ,)
