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
    session,
    sound,
    speaks,
    tried,
    with_suites,
)
from tests.rules.served import deployment, issuing
from tlsaudit.model.facts import Facts, NameAnswer, NameOutcome
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Unknown, Why

_CBC = code_of("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")
_ECDSA = code_of("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
_SILENT = Unknown(Why.NO_ANSWER, "no answer")
_H2 = {TLS_1_2: known("h2")}
_SAME = NameAnswer(NameOutcome.SAME_CERTIFICATE)
_REFUSED = NameAnswer(NameOutcome.REFUSED, "alert 112 unrecognized_name")
_NO_ALPN = tried((), ("h2", "http/1.1"))


def _lax(*names: str, strict: Fact[bool] | None = None, unknown_name: NameAnswer = _SAME, **changes: object) -> Facts:
    """An endpoint that looks at no names, with a certificate for these."""
    served = known((deployment(issuing().issue("shop.example.com", *names).certificate),))
    behaviours = behaves(strict_alpn=strict or known(False), unknown_sni=known(unknown_name, 2))
    return sound(**{"behaviours": behaviours, "certificate_deployments": served, **changes})


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
    Row("TLS-ALPN-004", "pass", sound()),
    Row(
        "TLS-ALPN-004",
        "fail",
        sound(session=session(compression=known(True))),
        severity="medium",
        cap="B",
        observed="TLS compresses",
    ),
    Row("TLS-ALPN-004", "fail", sound(session=session(client_renegotiations=known(3))), observed="may renegotiate"),
    Row("TLS-ALPN-004", "not_tested", sound(session=session(client_renegotiations=NOT_ASKED)), "full mode asks"),
    Row("TLS-ALPN-004", "inconclusive", sound(session=session(compression=_SILENT))),
    Row("TLS-ALPN-004", "not_applicable", sound(protocols=speaks(TLS_1_3)), "TLS 1.3 has neither"),
    Row("TLS-ALPN-004", "not_applicable", sound(alpn_chosen={TLS_1_2: known("http/1.1")})),
    Row("TLS-ALPN-004", "inconclusive", sound(alpn_chosen={TLS_1_2: _SILENT})),
    Row("TLS-VULN-014", "pass", sound(), "protocol names are looked at"),
    Row("TLS-VULN-014", "pass", _lax("*.example.com", unknown_name=_REFUSED), "server names are"),
    Row(
        "TLS-VULN-014",
        "fail",
        _lax("*.example.com", "mail.example.com"),
        severity="medium",
        observed="also covers *.example.com, mail.example.com",
    ),
    Row("TLS-VULN-014", "fail", _lax("mail.example.com", strict=NOT_ASKED, alpn=_NO_ALPN), "no ALPN at all"),
    Row("TLS-VULN-014", "not_tested", _lax("www.shop.example.com"), "one service, as far as anybody can see"),
    Row("TLS-VULN-014", "not_tested", _lax("mail.example.com", strict=NOT_ASKED)),
    Row("TLS-VULN-014", "inconclusive", _lax("mail.example.com", strict=_SILENT)),
    Row("TLS-VULN-014", "inconclusive", _lax(certificate_deployments=_SILENT)),
    Row("TLS-ALPN-005", "pass", sound()),
    Row("TLS-ALPN-005", "fail", sound(behaviours=behaves(strict_alpn=known(False))), severity="low"),
    Row("TLS-ALPN-005", "not_applicable", sound(alpn=tried((), ("h2", "http/1.1"))), "no ALPN at all"),
    Row("TLS-ALPN-005", "inconclusive", sound(behaviours=behaves(strict_alpn=_SILENT))),
    Row("TLS-ALPN-005", "not_tested", sound(behaviours=behaves(strict_alpn=NOT_ASKED))),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
