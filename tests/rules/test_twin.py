"""TLS-CERT-012 on facts that pass, fail, and do not say."""

from __future__ import annotations

import pytest

from tests.rules.facts import Row, known, sound
from tlsaudit.model.beside import Twin
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Unknown, Why


def _with(*, covered: bool = False, here: Fact[bool] = NOT_ASKED) -> Facts:
    return sound(twin=known(Twin(name="www.example.com", covered=covered, here=here)))


_RULE = "TLS-CERT-012"

ROWS = (
    Row(_RULE, "not_applicable", sound(), "neither a domain nor its www"),
    Row(_RULE, "not_tested", sound(twin=NOT_ASKED)),
    Row(_RULE, "pass", _with(covered=True), "covered, wherever it leads"),
    Row(_RULE, "pass", _with(here=known(False)), "leads elsewhere"),
    Row(_RULE, "not_tested", _with(), "somebody else resolves names"),
    Row(_RULE, "inconclusive", _with(here=Unknown(Why.NO_ANSWER, "not resolved in time"))),
    Row(_RULE, "fail", _with(here=known(True)), severity="info", observed="www.example.com leads here"),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
