"""TLS-KEX on facts that pass, fail, and do not say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.facts import (
    TLS_1_2,
    TLS_1_3,
    Row,
    exchange,
    groups,
    judged,
    known,
    session,
    sound,
    suites,
    with_suites,
)
from tlsaudit.model.facts import DhParameters, Facts
from tlsaudit.model.knowledge import NOT_ASKED, Tried, Unknown, Why

_SILENT = Unknown(Why.NO_ANSWER, "no answer")


def _dh(bits: int, **changes: Any) -> Facts:
    """The sound endpoint with one DHE key exchange."""
    sound_group: dict[str, Any] = {"generator": 2, "is_prime": True, "is_safe_prime": True, "name": None}
    parameters = DhParameters(bits=bits, **(sound_group | changes))
    return sound(key_exchanges=known((exchange("a", suite=0x9E, group=None, curve_type=None, dh=parameters),)))


_TOO_LARGE = DhParameters(bits=9000, generator=2, is_prime=True, is_safe_prime=None)
_UNSAFE = DhParameters(bits=2048, generator=2, is_prime=True, is_safe_prime=False)


def _two_dh(*served: DhParameters) -> Facts:
    """The sound endpoint with several sets of parameters, in this order."""
    exchanges = (exchange(str(n), n, suite=0x9E, group=None, curve_type=None, dh=dh) for n, dh in enumerate(served, 1))
    return sound(key_exchanges=known(tuple(exchanges)))


def _at_1_2(*codes: int) -> Facts:
    return sound(groups=groups({TLS_1_2: codes, TLS_1_3: [29]}))


_STANDARD = _dh(3072, name="ffdhe3072", well_known=True)
_DH_RULES = tuple(f"TLS-KEX-{number:03}" for number in range(1, 7))

ROWS = (
    *(Row(rule, "pass", _STANDARD) for rule in _DH_RULES),
    *(Row(rule, "not_applicable", sound(), "no DHE") for rule in _DH_RULES),
    *(Row(rule, "inconclusive", sound(key_exchanges=_SILENT)) for rule in _DH_RULES),
    *(Row(rule, "not_tested", sound(key_exchanges=NOT_ASKED)) for rule in _DH_RULES),
    *(Row(rule, "inconclusive", with_suites(0x9E), "parameters not read") for rule in _DH_RULES),
    *(Row(rule, "not_tested", sound(cipher_suites=Tried()), "suites not asked") for rule in _DH_RULES),
    Row("TLS-KEX-001", "fail", _dh(768), severity="critical", cap="F", observed="768 bits"),
    Row("TLS-KEX-001", "pass", _dh(1024), "KEX-002 says it"),
    Row("TLS-KEX-002", "fail", _dh(1024, name="modp1024"), severity="high", cap="B", observed="1024 bits (modp1024)"),
    Row("TLS-KEX-002", "fail", _dh(2047)),
    Row("TLS-KEX-002", "pass", _dh(2048)),
    Row("TLS-KEX-003", "fail", _dh(2048, name="ffdhe2048"), severity="info", observed="2048 bits"),
    Row(
        "TLS-KEX-004", "fail", _dh(2048, is_prime=False, is_safe_prime=False), "composite", severity="critical", cap="F"
    ),
    Row("TLS-KEX-004", "fail", _dh(2048, is_safe_prime=False), "not safe", severity="medium", cap="B"),
    Row("TLS-KEX-004", "inconclusive", _dh(9000, is_safe_prime=None), "too large to tell"),
    Row("TLS-KEX-004", "fail", _dh(9000, is_safe_prime=None, generator=1), "generator of what is too large to tell"),
    Row("TLS-KEX-004", "fail", _two_dh(_TOO_LARGE, _UNSAFE), "proof beside what is too large to tell"),
    Row("TLS-KEX-004", "fail", _dh(2048, generator=1), "generator"),
    Row("TLS-KEX-005", "fail", _dh(1024, well_known=True), severity="high", cap="C"),
    Row("TLS-KEX-005", "pass", _dh(1024), "small, not shared"),
    Row("TLS-KEX-006", "fail", _dh(2048), severity="low"),
    Row("TLS-KEX-006", "fail", _dh(2048, name="modp2048 with 224-bit subgroup", well_known=True), "RFC 5114"),
    Row("TLS-KEX-006", "pass", _dh(2048, name="modp2048", well_known=True)),
    Row("TLS-KEX-006", "pass", _dh(1024), "KEX-002 says it"),
    Row("TLS-KEX-007", "pass", sound()),
    Row(
        "TLS-KEX-007",
        "fail",
        sound(key_exchanges=known((exchange("a"), exchange("a", 2)))),
        severity="low",
        observed="one ECDHE public value in 2 handshakes",
    ),
    Row("TLS-KEX-007", "not_tested", sound(key_exchanges=known((exchange("a"),))), "one handshake"),
    Row("TLS-KEX-007", "not_tested", sound(key_exchanges=known((exchange("a"), exchange("b", 2, group=23))))),
    Row("TLS-KEX-007", "not_tested", sound(key_exchanges=known((exchange("a"), exchange("a")))), "the same handshake"),
    Row("TLS-KEX-007", "not_applicable", sound(cipher_suites=suites({TLS_1_2: [0x9C]}), key_exchanges=known(()))),
    Row("TLS-KEX-007", "inconclusive", sound(key_exchanges=known(())), "ECDHE is accepted, and nothing was read"),
    Row("TLS-KEX-007", "inconclusive", sound(key_exchanges=_SILENT)),
    Row("TLS-KEX-008", "pass", sound()),
    Row("TLS-KEX-008", "fail", _at_1_2(23, 19), severity="high", cap="C", observed="secp192r1 at TLSv1.2"),
    Row("TLS-KEX-008", "pass", _at_1_2(21), "224 bits"),
    Row("TLS-KEX-008", "inconclusive", sound(groups=Tried(rest=_SILENT))),
    Row("TLS-KEX-009", "pass", sound()),
    Row("TLS-KEX-009", "fail", _at_1_2(21), severity="medium", cap="B", observed="secp224r1"),
    Row("TLS-KEX-009", "inconclusive", sound(groups=Tried(rest=_SILENT))),
    Row("TLS-KEX-010", "pass", sound()),
    Row("TLS-KEX-010", "fail", sound(key_exchanges=known((exchange("a", curve_type=1),))), severity="medium", cap="B"),
    Row("TLS-KEX-010", "not_applicable", sound(cipher_suites=suites({TLS_1_2: [0x9C]}), key_exchanges=known(()))),
    Row("TLS-KEX-010", "inconclusive", _STANDARD, "ECDHE is accepted, and only DHE was read"),
    Row("TLS-KEX-010", "inconclusive", sound(key_exchanges=_SILENT)),
    Row("TLS-KEX-011", "pass", sound()),
    Row("TLS-KEX-011", "fail", sound(groups=groups({TLS_1_2: [24], TLS_1_3: [4588]})), severity="low"),
    Row("TLS-KEX-011", "not_applicable", sound(groups=groups({})), "no groups at all"),
    Row("TLS-KEX-011", "inconclusive", sound(groups=Tried(rest=_SILENT))),
    Row("TLS-KEX-012", "pass", sound()),
    Row("TLS-KEX-012", "fail", _at_1_2(25), severity="info", observed="secp521r1"),
    Row("TLS-KEX-012", "inconclusive", sound(groups=Tried(rest=_SILENT))),
    Row("TLS-KEX-014", "pass", sound()),
    Row("TLS-KEX-014", "fail", sound(session=session(compressed_points_only=known(True))), severity="low"),
    Row("TLS-KEX-014", "inconclusive", sound(session=session(compressed_points_only=_SILENT))),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


def test_a_reused_dhe_key_is_worse_than_a_reused_ecdhe_key() -> None:
    dh = DhParameters(bits=3072, generator=2, is_prime=True, is_safe_prime=True)
    twice = (exchange("a", group=None, dh=dh), exchange("a", 2, group=None, dh=dh))
    result = judged("TLS-KEX-007", sound(key_exchanges=known(twice)))
    assert (result.severity, result.cap) == ("medium", "B")
    assert [proof.at for proof in result.evidence] == ["probe:1", "probe:2"]
