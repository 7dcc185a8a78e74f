"""TLS-PQ on facts that pass, fail, and do not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.facts import TLS_1_1, TLS_1_2, TLS_1_3, Row, behaves, groups, known, sound, speaks
from tlsaudit.model.knowledge import NOT_ASKED, Tried, Unknown, Why

_KYBER = 25497
_SILENT = Unknown(Why.NO_ANSWER, "no answer")

ROWS = (
    Row("TLS-PQ-001", "pass", sound()),
    Row("TLS-PQ-001", "pass", sound(groups=groups({TLS_1_3: [0x0201]})), "pure ML-KEM"),
    Row("TLS-PQ-001", "fail", sound(groups=groups({TLS_1_3: [29]})), severity="info", cap="A", observed="ML-KEM"),
    Row("TLS-PQ-001", "fail", sound(groups=groups({TLS_1_3: [_KYBER]})), "a draft does not count"),
    Row("TLS-PQ-001", "not_applicable", sound(protocols=speaks(TLS_1_2))),
    Row("TLS-PQ-001", "inconclusive", sound(groups=Tried(rest=_SILENT))),
    Row("TLS-PQ-003", "pass", sound()),
    Row(
        "TLS-PQ-003",
        "fail",
        sound(groups=groups({TLS_1_3: [29, _KYBER]})),
        severity="low",
        observed="X25519Kyber768Draft00",
    ),
    Row("TLS-PQ-003", "inconclusive", sound(groups=Tried(rest=_SILENT))),
    Row("TLS-PQ-004", "pass", sound()),
    Row("TLS-PQ-004", "pass", sound(protocols=speaks(TLS_1_1)), "PROTO-006 says it"),
    Row("TLS-PQ-004", "fail", sound(protocols=speaks(TLS_1_2)), severity="info", observed="TLSv1.2"),
    Row(
        "TLS-PQ-004",
        "inconclusive",
        sound(protocols=replace(speaks(TLS_1_2), refused=frozenset({TLS_1_1}), rest=_SILENT)),
    ),
    Row("TLS-PQ-004", "not_applicable", sound(protocols=speaks())),
    Row("TLS-PQ-002", "pass", sound()),
    Row(
        "TLS-PQ-002",
        "fail",
        sound(group_order={TLS_1_3: (29, 4588, 23)}),
        severity="low",
        observed="X25519MLKEM768 before x25519 and no key share, the server asks for x25519",
    ),
    Row("TLS-PQ-002", "not_applicable", sound(groups=groups({TLS_1_3: [29]})), "no hybrid"),
    Row("TLS-PQ-002", "not_applicable", sound(protocols=speaks(TLS_1_2))),
    Row("TLS-PQ-002", "inconclusive", sound(groups=Tried(rest=_SILENT))),
    Row("TLS-PQ-005", "pass", sound()),
    Row("TLS-PQ-005", "fail", sound(behaviours=behaves(large_hello=known(False))), severity="medium", cap="B"),
    Row("TLS-PQ-005", "inconclusive", sound(behaviours=behaves(large_hello=_SILENT))),
    Row("TLS-PQ-005", "not_tested", sound(behaviours=behaves(large_hello=NOT_ASKED))),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
