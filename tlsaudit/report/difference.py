"""What differs between two reports, as text for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Final

from rich.text import Text

from tlsaudit.model.difference import Difference, Drift, FactChange, ResultChange, Side, SubjectDifference
from tlsaudit.model.document import rfc3339
from tlsaudit.report import Style
from tlsaudit.report.sanitize import ascii_text, shorten, visible_texts
from tlsaudit.report.text_facts import TONES
from tlsaudit.report.text_layout import console_for, grid, indented
from tlsaudit.report.view import grade_tone, plural

_LONGEST_VALUE: Final = 600
_MOST_ITEMS: Final = 12
_LABEL: Final = 9
_CHANGES: Final = {"new": "critical", "fixed": "good", "changed": "medium", "unknown": "low"}
_KINDS: Final = {
    "on_wire_not_in_file": "on the wire, not in the file",
    "in_file_not_on_wire": "in the file, not on the wire",
    "differs": "differs",
}
_STATES: Final = {
    "compared": "",
    "partly": "not compared as a whole",
    "unknown": "could not be compared",
    "only_old": "not compared",
    "only_new": "new",
}
_EXIT: Final = {
    0: "Nothing new reaches the threshold.",
    1: "New failures reach the threshold.",
    3: "Nothing new reaches the threshold, but something could not be compared.",
}
_EXIT_DRIFT: Final = "The endpoint is not what the file says, at or above the threshold."


def render_json(difference: Difference) -> str:
    """The differences as one line of JSON."""
    return ascii_text(difference.model_dump(mode="json", by_alias=True)) + "\n"


def render_text(difference: Difference, style: Style) -> str:
    """The differences for a person: results with the facts behind them, then all facts that changed."""
    shown = Difference.model_validate(visible_texts(difference.model_dump(by_alias=True)))
    output = StringIO()
    console = console_for(output, style)
    sides = [(Text("OLD", "bold"), _side(shown.old)), (Text("NEW", "bold"), _side(shown.new))]
    console.print(grid(_LABEL, [*sides, *((Text("note", "dim"), Text(note)) for note in shown.notes)]))
    for subject in shown.subjects:
        console.print()
        console.print(_title(subject))
        console.print(Text("─" * console.width, "dim"))
        if _STATES[subject.state] or subject.detail:
            words = ": ".join(part for part in (_STATES[subject.state], subject.detail) if part)
            console.print(indented(Text(shorten(words, _LONGEST_VALUE), TONES["medium"])))
        console.print(indented(grid(_LABEL, _rows(subject))))
    console.print()
    console.print(Text("Summary", "bold"))
    console.print(Text("─" * console.width, "dim"))
    console.print(indented(grid(_LABEL, _summary(shown))))
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())


def _side(side: Side) -> Text:
    return Text(f"{side.source}  ({rfc3339(side.as_of)}, {side.mode} mode, policy {side.policy.id})")


def _title(subject: SubjectDifference) -> Text:
    title = Text(subject.name, "bold")
    if subject.old_id is not None:
        title.append(f"  (in OLD: {subject.old_id})", "dim")
    if subject.grade is not None:
        grade = subject.grade
        for letter, value, arrow in ((grade.old, grade.old_value, "  "), (grade.new, grade.new_value, " -> ")):
            title.append(arrow, "dim")
            title.append(f"{letter} {value}/100" if letter else "no grade", TONES[grade_tone(letter)] if letter else "")
    return title


def _rows(subject: SubjectDifference) -> Iterator[tuple[Text, Text]]:
    for change in ("new", "unknown", "changed", "fixed"):
        for result in subject.results:
            if result.change == change:
                yield from _result(result)
    for each in subject.drift:
        yield from _drifted(each)
    for number, fact in enumerate(() if subject.drift else subject.facts):
        yield Text("" if number else "facts", "dim"), Text(shorten(_fact(fact), _LONGEST_VALUE))
    for number, words in enumerate(_grouped(subject.unknown)):
        yield Text("" if number else "open", "dim"), Text(shorten(words, _LONGEST_VALUE), "dim")


def _drifted(drift: Drift) -> Iterator[tuple[Text, Text]]:
    label = Text("DRIFT", TONES["critical" if drift.severity in {"critical", "high"} else "low"])
    place = f"  ({drift.location.file}:{drift.location.line})" if drift.location is not None else ""
    yield label, Text.assemble((drift.severity, TONES[drift.severity]), f"  {_KINDS[drift.kind]}: {drift.path}{place}")
    if drift.file is not None:
        yield Text(), Text(shorten(f"file: {drift.file}", _LONGEST_VALUE))
        yield Text(), Text(shorten(f"wire: {drift.wire}", _LONGEST_VALUE))
    for items in (drift.added, drift.removed):
        if items:
            yield Text(), Text(shorten(", ".join(_first(items)), _LONGEST_VALUE))


def _result(result: ResultChange) -> Iterator[tuple[Text, Text]]:
    label = Text(result.change.upper(), TONES[_CHANGES[result.change]])
    headline = Text.assemble((result.severity, TONES[result.severity]), f"  {result.rule}  {result.title}")
    old, new = result.old, result.new
    if old is not None and new is not None and result.change != "unknown" and old.outcome == new.outcome == "fail":
        worse = old.severity != new.severity
        headline.append(f" (was {old.severity})" if worse else " (otherwise than before)", "dim")
    yield label, headline
    if new is not None and new.observed and new.outcome in {"fail", "waived"}:
        yield Text(), Text(shorten(new.observed, _LONGEST_VALUE))
    for reason in result.reasons:
        yield Text(), Text(f"because {reason}" if result.change != "unknown" else reason, "dim")


def _fact(fact: FactChange) -> str:
    kept = {"added": _first(fact.added), "removed": _first(fact.removed)}
    return str(fact.model_copy(update=kept))


def _first(items: list[str]) -> list[str]:
    more = [f"and {len(items) - _MOST_ITEMS} more"] if len(items) > _MOST_ITEMS else []
    return [*items[:_MOST_ITEMS], *more]


def _grouped(unknown: dict[str, str]) -> Iterable[str]:
    """What was not established, those with one reason together."""
    by_reason: dict[str, list[str]] = {}
    for path, reason in unknown.items():
        by_reason.setdefault(reason, []).append(path)
    return (f"{', '.join(_first(paths))}: {reason}" for reason, paths in by_reason.items())


def _summary(difference: Difference) -> Iterator[tuple[Text, Text]]:
    summary = difference.summary
    new = ", ".join(f"{count} {severity}" for severity, count in reversed(summary.new_by_severity.items()))
    if drifts := [each for subject in difference.subjects for each in subject.drift]:
        yield Text("drift", "dim"), Text(f"{plural(len(drifts), 'difference')}: {new}")
    else:
        counts = f"{summary.new} new, {summary.fixed} fixed, {summary.changed} changed, {summary.unknown} unknown"
        yield Text("results", "dim"), Text(f"{counts}; new: {new}" if new else counts)
    yield (
        Text("subjects", "dim"),
        Text(f"{plural(summary.subjects, 'subject')}, {summary.unchanged} without a difference"),
    )
    meaning = _EXIT_DRIFT if drifts and summary.exit_code == 1 else _EXIT[summary.exit_code]
    words = f"{summary.exit_code}. {meaning} (--fail-on {summary.fail_on})"
    yield Text("exit code", "dim"), Text(words, TONES["good"] if summary.exit_code == 0 else TONES["bad"])
