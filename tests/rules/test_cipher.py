"""TLS-CIPH, what suites encrypt with, on facts that pass, fail, and do not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.facts import (
    SSL_3,
    TLS_1_0,
    TLS_1_2,
    TLS_1_3,
    Row,
    code_of,
    judged,
    known,
    only_suites,
    session,
    sound,
    with_suites,
)
from tlsaudit.data.suites import SUITES
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Unknown, Why

_3DES = code_of("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA")
_CBC = code_of("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")
_EXAMPLES = {
    "TLS-CIPH-001": code_of("TLS_ECDHE_RSA_WITH_NULL_SHA"),
    "TLS-CIPH-002": code_of("TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
    "TLS-CIPH-003": code_of("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    "TLS-CIPH-004": code_of("TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    "TLS-CIPH-005": code_of("TLS_RSA_WITH_DES_CBC_SHA"),
    "TLS-CIPH-006": _3DES,
    "TLS-CIPH-007": code_of("TLS_DHE_RSA_WITH_DES_CBC_SHA"),
    "TLS-CIPH-008": _3DES,
    "TLS-CIPH-016": code_of("TLS_RSA_WITH_RC4_128_MD5"),
    "TLS-CIPH-017": code_of("TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
    "TLS-CIPH-023": code_of("OLD_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    "TLS-CIPH-024": code_of("TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
}
_SEVERITY = {
    "TLS-CIPH-001": ("critical", "F"),
    "TLS-CIPH-002": ("critical", "F"),
    "TLS-CIPH-003": ("critical", "F"),
    "TLS-CIPH-004": ("high", "C"),
    "TLS-CIPH-005": ("high", "F"),
    "TLS-CIPH-006": ("high", "C"),
    "TLS-CIPH-007": ("critical", "F"),
    "TLS-CIPH-008": ("medium", "B"),
    "TLS-CIPH-016": ("high", "C"),
    "TLS-CIPH-017": ("low", None),
    "TLS-CIPH-023": ("low", None),
    "TLS-CIPH-024": ("info", None),
}


def _unasked(code: int, why: Why) -> Facts:
    """The sound endpoint, of which nobody knows whether it accepts this suite."""
    plain = sound()
    tried = plain.cipher_suites
    refused = frozenset(pair for pair in tried.refused if pair[1] != code)
    return replace(plain, cipher_suites=replace(tried, refused=refused, rest=Unknown(why, "rate limit")))


def _etm(facts: Facts, answered: bool) -> Facts:
    return replace(facts, session=session(encrypt_then_mac=known(answered)))


ROWS = (
    *(Row(rule, "pass", sound()) for rule in (*_EXAMPLES, "TLS-CIPH-009")),
    *(
        Row(
            rule,
            "fail",
            with_suites(code),
            severity=_SEVERITY[rule][0],
            cap=_SEVERITY[rule][1],
            observed=SUITES[code].name,
        )
        for rule, code in _EXAMPLES.items()
    ),
    *(Row(rule, "not_tested", _unasked(code, Why.NOT_ASKED)) for rule, code in _EXAMPLES.items()),
    *(Row(rule, "inconclusive", _unasked(code, Why.UNSTABLE)) for rule, code in _EXAMPLES.items()),
    Row("TLS-CIPH-001", "fail", with_suites(0xC0B4, version=TLS_1_3), "integrity-only at TLS 1.3"),
    Row("TLS-CIPH-001", "fail", with_suites(2, version=SSL_3), observed="TLS_RSA_WITH_NULL_SHA at SSLv3"),
    Row("TLS-CIPH-004", "pass", with_suites(_CBC), "HMAC-SHA-1 is no RC4"),
    Row("TLS-CIPH-005", "fail", with_suites(code_of("TLS_RSA_WITH_IDEA_CBC_SHA")), "IDEA has 128 bits", cap="C"),
    Row("TLS-CIPH-006", "fail", with_suites(_3DES, first=True), "and it wins", severity="high", cap="C"),
    Row("TLS-CIPH-007", "pass", with_suites(code_of("TLS_ECDHE_RSA_WITH_NULL_SHA")), "NULL is CIPH-001"),
    Row("TLS-CIPH-009", "fail", _etm(with_suites(_CBC), False), severity="low", observed="at TLSv1.2"),
    Row("TLS-CIPH-009", "pass", _etm(with_suites(_CBC), True), "encrypt-then-MAC"),
    Row("TLS-CIPH-009", "pass", _etm(with_suites(_CBC, version=TLS_1_0), False), "only TLS 1.2 can do better"),
    Row("TLS-CIPH-009", "not_tested", replace(with_suites(_CBC), session=session(encrypt_then_mac=NOT_ASKED))),
    Row("TLS-CIPH-009", "inconclusive", _unasked(_CBC, Why.NO_ANSWER)),
    Row(
        "TLS-CIPH-024",
        "pass",
        with_suites(code_of("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256")),
        "ChaCha20 is common",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


def test_a_64_bit_block_cipher_below_tls_1_1_sets_no_cap() -> None:
    row = Row("TLS-CIPH-006", "fail", only_suites([_3DES], TLS_1_0))
    row.check()
    assert judged("TLS-CIPH-006", row.facts).cap is None


def test_one_failure_a_suite_names_the_versions_that_accept_it() -> None:
    result = judged("TLS-CIPH-006", only_suites([_3DES], TLS_1_0, TLS_1_2))
    assert result.observed.split("; ")[0] == "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA at TLSv1.2"
    rc4 = judged("TLS-CIPH-004", only_suites([_EXAMPLES["TLS-CIPH-004"]], TLS_1_0, TLS_1_2))
    assert rc4.observed == "TLS_ECDHE_RSA_WITH_RC4_128_SHA at TLSv1.0, TLSv1.2"
    assert [proof.at for proof in rc4.evidence] == ["probe:1", "probe:2"]


def test_only_64_bit_block_ciphers_have_112_to_127_bits() -> None:
    """So that CIPH-008 belongs to the cause of CIPH-006 without exception."""
    assert {suite.block_bits for suite in SUITES.values() if 112 <= suite.effective_bits < 128} == {64}
