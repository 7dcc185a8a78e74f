"""Annotations for GitHub Actions, read back as the runner reads them."""

from __future__ import annotations

import re

import pytest

from tests.report import hostile
from tlsaudit.model.document import Document, Location, Subject
from tlsaudit.report import FORMATS
from tlsaudit.report.matters import matters

LINE = re.compile(r"::(error|warning|notice) ([^:\r\n]*)::([^\r\n]*)")


def commands(document: Document) -> list[tuple[str, dict[str, str], str]]:
    """Level, properties and message of every line; each line has to be one command."""
    found: list[tuple[str, dict[str, str], str]] = []
    for line in FORMATS["github"].render(document).splitlines():
        matched = LINE.fullmatch(line)
        assert matched, line
        properties = dict(pair.split("=", 1) for pair in matched[2].split(","))
        found.append((matched[1], {name: decoded(value) for name, value in properties.items()}, decoded(matched[3])))
    return found


def decoded(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_errors_come_first_and_the_last_that_is_shown_counts_the_others(document: Document) -> None:
    levels = [level for level, _, _ in commands(document)]
    assert levels == sorted(levels, key=["error", "warning", "notice"].index)
    errors = [message for level, _, message in commands(document) if level == "error"]
    assert errors[9] == f"{len(errors) - 10} more of this kind: see the log of this step, or the report."
    blocking = [each for each in matters(document) if each.blocks]
    assert len(errors) == len(blocking) + 2


def test_the_first_command_counts_what_was_not_audited(document: Document) -> None:
    assert commands(document)[0][2].startswith("5 subjects (1 incomplete, 3 audited, 1 unreachable), exit code 1.")


def test_what_was_not_audited_is_an_error(document: Document) -> None:
    alone = document.model_copy(update={"subjects": document.subjects[-1:]})
    errors = [(properties, message) for level, properties, message in commands(alone) if level == "error"]
    assert "TLSAUDIT-UNREACHABLE" in errors[1][0]["title"]
    assert "did not answer within" in errors[1][1]


@pytest.mark.parametrize(("code", "level"), [(0, "notice"), (1, "error"), (3, "error"), (130, "error")])
def test_the_first_command_of_a_kind_is_about_the_run(document: Document, code: int, level: str) -> None:
    summary = document.summary.model_copy(update={"exit_code": code, "subjects": 0, "by_status": {}})
    ((found, properties, message),) = commands(document.model_copy(update={"subjects": [], "summary": summary}))
    assert (found, properties) == (level, {"title": "tlsaudit"})
    assert f"exit code {code}." in message


def test_levels_follow_the_threshold(poor: Subject, document: Document) -> None:
    def level(fail_on: str) -> set[str]:
        summary = document.summary.model_copy(update={"fail_on": fail_on})
        results = [result for result in poor.results if result.rule == "TLS-HTTP-001"]
        one = poor.model_copy(update={"results": results})
        found = commands(document.model_copy(update={"subjects": [one], "summary": summary}))
        return {level for level, properties, _ in found if "TLS-HTTP-001" in properties["title"]}

    assert level("medium") == {"error"}
    assert level("high") == {"warning"}


def test_info_is_told_only_where_it_ends_the_run(sound: Subject, document: Document) -> None:
    def told(fail_on: str) -> set[str]:
        summary = document.summary.model_copy(update={"fail_on": fail_on})
        found = commands(document.model_copy(update={"subjects": [sound], "summary": summary}))
        return {properties["title"].partition(" ")[0] for _, properties, _ in found}

    assert told("info") == {"tlsaudit", "TLS-CHAIN-006"}
    assert told("low") == {"tlsaudit"}


def test_a_place_in_a_file_is_named(poor: Subject, document: Document) -> None:
    moved = poor.model_copy(update={"location": Location(file="a,b:c.conf", line=4)})
    found = commands(document.model_copy(update={"subjects": [moved]}))
    assert (found[1][1]["file"], found[1][1]["line"]) == ("a,b:c.conf", "4")
    assert all("file" not in properties for _, properties, _ in commands(document))


@pytest.mark.parametrize("text", hostile.ATTACKS)
def test_nothing_hostile_becomes_a_command(text: str) -> None:
    whole = hostile.document()
    subjects = [each for each in whole.subjects if each.name == text]
    found = commands(whole.model_copy(update={"subjects": subjects}))
    assert len(found) == 5
    assert all(set(properties) <= {"file", "line", "title"} for _, properties, _ in found)
