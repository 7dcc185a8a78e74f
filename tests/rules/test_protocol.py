"""TLS-PROTO on facts that pass, fail, and do not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.facts import (
    SSL_2,
    SSL_3,
    TLS_1_0,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
    Row,
    at,
    behaves,
    known,
    only_suites,
    sound,
    speaks,
    suites,
)
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Tried, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion

_SOME = 0xC013


def _without(version: ProtocolVersion, why: Why = Why.NO_ANSWER) -> Tried[ProtocolVersion]:
    """TLS 1.2 is spoken; of `version` nothing is known."""
    known = speaks(TLS_1_2)
    return replace(known, refused=known.refused - {version}, rest=Unknown(why, "no answer"))


def _behaving(*versions: ProtocolVersion, **changes: object) -> Facts:
    return sound(protocols=speaks(*(versions or (TLS_1_2, TLS_1_3))), behaviours=behaves(**changes))


ROWS = (
    Row("TLS-PROTO-001", "pass", sound()),
    Row(
        "TLS-PROTO-001",
        "fail",
        sound(protocols=speaks(SSL_2, TLS_1_2), cipher_suites=suites({SSL_2: [0x010080], TLS_1_2: [0xC02F]})),
        severity="critical",
        cap="F",
        observed="SSLv2 is accepted",
    ),
    Row(
        "TLS-PROTO-001",
        "fail",
        sound(protocols=speaks(SSL_2, TLS_1_2)),
        severity="high",
        observed="without a cipher",
    ),
    Row("TLS-PROTO-001", "inconclusive", sound(protocols=_without(SSL_2))),
    Row("TLS-PROTO-001", "not_tested", sound(protocols=_without(SSL_2, Why.NOT_ASKED))),
    Row("TLS-PROTO-002", "pass", sound()),
    Row("TLS-PROTO-002", "fail", sound(protocols=speaks(SSL_3, TLS_1_2)), severity="high", cap="C"),
    Row("TLS-PROTO-002", "fail", sound(protocols=speaks(SSL_3)), cap="F", observed="nothing newer"),
    Row("TLS-PROTO-002", "inconclusive", sound(protocols=_without(SSL_3))),
    Row("TLS-PROTO-003", "pass", sound()),
    Row(
        "TLS-PROTO-003", "fail", sound(protocols=speaks(TLS_1_0, TLS_1_2)), severity="high", cap="B", observed="TLSv1.0"
    ),
    Row("TLS-PROTO-003", "inconclusive", sound(protocols=_without(TLS_1_0))),
    Row("TLS-PROTO-004", "pass", sound()),
    Row(
        "TLS-PROTO-004", "fail", sound(protocols=speaks(TLS_1_1, TLS_1_2)), severity="high", cap="B", observed="TLSv1.1"
    ),
    Row("TLS-PROTO-004", "inconclusive", sound(protocols=_without(TLS_1_1))),
    Row("TLS-PROTO-006", "pass", sound()),
    Row("TLS-PROTO-006", "pass", sound(protocols=_without(TLS_1_3)), "one modern version is enough"),
    Row(
        "TLS-PROTO-006",
        "fail",
        only_suites([_SOME], TLS_1_0, TLS_1_1),
        severity="critical",
        cap="F",
        observed="TLSv1.1",
    ),
    Row("TLS-PROTO-006", "not_applicable", sound(protocols=speaks()), "nothing is accepted at all"),
    Row(
        "TLS-PROTO-006",
        "inconclusive",
        sound(
            protocols=Tried(
                accepted={TLS_1_0: at(1)}, refused=frozenset({TLS_1_2}), rest=Unknown(Why.NO_ANSWER, "no answer")
            )
        ),
    ),
    Row("TLS-PROTO-007", "pass", sound()),
    Row("TLS-PROTO-007", "fail", sound(protocols=speaks(TLS_1_2)), severity="low", cap="A-"),
    Row("TLS-PROTO-007", "not_applicable", sound(protocols=speaks(TLS_1_1)), "PROTO-006 says it"),
    Row("TLS-PROTO-007", "inconclusive", sound(protocols=_without(TLS_1_3))),
    Row("TLS-PROTO-008", "pass", sound()),
    Row(
        "TLS-PROTO-008",
        "fail",
        _behaving(negotiated_version=known(TLS_1_2)),
        severity="medium",
        cap="B",
        observed="gets TLSv1.2, although TLSv1.3",
    ),
    Row("TLS-PROTO-008", "not_tested", _behaving(negotiated_version=NOT_ASKED)),
    Row("TLS-PROTO-008", "not_applicable", sound(protocols=speaks(SSL_3))),
    Row("TLS-PROTO-009", "pass", _behaving(TLS_1_1, TLS_1_2)),
    Row(
        "TLS-PROTO-009", "fail", _behaving(TLS_1_1, TLS_1_2, fallback_refused=known(False)), cap="A-", severity="medium"
    ),
    Row("TLS-PROTO-009", "inconclusive", _behaving(TLS_1_1, TLS_1_2, fallback_refused=Unknown(Why.NO_ANSWER, ""))),
    Row("TLS-PROTO-009", "not_applicable", _behaving(TLS_1_2, TLS_1_3, fallback_refused=known(False)), "TLS 1.3"),
    Row("TLS-PROTO-009", "not_applicable", _behaving(TLS_1_2), "one version"),
    Row("TLS-PROTO-010", "pass", sound()),
    Row("TLS-PROTO-010", "fail", _behaving(downgrade_sentinel=known(False)), severity="medium", cap="B"),
    Row("TLS-PROTO-010", "not_tested", _behaving(downgrade_sentinel=NOT_ASKED)),
    Row("TLS-PROTO-010", "not_applicable", _behaving(TLS_1_3), "nothing below"),
    Row("TLS-PROTO-010", "not_applicable", _behaving(TLS_1_2), "no TLS 1.3"),
    Row("TLS-PROTO-011", "pass", sound()),
    Row("TLS-PROTO-011", "fail", _behaving(draft_version=known(0x7F1C)), severity="low", cap="A-", observed="draft 28"),
    Row("TLS-PROTO-011", "not_tested", _behaving(draft_version=NOT_ASKED)),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
