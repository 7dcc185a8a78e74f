"""JUnit XML, read back by junitparser."""

from __future__ import annotations

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from tests.report import hostile
from tlsaudit.model.document import Document, Location, Subject
from tlsaudit.report import FORMATS


def suites_of(document: Document) -> list[TestSuite]:
    return list(JUnitXml.fromstring(FORMATS["junit"].render(document).encode()))


def kinds(suite: TestSuite) -> list[type]:
    return [type(result) for case in suite for result in case.result]


def case_of(suite: TestSuite, name: str) -> TestCase:
    (case,) = [case for case in suite if case.name == name]
    return case


def test_a_subject_is_a_suite_and_a_rule_a_case(document: Document) -> None:
    suites = suites_of(document)
    assert [suite.name for suite in suites] == [subject.name for subject in document.subjects]
    for suite, subject in zip(suites, document.subjects, strict=True):
        assert [case.name for case in suite] == ["audited", *(result.rule for result in subject.results)]


@pytest.mark.parametrize("which", ["sample", "hostile"])
def test_the_counts_are_right(which: str, document: Document) -> None:
    chosen = document if which == "sample" else hostile.document()
    whole = JUnitXml.fromstring(FORMATS["junit"].render(chosen).encode())
    written = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in whole]
    for suite, counts in zip(whole, written, strict=True):
        found = kinds(suite)
        assert counts == (len(list(suite)), found.count(Failure), found.count(Error), found.count(Skipped))
    assert (whole.tests, whole.failures, whole.errors, whole.skipped) == tuple(map(sum, zip(*written, strict=True)))


def test_what_was_not_audited_is_an_error(document: Document) -> None:
    unreachable = suites_of(document)[-1]
    (case,) = unreachable
    (result,) = case.result
    assert isinstance(result, Error)
    assert result.type == "TLSAUDIT-UNREACHABLE"
    assert "did not answer within" in (result.text or "")


def test_the_verdict_is_that_of_the_threshold(poor: Subject, document: Document) -> None:
    def verdict(fail_on: str, rule: str) -> list[type]:
        summary = document.summary.model_copy(update={"fail_on": fail_on})
        (suite,) = suites_of(document.model_copy(update={"subjects": [poor], "summary": summary}))
        return [type(result) for result in case_of(suite, rule).result]

    assert verdict("high", "TLS-HTTP-001") == [Skipped]
    assert verdict("medium", "TLS-HTTP-001") == [Failure]
    assert verdict("high", "TLS-CERT-020") == [Failure]
    assert verdict("none", "TLS-CERT-020") == [Skipped]
    assert verdict("high", "TLS-VULN-003") == [Error]
    assert verdict("none", "TLS-VULN-003") == [Skipped]
    assert verdict("none", "audited") == [Error]


def test_every_outcome_has_its_place(poor: Subject, document: Document) -> None:
    (suite,) = suites_of(document.model_copy(update={"subjects": [poor]}))
    for result in poor.results:
        found = [type(each) for each in case_of(suite, result.rule).result]
        match result.outcome:
            case "pass":
                assert found == []
            case "waived" | "not_tested" | "not_applicable":
                assert found == [Skipped]
            case _:
                assert len(found) == 1


def test_a_file_and_line_are_told(poor: Subject, document: Document) -> None:
    moved = poor.model_copy(update={"location": Location(file="a&b.conf", line=4)})
    text = FORMATS["junit"].render(document.model_copy(update={"subjects": [moved]}))
    assert 'file="a&amp;b.conf" line="4"' in text


def test_the_place_of_a_result_comes_before_that_of_its_subject(poor: Subject, document: Document) -> None:
    result = poor.results[0].model_copy(update={"location": Location(file="b.conf", line=9)})
    moved = poor.model_copy(update={"location": Location(file="a.conf", line=4), "results": [result]})
    text = FORMATS["junit"].render(document.model_copy(update={"subjects": [moved]}))
    assert 'name="audited" file="a.conf" line="4"' in text
    assert f'name="{result.rule}" file="b.conf" line="9"' in text


def test_nothing_hostile_becomes_an_element() -> None:
    text = FORMATS["junit"].render(hostile.document())
    assert "<script>" not in text
    assert "]]>" not in text
    assert "\x1b" not in text
    suites = suites_of(hostile.document())
    assert len(suites) == 2 * len(hostile.ATTACKS)
    assert all(len(list(suite)) == (5 if place % 2 == 0 else 1) for place, suite in enumerate(suites))
    assert any("<script>alert(1)</script>" in (case.result[0].text or "") for case in suites[0] if case.result)
