"""TLS-ALPN on facts that pass, fail, and do not say."""

from __future__ import annotations

import pytest

from tests.rules.facts import (
    SSL_3,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
    Row,
    behaves,
    code_of,
    groups,
    known,
    only_suites,
    sound,
    speaks,
    tried,
    with_suites,
)
from tlsaudit.model.knowledge import NOT_ASKED, Unknown, Why

_CBC = code_of("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")
_ECDSA = code_of("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
_SILENT = Unknown(Why.NO_ANSWER, "no answer")
_H2 = {TLS_1_2: known("h2")}

ROWS = (
    Row("TLS-ALPN-001", "pass", sound()),
    Row("TLS-ALPN-001", "pass", with_suites(_CBC), "accepted for other clients"),
    Row(
        "TLS-ALPN-001", "fail", with_suites(_CBC, first=True), severity="medium", cap="B", observed="h2 with TLS_ECDHE"
    ),
    Row("TLS-ALPN-001", "not_applicable", sound(alpn_chosen={TLS_1_2: known("http/1.1")})),
    Row("TLS-ALPN-001", "not_applicable", sound(protocols=speaks(TLS_1_3))),
    Row("TLS-ALPN-001", "inconclusive", sound(alpn_chosen={TLS_1_2: _SILENT})),
    Row("TLS-ALPN-001", "not_tested", sound(alpn_chosen={})),
    Row("TLS-ALPN-001", "not_tested", sound(suite_order={}), "the order is unknown"),
    Row("TLS-ALPN-002", "pass", sound()),
    Row(
        "TLS-ALPN-002",
        "fail",
        only_suites([0xC030], TLS_1_2, alpn_chosen=_H2),
        severity="low",
        observed="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    ),
    Row("TLS-ALPN-002", "fail", sound(groups=groups({TLS_1_2: [29]})), observed="secp256r1"),
    Row("TLS-ALPN-002", "not_applicable", only_suites([_ECDSA], TLS_1_2, alpn_chosen=_H2), "ECDSA only"),
    Row("TLS-ALPN-002", "not_applicable", sound(alpn_chosen={TLS_1_2: known(None)})),
    Row("TLS-ALPN-002", "inconclusive", sound(alpn_chosen={TLS_1_2: _SILENT})),
    Row("TLS-ALPN-003", "pass", sound(protocols=speaks(TLS_1_1, TLS_1_2), alpn_chosen={TLS_1_1: known(None)})),
    Row(
        "TLS-ALPN-003",
        "fail",
        sound(protocols=speaks(TLS_1_1, TLS_1_2), alpn_chosen={TLS_1_1: known("h2")}),
        severity="high",
        cap="C",
        observed="TLSv1.1",
    ),
    Row("TLS-ALPN-003", "not_applicable", sound()),
    Row("TLS-ALPN-003", "not_applicable", sound(protocols=speaks(SSL_3, TLS_1_2)), "SSL 3.0 has no extensions"),
    Row("TLS-ALPN-003", "inconclusive", sound(protocols=speaks(TLS_1_1), alpn_chosen={TLS_1_1: _SILENT})),
    Row("TLS-ALPN-005", "pass", sound()),
    Row("TLS-ALPN-005", "fail", sound(behaviours=behaves(strict_alpn=known(False))), severity="low"),
    Row("TLS-ALPN-005", "not_applicable", sound(alpn=tried((), ("h2", "http/1.1"))), "no ALPN at all"),
    Row("TLS-ALPN-005", "inconclusive", sound(behaviours=behaves(strict_alpn=_SILENT))),
    Row("TLS-ALPN-005", "not_tested", sound(behaviours=behaves(strict_alpn=NOT_ASKED))),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
