"""Ordinary servers give no noise: exactly what is wrong with them is found, and everything else is decided."""

from __future__ import annotations

import pytest

from tests.rules.live.audits import Audits
from tests.rules.live.ordinary import ORDINARY
from tlsaudit.app import exit_code
from tlsaudit.model.result import Severity

_LAB = {"TLS-REVO-006", "TLS-IMPL-003"}
"""The certificates of the lab name no revocation list, and no server of it refuses unknown names."""
_ANY_PROTOCOL = {"TLS-ALPN-005"}
"""Apache and HAProxy go on without ALPN where they know no name of the client's."""
_OPENSSL_3_0 = {"TLS-PQ-001", "TLS-KEX-012"}
"""OpenSSL before 3.5 has no ML-KEM, and accepts secp521r1 and larger finite fields than the policy lists."""
_RSA_2048 = {"TLS-CERT-032"}
_NO_HSTS = {"TLS-HTTP-001"}
_WIDE_LISTS = {"TLS-CIPH-010", "TLS-CIPH-017", "TLS-CIPH-021", "TLS-CIPH-024"}
"""OpenSSL's HIGH: static RSA, CCM_8, ARIA and Camellia, in the client's order."""
_DHE = {"TLS-CIPH-015", "TLS-KEX-003", "TLS-VULN-017"}
_RENEGOTIATES = {"TLS-SESS-003"}
"""Node grants three renegotiations in ten minutes, GnuTLS's own server any number."""
_ASKS = {"TLS-MTLS-010", "TLS-MTLS-021"}

FAILING = {
    "nginx, Mozilla intermediate, ECDSA": _OPENSSL_3_0,
    "nginx, Mozilla intermediate, RSA": _OPENSSL_3_0 | _RSA_2048,
    "nginx, Mozilla intermediate, both": _OPENSSL_3_0 | _RSA_2048,
    "nginx, Mozilla intermediate, its own order": _OPENSSL_3_0 | _RSA_2048,
    "nginx, TLS 1.3 only": _OPENSSL_3_0,
    "nginx as it comes": _RSA_2048 | _NO_HSTS | _WIDE_LISTS | {"TLS-KEX-012", "TLS-PROTO-007", "TLS-PQ-004"},
    "Apache as Debian has it, RSA": _OPENSSL_3_0 | _RSA_2048 | _NO_HSTS | _WIDE_LISTS | _DHE | _ANY_PROTOCOL,
    "Apache as Debian has it, both": _OPENSSL_3_0 | _RSA_2048 | _NO_HSTS | _WIDE_LISTS | _DHE | _ANY_PROTOCOL,
    "HAProxy as it comes": _OPENSSL_3_0 | _NO_HSTS | _ANY_PROTOCOL,
    "Node as it comes": {"TLS-KEX-012", "TLS-CIPH-024"} | _NO_HSTS | _RENEGOTIATES,
    "GnuTLS as it comes": _OPENSSL_3_0
    | _NO_HSTS
    | _RENEGOTIATES
    | {"TLS-PROTO-003", "TLS-PROTO-004", "TLS-VULN-010", "TLS-SIG-004"},
    "nginx, mutual TLS": _OPENSSL_3_0 | _ASKS,
    "HAProxy, mutual TLS": _OPENSSL_3_0 | _ASKS,
    "Node, mutual TLS": {"TLS-KEX-012", "TLS-CIPH-024"} | _ASKS,
}
_HIGH = {"TLS-CIPH-010", "TLS-PROTO-003", "TLS-PROTO-004"}


@pytest.mark.parametrize("name", ORDINARY)
def test_what_is_wrong_is_found_and_nothing_else(audits: Audits, name: str) -> None:
    subject = audits.subject(name)
    assert subject.status == "audited"
    assert {each.rule for each in subject.results if each.outcome == "fail"} == FAILING[name] | _LAB


@pytest.mark.parametrize("name", ORDINARY)
def test_everything_is_decided(audits: Audits, name: str) -> None:
    subject = audits.subject(name)
    assert [each.rule for each in subject.results if each.outcome == "inconclusive"] == []
    assert exit_code([subject], Severity.HIGH) == (1 if FAILING[name] & _HIGH else 0)
