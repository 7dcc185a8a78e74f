"""TLS-IMPL on facts that pass, fail, and do not say."""

from __future__ import annotations

import pytest

from tests.rules.facts import SSL_3, Row, behaves, known, session, sound, speaks
from tlsaudit.model.facts import Facts, NameAnswer, NameOutcome
from tlsaudit.model.knowledge import NOT_ASKED, Unknown, Why

_NO_ANSWER = Unknown(Why.NO_ANSWER, "")
_FIELDS = {
    "TLS-IMPL-001": "intolerant_of",
    "TLS-IMPL-003": "unknown_sni",
    "TLS-IMPL-004": "inconsistency",
    "TLS-IMPL-005": "repeated_random",
}


def _with(**changes: object) -> Facts:
    return sound(behaviours=behaves(**changes))


ROWS = (
    *(Row(rule, "pass", sound()) for rule in (*_FIELDS, "TLS-IMPL-002")),
    *(Row(rule, "not_tested", _with(**{name: NOT_ASKED})) for rule, name in _FIELDS.items()),
    *(Row(rule, "inconclusive", _with(**{name: _NO_ANSWER})) for rule, name in _FIELDS.items()),
    *(Row(rule, "not_applicable", sound(protocols=speaks(SSL_3))) for rule in _FIELDS),
    Row(
        "TLS-IMPL-001",
        "fail",
        _with(intolerant_of=known(("an unknown cipher suite", "an unknown version"))),
        severity="medium",
        cap="B",
        observed="refused for an unknown cipher suite, an unknown version",
    ),
    Row("TLS-IMPL-002", "not_tested", sound(session=session(unoffered_choice=NOT_ASKED))),
    Row("TLS-IMPL-002", "inconclusive", sound(session=session(unoffered_choice=_NO_ANSWER))),
    Row(
        "TLS-IMPL-002",
        "fail",
        sound(session=session(unoffered_choice=known("TLS_NULL_WITH_NULL_NULL"))),
        severity="high",
        observed="TLS_NULL",
    ),
    Row(
        "TLS-IMPL-003",
        "fail",
        _with(unknown_sni=known(NameAnswer(NameOutcome.SAME_CERTIFICATE))),
        severity="low",
        observed="gets the same certificate",
    ),
    Row(
        "TLS-IMPL-003",
        "fail",
        _with(unknown_sni=known(NameAnswer(NameOutcome.OTHER_CERTIFICATE))),
        observed="gets another certificate",
    ),
    Row(
        "TLS-IMPL-004",
        "fail",
        _with(inconsistency=known("the cipher suite")),
        severity="medium",
        observed="the cipher suite differed",
    ),
    Row("TLS-IMPL-005", "fail", _with(repeated_random=known(True)), severity="critical", cap="F"),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
