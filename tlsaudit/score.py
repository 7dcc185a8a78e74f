"""The score: 100 points, less what the worst finding of each cause costs, under the lowest cap. Every row is kept.

One more failure never raises it.

    critical 40, high 15, medium 6, low 2, info 0
    caps     A-: 94   B: 89   C: 74   D: 59   F: 39   (A limits the letter only; T and M replace it)
    letters  A+ and A from 95, A- from 90, B from 75, C from 60, D from 40, F below

Only confirmed failures count. A waived one costs no points and keeps its cap: a waiver says that somebody answers for
a risk, not that it is gone. Coverage is decided over asked: a rule that was not asked, or does not apply, is in
neither. A+ says that nothing at all was found, in full mode, with TLS 1.3, post-quantum key exchange and HSTS.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tlsaudit.model.result import Cap, CapRow, Confidence, Deduction, Outcome, Result, Score, Severity

SCORING: Final = "2026.11.1"

POINTS: Final = {Severity.CRITICAL: 40, Severity.HIGH: 15, Severity.MEDIUM: 6, Severity.LOW: 2, Severity.INFO: 0}
CEILINGS: Final = {Cap.A_MINUS: 94, Cap.B: 89, Cap.C: 74, Cap.D: 59, Cap.F: 39}
_LETTERS = ((95, "A"), (90, "A-"), (75, "B"), (60, "C"), (40, "D"), (0, "F"))
_TRUST = (Cap.TRUST, Cap.MISMATCH)
"""Caps that replace the letter; the first one present is shown."""
_LEAST_COVERAGE = 0.5
"""Below it too little is known to say anything in a number."""
_ENOUGH_COVERAGE = 0.8
_FULL_COVERAGE = 0.95
_A_PLUS_VALUE = 97
_A_PLUS_NEEDS = {
    "TLS-PQ-001": {Outcome.PASS},  # which needs TLS 1.3
    "TLS-HTTP-001": {Outcome.PASS, Outcome.NOT_APPLICABLE},
}
_FOUND = {Outcome.FAIL, Outcome.WAIVED}
_DECIDED = {Outcome.PASS, *_FOUND}


def score(results: Sequence[Result], *, mode: str) -> Score | None:
    """The score of one subject from all its results; None in gate mode and where too little was decided."""
    decided = sum(result.outcome in _DECIDED for result in results)
    asked = decided + sum(result.outcome is Outcome.INCONCLUSIVE for result in results)
    if mode == "gate" or not decided or decided / asked < _LEAST_COVERAGE:
        return None
    coverage = decided / asked
    found = [each for each in results if each.outcome in _FOUND and each.confidence is Confidence.CONFIRMED]
    deductions = _deductions(found)
    caps = tuple(CapRow(rule=each.rule, cap=each.cap) for each in found if each.cap is not None)
    value = _value(deductions, caps)
    may_shine = mode == "full" and coverage >= _FULL_COVERAGE and _meets_needs(results)
    doubt = "" if coverage >= _ENOUGH_COVERAGE else "?"
    replaced = next((cap.value for cap in _TRUST if any(row.cap is cap for row in caps)), None)
    if replaced is None:
        grade, if_trusted = _letter(value, found, may_shine) + doubt, None
    else:
        grade, if_trusted = replaced + doubt, _letter_if_trusted(found, may_shine) + doubt
    return Score(
        value=value, grade=grade, letter_if_trusted=if_trusted, caps=caps, deductions=deductions, coverage=coverage
    )


def heads(fails: Iterable[Result]) -> dict[str, Result]:
    """The finding that stands for each cause: a confirmed one before any possible one, then the worst, then by id.

    Only confirmed findings cost points, so a possible one, however bad, never hides the one that does.
    """
    worst: dict[str, Result] = {}
    for each in sorted(fails, key=_rank):
        worst.setdefault(each.cause or each.rule, each)
    return worst


def _rank(result: Result) -> tuple[bool, int, str]:
    return result.confidence is not Confidence.CONFIRMED, -result.severity.rank, result.rule


def _deductions(found: Sequence[Result]) -> tuple[Deduction, ...]:
    """One row a cause: the finding to act on, with the points of the worst failure of the cause.

    What another failure implies does not stand for its cause, but it has to be paid for: else a failure that explains a
    worse one would raise the score.
    """
    failing = [each for each in found if each.outcome is Outcome.FAIL]
    present = {each.rule for each in failing}
    first = heads(each for each in failing if each.implied_by not in present)
    return tuple(
        Deduction(
            rule=first.get(cause, worst).rule, cause=cause, severity=worst.severity, points=POINTS[worst.severity]
        )
        for cause, worst in heads(failing).items()
        if POINTS[worst.severity]
    )


def _value(deductions: Iterable[Deduction], caps: Iterable[CapRow]) -> int:
    ceilings = (CEILINGS[row.cap] for row in caps if row.cap in CEILINGS)
    return min([max(0, 100 - sum(row.points for row in deductions)), *ceilings])


def _letter(value: int, found: Iterable[Result], may_shine: bool) -> str:
    spotless = all(each.severity is Severity.INFO and each.cap is None for each in found)
    if may_shine and spotless and value >= _A_PLUS_VALUE:
        return "A+"
    return next(letter for least, letter in _LETTERS if value >= least)


def _letter_if_trusted(found: Sequence[Result], may_shine: bool) -> str:
    """The letter that the same endpoint had without the findings on trust and name, and without their cost."""
    rest = [each for each in found if each.cap not in _TRUST]
    caps = [CapRow(rule=each.rule, cap=each.cap) for each in rest if each.cap is not None]
    return _letter(_value(_deductions(rest), caps), rest, may_shine)


def _meets_needs(results: Sequence[Result]) -> bool:
    outcomes = {result.rule: result.outcome for result in results}
    return all(outcomes.get(rule_id) in wanted for rule_id, wanted in _A_PLUS_NEEDS.items())
