"""Where reports go: pairs of format and file, as `--format` and `-o` give them; and what the user is told."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.model.document import Document
    from tlsaudit.report import Style

STANDARD_OUTPUT = "-"


def pair(formats: Sequence[str], outputs: Sequence[str]) -> list[tuple[str, str]]:
    """(format, file) in order; `-` is standard output.

    One format or none needs no file; several need as many files, `-` once. One file without a format takes it from
    the suffix. Raises InputError otherwise, for an unknown format, and for a file that could never be written: nobody
    wants to hear that after the audit.
    """
    from tlsaudit.report import FORMATS, format_for

    for name in formats:
        if name not in FORMATS:
            raise InputError(f"unknown format {name!r}; known: {', '.join(FORMATS)}")
    chosen = list(formats) or ["text"]
    if not formats and len(outputs) == 1 and outputs[0] != STANDARD_OUTPUT:
        meant = format_for(outputs[0])
        if meant is None:
            raise InputError(f"the suffix of {outputs[0]!r} names no format; say which with --format")
        chosen = [meant.name]
    files = list(outputs) or ([STANDARD_OUTPUT] if len(chosen) == 1 else [])
    if len(files) != len(chosen):
        raise InputError(
            f"{_count(len(chosen), 'format')} and {_count(len(files), 'output file')} (-o): give one a format"
        )
    places = [file if file == STANDARD_OUTPUT else os.path.realpath(file) for file in files]
    for file, place in zip(files, places, strict=True):
        if places.count(place) > 1 and place != os.devnull:
            raise InputError(f"only one format can go to {_name(file)}")
        if file == STANDARD_OUTPUT:
            _refuse_closed()
        else:
            refuse_unwritable(Path(file))
    return list(zip(chosen, files, strict=True))


def refuse_unwritable(path: Path) -> None:
    """Raise InputError for a file that could never be written."""
    try:
        if path.is_dir():
            raise _unwritable(path, "it is a directory")
        if not path.parent.is_dir():
            raise _unwritable(path, f"there is no directory {str(path.parent)!r}")
        place = path if path.exists() and not path.is_file() else path.parent
    except OSError as error:
        raise _unwritable(path, error.strerror) from None
    if not os.access(place, os.W_OK):
        raise _unwritable(path, f"no permission to write to {str(place)!r}")


def write(document: Document, pairs: Sequence[tuple[str, str]]) -> None:
    """Render `document` for each pair and write it; raises InputError where a file cannot be written."""
    from tlsaudit.report import FORMATS

    for name, file in pairs:
        if file == STANDARD_OUTPUT:
            put(FORMATS[name].render(document, style()))
        else:
            write_file(Path(file), FORMATS[name].render(document))


def style() -> Style:
    """How text for standard output is drawn."""
    from tlsaudit.report import Style

    return Style(width=_width(), colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)


def write_file(path: Path, text: str) -> None:
    """Write a report that only its owner can read, beside its place first, so that none is ever half written.

    What is no regular file, such as /dev/null or a pipe, is written to as it is. Raises InputError.
    """
    with written_beside(path) as put_into:
        put_into(text)


@contextmanager
def written_beside(path: Path) -> Iterator[Callable[[str], None]]:
    """Write a file part by part, as `write_file` does; where the block fails, nothing is left of it."""
    try:
        file, place = _beside(path)
    except OSError as error:
        raise _unwritable(path, error.strerror) from None
    try:
        with file:
            yield lambda text: _put_now(path, file, text)
        if place is not None:
            _renamed(path, Path(file.name), place)
    except BaseException:
        if place is not None:
            Path(file.name).unlink(missing_ok=True)
        raise


def _beside(path: Path) -> tuple[TextIO, Path | None]:
    """A file to write to, and the place that it is moved to in the end; None: it is there already."""
    if path.exists() and not path.is_file():
        return path.open("w", encoding="utf-8"), None
    place = Path(os.path.realpath(path))  # a link stays a link
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - the caller closes it
        "w", encoding="utf-8", dir=place.parent, prefix=".tlsaudit-", delete=False
    )
    return cast("TextIO", file), place


def _renamed(path: Path, beside: Path, place: Path) -> None:
    try:
        beside.replace(place)
    except OSError as error:
        raise _unwritable(path, error.strerror) from None


def _put_now(path: Path, file: TextIO, text: str) -> None:
    try:
        file.write(text)
        file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        with suppress(OSError):  # what could not be written is tried again on closing
            file.close()
        raise _unwritable(path, error.strerror) from None


def put(text: str) -> None:
    """Write to standard output, now; raises InputError where that fails, BrokenPipeError where the reader has gone."""
    _refuse_closed()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard()
        raise InputError(f"cannot write to standard output: {error.strerror}") from None


def discard() -> None:
    """Send what is still to be written to standard output nowhere, so that the program can end in peace."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(message: str) -> None:
    """Tell the user in one line on standard error; characters that a terminal would obey are written out."""
    line = " ".join(message.split())
    safe = "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in line)
    if sys.stderr is not None:
        with contextlib.suppress(OSError):  # the exit code says it too
            sys.stderr.write(f"tlsaudit: {safe}\n")
            sys.stderr.flush()


def _refuse_closed() -> None:
    if sys.stdout is None:
        raise InputError("cannot write to standard output: it is closed")


def _unwritable(path: Path, reason: str | None) -> InputError:
    return InputError(f"cannot write {str(path)!r}: {reason}")


def _name(file: str) -> str:
    return "standard output" if file == STANDARD_OUTPUT else repr(file)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns
