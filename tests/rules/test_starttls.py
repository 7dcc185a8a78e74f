"""TLS-PROTO 012 and 013 on facts that pass, fail, and do not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.facts import ENDPOINT, Row, known, sound
from tlsaudit.model.beside import BeforeTls
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Unknown, Why

_SILENT = Unknown(Why.NO_ANSWER, "no answer")
_POSTGRES = replace(ENDPOINT, port=5432, starttls="postgres")


def _before(before: Fact[BeforeTls | None]) -> Facts:
    return sound(endpoint=_POSTGRES, before_tls=before)


def _with(signs_in: Fact[str | None] = NOT_ASKED, taken: Fact[bool] = NOT_ASKED) -> Facts:
    return _before(known(BeforeTls(signs_in=signs_in, takes_injected=taken)))


_IDS = ("TLS-PROTO-012", "TLS-PROTO-013")

ROWS = (
    *(Row(rule, "not_applicable", sound(), "TLS begins at once") for rule in _IDS),
    *(Row(rule, "not_tested", _before(NOT_ASKED)) for rule in _IDS),
    *(Row(rule, "not_tested", _with()) for rule in _IDS),
    *(Row(rule, "inconclusive", _with(_SILENT, _SILENT)) for rule in _IDS),
    *(Row(rule, "pass", _with(known(None), known(False))) for rule in _IDS),
    Row(
        "TLS-PROTO-012",
        "fail",
        _with(signs_in=known("asks for a password (SASL), user 'tlsaudit'")),
        severity="medium",
        cap="B",
        observed="without TLS it asks for a password",
    ),
    Row("TLS-PROTO-013", "fail", _with(taken=known(True)), severity="high", cap="D", observed="answered within TLS"),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
