"""Comma-separated values for spreadsheets: a row for each subject, then one for each thing to tell of it.

A spreadsheet takes a cell that begins with one of a few characters for a formula, quoted or not, and a server chooses
its own subject names: such a cell gets an apostrophe before it. So does what would begin a cell where the semicolon
separates them, as in much of Europe.
Sources: RFC 4180; OWASP, "CSV Injection".
"""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Final

from tlsaudit.model.document import Document, ResultPart, Subject
from tlsaudit.report import Style
from tlsaudit.report.sanitize import presentable, shorten

_COLUMNS: Final = (
    *("subject", "kind", "status", "grade", "score", "rule", "outcome", "severity", "title", "observed", "expected"),
    *("remedy", "sources", "confidence", "implied_by", "file", "line", "waived_by", "waived_until", "fingerprint"),
    *("mode", "not_tested"),
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SPLIT: Final = re.compile(r"""(;[\s"']*)(?=[-=+@＝＋－＠])""")
_LONGEST: Final = 2000
_TOLD: Final = frozenset({"fail", "waived", "inconclusive"})


def render(document: Document, _style: Style) -> str:
    """A header row and the rows; the row of a subject has its status as outcome and its trouble as what was seen.

    `not_tested` is how many rules no answer was sought for at the subject: none of these has a row.
    """
    output = StringIO()
    writer = csv.DictWriter(output, _COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    mode = {"mode": document.mode}
    for subject in presentable(document).subjects:
        rows = [_subject_row(subject)]
        rows += [_result_row(subject, result) for result in subject.results if result.outcome in _TOLD]
        writer.writerows({column: _defused(value) for column, value in (row | mode).items()} for row in rows)
    return output.getvalue()


def _subject_row(subject: Subject) -> dict[str, str]:
    row = {
        "subject": subject.id,
        "kind": subject.kind,
        "status": subject.status,
        "outcome": subject.status,
        "observed": f"{subject.error.code}: {subject.error.message}" if subject.error else "",
        "grade": subject.score.grade if subject.score else "",
        "score": str(subject.score.value) if subject.score else "",
        "not_tested": str(sum(result.outcome == "not_tested" for result in subject.results)),
    }
    if subject.location is not None:
        row |= {"file": subject.location.file, "line": str(subject.location.line)}
    return row


def _result_row(subject: Subject, result: ResultPart) -> dict[str, str]:
    place = result.location or subject.location
    waiver = result.suppression
    return {
        "subject": subject.id,
        "kind": subject.kind,
        "status": subject.status,
        "rule": result.rule,
        "outcome": result.outcome,
        "severity": result.severity,
        "title": result.title,
        "observed": result.observed,
        "expected": result.expected,
        "remedy": result.remedy,
        "sources": "; ".join(each.ref + ("" if each.verified else " (unverified)") for each in result.sources),
        "confidence": result.confidence,
        "implied_by": result.implied_by or "",
        "file": place.file if place else "",
        "line": str(place.line) if place else "",
        "waived_by": f"{waiver.by}: {waiver.reason}" if waiver else "",
        "waived_until": (waiver.expires or "") if waiver else "",
        "fingerprint": result.fingerprint or "",
    }


def _defused(cell: str) -> str:
    """The cell as text to a spreadsheet; some of them skip spaces before they look for a formula."""
    short = _SPLIT.sub(r"\1'", shorten(cell, _LONGEST))
    return f"'{short}" if short.lstrip().startswith(_FORMULA) or short.startswith(_FORMULA) else short
