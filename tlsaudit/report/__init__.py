"""Turns a report document into what people and machines read: one module a format.

    FORMATS["html"].render(document)

Every writer takes a `Document` and nothing else that says something of the audit, so a report can be rendered again
from its JSON. A new format is one module with a function `render(document, style) -> str` and one line in `FORMATS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from types import MappingProxyType
from typing import Final, Protocol, cast

from tlsaudit.model.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a text for a terminal is drawn; other formats do not look at it.

    `width` is in columns. `brief` gives each subject only its header and one line a finding; None leaves that to the
    number of subjects.
    """

    width: int = 80
    colour: bool = False
    brief: bool | None = None


class Writer(Protocol):
    """What a format module offers: `render`."""

    def render(self, document: Document, style: Style, /) -> str:
        """The document in this format, as text that ends in a line break."""


@dataclass(frozen=True, slots=True)
class Format:
    """One report format: its name for `--format`, the file suffixes that mean it, and the module that writes it."""

    name: str
    suffixes: tuple[str, ...]
    module: str

    def render(self, document: Document, style: Style | None = None) -> str:
        """The document in this format; the writer and what it needs are imported only now."""
        writer = cast("Writer", import_module(self.module))
        return writer.render(document, style or Style())


FORMATS: Final = MappingProxyType(
    {
        each.name: each
        for each in (
            Format("text", (".txt",), "tlsaudit.report.text"),
            Format("json", (".json",), "tlsaudit.report.json"),
            Format("jsonl", (".jsonl", ".ndjson"), "tlsaudit.report.jsonl"),
            Format("html", (".html", ".htm"), "tlsaudit.report.html"),
            Format("markdown", (".md",), "tlsaudit.report.markdown"),
            Format("csv", (".csv",), "tlsaudit.report.csv"),
            Format("sarif", (".sarif",), "tlsaudit.report.sarif"),
            Format("junit", (".xml",), "tlsaudit.report.junit"),
            Format("github", (), "tlsaudit.report.github"),
            Format("gitlab", (), "tlsaudit.report.gitlab"),
            Format("defectdojo", (), "tlsaudit.report.defectdojo"),
            Format("cyclonedx", (), "tlsaudit.report.cyclonedx"),
            Format("prometheus", (".prom",), "tlsaudit.report.prometheus"),
        )
    }
)


def format_for(path: str) -> Format | None:
    """The format that the suffix of a file name means, or None where it means none."""
    suffix = PurePath(path).suffix.lower()
    return next((each for each in FORMATS.values() if suffix in each.suffixes), None)
