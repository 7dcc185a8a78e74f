"""TLS-SESS and TLS-IMPL on facts that pass, fail, and do not say."""

from __future__ import annotations

import pytest

from tests.rules.facts import TLS_1_3, Row, known, session, sound, speaks
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Unknown, Why

_FIELDS = {
    "TLS-SESS-002": "secure_renegotiation",
    "TLS-SESS-004": "compression",
    "TLS-SESS-007": "extended_master_secret",
    "TLS-SESS-013": "truncated_hmac",
    "TLS-SESS-014": "heartbeat",
    "TLS-IMPL-002": "unoffered_choice",
}
_ONLY_1_3 = speaks(TLS_1_3)


def _with(**changes: object) -> Facts:
    return sound(session=session(**changes))


ROWS = (
    *(Row(rule, "pass", sound()) for rule in _FIELDS),
    *(Row(rule, "not_tested", _with(**{name: NOT_ASKED})) for rule, name in _FIELDS.items()),
    *(Row(rule, "inconclusive", _with(**{name: Unknown(Why.NO_ANSWER, "")})) for rule, name in _FIELDS.items()),
    Row("TLS-SESS-002", "fail", _with(secure_renegotiation=known(False)), severity="medium", cap="A-"),
    Row("TLS-SESS-002", "not_applicable", sound(protocols=_ONLY_1_3)),
    Row("TLS-SESS-004", "fail", _with(compression=known(True)), severity="high", cap="C"),
    Row("TLS-SESS-007", "fail", _with(extended_master_secret=known(False)), severity="medium"),
    Row("TLS-SESS-007", "not_applicable", sound(protocols=_ONLY_1_3)),
    Row("TLS-SESS-013", "fail", _with(truncated_hmac=known(True)), severity="medium", cap="B"),
    Row("TLS-SESS-014", "fail", _with(heartbeat=known(True)), severity="low"),
    Row(
        "TLS-IMPL-002",
        "fail",
        _with(unoffered_choice=known("TLS_NULL_WITH_NULL_NULL")),
        severity="high",
        observed="TLS_NULL",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
