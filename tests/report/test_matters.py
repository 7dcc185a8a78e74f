"""What a pipeline must hear of."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report import hostile
from tlsaudit.app import summarise
from tlsaudit.model.document import Document, Location, ResultPart, SeverityName, Subject
from tlsaudit.model.result import Severity
from tlsaudit.report.matters import UNAUDITED, Matter, headline, matters, reaches, sentence
from tlsaudit.report.view import SEVERITIES

OUTCOMES = get_args(ResultPart.model_fields["outcome"].annotation)


def test_failures_undecided_rules_and_subjects_that_were_not_audited_are_told_of(document: Document) -> None:
    told = matters(document)
    assert {each.kind for each in told} == {"failure", "undecided", "unaudited", "waived"}
    unaudited = {(each.subject.name, each.rule) for each in told if each.kind == "unaudited"}
    assert unaudited == {
        ("shop.example.com:443", "TLSAUDIT-INCOMPLETE"),
        ("old.example.com:443", "TLSAUDIT-UNREACHABLE"),
    }


def test_what_blocks_comes_first_and_what_is_waived_last(document: Document) -> None:
    told = matters(document)
    blocks = [each.blocks for each in told]
    assert blocks == sorted(blocks, reverse=True)
    assert told[-1].kind == "waived"
    assert not told[-1].blocks


@pytest.mark.parametrize(
    ("severity", "fail_on", "reached"),
    [
        ("high", "high", True),
        ("critical", "high", True),
        ("medium", "high", False),
        ("info", "info", True),
        ("critical", "none", False),
        ("info", None, True),
    ],
)
def test_the_threshold(severity: SeverityName, fail_on: str | None, reached: bool) -> None:
    assert reaches(severity, fail_on) is reached


@pytest.mark.parametrize("fail_on", ["none", "critical", None])
def test_a_subject_that_was_not_audited_blocks_at_every_threshold(document: Document, fail_on: str | None) -> None:
    summary = document.summary.model_copy(update={"fail_on": fail_on})
    told = matters(document.model_copy(update={"summary": summary}))
    assert all(each.blocks for each in told if each.kind == "unaudited")


def test_every_status_but_audited_has_an_id() -> None:
    statuses = Subject.model_json_schema()["properties"]["status"]["enum"]
    assert set(statuses) - {"audited"} == set(UNAUDITED)


def test_fingerprints_do_not_depend_on_what_was_seen(document: Document) -> None:
    def fingerprints(text: str) -> list[str]:
        subjects = [each.model_copy(update={"error": None, "name": text}) for each in document.subjects]
        return [each.fingerprint for each in matters(document.model_copy(update={"subjects": subjects}))]

    assert fingerprints("one") == fingerprints("other")
    assert len(set(fingerprints("one"))) == len(fingerprints("one"))


def test_a_place_in_a_file_is_told_and_an_endpoint_has_a_stand_in(document: Document) -> None:
    first = matters(document)[0]
    assert (first.file, first.line, first.in_a_file) == (f"endpoint/{first.subject.id}", 1, False)
    moved = first.subject.model_copy(update={"location": Location(file="./deploy/a.conf", line=7)})
    subjects = [moved, *document.subjects[1:]]
    place = matters(document.model_copy(update={"subjects": subjects}))[0]
    assert (place.file, place.line, place.in_a_file) == ("deploy/a.conf", 7, True)


def test_sentences_end_and_undecided_ones_say_so(document: Document) -> None:
    for each in matters(document):
        assert sentence(each)
        if each.kind == "undecided":
            assert "no pass." in sentence(each)
            assert headline(each).startswith("Not decided: ")


@given(
    statuses=st.lists(st.sampled_from(["audited", *UNAUDITED]), max_size=3),
    outcomes=st.lists(st.tuples(st.sampled_from(OUTCOMES), st.sampled_from(SEVERITIES)), max_size=4),
    fail_on=st.sampled_from([None, *Severity]),
)
def test_something_blocks_exactly_where_the_exit_code_is_not_0(
    document: Document, statuses: list[Any], outcomes: list[tuple[Any, Any]], fail_on: Severity | None
) -> None:
    results = [ResultPart(rule="TLS-X-001", outcome=outcome, severity=severity) for outcome, severity in outcomes]
    subjects = [document.subjects[0].model_copy(update={"status": each, "results": results}) for each in statuses]
    summary = summarise(subjects, fail_on)
    told = matters(document.model_copy(update={"subjects": subjects, "summary": summary}))
    assert any(each.blocks for each in told) == (summary.exit_code != 0)
    failing = any(each.blocks and each.kind == "failure" for each in told)
    assert failing == (summary.exit_code == 1)


def test_hostile_subjects_lose_nothing() -> None:
    told = matters(hostile.document())
    kinds = [each.kind for each in told]
    assert kinds.count("unaudited") == len(hostile.ATTACKS)
    assert kinds.count("undecided") == len(hostile.ATTACKS)
    assert kinds.count("failure") == 2 * len(hostile.ATTACKS)
    assert all(isinstance(each, Matter) for each in told)
