"""The score: its worked examples, its rules, and the properties that make it believable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.judge import under_causes
from tlsaudit.model.result import Cap, Confidence, Outcome, Result, Score, Severity
from tlsaudit.score import CEILINGS, POINTS, heads, score

_PERFECT = (
    Result(rule="TLS-HTTP-001", outcome=Outcome.PASS, severity=Severity.MEDIUM),
    Result(rule="TLS-PQ-001", outcome=Outcome.PASS, severity=Severity.INFO),
)


def _fail(rule: str, severity: Severity, cap: Cap | None = None, cause: str | None = None) -> Result:
    return Result(rule=rule, outcome=Outcome.FAIL, severity=severity, cause=cause or rule, cap=cap)


def _with_outcome(outcome: Outcome, count: int) -> list[Result]:
    return [Result(rule=f"TLS-KEX-{n:03}", outcome=outcome, severity=Severity.LOW) for n in range(count)]


def _scored(*results: Result, mode: str = "full", base: Sequence[Result] = _PERFECT) -> Score:
    own = {result.rule for result in results}
    found = score([*results, *(each for each in base if each.rule not in own)], mode=mode)
    assert found is not None
    return found


def test_nothing_found_in_full_mode_is_a_plus() -> None:
    found = _scored()
    assert (found.value, found.grade, found.coverage) == (100, "A+", 1.0)
    assert not found.deductions
    assert not found.caps


@pytest.mark.parametrize(
    "results",
    [
        (_fail("TLS-CIPH-015", Severity.LOW),),
        (_fail("TLS-PQ-001", Severity.INFO, Cap.A),),
        (Result(rule="TLS-PQ-001", outcome=Outcome.NOT_APPLICABLE, severity=Severity.INFO),),
        (Result(rule="TLS-HTTP-001", outcome=Outcome.NOT_TESTED, severity=Severity.MEDIUM),),
        (Result(rule="TLS-HTTP-001", outcome=Outcome.WAIVED, severity=Severity.MEDIUM),),
        tuple(_with_outcome(Outcome.INCONCLUSIVE, 1)),
    ],
)
def test_one_gap_is_enough_to_miss_a_plus(results: tuple[Result, ...]) -> None:
    assert _scored(*results).grade.removesuffix("?") == "A"


def test_a_plus_is_for_full_mode_only() -> None:
    assert _scored(mode="inventory").grade == "A"


def test_an_address_without_hsts_may_have_a_plus() -> None:
    not_applicable = Result(rule="TLS-HTTP-001", outcome=Outcome.NOT_APPLICABLE, severity=Severity.MEDIUM)
    assert _scored(not_applicable).grade == "A+"


def test_a_note_does_not_cost_a_plus() -> None:
    found = _scored(_fail("TLS-CHAIN-006", Severity.INFO))
    assert (found.value, found.grade, found.deductions) == (100, "A+", ())


def test_gate_mode_and_nothing_decided_have_no_score() -> None:
    assert score(_PERFECT, mode="gate") is None
    assert score(_with_outcome(Outcome.INCONCLUSIVE, 3), mode="full") is None
    assert score([], mode="full") is None


@pytest.mark.parametrize(
    ("severity", "cap", "value", "grade"),
    [
        (Severity.LOW, None, 98, "A"),
        (Severity.MEDIUM, None, 94, "A-"),
        (Severity.HIGH, None, 85, "B"),
        (Severity.CRITICAL, None, 60, "C"),
        (Severity.LOW, Cap.A, 98, "A"),
        (Severity.LOW, Cap.A_MINUS, 94, "A-"),
        (Severity.LOW, Cap.B, 89, "B"),
        (Severity.LOW, Cap.C, 74, "C"),
        (Severity.LOW, Cap.D, 59, "D"),
        (Severity.LOW, Cap.F, 39, "F"),
    ],
)
def test_points_and_caps_of_one_finding(severity: Severity, cap: Cap | None, value: int, grade: str) -> None:
    found = _scored(_fail("TLS-CIPH-015", severity, cap))
    assert (found.value, found.grade) == (value, grade)


def test_check_a_legacy_versions_static_rsa_cbc_and_no_hsts() -> None:
    """The catalogue's check A gives 80 by the default severities. Under owasp, which forbids legacy versions and
    static RSA, both are high: 100 - 15 - 15 - 2 - 6 = 62, and the cap B (89) no longer decides: C."""

    def found(listed: Severity) -> Score:
        return _scored(
            _fail("TLS-PROTO-003", listed, Cap.B, "LEGACY"),
            _fail("TLS-PROTO-004", listed, Cap.B, "LEGACY"),
            _fail("TLS-CIPH-010", listed, cause="NOFS"),
            _fail("TLS-CIPH-009", Severity.LOW, cause="CBC"),
            _fail("TLS-HTTP-001", Severity.MEDIUM, Cap.A, "HSTS"),
            _fail("TLS-CERT-032", Severity.INFO),
            _fail("TLS-PQ-001", Severity.INFO, Cap.A),
        )

    by_default, under_owasp = found(Severity.MEDIUM), found(Severity.HIGH)
    assert (by_default.value, by_default.grade) == (80, "B")
    assert (under_owasp.value, under_owasp.grade) == (62, "C")
    assert [row.cause for row in under_owasp.deductions] == ["NOFS", "LEGACY", "HSTS", "CBC"]


def test_check_b_sound_without_post_quantum_is_a() -> None:
    found = _scored(_fail("TLS-PQ-001", Severity.INFO, Cap.A))
    assert (found.value, found.grade) == (100, "A")


def test_check_c_expired_is_t_with_the_letter_it_would_have() -> None:
    found = _scored(
        _fail("TLS-PQ-001", Severity.INFO, Cap.A), _fail("TLS-CERT-020", Severity.CRITICAL, Cap.TRUST, "EXPIRY")
    )
    assert (found.value, found.grade, found.letter_if_trusted) == (60, "T", "A")


def test_check_d_a_service_that_lets_everyone_in_is_f() -> None:
    found = _scored(_fail("TLS-MTLS-002", Severity.CRITICAL, Cap.F, "MTLSGATE"))
    assert (found.value, found.grade) == (39, "F")


def test_a_wrong_name_is_m_and_trust_comes_first() -> None:
    name = _fail("TLS-CERT-001", Severity.CRITICAL, Cap.MISMATCH)
    trust = _fail("TLS-CERT-020", Severity.CRITICAL, Cap.TRUST)
    assert _scored(name).grade == "M"
    both = _scored(name, trust)
    assert (both.grade, both.letter_if_trusted, both.value) == ("T", "A+", 20)


def test_what_a_trust_finding_implied_counts_in_the_letter_if_trusted() -> None:
    expired = _fail("TLS-CERT-020", Severity.CRITICAL, Cap.TRUST, "EXPIRY")
    soon = replace(_fail("TLS-CERT-022", Severity.HIGH, cause="EXPIRY"), implied_by="TLS-CERT-020")
    found = _scored(expired, soon)
    assert (found.value, found.grade, found.letter_if_trusted) == (60, "T", "B")


def test_only_the_worst_of_a_cause_costs_points() -> None:
    found = _scored(_fail("TLS-KEX-003", Severity.MEDIUM, cause="X"), _fail("TLS-KEX-006", Severity.HIGH, cause="X"))
    assert [(row.rule, row.points) for row in found.deductions] == [("TLS-KEX-006", 15)]


def test_every_cap_of_a_cause_counts() -> None:
    small = _fail("TLS-KEX-002", Severity.HIGH, Cap.B, "SMALLDH")
    shared = _fail("TLS-KEX-005", Severity.HIGH, Cap.C, "SMALLDH")
    assert _scored(small, replace(shared, implied_by="TLS-KEX-002")).value == 74


def test_what_is_only_possible_costs_nothing() -> None:
    possible = replace(_fail("TLS-VULN-013", Severity.CRITICAL, Cap.F), confidence=Confidence.POSSIBLE)
    assert _scored(possible).value == 100


def test_what_is_only_possible_hides_nothing_that_is_confirmed() -> None:
    possible = replace(_fail("TLS-VULN-013", Severity.CRITICAL, cause="X"), confidence=Confidence.POSSIBLE)
    confirmed = [_fail("TLS-KEX-003", Severity.LOW, cause="X"), _fail("TLS-KEX-006", Severity.MEDIUM, cause="X")]
    assert heads([possible, *confirmed])["X"].rule == "TLS-KEX-006"
    assert heads([possible])["X"] == possible


@pytest.mark.parametrize(("inconclusive", "grade"), [(0, "A+"), (1, "A+"), (2, "A"), (5, "A"), (6, "A?"), (20, "A?")])
def test_low_coverage_puts_the_letter_in_doubt(inconclusive: int, grade: str) -> None:
    results = [*_with_outcome(Outcome.INCONCLUSIVE, inconclusive), *_with_outcome(Outcome.PASS, 18)]
    found = _scored(*results)
    assert found.grade == grade
    assert found.coverage == 20 / (20 + inconclusive)


def test_too_little_to_say_anything_is_no_score() -> None:
    results = [*_with_outcome(Outcome.INCONCLUSIVE, 21), *_with_outcome(Outcome.PASS, 18)]
    assert score([*results, *_PERFECT], mode="full") is None


def test_what_was_not_asked_or_does_not_apply_leaves_coverage_alone() -> None:
    others = [*_with_outcome(Outcome.NOT_TESTED, 50), *_with_outcome(Outcome.NOT_APPLICABLE, 50)]
    assert _scored(*others).coverage == 1.0


def _waived(result: Result) -> Result:
    return replace(result, outcome=Outcome.WAIVED)


def test_what_is_waived_costs_no_points_and_keeps_its_cap() -> None:
    found = _scored(_waived(_fail("TLS-PROTO-003", Severity.HIGH, Cap.B)))
    assert (found.value, found.grade, found.deductions) == (89, "B", ())
    assert [(row.rule, row.cap) for row in found.caps] == [("TLS-PROTO-003", Cap.B)]
    assert _scored(_waived(_fail("TLS-CERT-020", Severity.CRITICAL, Cap.TRUST))).grade == "T"


def test_what_is_waived_is_not_nothing_found() -> None:
    assert _scored(_waived(_fail("TLS-CIPH-015", Severity.LOW))).grade == "A"


def test_a_waived_head_does_not_pay_for_the_others_of_its_cause() -> None:
    head = _waived(_fail("TLS-PROTO-003", Severity.HIGH, cause="LEGACY"))
    other = replace(_fail("TLS-PROTO-004", Severity.HIGH, cause="LEGACY"), implied_by="TLS-PROTO-003")
    assert [(row.rule, row.points) for row in _scored(head, other).deductions] == [("TLS-PROTO-004", 15)]


_INCOMPLETE = _fail("TLS-CHAIN-003", Severity.HIGH, Cap.B, "TRUST")
_UNTRUSTED = _fail("TLS-CHAIN-001", Severity.CRITICAL, Cap.TRUST, "TRUST")


def test_what_explains_a_worse_failure_pays_for_it() -> None:
    explained = replace(_UNTRUSTED, implied_by="TLS-CHAIN-003")
    alone, both = _scored(_UNTRUSTED), _scored(_INCOMPLETE, explained)
    assert (alone.value, both.value) == (60, 60)
    assert [(row.rule, row.severity, row.points) for row in both.deductions] == [
        ("TLS-CHAIN-003", Severity.CRITICAL, 40)
    ]
    assert (both.grade, both.letter_if_trusted) == ("T", "B"), "the rest is an incomplete chain"


def test_what_follows_from_a_waived_failure_costs_what_it_costs() -> None:
    found = _scored(_waived(_INCOMPLETE), replace(_UNTRUSTED, implied_by="TLS-CHAIN-003"))
    assert (found.value, found.grade) == (60, "T")
    assert [row.rule for row in found.deductions] == ["TLS-CHAIN-001"]


_FAILS = st.builds(
    _fail,
    rule=st.sampled_from([f"TLS-CIPH-{n}{n}{n}" for n in range(10)])
    | st.from_regex(r"TLS-CIPH-[0-9]{3}", fullmatch=True),
    severity=st.sampled_from(Severity),
    cap=st.none() | st.sampled_from(Cap),
    cause=st.sampled_from(["A", "B", "C", "D"]),
)
_ORIGINS = ("TLS-NEW-001", "TLS-CIPH-000", "TLS-CIPH-111", None)


def _implied(result: Result, origin: str | None) -> Result:
    """The result as the judge would relate it, and as it would not."""
    return replace(result, implied_by=origin if origin != result.rule else None)


_RESULTS = st.lists(
    st.builds(_implied, _FAILS, st.sampled_from(_ORIGINS))
    | st.builds(Result, rule=st.just("TLS-KEX-001"), outcome=st.sampled_from(Outcome), severity=st.just(Severity.LOW)),
    max_size=20,
    unique_by=lambda result: result.rule,
)
_ORDER = ["A+", "A", "A-", "B", "C", "D", "F", "M", "T"]


@given(_RESULTS.flatmap(lambda results: st.tuples(st.just(results), st.permutations(results))))
def test_the_order_of_results_does_not_matter(both: tuple[list[Result], list[Result]]) -> None:
    found, again = _scored(*both[0]), _scored(*both[1])
    assert replace(found, caps=(), deductions=()) == replace(again, caps=(), deductions=())
    assert set(found.deductions) == set(again.deductions)


@given(_RESULTS, st.builds(replace, _FAILS, rule=st.just("TLS-NEW-001")))
def test_one_more_failure_never_raises_the_score(results: list[Result], more: Result) -> None:
    before, after = _scored(*results), _scored(*results, more)
    assert after.value <= before.value
    assert _ORDER.index(after.grade.removesuffix("?")) >= _ORDER.index(before.grade.removesuffix("?"))
    assert _ORDER.index(_rest(after)) >= _ORDER.index(_rest(before))


def _rest(found: Score) -> str:
    """The letter without what T and M replace."""
    return (found.letter_if_trusted or found.grade).removesuffix("?")


@given(_RESULTS, st.builds(replace, _FAILS, rule=st.just("TLS-NEW-001")))
def test_one_more_failure_that_explains_others_never_raises_the_score(results: list[Result], more: Result) -> None:
    """As the judge relates them: what it explains is implied by it, and nothing else is."""
    before = _scored(*under_causes([replace(each, implied_by=None) for each in results]))
    explained = [_implied(each, "TLS-NEW-001" if each.implied_by else None) for each in results]
    after = _scored(*under_causes([*explained, more]))
    assert after.value <= before.value
    assert _ORDER.index(_rest(after)) >= _ORDER.index(_rest(before))


@given(_RESULTS, st.data())
def test_waiving_never_lowers_the_score_and_lifts_no_cap(results: list[Result], data: st.DataObject) -> None:
    failing = [each for each in results if each.outcome is Outcome.FAIL]
    chosen = data.draw(st.sets(st.sampled_from([each.rule for each in failing]))) if failing else set()
    before = _scored(*results)
    after = _scored(*(_waived(each) if each.rule in chosen else each for each in results))
    assert after.value >= before.value
    assert after.caps == before.caps
    assert _ORDER.index(after.grade.removesuffix("?")) <= _ORDER.index(before.grade.removesuffix("?"))


@given(_RESULTS)
def test_the_rows_explain_every_lost_point(results: list[Result]) -> None:
    found = _scored(*results)
    left = max(0, 100 - sum(row.points for row in found.deductions))
    ceilings = [CEILINGS[row.cap] for row in found.caps if row.cap in CEILINGS]
    assert found.value == min([left, *ceilings])
    assert all(row.points == POINTS[row.severity] > 0 for row in found.deductions)
    assert len({row.cause for row in found.deductions}) == len(found.deductions)
