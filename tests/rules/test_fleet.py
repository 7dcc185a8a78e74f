"""TLS-FLEET on members that agree, differ, and do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.rules.facts import AS_OF, OWASP, TLS_1_0, TLS_1_2, TLS_1_3, known, sound, speaks
from tlsaudit.judge import judge
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Unknown, Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Result
from tlsaudit.rules import FLEET_RULES

_SILENT = Unknown(Why.NO_ANSWER, "192.0.2.3 refused the connection")
_SAME = sound(certificate_deployments=known(()))
_OLD = sound(certificate_deployments=known(()), protocols=speaks(TLS_1_0, TLS_1_2, TLS_1_3))


@dataclass(frozen=True)
class Row:
    """The outcome of a rule on these members, and what the result says."""

    rule: str
    outcome: str
    members: Mapping[str, Fact[Facts]] = field(default_factory=dict)
    observed: str = ""


def of(*facts: Facts | Unknown) -> dict[str, Fact[Facts]]:
    """Members by the addresses of one name."""
    return {
        f"shop.example:443@192.0.2.{n}": each if isinstance(each, Unknown) else known(each)
        for n, each in enumerate(facts, 1)
    }


ROWS = (
    Row("TLS-FLEET-005", "pass", of(_SAME, _SAME, _SAME)),
    Row("TLS-FLEET-005", "fail", of(_SAME, _OLD), "TLSv1.0: refused at shop.example:443@192.0.2.1, accepted at"),
    Row("TLS-FLEET-005", "fail", of(_SAME, _OLD, _SILENT), "TLSv1.0"),
    Row("TLS-FLEET-005", "inconclusive", of(_SAME, _SAME, _SILENT), "192.0.2.3 refused the connection"),
    Row("TLS-FLEET-005", "inconclusive", of(_SAME, sound(certificate_deployments=_SILENT)), "leaf certificate could"),
    Row("TLS-FLEET-005", "not_tested", of(_SAME, sound(certificate_deployments=NOT_ASKED))),
    Row("TLS-FLEET-005", "not_applicable", of(_SAME)),
    Row("TLS-FLEET-005", "not_applicable"),
)


def judged(row: Row) -> Result:
    (found,) = judge(
        _SAME,
        OWASP,
        as_of=AS_OF,
        expect=Expectation(),
        mode="inventory",
        subject_id="shop.example:443",
        rules=[rule for rule in FLEET_RULES if rule.id == row.rule],
        members=row.members,
    ).results
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule} {row.outcome} {row.observed}".strip())
def test_rule_gives_the_outcome(row: Row) -> None:
    result = judged(row)
    assert result.outcome == row.outcome
    assert row.observed in (result.observed or result.reason or "")
    if row.outcome == "fail":
        assert result.severity == "medium"
        assert {each.at for each in result.evidence} <= row.members.keys()
