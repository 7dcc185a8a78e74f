"""TLS-SESS on facts that pass, fail, and do not say."""

from __future__ import annotations

import pytest

from tests.rules.facts import SSL_3, TLS_1_2, TLS_1_3, Row, behaves, known, session, sound, speaks
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Unknown, Why

_FIELDS = {
    "TLS-SESS-001": "insecure_renegotiation",
    "TLS-SESS-003": "client_renegotiations",
    "TLS-SESS-002": "secure_renegotiation",
    "TLS-SESS-004": "compression",
    "TLS-SESS-007": "extended_master_secret",
    "TLS-SESS-013": "truncated_hmac",
    "TLS-SESS-014": "heartbeat",
}
_BEHAVIOURS = {
    "TLS-SESS-005": "early_data",
    "TLS-SESS-009": "ticket_lifetime",
    "TLS-SESS-015": "next_protocol_negotiation",
}
_ONLY_1_3 = speaks(TLS_1_3)


def _with(**changes: object) -> Facts:
    return sound(session=session(**changes))


def _behaving(**changes: object) -> Facts:
    return sound(behaviours=behaves(**changes))


ROWS = (
    *(Row(rule, "pass", sound()) for rule in _FIELDS),
    *(Row(rule, "not_tested", _with(**{name: NOT_ASKED})) for rule, name in _FIELDS.items()),
    *(Row(rule, "inconclusive", _with(**{name: Unknown(Why.NO_ANSWER, "")})) for rule, name in _FIELDS.items()),
    Row("TLS-SESS-001", "fail", _with(insecure_renegotiation=known(True)), severity="critical", cap="F"),
    Row("TLS-SESS-001", "not_applicable", sound(protocols=_ONLY_1_3)),
    Row("TLS-SESS-003", "fail", _with(client_renegotiations=known(10)), severity="high", observed="10 of 10"),
    Row("TLS-SESS-003", "fail", _with(client_renegotiations=known(3)), severity="medium", observed="3 of 10"),
    Row("TLS-SESS-003", "not_applicable", sound(protocols=_ONLY_1_3)),
    Row("TLS-SESS-002", "fail", _with(secure_renegotiation=known(False)), severity="medium", cap="A-"),
    Row("TLS-SESS-002", "not_applicable", sound(protocols=_ONLY_1_3)),
    Row("TLS-SESS-004", "fail", _with(compression=known(True)), severity="high", cap="C"),
    Row("TLS-SESS-007", "fail", _with(extended_master_secret=known(False)), severity="medium"),
    Row("TLS-SESS-007", "not_applicable", sound(protocols=_ONLY_1_3)),
    Row("TLS-SESS-013", "fail", _with(truncated_hmac=known(True)), severity="medium", cap="B"),
    Row("TLS-SESS-014", "fail", _with(heartbeat=known(True)), severity="low"),
    *(Row(rule, "pass", sound()) for rule in _BEHAVIOURS),
    *(Row(rule, "not_tested", _behaving(**{name: NOT_ASKED})) for rule, name in _BEHAVIOURS.items()),
    *(Row(rule, "inconclusive", _behaving(**{name: Unknown(Why.NO_ANSWER, "")})) for rule, name in _BEHAVIOURS.items()),
    Row("TLS-SESS-005", "fail", _behaving(early_data=known(16384)), severity="low", observed="offers 0-RTT"),
    Row("TLS-SESS-005", "not_applicable", sound(protocols=speaks(TLS_1_2))),
    Row("TLS-SESS-009", "pass", _behaving(ticket_lifetime=known(86400))),
    Row("TLS-SESS-009", "pass", _behaving(ticket_lifetime=known(None)), "no ticket"),
    Row("TLS-SESS-009", "fail", _behaving(ticket_lifetime=known(86401)), severity="low", observed="86401 seconds"),
    Row("TLS-SESS-009", "fail", _behaving(ticket_lifetime=known(604801)), severity="medium"),
    Row("TLS-SESS-009", "pass", _behaving(classic_ticket_lifetime=known(None)), "no ticket below TLS 1.3"),
    Row("TLS-SESS-009", "fail", _behaving(classic_ticket_lifetime=known(86401)), observed="seconds below TLSv1.3"),
    Row("TLS-SESS-009", "fail", _behaving(classic_ticket_lifetime=known(604801)), severity="medium"),
    Row(
        "TLS-SESS-009",
        "fail",
        _behaving(classic_ticket_lifetime=NOT_ASKED, ticket_lifetime=known(86401)),
        "one is enough",
        severity="low",
    ),
    Row("TLS-SESS-009", "not_tested", _behaving(classic_ticket_lifetime=NOT_ASKED), "below TLS 1.3"),
    Row(
        "TLS-SESS-009",
        "pass",
        sound(protocols=_ONLY_1_3, behaviours=behaves(classic_ticket_lifetime=NOT_ASKED)),
        "TLS 1.3 alone",
    ),
    Row(
        "TLS-SESS-009",
        "fail",
        sound(protocols=speaks(TLS_1_2), behaviours=behaves(classic_ticket_lifetime=known(86401))),
        "TLS 1.2 alone",
        severity="low",
    ),
    Row("TLS-SESS-009", "not_applicable", sound(protocols=speaks(SSL_3))),
    Row("TLS-SESS-015", "fail", _behaving(next_protocol_negotiation=known(True)), severity="info"),
    Row("TLS-SESS-015", "not_applicable", sound(protocols=_ONLY_1_3)),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
