"""TLS-SESS on what tickets can be used for: facts that pass, fail, and do not say."""

from __future__ import annotations

import pytest

from tests.rules.facts import TLS_1_2, TLS_1_3, Row, behaves, known, sound, speaks
from tlsaudit.model.facts import Facts, NameAnswer, NameOutcome
from tlsaudit.model.knowledge import NOT_ASKED, Unknown, Why

_SILENT = Unknown(Why.NO_ANSWER, "")
_ANOTHER = known(NameAnswer(NameOutcome.OTHER_CERTIFICATE))
_WHERE = "without a server name"


def _with(**changes: object) -> Facts:
    return sound(behaviours=behaves(**changes))


def _early(replayed: object) -> Facts:
    return _with(early_data=known(16384), early_data_replayed=replayed)


def _names(across: object, **changes: object) -> Facts:
    return _with(**({"no_sni": _ANOTHER, "tickets_across_names": across} | changes))


ROWS = (
    Row("TLS-SESS-006", "pass", _early(known(False))),
    Row("TLS-SESS-006", "fail", _early(known(True)), severity="high", cap="C", observed="accepted again"),
    Row("TLS-SESS-006", "not_applicable", sound(), "no early data"),
    Row("TLS-SESS-006", "not_applicable", sound(protocols=speaks(TLS_1_2))),
    Row("TLS-SESS-006", "not_tested", _early(NOT_ASKED)),
    Row("TLS-SESS-006", "inconclusive", _early(_SILENT)),
    Row("TLS-SESS-006", "inconclusive", _with(early_data=_SILENT)),
    Row("TLS-SESS-011", "pass", _names(known(None))),
    Row("TLS-SESS-011", "pass", _names(known(None), unknown_sni=_SILENT), "one of the names is enough"),
    Row("TLS-SESS-011", "fail", _names(known(_WHERE)), severity="medium", observed="resumed without a server name"),
    Row("TLS-SESS-011", "not_applicable", sound(), "one certificate"),
    Row(
        "TLS-SESS-011",
        "not_applicable",
        sound(protocols=speaks(TLS_1_3), behaviours=behaves(no_sni=_ANOTHER)),
        "TLS 1.3 alone",
    ),
    Row("TLS-SESS-011", "not_tested", _names(NOT_ASKED)),
    Row("TLS-SESS-011", "not_tested", _with(no_sni=NOT_ASKED, unknown_sni=NOT_ASKED), "names"),
    Row("TLS-SESS-011", "inconclusive", _names(_SILENT)),
    Row("TLS-SESS-012", "pass", sound()),
    Row("TLS-SESS-012", "fail", _with(psk_without_dhe=known(True)), severity="medium", cap="B", observed="psk_ke"),
    Row("TLS-SESS-012", "not_applicable", _with(ticket_lifetime=known(None)), "no tickets"),
    Row("TLS-SESS-012", "not_applicable", _with(psk_without_dhe=known(None)), "nothing is resumed"),
    Row("TLS-SESS-012", "not_applicable", sound(protocols=speaks(TLS_1_2))),
    Row("TLS-SESS-012", "not_tested", _with(psk_without_dhe=NOT_ASKED)),
    Row("TLS-SESS-012", "inconclusive", _with(psk_without_dhe=_SILENT)),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
