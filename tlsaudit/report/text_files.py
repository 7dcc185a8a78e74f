"""A report on many files as text: each failure once with its places, and only the subjects that are not clean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from tlsaudit.model.document import Document
from tlsaudit.report.sanitize import shorten
from tlsaudit.report.text_facts import TONES
from tlsaudit.report.text_layout import grid, heading, indented, label, named
from tlsaudit.report.text_subjects import subjects_table
from tlsaudit.report.together import Alike, alike, all_undecided, is_clean
from tlsaudit.report.view import plural, with_outcome

_PLACES: Final = 4
_SEEN: Final = 4
_REASONS: Final = 20
_SUBJECTS: Final = 30
_LONGEST: Final = 600
_SEVERITY: Final = 8


def files_in_brief(console: Console, document: Document) -> None:
    """Findings, what was not established, and the subjects that there is something to say of."""
    found = alike(document)
    heading(console, "Findings" if found else "No findings")
    for each in found:
        console.print(indented(grid(_SEVERITY, _rows(each))))
        for implied in each.implied.values():
            line = f"└ {implied.severity}  {label(implied)}"
            console.print(indented(Text(line, "dim"), by=_SEVERITY + 4))
        console.print()
    if not found:
        console.print()
    _undecided(console, document)
    unclean = [each for each in document.subjects if not is_clean(each)]
    if unclean:
        heading(console, "Subjects")
        console.print(indented(subjects_table(document.model_copy(update={"subjects": unclean}), most=_SUBJECTS)))
        rest = (
            f"and {plural(len(unclean) - _SUBJECTS, 'more subject')}" if len(unclean) > _SUBJECTS else "",
            f"{plural(clean, 'subject')} without a finding" if (clean := len(document.subjects) - len(unclean)) else "",
        )
        if words := ", ".join(filter(None, rest)):
            console.print(indented(Text(words, "dim")))
        console.print()


def _rows(group: Alike) -> Iterator[tuple[Text, Text]]:
    """Severity and title, what was seen where, what to do."""
    result = group.result
    yield Text(result.severity.upper(), TONES[result.severity]), Text(label(result), "bold")
    for number, (observed, places) in enumerate(group.seen.items()):
        if number == _SEEN:
            rest = {place for each in list(group.seen.values())[_SEEN:] for place in each}
            yield Text(), Text(f"and at {plural(len(rest), 'more place')}, of {group.places} in all", "dim")
            break
        for text in (f"{_some(places)}: {observed}",) if len(places) == 1 else (_some(places), observed):
            yield Text(), Text(shorten(text, _LONGEST))
    lines = (
        (result.why, "dim"),
        (f"Expected: {result.expected}" if result.expected else "", ""),
        (f"Fix: {result.remedy}" if result.remedy else "", "green"),
    )
    for text, tone in lines:
        if text:
            yield Text(), Text(shorten(text, _LONGEST), tone)


def _some(places: Iterable[str]) -> str:
    first = list(places)
    more = f" and {len(first) - _PLACES} more" if len(first) > _PLACES else ""
    return ", ".join(first[:_PLACES]) + more


def _undecided(console: Console, document: Document) -> None:
    groups = all_undecided(document)
    waived = sum(len(with_outcome(each, "waived")) for each in document.subjects)
    if waived:
        console.print(indented(Text(f"{plural(waived, 'failure')} waived", "dim")))
        console.print()
    if not groups:
        return
    heading(console, "Not established")
    for each in groups[:_REASONS]:
        times = f" ({plural(each.subjects, 'subject')})" if each.subjects > 1 else ""
        text = f"{named(each)}: {each.reason}{times}"
        console.print(indented(Text.assemble((each.severity, TONES[each.severity]), f"  {shorten(text, _LONGEST)}")))
    if len(groups) > _REASONS:
        console.print(
            indented(Text(f"and {plural(len(groups) - _REASONS, 'more reason')}: see the JSON report", "dim"))
        )
    console.print()
