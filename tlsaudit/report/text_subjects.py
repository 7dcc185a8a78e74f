"""The table of a report with several subjects: a line each, the worst first."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from tlsaudit.model.document import Document, Subject
from tlsaudit.report.sanitize import shorten
from tlsaudit.report.text_facts import TONES
from tlsaudit.report.view import SEVERITIES, STATUS, failing_counts, first_expiry, grade_tone

_LONGEST_NAME = 60
_LONGEST_ERROR = 300


def subjects_table(document: Document, *, most: int | None = None) -> Table:
    """Grade, name, findings and the next certificate to expire, of the subjects of `document`, `most` of the worst."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold", ratio=1)
    for subject in sorted(document.subjects, key=_how_sound)[:most]:
        grade = subject.score.grade if subject.score is not None else "-"
        tone = TONES[grade_tone(grade)] if subject.score is not None else "dim"
        name = subject.name if subject.error is None or subject.location is None else ""  # the message has the file
        table.add_row(Text(grade, tone), Text(shorten(name, _LONGEST_NAME)), _what(subject, document))
    return table


def _what(subject: Subject, document: Document) -> Text:
    parts = [f"{count} {severity}" for severity, count in failing_counts(subject).items()]
    if subject.error is not None:
        why = subject.error.code if subject.location is None else shorten(subject.error.message, _LONGEST_ERROR)
        parts.insert(0, f"{STATUS[subject.status]} ({why})")
    parts = parts or ["no findings"]
    expiry = first_expiry(subject, document.as_of)
    place = f"{subject.location.file}:{subject.location.line}" if subject.location and not subject.error else ""
    return Text(" · ".join(filter(None, [", ".join(parts), expiry.words if expiry is not None else "", place])))


def _how_sound(subject: Subject) -> tuple[int, ...]:
    """What could not be audited first, then by the number of failures, the worst severity first."""
    counts = failing_counts(subject)
    return (subject.facts is not None, *(-counts.get(severity, 0) for severity in SEVERITIES))
