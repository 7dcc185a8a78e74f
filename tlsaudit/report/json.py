"""The report document itself, as one line of JSON: the contract that machines read (see `schema`)."""

from __future__ import annotations

from tlsaudit.model.document import Document
from tlsaudit.report import Style
from tlsaudit.report.sanitize import ascii_json


def render(document: Document, _style: Style) -> str:
    """The whole document, nothing cut; one line that ends in a line break."""
    return ascii_json(document) + "\n"
