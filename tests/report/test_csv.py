"""Comma-separated values, read back by the csv module."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pytest

from tests.report import hostile
from tlsaudit.model.document import Document, Location, Subject
from tlsaudit.report import FORMATS


def rows(document: Document) -> list[dict[str, str]]:
    reader = csv.DictReader(StringIO(FORMATS["csv"].render(document), newline=""), strict=True)
    return list(reader)


def test_every_subject_has_a_row_and_every_told_result_one_more(document: Document) -> None:
    told = {"fail", "waived", "inconclusive"}
    expected = [
        row
        for subject in document.subjects
        for row in (
            (subject.id, ""),
            *((subject.id, result.rule) for result in subject.results if result.outcome in told),
        )
    ]
    assert [(row["subject"], row["rule"]) for row in rows(document)] == expected


def test_what_was_not_audited_is_told(document: Document) -> None:
    row = rows(document)[-1]
    assert (row["status"], row["outcome"]) == ("unreachable", "unreachable")
    assert row["observed"].startswith("timeout: 192.0.2.200:443 did not answer")
    assert {row["outcome"] for row in rows(document)} >= {"incomplete", "inconclusive", "waived", "fail"}


def test_a_waiver_is_told(document: Document) -> None:
    (row, *_) = [row for row in rows(document) if row["outcome"] == "waived"]
    assert row["waived_by"]
    assert row["title"]


def test_a_place_in_a_file_is_told(poor: Subject, document: Document) -> None:
    moved = poor.model_copy(update={"location": Location(file="a.conf", line=4)})
    assert {(row["file"], row["line"]) for row in rows(document.model_copy(update={"subjects": [moved]}))} == {
        ("a.conf", "4")
    }


@pytest.mark.parametrize("text", hostile.ATTACKS)
def test_no_cell_is_a_formula_and_no_row_is_forged(text: str) -> None:
    whole = hostile.document()
    subjects = [each for each in whole.subjects if each.name == text]
    found = rows(whole.model_copy(update={"subjects": subjects}))
    assert len(found) == 6
    for row in found:
        assert None not in row
        assert None not in row.values()
        assert not any(cell.lstrip().startswith(tuple("=+-@＝＋－＠\t\r")) for cell in row.values())
        assert not any(re.search(r";[\s\"']*[-=+@]", re.sub("'(?=[-=+@])", "x", cell)) for cell in row.values())
        assert all(cell.isprintable() for cell in row.values())


def test_a_defused_cell_keeps_its_text(document: Document) -> None:
    whole = hostile.document()
    seen = {row["title"] for row in rows(whole)}
    assert "'=cmd|' /C calc'!A0" in seen
    assert '"quoted","and,split"' in seen
    assert "a;'=cmd|' /C calc'!A0;\"'@SUM(1+1)" in seen
    assert not any(row["title"].startswith("'") for row in rows(document))
