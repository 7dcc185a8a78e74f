"""What the exit code of a run means, in words, and what the run did not ask: no pass hides behind a mode."""

from __future__ import annotations

from typing import Final

from tlsaudit.model.document import Document, ResultPart
from tlsaudit.report.matters import reaches
from tlsaudit.report.sanitize import shorten
from tlsaudit.report.view import SEVERITIES, areas, plural

_ENDED: Final = {
    1: "There are failures at or above the threshold.",
    2: "The input of the run was wrong.",
    3: "Nothing reaches the threshold, but something could not be judged.",
    130: "The run was interrupted before every subject was done.",
}
_LONGEST: Final = 400
_UNASKED_TOLD: Final = frozenset({0, 1, 3})


def verdict(document: Document) -> str:
    """The exit code in a sentence or two, with what was not asked."""
    summary = document.summary
    words = _ENDED.get(summary.exit_code, "The run failed.")
    if summary.exit_code == 0:
        asked = f"What {document.mode} mode asks was judged"
        words = f"{asked}, and nothing reaches the threshold."
        if summary.fail_on == "none":
            words = f"{asked}; no threshold was set, so no failure counts."
    unasked = not_asked(document) if summary.exit_code in _UNASKED_TOLD else ""
    return f"{words} {unasked}".rstrip()


def not_asked(document: Document) -> str:
    """How many rules no answer was sought for, and which of them would count; "" where there are none."""
    found = untested(document)
    if not found:
        return ""
    fail_on = document.summary.fail_on
    grave = [each for each in found if fail_on is not None and reaches(each.severity, fail_on)]
    named = f", {len(grave)} of them at or above the threshold ({shorten(areas(grave), _LONGEST)})" if grave else ""
    return f"{plural(len(found), 'rule')} {'was' if len(found) == 1 else 'were'} not asked{named}."


def untested(document: Document) -> tuple[ResultPart, ...]:
    """The rules that were not tested at some subject, each where it would have been worst."""
    found: dict[str, ResultPart] = {}
    for result in (each for subject in document.subjects for each in subject.results if each.outcome == "not_tested"):
        known = found.setdefault(result.rule, result)
        if SEVERITIES.index(result.severity) < SEVERITIES.index(known.severity):
            found[result.rule] = result
    return tuple(found.values())
