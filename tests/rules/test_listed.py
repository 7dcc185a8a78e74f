"""What only a policy's own lists decide."""

from __future__ import annotations

import pytest

from tests.rules.facts import SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, Row, groups, judged, sound, speaks
from tlsaudit.model.knowledge import Tried, Unknown, Why

_SILENT = Unknown(Why.NO_ANSWER, "no answer")
_ONLY_1_3 = {"versions_allowed": frozenset({TLS_1_3})}
_BOTH = {"versions_required": frozenset({TLS_1_2, TLS_1_3})}
_HYBRID = {"groups_required": frozenset({4588})}
_CLASSICAL = sound(groups=groups({TLS_1_2: [29], TLS_1_3: [29]}))
_OLD = sound(protocols=speaks(SSL_3, TLS_1_0, TLS_1_1))

ROWS = (
    Row("TLS-PROTO-017", "not_applicable", sound(), "no list"),
    Row("TLS-PROTO-017", "fail", sound(), severity="medium", observed="TLSv1.2 is accepted", limits=_ONLY_1_3),
    Row("TLS-PROTO-017", "pass", sound(protocols=speaks(TLS_1_3)), limits=_ONLY_1_3),
    Row("TLS-PROTO-017", "pass", _OLD, "PROTO-002 to 004 say it", limits=_ONLY_1_3),
    Row("TLS-PROTO-017", "inconclusive", sound(protocols=Tried(rest=_SILENT)), limits=_ONLY_1_3),
    Row("TLS-PROTO-018", "not_applicable", sound(), "nothing required"),
    Row("TLS-PROTO-018", "pass", sound(), limits=_BOTH),
    Row("TLS-PROTO-018", "fail", sound(protocols=speaks(TLS_1_3)), observed="TLSv1.2 is refused", limits=_BOTH),
    Row("TLS-PROTO-018", "fail", sound(protocols=speaks(TLS_1_2)), observed="TLSv1.3 is refused", limits=_BOTH),
    Row("TLS-PROTO-018", "fail", _OLD, observed="TLSv1.2 is refused; TLSv1.3 is refused", limits=_BOTH),
    Row("TLS-PROTO-018", "not_applicable", sound(protocols=speaks()), "no TLS at all", limits=_BOTH),
    Row(
        "TLS-PROTO-018",
        "inconclusive",
        sound(protocols=Tried(accepted=sound().protocols.accepted, rest=_SILENT)),
        limits={"versions_required": frozenset({TLS_1_1})},
    ),
    Row("TLS-KEX-015", "not_applicable", sound(), "nothing required"),
    Row("TLS-KEX-015", "not_applicable", _OLD, "nothing that has groups", limits=_HYBRID),
    Row("TLS-KEX-015", "pass", sound(), limits=_HYBRID),
    Row("TLS-KEX-015", "fail", _CLASSICAL, severity="medium", observed="no group of the policy's", limits=_HYBRID),
    Row("TLS-KEX-015", "inconclusive", sound(groups=Tried(rest=_SILENT)), limits=_HYBRID),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


def test_without_tls_1_3_two_rules_have_one_cause() -> None:
    facts = sound(protocols=speaks(TLS_1_2))
    assert judged("TLS-PROTO-018", facts, limits=_BOTH).cause == judged("TLS-PROTO-007", facts).cause


def test_what_is_missing_is_a_failure_beside_what_is_unknown() -> None:
    protocols = Tried(accepted=sound().protocols.accepted, refused=frozenset({TLS_1_1}), rest=_SILENT)
    limits = {"versions_required": frozenset({TLS_1_0, TLS_1_1})}
    assert judged("TLS-PROTO-018", sound(protocols=protocols), limits=limits).outcome == "fail"
