"""TLS-CIPH, key exchange and choice, on facts that pass, fail, and do not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.facts import (
    AS_OF,
    OWASP,
    RULES,
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
    speaks,
    suites,
    with_suites,
)
from tlsaudit.data.suites import SUITES
from tlsaudit.model.facts import Facts, Preference
from tlsaudit.model.knowledge import NOT_ASKED, Tried, Unknown, Why
from tlsaudit.rules import cipher_exchange
from tlsaudit.rules.rule import Case

_CBC = code_of("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")
_K_RSA = code_of("TLS_RSA_WITH_AES_128_CBC_SHA")
_RSA_GCM = code_of("TLS_RSA_WITH_AES_128_GCM_SHA256")
_3DES = code_of("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA")
_DHE = code_of("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256")
_STATIC = code_of("TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256")
_PSK = code_of("TLS_PSK_WITH_AES_128_GCM_SHA256")
_ANON = code_of("TLS_ECDH_anon_WITH_AES_128_CBC_SHA")
_NO_ETM = session(encrypt_then_mac=known(False))


def _unknown_rest(facts: Facts, why: Why = Why.NO_ANSWER) -> Facts:
    """Of the suites that are not accepted, nothing is known."""
    return replace(facts, cipher_suites=Tried(facts.cipher_suites.accepted, rest=Unknown(why, "no answer")))


def _client(facts: Facts) -> Facts:
    return replace(facts, cipher_preference=dict.fromkeys(facts.cipher_preference, known(Preference.CLIENT)))


ROWS = (
    Row("TLS-CIPH-010", "pass", sound()),
    Row(
        "TLS-CIPH-010", "fail", with_suites(_K_RSA), severity="high", observed="TLS_RSA_WITH_AES_128_CBC_SHA at TLSv1.2"
    ),
    Row("TLS-CIPH-010", "fail", with_suites(code_of("TLS_RSA_PSK_WITH_AES_128_GCM_SHA256")), "RSA_PSK is static RSA"),
    Row("TLS-CIPH-010", "fail", only_suites([_K_RSA], TLS_1_2), "never forward secret", cap="B"),
    Row("TLS-CIPH-010", "inconclusive", _unknown_rest(sound())),
    Row("TLS-CIPH-011", "pass", sound()),
    Row("TLS-CIPH-011", "fail", with_suites(_STATIC), severity="high", cap="C"),
    Row("TLS-CIPH-011", "inconclusive", _unknown_rest(sound())),
    Row("TLS-CIPH-012", "pass", sound()),
    Row("TLS-CIPH-012", "pass", _unknown_rest(sound()), "one is enough"),
    Row(
        "TLS-CIPH-012",
        "fail",
        only_suites([_K_RSA, _ANON], TLS_1_2),
        "anonymous is not secret",
        severity="high",
        cap="B",
    ),
    Row("TLS-CIPH-012", "inconclusive", _unknown_rest(only_suites([_K_RSA], TLS_1_2))),
    Row("TLS-CIPH-012", "not_applicable", sound(cipher_suites=suites({}))),
    Row("TLS-CIPH-014", "pass", sound()),
    Row("TLS-CIPH-014", "fail", only_suites([_CBC], TLS_1_2), severity="medium", cap="B", observed="TLSv1.2"),
    Row("TLS-CIPH-014", "fail", only_suites([0xC0B4], TLS_1_3), "integrity-only is no AEAD", observed="TLSv1.3"),
    Row("TLS-CIPH-014", "inconclusive", _unknown_rest(only_suites([_CBC], TLS_1_2))),
    Row("TLS-CIPH-014", "not_applicable", sound(cipher_suites=suites({}))),
    Row("TLS-CIPH-015", "pass", sound()),
    Row("TLS-CIPH-015", "fail", with_suites(_DHE), severity="low", observed="TLS_DHE_RSA"),
    Row("TLS-CIPH-015", "inconclusive", _unknown_rest(sound())),
    Row("TLS-CIPH-018", "pass", sound()),
    Row("TLS-CIPH-018", "pass", with_suites(code_of("TLS_ECDHE_RSA_WITH_RC4_128_SHA")), "RC4 has a rule of its own"),
    Row("TLS-CIPH-019", "not_applicable", sound(), "owasp has no list"),
    Row("TLS-CIPH-020", "pass", sound()),
    Row(
        "TLS-CIPH-020",
        "fail",
        with_suites(_RSA_GCM, first=True),
        severity="high",
        cap="C",
        observed="before TLS_ECDHE_RSA",
    ),
    Row(
        "TLS-CIPH-020",
        "fail",
        with_suites(_CBC, first=True, session=_NO_ETM),
        "CBC before GCM",
        observed="_CBC_SHA at TLSv1.2",
    ),
    Row("TLS-CIPH-020", "pass", with_suites(_CBC, first=True), "CBC with encrypt-then-MAC"),
    Row("TLS-CIPH-020", "pass", only_suites([_K_RSA], TLS_1_2), "there is nothing better"),
    Row("TLS-CIPH-020", "pass", with_suites(_K_RSA), "accepted, and not picked"),
    Row("TLS-CIPH-020", "not_tested", sound(suite_order={})),
    Row("TLS-CIPH-020", "not_applicable", sound(protocols=speaks(TLS_1_3))),
    Row("TLS-CIPH-021", "pass", sound()),
    Row("TLS-CIPH-021", "pass", _client(sound()), "all suites are strong"),
    Row("TLS-CIPH-021", "pass", with_suites(_3DES), "the server decides"),
    Row("TLS-CIPH-021", "fail", _client(with_suites(_3DES)), severity="low", observed="TLSv1.2"),
    Row("TLS-CIPH-021", "fail", _client(with_suites(_CBC, session=_NO_ETM)), "CBC", observed="TLSv1.2"),
    Row("TLS-CIPH-021", "not_tested", with_suites(_3DES, cipher_preference={})),
    Row("TLS-CIPH-021", "pass", only_suites([_K_RSA], TLS_1_2, cipher_preference={}), "there is nothing to choose"),
    Row(
        "TLS-CIPH-021", "inconclusive", _unknown_rest(only_suites([_K_RSA], TLS_1_2, cipher_preference={})), "a choice"
    ),
    Row("TLS-CIPH-021", "not_applicable", sound(protocols=speaks(TLS_1_3))),
    Row("TLS-CIPH-022", "pass", sound()),
    Row("TLS-CIPH-022", "fail", with_suites(_PSK), severity="low", observed="TLS_PSK"),
    Row("TLS-CIPH-022", "inconclusive", _unknown_rest(sound())),
    Row("TLS-CIPH-025", "pass", with_suites(0x1304, version=TLS_1_3), "CCM is standard"),
    Row("TLS-CIPH-025", "fail", with_suites(0x1306, version=TLS_1_3), severity="low", observed="AEGIS"),
    Row("TLS-CIPH-025", "fail", with_suites(0x1305, version=TLS_1_3), "CCM_8"),
    Row("TLS-CIPH-025", "inconclusive", _unknown_rest(sound())),
    Row("TLS-CIPH-025", "not_applicable", sound(protocols=speaks(TLS_1_2))),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


def test_a_suite_outside_the_policys_list_fails() -> None:
    limits = replace(OWASP.limits, suites_allowed=frozenset({0x1301, 0x1302, 0x1303, 0xC02F}))
    rule = RULES["TLS-CIPH-019"]
    case = Case(facts=sound(), limits=limits, as_of=AS_OF)
    assert rule.applies(case)
    assert {fail.observed.split()[0] for fail in rule.evaluate(case)} == {SUITES[0xC030].name, SUITES[0xCCA8].name}
    allowed = replace(limits, suites_allowed=frozenset(SUITES))
    assert not tuple(rule.evaluate(replace(case, limits=allowed)))


def test_a_discouraged_suite_without_a_rule_of_its_own_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every suite that is discouraged today has a rule of its own; the next edition of the registry may change that."""
    assert not cipher_exchange._DISCOURAGED
    monkeypatch.setattr(cipher_exchange, "_DISCOURAGED", frozenset({(TLS_1_2, 0xC02F)}))
    result = judged("TLS-CIPH-018", sound())
    assert (result.outcome, result.severity, result.cap) == ("fail", "medium", "B")
    assert judged("TLS-CIPH-018", _unknown_rest(sound(cipher_suites=suites({})))).outcome == "inconclusive"


def test_weak_preference_is_seen_at_every_older_version() -> None:
    facts = with_suites(_3DES, _CBC, version=TLS_1_0)
    assert "TLSv1.0" in judged("TLS-CIPH-020", facts).observed
    assert judged("TLS-CIPH-020", with_suites(_CBC, _3DES, version=TLS_1_0)).outcome == "pass"
    assert judged("TLS-CIPH-010", with_suites(_K_RSA, version=SSL_3)).outcome == "fail"


def test_what_is_not_asked_is_no_preference() -> None:
    facts = replace(with_suites(_3DES), cipher_suites=replace(with_suites(_3DES).cipher_suites, rest=NOT_ASKED))
    assert judged("TLS-CIPH-021", replace(facts, cipher_preference={})).outcome == "not_tested"
