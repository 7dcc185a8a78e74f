"""Two reports compared: new, fixed, changed and unknown, with the facts behind them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.judged import document_of, subject_of, unreachable
from tests.rules import served
from tests.rules.facts import (
    AS_OF,
    TLS_1_0,
    TLS_1_2,
    TLS_1_3,
    answers,
    asks,
    groups,
    known,
    sound,
    suites,
    tried,
    with_suites,
)
from tests.strategies import facts as any_facts
from tlsaudit.compare import FACTS_OF, compare
from tlsaudit.document import declared_part, result_part
from tlsaudit.judge import judge
from tlsaudit.model.difference import Difference, ResultChange, SubjectDifference
from tlsaudit.model.document import Document, Problem, ResultPart, Subject, Suppression
from tlsaudit.model.facts import ClientAuthMode, Facts
from tlsaudit.model.knowledge import Tried, Unknown, Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Severity
from tlsaudit.policy import load_policy
from tlsaudit.rules import ALL_RULES

HIGH = Severity.HIGH
NOT_ASKED_RESULT = ResultPart(rule="TLS-FLEET-005", outcome="not_tested", severity="high")
_CBC = 0xC013


def compared(old: Document, new: Document, fail_on: Severity | None = HIGH) -> Difference:
    """The difference of two reports."""
    return compare(old, new, names=("old.json", "new.json"), fail_on=fail_on)


def between(old: Facts | Subject, new: Facts | Subject, fail_on: Severity | None = HIGH) -> Difference:
    """The difference of two reports of one subject each."""
    subjects = [each if isinstance(each, Subject) else subject_of(each) for each in (old, new)]
    return compared(document_of(subjects[0]), document_of(subjects[1]), fail_on)


def only(difference: Difference) -> SubjectDifference:
    """The one subject that differs."""
    (subject,) = difference.subjects
    return subject


def results(difference: Difference) -> dict[str, ResultChange]:
    """What became of each rule."""
    return {each.rule: each for subject in difference.subjects for each in subject.results}


def with_outcome(subject: Subject, rule: str, **changes: Any) -> Subject:
    """The subject with another result of one rule."""
    assert rule in {each.rule for each in subject.results}
    return subject.model_copy(
        update={"results": [each.model_copy(update=changes) if each.rule == rule else each for each in subject.results]}
    )


def without(subject: Subject, rule: str) -> Subject:
    """The subject without the result of one rule, as from a ruleset that does not have it."""
    return subject.model_copy(update={"results": [each for each in subject.results if each.rule != rule]})


POOR = with_suites(_CBC, version=TLS_1_0)


def test_the_same_is_no_difference() -> None:
    found = between(POOR, POOR)
    assert found.subjects == []
    assert found.notes == []
    assert (found.summary.unchanged, found.summary.exit_code) == (1, 0)


def test_a_new_failure_comes_with_the_fact_behind_it() -> None:
    found = between(sound(), POOR)
    new = results(found)["TLS-PROTO-003"]
    assert (new.change, new.severity, new.title) == ("new", "high", "TLS 1.0 accepted")
    assert new.reasons == ["protocols.TLSv1.0: rejected -> accepted"]
    assert new.old is not None
    assert new.old.outcome == "pass"
    assert found.summary.new_by_severity["high"] >= 1
    assert found.summary.exit_code == 1
    assert between(sound(), POOR, Severity.CRITICAL).summary.exit_code == 0


def test_what_fails_no_more_is_fixed_and_ends_nothing() -> None:
    found = between(POOR, sound())
    fixed = results(found)["TLS-PROTO-003"]
    assert (fixed.change, fixed.severity) == ("fixed", "high")
    assert fixed.reasons == ["protocols.TLSv1.0: accepted -> rejected"]
    assert {each.change for each in results(found).values()} == {"fixed"}
    assert (found.summary.fixed, found.summary.new, found.summary.exit_code) == (len(results(found)), 0, 0)


def test_reasons_name_the_items_that_the_result_names() -> None:
    found = between(with_suites(0xC027), with_suites(0xC027, 0x000A))
    reasons = results(found)["TLS-CIPH-006"].reasons
    assert reasons == ["cipher_suites.TLSv1.2: +TLS_RSA_WITH_3DES_EDE_CBC_SHA"]


def test_the_grade_before_and_after() -> None:
    grade = only(between(sound(), POOR)).grade
    assert grade is not None
    assert (grade.old, grade.old_value) == ("A+", 100)
    assert grade.new_value is not None
    assert grade.new_value < 100


@pytest.mark.parametrize("status", ["unreachable", "not_tls", "incomplete"])
def test_an_endpoint_that_could_not_be_audited_is_never_fixed(status: Any) -> None:
    gone = unreachable().model_copy(update={"status": status})
    for old, new in ((POOR, gone), (gone, POOR), (gone, gone)):
        found = between(old, new)
        assert only(found).state == "unknown"
        assert only(found).results == []
        assert (found.summary.fixed, found.summary.new, found.summary.unknown) == (0, 0, 1)
        assert found.summary.exit_code == 3
        assert between(old, new, None).summary.exit_code == 3


def test_an_endpoint_that_is_not_in_the_new_report_is_never_fixed() -> None:
    both = document_of(subject_of(POOR), subject_of(sound(), "other.example"))
    found = compared(both, document_of(subject_of(sound(), "other.example"), subject_of(sound(), "third.example")))
    states = {subject.id: subject.state for subject in found.subjects}
    assert states == {"shop.example.com:443": "only_old", "third.example:443": "only_new"}
    assert (found.summary.fixed, found.summary.exit_code) == (0, 3)


def test_the_failures_of_an_endpoint_that_was_not_there_before_are_new() -> None:
    other = subject_of(sound(), "other.example")
    found = compared(document_of(other), document_of(other, subject_of(POOR)))
    assert results(found)["TLS-PROTO-003"].change == "new"
    assert results(found)["TLS-PROTO-003"].reasons == ["OLD has no such subject"]
    assert found.summary.exit_code == 1


def test_what_was_cut_short_is_compared_in_part() -> None:
    cut = subject_of(POOR, problem=Problem(code="time", message="too slow"))
    found = between(POOR, cut)
    assert (only(found).state, only(found).detail) == ("partly", "NEW: incomplete: too slow")
    assert found.summary.exit_code == 3


_SILENT = sound(http=Unknown(Why.NO_ANSWER, "silence"))
_UNASKED = sound(http=Unknown(Why.NOT_ASKED))
_NO_HSTS = sound(http=answers(hsts=None))


@pytest.mark.parametrize(("one", "why"), [(_SILENT, "not decided: silence"), (_UNASKED, "not asked")])
def test_a_rule_that_one_of_them_did_not_decide_is_unknown(one: Facts, why: str) -> None:
    away, come = results(between(_NO_HSTS, one))["TLS-HTTP-001"], results(between(one, _NO_HSTS))["TLS-HTTP-001"]
    assert away.change == come.change == "unknown"
    assert away.severity == come.severity == "medium"
    assert away.reasons[1] == f"NEW: {why}"
    assert come.reasons[0] == f"OLD: {why}"
    assert away.reasons[0].startswith("OLD: fails: ")
    for old, new in ((_NO_HSTS, one), (one, _NO_HSTS)):
        assert between(old, new, Severity.MEDIUM).summary.exit_code == 3
        assert between(old, new, HIGH).summary.exit_code == 0


def test_what_was_sound_and_is_not_asked_any_more_is_no_finding() -> None:
    assert "TLS-HTTP-001" not in results(between(sound(), _UNASKED, Severity.INFO))
    assert between(sound(), _UNASKED, Severity.MEDIUM).summary.exit_code == 0


def test_what_was_sound_and_could_not_be_decided_is_unknown() -> None:
    assert results(between(sound(), _SILENT))["TLS-HTTP-001"].change == "unknown"
    assert between(sound(), _SILENT, Severity.MEDIUM).summary.exit_code == 3


def test_a_rule_that_only_one_of_them_has_is_unknown() -> None:
    poor = subject_of(POOR)
    for old, new in ((without(poor, "TLS-PROTO-003"), poor), (poor, without(poor, "TLS-PROTO-003"))):
        found = between(old, new)
        change = results(found)["TLS-PROTO-003"]
        assert (change.change, found.summary.exit_code) == ("unknown", 3)
        assert any(reason.endswith("there is no such rule") for reason in change.reasons)


def test_what_another_policy_does_not_ask_is_not_fixed() -> None:
    strict, owasp = load_policy("mozilla-modern"), load_policy("owasp")
    old, new = (document_of(subject_of(sound(), policy=each), policy=each) for each in (strict, owasp))
    found = compared(old, new)
    assert results(found)["TLS-PROTO-017"].change == "unknown"
    assert found.summary.exit_code == 3
    assert results(compared(new, old))["TLS-PROTO-017"].change == "new"


def test_what_is_declared_no_more_is_not_fixed() -> None:
    needed = judged_with(ClientAuthMode.REQUIRED)
    found = between(needed, sound())
    assert results(found)["TLS-MTLS-001"].change == "unknown"
    assert found.summary.exit_code == 3
    assert "OLD was judged with client authentication required declared, NEW with nothing declared" in found.notes[0]


def judged_with(mode: ClientAuthMode) -> Subject:
    """A subject that needs no client certificate, judged by what is declared."""
    expect = Expectation(client_auth=mode)
    judgement = judge(
        sound(), load_policy("owasp"), as_of=AS_OF, expect=expect, mode="full", subject_id="shop.example.com:443"
    )
    return subject_of(sound()).model_copy(
        update={"results": [result_part(each) for each in judgement.results], "declared": declared_part(expect)}
    )


def test_a_name_of_which_nothing_was_asked_is_compared() -> None:
    name = subject_of(sound()).model_copy(update={"kind": "name", "results": [NOT_ASKED_RESULT], "facts": None})
    found = between(name, name)
    assert (found.subjects, found.summary.exit_code) == ([], 0)


def test_what_is_worse_below_the_floor_of_the_policy_is_new() -> None:
    low, medium = (with_outcome(subject_of(POOR), "TLS-PROTO-003", own_severity=own) for own in ("low", "medium"))
    assert results(between(low, medium))["TLS-PROTO-003"].change == "new"
    assert "TLS-PROTO-003" not in results(between(low, low))


def test_what_is_worse_is_new_and_what_is_milder_has_changed() -> None:
    high, medium = subject_of(POOR), with_outcome(subject_of(POOR), "TLS-PROTO-003", severity="medium")
    worse, milder = between(medium, high), between(high, medium)
    assert results(worse)["TLS-PROTO-003"].change == "new"
    assert worse.summary.exit_code == 1
    assert results(milder)["TLS-PROTO-003"].change == "changed"
    assert milder.summary.exit_code == 0


def test_the_same_failure_seen_otherwise_has_changed() -> None:
    reworded = with_outcome(subject_of(POOR), "TLS-PROTO-003", observed="b; a")
    reordered = with_outcome(subject_of(POOR), "TLS-PROTO-003", observed="a; b")
    assert results(between(POOR, reworded))["TLS-PROTO-003"].change == "changed"
    assert between(reworded, reordered).subjects == []


def test_a_waiver_that_came_has_changed_it_and_one_that_went_makes_it_new() -> None:
    waiver = Suppression(by="waiver", reason="x", owner="x", expires="2027-01-31")
    failing = subject_of(POOR)
    waived = with_outcome(failing, "TLS-PROTO-003", outcome="waived", suppression=waiver)
    came, went = between(failing, waived), between(waived, failing)
    assert results(came)["TLS-PROTO-003"].change == "changed"
    assert results(came)["TLS-PROTO-003"].reasons[0] == "it is waived now"
    assert results(went)["TLS-PROTO-003"].change == "new"
    assert results(went)["TLS-PROTO-003"].reasons[0] == "no waiver or baseline covers it now"
    assert (came.summary.exit_code, went.summary.exit_code) == (0, 1)
    assert results(between(sound(), waived))["TLS-PROTO-003"].change == "changed"
    assert results(between(waived, sound()))["TLS-PROTO-003"].change == "fixed"


def test_what_is_new_comes_before_what_could_not_be_compared() -> None:
    found = compared(
        document_of(subject_of(sound()), unreachable("b.example")),
        document_of(subject_of(POOR), unreachable("b.example")),
    )
    assert found.summary.exit_code == 1
    assert compared(document_of(unreachable()), document_of(subject_of(POOR)), None).summary.exit_code == 3


def test_subjects_are_paired_by_id_and_alone_whatever_it_is() -> None:
    found = compared(document_of(subject_of(sound(), "a.example")), document_of(subject_of(POOR, "b.example")))
    assert (only(found).id, only(found).old_id) == ("b.example:443", "a.example:443")
    assert found.notes == ["a.example:443 is compared with b.example:443"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "gate"}, "OLD was asked in full mode and NEW in gate mode: only what both decided is compared"),
        ({"policy": {"id": "other", "version": "9", "sha256": "ab" * 32}}, "NEW by other 9 (abababab)"),
        ({"tool": {"name": "tlsaudit", "version": "99"}}, "NEW with tlsaudit 99"),
        ({"data": {"ruleset": "2", "scoring": "1", "registry": "x", "trust_stores": {}}}, "rules 2"),
    ],
)
def test_reports_of_another_kind_say_so(changes: dict[str, Any], words: str) -> None:
    old = document_of(subject_of(POOR))
    new = Document.model_validate({**old.model_dump(by_alias=True), **changes})
    (note,) = compared(old, new).notes
    assert words in note


def test_time_is_a_reason() -> None:
    leaf = served.issuing().issue("shop.example.com")
    facts = sound(certificate_deployments=known((served.deployment(leaf.certificate, *leaf.above),)))
    later = leaf.certificate.not_valid_after_utc + timedelta(days=1)
    old = document_of(subject_of(facts, as_of=served.NOW), as_of=served.NOW)
    new = document_of(subject_of(facts, as_of=later), as_of=later)
    expired = results(compared(old, new))["TLS-CERT-020"]
    assert expired.change == "new"
    assert expired.reasons == [f"judged as of {later:%Y-%m-%d %H:%M} instead of {served.NOW:%Y-%m-%d %H:%M}"]


def test_another_policy_is_a_reason() -> None:
    old = document_of(with_outcome(subject_of(POOR), "TLS-PROTO-003", severity="medium"))
    new = document_of(subject_of(POOR))
    reference = new.policy.model_copy(update={"id": "stricter"})
    found = compared(old, new.model_copy(update={"policy": reference}))
    assert any("judged by stricter" in reason for reason in results(found)["TLS-PROTO-003"].reasons)


def test_without_any_reason_that_is_said() -> None:
    old = with_outcome(subject_of(POOR), "TLS-PROTO-003", observed="something else")
    assert results(between(old, POOR))["TLS-PROTO-003"].reasons == [
        "no fact that reports show has changed; what was expected of the endpoint may have"
    ]


def facts_of(old: Facts, new: Facts) -> list[str]:
    """Every fact that changed, in words."""
    found = between(old, new)
    return [str(each) for subject in found.subjects for each in subject.facts]


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (with_suites(0xC027), "cipher_suites.TLSv1.2: +TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
        (sound(groups=groups({TLS_1_2: (29, 23), TLS_1_3: (4588, 29)})), "groups.TLSv1.3: -secp256r1"),
        (sound(client_auth=asks(ClientAuthMode.REQUIRED)), "client_auth.mode: none -> required"),
        (_NO_HSTS, "http.hsts: max-age=63072000; includeSubDomains -> none"),
        (sound(http=answers(server="nginx/1.0")), "http.server: none -> nginx/1.0"),
        (sound(alpn=tried(["h2"], ["h2", "http/1.1"])), "alpn: -http/1.1"),
    ],
)
def test_facts_that_differ_are_told(new: Facts, words: str) -> None:
    assert words in facts_of(sound(), new)


def test_a_renewed_certificate_is_a_changed_fact_and_no_finding() -> None:
    def serving() -> Facts:
        leaf = served.issuing().issue("shop.example.com")
        return sound(certificate_deployments=known((served.deployment(leaf.certificate, *leaf.above),)))

    old, new = serving(), serving()
    found = between(subject_of(old, as_of=served.NOW), subject_of(new, as_of=served.NOW))
    assert only(found).results == []
    assert {each.path.rsplit(".", 1)[1] for each in only(found).facts} == {"leaf", "key"}


def test_a_certificate_that_came_is_told_as_a_whole() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    one = served.issuing().issue("shop.example.com")
    two = served.issuing().issue("shop.example.com", key=rsa.generate_private_key(65537, 2048))
    first, second = (served.deployment(leaf.certificate, *leaf.above) for leaf in (one, two))
    alone, both = (sound(certificate_deployments=known(each)) for each in ((first,), (first, second)))
    (came,), (went,) = facts_of(alone, both), facts_of(both, alone)
    assert came.startswith("certificate_deployments.rsa.leaf: none -> CN=shop.example.com")
    assert went.endswith("-> none")


def test_another_order_is_a_change_where_the_server_has_one() -> None:
    turned = (0xC030, 0xC02F, 0xCCA8)
    again = sound(
        cipher_suites=suites({TLS_1_2: turned, TLS_1_3: (0x1302, 0x1303, 0x1301)}),
        suite_order={TLS_1_2: turned, TLS_1_3: (0x1302, 0x1303, 0x1301)},
    )
    (change,) = facts_of(sound(), again)
    assert change.startswith("cipher_suites.TLSv1.2: in the order TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, ")


def test_a_lower_bound_lacks_nothing_for_sure() -> None:
    plain = sound()
    kept = {item: basis for item, basis in plain.cipher_suites.accepted.items() if item != (TLS_1_2, 0xC030)}
    part = sound(cipher_suites=Tried(kept, frozenset(), Unknown(Why.NOT_ASKED, "only some were offered")))
    for old, new, words in ((plain, part, "perhaps still there: "), (part, plain, "perhaps there before: ")):
        found = only(between(old, new))
        assert [each for each in found.facts if each.path.startswith("cipher_suites.TLSv1.2")] == []
        assert found.unknown["cipher_suites.TLSv1.2"].startswith(f"{words}TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384; ")
        assert "not asked (only some were offered)" in found.unknown["cipher_suites.TLSv1.2"]


def test_a_fact_that_one_did_not_establish_is_unknown_not_changed() -> None:
    found = only(between(sound(), _SILENT))
    assert found.facts == []
    assert found.unknown["http.hsts"] == "NEW: no answer (silence)"
    assert "http.hsts" not in {each.path for each in only(between(_SILENT, sound())).facts}


def test_every_area_of_rules_has_its_facts() -> None:
    assert {rule.area for rule in ALL_RULES} <= set(FACTS_OF)


_ANY = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
_DECIDED = {"pass", "fail", "not_applicable", "waived"}


@_ANY
@given(any_facts(), any_facts())
def test_whatever_the_facts_only_what_both_decided_is_new_or_fixed(one: Facts, two: Facts) -> None:
    found = between(one, two, Severity.INFO)
    for change in results(found).values():
        assert change.old is not None
        assert change.new is not None
        decided = {change.old.outcome, change.new.outcome} <= _DECIDED
        assert decided is (change.change != "unknown")
        if change.change == "fixed":
            assert (change.old.outcome, change.new.outcome) in {("fail", "pass"), ("fail", "not_applicable")}
    back = results(between(two, one, Severity.INFO))
    turned = {"new": "fixed", "fixed": "new"}
    for rule, change in results(found).items():
        if change.change == "fixed":
            assert back[rule].change == turned[change.change]
    assert between(one, one, Severity.INFO).summary.new == 0
    assert Difference.model_validate_json(found.model_dump_json(by_alias=True)) == found


@_ANY
@given(any_facts(), st.sampled_from([None, *Severity]))
def test_an_exit_code_of_0_means_that_everything_could_be_compared(facts: Facts, fail_on: Severity | None) -> None:
    summary = between(facts, facts, fail_on).summary
    undecided = fail_on is not None and any(
        each.outcome == "inconclusive" and Severity(each.severity).rank >= fail_on.rank
        for each in subject_of(facts).results
    )
    assert summary.exit_code == (3 if undecided else 0)
