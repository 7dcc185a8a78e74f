"""One subject a line, each a JSON object with the key `schema`: for runs too large for one document.

A line is whole by itself and can be written as soon as its subject is done; `render` writes those of a document.
"""

from __future__ import annotations

from tlsaudit.model.document import SCHEMA, Document, Subject
from tlsaudit.report import Style
from tlsaudit.report.sanitize import ascii_text


def render(document: Document, _style: Style) -> str:
    """A line for each subject of the document."""
    return "".join(line(subject) for subject in document.subjects)


def line(subject: Subject) -> str:
    """One subject, nothing cut, ending in a line break."""
    return ascii_text({"schema": SCHEMA, **subject.model_dump(mode="json", by_alias=True)}) + "\n"
