"""The table of a report with several subjects."""

from __future__ import annotations

import re

from tlsaudit.model.document import Document, Subject
from tlsaudit.report import FORMATS, Style


def rows(document: Document) -> list[str]:
    """The lines of the table, a subject each."""
    text = FORMATS["text"].render(document, Style(width=140))
    table = re.search(r"^Subjects\n─+\n(.*?)\n\n", text, re.DOTALL | re.MULTILINE)
    return [line.strip() for line in table[1].splitlines()] if table else []


def test_every_subject_has_a_line_and_the_worst_comes_first(document: Document) -> None:
    found = rows(document)
    assert len(found) == len(document.subjects)
    for subject in document.subjects:
        assert sum(subject.name in line for line in found) == 1
    assert re.match(r"^-\s+\S+\s+unreachable \(\w+\)", found[0])
    assert re.match(r"^T\??\s+shop\.example\.com:443\s+2 critical, 6 high", found[1])


def test_one_subject_needs_no_table(document: Document, sound: Subject) -> None:
    assert rows(document.model_copy(update={"subjects": [sound]})) == []
