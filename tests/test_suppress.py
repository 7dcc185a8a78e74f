"""Waivers and baselines applied: what becomes waived, what it does to the score, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings

from tests.judged import document_of, subject_of, unreachable
from tests.rules.facts import AS_OF, OWASP, TLS_1_0, known, sound, with_suites
from tests.strategies import facts as any_facts
from tlsaudit.model.document import ResultPart, Subject, WaiverPart
from tlsaudit.model.facts import Facts, Hsts, HttpAnswer
from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.policy import Policy, load_policy
from tlsaudit.policy.baseline import Baseline, baseline_findings
from tlsaudit.policy.waivers import Waiver, parse_waivers
from tlsaudit.suppress import Suppressor

_RULE = "TLS-PROTO-003"


def _waivers(*entries: tuple[str, str, str]) -> tuple[Waiver, ...]:
    """(rule, scope, expires)."""
    text = "".join(
        f'- {{rule: {rule}, scope: "{scope}", owner: ops, reason: soon gone, expires: {expires}}}\n'
        for rule, scope, expires in entries
    )
    return parse_waivers(text or "[]", "w.yaml")


def _baseline(*subjects: Subject) -> Baseline:
    found = [finding for subject in subjects for finding in baseline_findings(subject)]
    return Baseline(as_of=AS_OF, policy="owasp", mode="full", findings={each.fingerprint: each for each in found})


def _suppressor(
    *entries: tuple[str, str, str], baseline: Baseline | None = None, as_of: datetime = AS_OF, mode: str = "full"
) -> Suppressor:
    return Suppressor(_waivers(*entries) if entries else None, baseline, as_of=as_of, policy="owasp", mode=mode)


def _poor(target: str = "shop.example.com") -> Subject:
    return subject_of(with_suites(0xC013, version=TLS_1_0), target)


def _result(subject: Subject, rule: str = _RULE) -> ResultPart:
    return next(each for each in subject.results if each.rule == rule)


def test_a_waived_failure_says_who_answers_for_it() -> None:
    waived = _result(_suppressor((_RULE, "shop.*", "2027-01-31")).apply(_poor()))
    assert waived.outcome == "waived"
    assert waived.suppression is not None
    assert waived.suppression.model_dump() == {
        "by": "waiver", "reason": "soon gone", "owner": "ops", "expires": "2027-01-31",
    }  # fmt: skip
    assert waived.model_copy(update={"outcome": "fail", "suppression": None}) == _result(_poor())


def test_only_the_rule_and_the_subjects_of_a_waiver_are_waived() -> None:
    suppressor = _suppressor((_RULE, "shop.example.com:443", "2027-01-31"))
    here, there = suppressor.apply(_poor()), suppressor.apply(_poor("other.example.com"))
    assert [each.rule for each in here.results if each.outcome == "waived"] == [_RULE]
    assert there == _poor("other.example.com")


def test_the_points_come_back_and_the_cap_stays() -> None:
    before = _poor()
    after = _suppressor((_RULE, "*", "2027-01-31")).apply(before)
    assert before.score is not None
    assert after.score is not None
    rows = {row.rule: (row.cause, row.points) for row in after.score.deductions}
    assert {row.rule: row.points for row in before.score.deductions} == {_RULE: 15}
    assert rows == {"TLS-VULN-010": ("LEGACY", 2)}, "what is left of the cause costs what it costs alone"
    assert after.score.caps == before.score.caps
    assert after.score.value > before.score.value


def test_an_expired_waiver_lets_its_failure_through_and_is_named() -> None:
    suppressor = _suppressor((_RULE, "*", "2026-11-20"))
    assert suppressor.apply(_poor()) == _poor()
    (part,) = suppressor.waivers()
    assert (part.state, part.waived) == ("expired", 0)
    assert suppressor.notes() == [
        f"w.yaml:1: the waiver of {_RULE} at * (ops) expired on 2026-11-20: the rule fails again at 1 subject"
    ]


def test_expiry_is_judged_at_the_time_of_the_audit() -> None:
    entry = (_RULE, "*", "2026-11-20")
    earlier = _suppressor(entry, as_of=datetime(2026, 11, 20, 23, tzinfo=UTC))
    assert _result(earlier.apply(_poor())).outcome == "waived"
    assert earlier.notes() == []


def test_a_renewed_waiver_counts_beside_the_one_that_has_expired() -> None:
    suppressor = _suppressor((_RULE, "*", "2026-01-01"), (_RULE, "shop.*", "2027-01-31"))
    assert _result(suppressor.apply(_poor())).outcome == "waived"
    assert [part.state for part in suppressor.waivers()] == ["expired", "used"]


def _states(suppressor: Suppressor) -> list[tuple[str, str]]:
    return [(part.state, part.detail) for part in suppressor.waivers()]


def test_what_is_not_used_is_named_with_the_reason() -> None:
    undecided = subject_of(sound(http=Unknown(Why.NO_ANSWER, "silence")), "quiet.example")
    suppressor = _suppressor(
        (_RULE, "nowhere.*", "2027-01-31"),
        ("TLS-PROTO-001", "*", "2027-01-31"),
        ("TLS-HTTP-001", "quiet.*", "2027-01-31"),
        (_RULE, "gone.*", "2027-01-31"),
        (_RULE, "shop.*", "2027-01-31"),
    )
    for subject in (_poor(), undecided, unreachable("gone.example")):
        suppressor.apply(subject)
    assert _states(suppressor) == [
        ("unused", "is not used: its scope matches no subject of this run"),
        ("unused", "is not used: the rule could not be decided at 1 subject"),
        ("unused", "is not used: the rule could not be decided at 1 subject"),
        ("unused", "is not used: the rule could not be decided at 1 subject"),
        ("used", ""),
    ]
    assert len(suppressor.notes()) == 4


def test_a_rule_that_passes_leaves_its_waiver_unused() -> None:
    suppressor = _suppressor(("TLS-PROTO-001", "*", "2027-01-31"))
    suppressor.apply(_poor())
    assert _states(suppressor) == [("unused", "is not used: the rule does not fail there")]


def test_many_unused_waivers_are_not_told_one_by_one() -> None:
    suppressor = _suppressor(*((_RULE, f"host{number}", "2027-01-31") for number in range(50)))
    assert len(suppressor.notes()) == 21
    assert suppressor.notes()[-1] == "and 30 more waivers that have expired or waive nothing"
    assert len(suppressor.waivers()) == 50


def test_nothing_but_a_failure_is_waived() -> None:
    undecided = subject_of(sound(http=Unknown(Why.NO_ANSWER, "silence")))
    assert _suppressor(("TLS-HTTP-001", "*", "2027-01-31")).apply(undecided) == undecided


def test_a_baseline_waives_what_was_there_and_nothing_new() -> None:
    suppressor = _suppressor(baseline=_baseline(_poor()))
    worse = subject_of(with_suites(0xC013, 0x000A, version=TLS_1_0))
    new = {each.rule for each in suppressor.apply(worse).results if each.outcome == "fail"}
    assert "TLS-CIPH-006" in new
    assert _RULE not in new
    old = _result(suppressor.apply(worse))
    assert old.suppression is not None
    assert (old.suppression.by, old.suppression.owner, old.suppression.expires) == ("baseline", None, None)


def _hsts(seconds: int, policy: Policy) -> Subject:
    header = Hsts(
        raw=f"max-age={seconds}", count=1, max_age=seconds, include_subdomains=False, preload=False, error=None
    )
    answer = HttpAnswer(status=200, server=None, location=None, hsts=header)
    return subject_of(sound(http=known(answer)), policy=policy)


def test_what_grew_worse_below_the_floor_of_the_policy_is_new() -> None:
    """By mozilla-modern HSTS of a year and of a minute are both high; the rule itself finds low and medium."""
    modern = load_policy("mozilla-modern")
    year, minute = _hsts(31536000, modern), _hsts(60, modern)
    rows = [_result(each, "TLS-HTTP-002") for each in (year, minute)]
    assert [(each.severity, each.own_severity) for each in rows] == [("high", "low"), ("high", "medium")]
    written = _baseline(year)
    assert _result(_suppressor(baseline=written).apply(year), "TLS-HTTP-002").outcome == "waived"
    assert _result(_suppressor(baseline=written).apply(minute), "TLS-HTTP-002").outcome == "fail"
    assert _result(_suppressor(baseline=written).apply(_hsts(60, OWASP)), "TLS-HTTP-002").outcome == "fail"
    assert _result(_suppressor(baseline=_baseline(minute)).apply(year), "TLS-HTTP-002").outcome == "waived"


def test_a_baseline_from_before_own_severities_counts_by_its_severities_and_says_so() -> None:
    modern = load_policy("mozilla-modern")
    written = _baseline(_hsts(31536000, modern))
    older = replace(
        written,
        findings={
            each.fingerprint: each.model_copy(update={"own_severity": None}) for each in written.findings.values()
        },
    )
    suppressor = _suppressor(baseline=older)
    assert _result(suppressor.apply(_hsts(60, modern)), "TLS-HTTP-002").outcome == "waived"
    assert "does not say how grave" in suppressor.notes()[0]
    assert _suppressor(baseline=written).notes() == []


def test_a_baseline_of_another_policy_or_mode_is_named() -> None:
    written = replace(_baseline(_poor()), policy="mozilla-modern", mode="gate")
    (note,) = _suppressor(baseline=written).notes()
    assert note.startswith(
        "the baseline was written under mozilla-modern in gate mode, and this run is judged by owasp"
    )


def test_a_waiver_that_has_expired_comes_before_the_baseline() -> None:
    suppressor = _suppressor((_RULE, "*", "2026-01-01"), baseline=_baseline(_poor()))
    assert _result(suppressor.apply(_poor())).outcome == "fail"


def test_what_is_gone_from_a_baseline_is_said() -> None:
    suppressor = _suppressor(baseline=_baseline(_poor(), _poor("quiet.example")))
    suppressor.apply(subject_of(sound()))
    suppressor.apply(unreachable("quiet.example"))
    part = suppressor.baseline()
    assert part is not None
    here = len(baseline_findings(_poor()))
    assert (part.findings, part.waived, part.gone) == (2 * here, 0, here)
    assert "gone: write it again" in suppressor.notes()[0]


def test_a_stored_report_is_decided_again_by_what_is_given() -> None:
    stored = _suppressor((_RULE, "*", "2027-01-31")).on_document(document_of(_poor()))
    assert _result(stored.subjects[0]).outcome == "waived"
    assert _suppressor().on_document(stored) == stored, "without waivers it stays as it was"
    emptied = Suppressor((), None, as_of=AS_OF, policy="owasp", mode="full").on_document(stored)
    assert emptied == document_of(_poor())
    again = _suppressor((_RULE, "*", "2027-01-31")).on_document(stored)
    assert again == stored
    assert [WaiverPart.model_validate(each).state for each in again.waivers] == ["used"]


def test_what_was_waived_in_one_way_stays_when_the_other_is_given() -> None:
    stored = _suppressor((_RULE, "*", "2027-01-31")).on_document(document_of(_poor()))
    both = _suppressor(baseline=_baseline(_poor())).on_document(stored)
    by = {each.rule: each.suppression.by for each in both.subjects[0].results if each.suppression}
    assert by.pop(_RULE) == "waiver"
    assert set(by.values()) == {"baseline"}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(any_facts())
def test_the_score_of_a_document_is_found_again_from_its_results(facts: Facts) -> None:
    """Waived and restored, every subject is what it was: the rows and caps of a score are enough to find it again."""
    subject = subject_of(facts)
    waived = _suppressor(baseline=_baseline(subject)).apply(subject)
    assert not [each for each in waived.results if each.outcome == "fail"]
    assert Suppressor(None, _baseline(), as_of=AS_OF, policy="owasp", mode="full").apply(waived) == subject
    if subject.score is not None and waived.score is not None:
        assert waived.score.value >= subject.score.value
        assert waived.score.deductions == []
