"""Annotations for GitHub Actions: workflow commands on standard output that the runner shows beside a change.

The runner shows ten of each kind a step and leaves the others in its log: the tenth says how many those are. The first
is about the run as a whole, so that one without findings is not silent about what it could not judge.
Source: GitHub, "Workflow commands for GitHub Actions"; actions/runner, ActionCommand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from tlsaudit.model.document import Document
from tlsaudit.report import Style
from tlsaudit.report.matters import Matter, headline, matters, sentence
from tlsaudit.report.sanitize import presentable, shorten
from tlsaudit.report.verdict import verdict
from tlsaudit.report.view import plural

Level = Literal["error", "warning", "notice"]

_SHOWN: Final = 10
_LONGEST: Final = 1000
_LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "notice")


def render(document: Document, _style: Style) -> str:
    """One command a line: errors are what ends the run with another code than 0.

    What is waived is not told, nor what is of the severity info and ends nothing: there is room for ten.
    """
    shown = presentable(document)
    told = [each for each in matters(shown) if each.blocks or (each.kind != "waived" and each.severity != "info")]
    lines = {level: [_command(each, level) for each in told if _level(each) == level] for level in _LEVELS}
    of_run: Level = "notice" if shown.summary.exit_code == 0 else "error"
    lines[of_run].insert(0, _line(of_run, {"title": "tlsaudit"}, _whole(shown)))
    return "".join(f"{line}\n" for level in _LEVELS for line in _counted(level, lines[level]))


def _whole(document: Document) -> str:
    summary = document.summary
    statuses = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in summary.by_status.items())
    subjects = plural(summary.subjects, "subject") + (f" ({statuses})" if statuses else "")
    return f"{subjects}, exit code {summary.exit_code}. {verdict(document)}"


def _level(matter: Matter) -> Level:
    if matter.blocks:
        return "error"
    return "warning" if matter.severity in {"critical", "high", "medium"} else "notice"


def _command(matter: Matter, level: Level) -> str:
    properties = {"file": matter.file, "line": str(matter.line)} if matter.in_a_file else {}
    properties["title"] = shorten(f"{matter.rule} {headline(matter)}", _LONGEST)
    return _line(level, properties, f"{matter.severity}: {shorten(sentence(matter), _LONGEST)}")


def _counted(level: Level, lines: Sequence[str]) -> list[str]:
    """The lines, with one that counts the rest as the last that is shown."""
    if len(lines) <= _SHOWN:
        return list(lines)
    rest = len(lines) - _SHOWN + 1
    note = _line(level, {"title": "tlsaudit"}, f"{rest:,} more of this kind: see the log of this step, or the report.")
    return [*lines[: _SHOWN - 1], note, *lines[_SHOWN - 1 :]]


def _line(level: Level, properties: dict[str, str], message: str) -> str:
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {told}::{_data(message)}"


def _data(text: str) -> str:
    """What follows the second `::`: a line break would end the command and begin another."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
