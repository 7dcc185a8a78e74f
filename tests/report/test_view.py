"""What text and HTML have in common: order, marks, words, the rows of the score."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tlsaudit.model.document import (
    BeforeTlsPart,
    CapPart,
    DeductionPart,
    HttpPart,
    PlainHttpPart,
    ScorePart,
    Subject,
)
from tlsaudit.report import view
from tools.sample_facts import AS_OF, certificate
from tools.sample_results import brief, told


def test_findings_come_worst_first_with_what_they_imply(poor: Subject) -> None:
    found = view.findings(poor)
    ranks = [view.SEVERITIES.index(each.result.severity) for each in found]
    assert ranks == sorted(ranks)
    implied = {each.result.rule: [below.rule for below in each.implied] for each in found if each.implied}
    assert implied == {"TLS-CHAIN-003": ["TLS-CHAIN-001"], "TLS-PROTO-003": ["TLS-PROTO-004", "TLS-VULN-010"]}


def test_every_failing_result_is_shown_once(poor: Subject) -> None:
    shown = [each.rule for found in view.findings(poor) for each in (found.result, *found.implied)]
    assert sorted(shown) == sorted(result.rule for result in poor.results if result.outcome == "fail")


@pytest.mark.parametrize(
    "links",
    [
        {"A": "B", "B": "A"},
        {"A": "A"},
        {"A": "not failing"},
        {"A": "B", "B": "C", "C": "B"},
    ],
)
def test_a_broken_implication_hides_nothing(sound: Subject, links: dict[str, str]) -> None:
    results = [told(rule, "low", rule, "seen", "", "", implied_by=cause) for rule, cause in links.items()]
    found = view.findings(sound.model_copy(update={"results": results}))
    assert sorted(each.rule for one in found for each in (one.result, *one.implied)) == sorted(links)


def test_an_implication_over_two_links_hangs_below_its_root(sound: Subject) -> None:
    results = [
        told("A", "high", "a", "seen", "", ""),
        told("B", "low", "b", "seen", "", "", implied_by="A"),
        told("C", "low", "c", "seen", "", "", implied_by="B"),
    ]
    found = view.findings(sound.model_copy(update={"results": results}))
    assert [(each.result.rule, [below.rule for below in each.implied]) for each in found] == [("A", ["B", "C"])]


def test_suites_and_versions_carry_the_severity_of_the_finding_against_them(poor: Subject) -> None:
    marks = view.named_marks(poor)
    assert marks["TLS_RSA_WITH_3DES_EDE_CBC_SHA"] == "high"
    assert "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" not in marks
    assert view.version_marks(poor) == {"TLSv1.0": "high", "TLSv1.1": "high"}


def test_a_suite_that_only_serves_as_comparison_is_not_marked(sound: Subject) -> None:
    result = told("TLS-CIPH-020", "high", "Weak suite wins", "X won over TLS_AES_128_GCM_SHA256", "", "")
    assert view.named_marks(sound.model_copy(update={"results": [result]})) == {}


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [
        (timedelta(days=61, hours=3), "valid", "expires in 61 days"),
        (timedelta(days=1), "valid", "expires in 1 day"),
        (timedelta(hours=23), "valid", "expires in 23 hours"),
        (timedelta(minutes=90), "valid", "expires in 90 minutes"),
        (timedelta(0), "valid", "expires in 0 seconds"),
        (timedelta(seconds=-1), "expired", "expired 1 second ago"),
        (timedelta(days=-3, hours=-1), "expired", "expired 3 days ago"),
    ],
)
def test_expiry_is_told_relative_to_the_time_of_the_audit(left: timedelta, state: str, words: str) -> None:
    leaf = certificate("CN=a", "CN=b", days_left=0).model_copy(update={"not_after": AS_OF + left})
    assert view.validity(leaf, AS_OF) == view.Validity(state, words)


def test_a_certificate_may_not_be_valid_yet() -> None:
    leaf = certificate("CN=a", "CN=b", days_left=99, days=90)
    assert view.validity(leaf, AS_OF).state == "future"


def test_the_rows_explain_every_lost_point(poor: Subject, mutual: Subject, sound: Subject) -> None:
    for subject in (poor, mutual, sound):
        assert subject.score is not None
        lost = sum(row.points for row in view.score_rows(subject))
        assert max(0, 100 - lost) == subject.score.value


def test_the_lowest_cap_takes_what_deductions_left(sound: Subject) -> None:
    score = ScorePart(
        value=74,
        grade="C",
        letter_if_trusted=None,
        caps=[CapPart(rule="TLS-PROTO-003", cap="B"), CapPart(rule="TLS-CIPH-006", cap="C")],
        deductions=[DeductionPart(rule="TLS-CIPH-006", cause="B64", severity="medium", points=6)],
        coverage=1.0,
    )
    rows = view.score_rows(sound.model_copy(update={"score": score}))
    assert [(row.what, row.title, row.points) for row in rows] == [
        ("TLS-CIPH-006", "", 6),
        ("TLS-CIPH-006", "grade at most C", 20),
        ("TLS-PROTO-003", "grade at most B", 0),
    ]


@pytest.mark.parametrize(
    ("grade", "letter", "coverage", "words"),
    [
        ("A", None, 1.0, ""),
        ("T", "A", 1.0, "the certificate is not trusted; A if it were trusted"),
        ("M", "B", 1.0, "the certificate is for another name; B if it were for this one"),
        ("B?", None, 0.71, "only 71% of the rules could be decided"),
    ],
)
def test_a_letter_that_does_not_speak_for_itself_is_explained(
    grade: str, letter: str | None, coverage: float, words: str
) -> None:
    score = ScorePart(value=80, grade=grade, letter_if_trusted=letter, caps=[], deductions=[], coverage=coverage)
    assert view.grade_words(score) == words


def test_rules_of_one_area_are_listed_together() -> None:
    results = brief("not_tested", "low", "TLS-SESS-006", "TLS-MTLS-004", "TLS-SESS-003", "odd")
    assert view.areas(results) == "TLS-MTLS-004, TLS-SESS-003 006, odd"


def test_many_rules_of_one_area_are_counted() -> None:
    results = brief("not_tested", "low", "TLS-SESS-006", *(f"TLS-CERT-{each:03}" for each in range(1, 8)))
    assert view.areas(results) == "TLS-CERT (7 rules), TLS-SESS-006"


def test_versions_with_the_same_suites_share_one_list(poor: Subject) -> None:
    assert poor.facts is not None
    assert [each.versions for each in view.suite_lists(poor)] == [("TLSv1.2",), ("TLSv1.1", "TLSv1.0")]


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        (None, ""),
        (PlainHttpPart(port=80, state="closed"), "port 80: closed"),
        (PlainHttpPart(port=80, state="mute"), "port 80: closes without an answer"),
        (PlainHttpPart(port=8080, state="not_http"), "port 8080: what answers is not HTTP"),
        (PlainHttpPart(port=80, state="http", status=200, content=True), "port 80: HTTP 200 with content"),
        (
            PlainHttpPart(
                port=80, state="http", status=301, location="https://x/", upgrade="HTTP 200, Upgrade: TLS/1.0"
            ),
            "port 80: HTTP 301, Location: https://x/, offers TLS after an upgrade (HTTP 200, Upgrade: TLS/1.0)",
        ),
        (PlainHttpPart(port=80, state="unknown"), "port 80: not established"),
    ],
)
def test_plain_http_in_words(plain: PlainHttpPart | None, words: str) -> None:
    assert view.plain_http_words(HttpPart(plain=plain)) == words


def test_the_start_in_plain_text_in_words() -> None:
    assert (
        view.before_tls_words(BeforeTlsPart(signs_in=True, takes_injected=None)) == "a client may sign in without TLS"
    )
    both = view.before_tls_words(BeforeTlsPart(signs_in=False, takes_injected=True))
    assert both == "nobody signs in without TLS; what came in plain text is answered within TLS"
