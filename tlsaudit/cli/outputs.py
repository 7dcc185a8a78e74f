"""Where reports go: pairs of format and file, as `--format` and `-o` give them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.model.document import Document

STANDARD_OUTPUT = "-"


def pair(formats: Sequence[str], outputs: Sequence[str]) -> list[tuple[str, str]]:
    """(format, file) in order; `-` is standard output.

    One format or none needs no file; several need as many files, `-` once. One file without a format takes it from
    the suffix. Raises InputError otherwise, and for an unknown format.
    """
    from tlsaudit.report import FORMATS, format_for

    for name in formats:
        if name not in FORMATS:
            raise InputError(f"unknown format {name!r}; known: {', '.join(FORMATS)}")
    if not formats and len(outputs) == 1 and outputs[0] != STANDARD_OUTPUT:
        meant = format_for(outputs[0])
        if meant is None:
            raise InputError(f"the suffix of {outputs[0]} names no format; say it with --format")
        return [(meant.name, outputs[0])]
    chosen = list(formats) or ["text"]
    files = list(outputs) or ([STANDARD_OUTPUT] if len(chosen) == 1 else [])
    if len(files) != len(chosen):
        raise InputError(f"{len(chosen)} formats need {len(chosen)} output files (-o), not {len(files)}")
    if files.count(STANDARD_OUTPUT) > 1:
        raise InputError("only one format can go to standard output (-o -)")
    return list(zip(chosen, files, strict=True))


def write(document: Document, pairs: Sequence[tuple[str, str]]) -> None:
    """Render `document` for each pair and write it; raises InputError where a file cannot be written."""
    from tlsaudit.report import FORMATS, Style

    for name, file in pairs:
        if file == STANDARD_OUTPUT:
            colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
            sys.stdout.write(FORMATS[name].render(document, Style(width=_width(), colour=colour)))
        else:
            write_file(Path(file), FORMATS[name].render(document))


def write_file(path: Path, text: str) -> None:
    """Write a report that only its owner can read, beside its place first, so that none is ever half written."""
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns
