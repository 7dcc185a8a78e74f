"""GitLab Code Quality."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.report import hostile
from tlsaudit.model.document import Document, Location, Subject
from tlsaudit.report import FORMATS
from tlsaudit.report.gitlab import NOT_ASKED
from tlsaudit.report.matters import matters

SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./|/)."},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""What GitLab's documentation requires of a report."""


def issues(document: Document) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FORMATS["gitlab"].render(document))
    return found


@pytest.mark.parametrize("which", ["sample", "hostile"])
def test_gitlab_finds_what_it_requires(which: str, document: Document) -> None:
    chosen = document if which == "sample" else hostile.document()
    jsonschema.validate(issues(chosen), SCHEMA)
    assert FORMATS["gitlab"].render(chosen).isascii()


def test_no_fingerprint_comes_twice(document: Document) -> None:
    prints = [each["fingerprint"] for each in issues(document)]
    assert len(prints) == len(set(prints))


def test_all_but_what_is_waived_is_an_issue(document: Document) -> None:
    told = [each for each in matters(document) if each.kind != "waived"]
    assert [each["check_name"] for each in issues(document)] == [*(each.rule for each in told), NOT_ASKED]
    assert "TLSAUDIT-UNREACHABLE" in {each["check_name"] for each in issues(document)}
    assert any(each["description"].startswith("TLS-VULN-003 Not decided") for each in issues(document))


def test_a_place_in_a_file_is_the_place_of_the_issue(poor: Subject, document: Document) -> None:
    moved = poor.model_copy(update={"location": Location(file="./deploy/a.conf", line=12)})
    first = issues(document.model_copy(update={"subjects": [moved]}))[0]
    assert first["location"] == {"path": "deploy/a.conf", "lines": {"begin": 12}}
    assert issues(document)[0]["location"] == {"path": "endpoint/shop.example.com:443", "lines": {"begin": 1}}
