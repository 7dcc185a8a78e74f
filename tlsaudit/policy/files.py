"""Reads the files that people hand to a run, whole and bounded, with one line about what is wrong."""

from __future__ import annotations

from pathlib import Path

from tlsaudit.model.errors import InputError

_MEGABYTE = 1024 * 1024


def read_text(path: Path, what: str, *, megabytes: int) -> str:
    """The text of a file; `what` names its kind. Raises InputError where it cannot be read, is too large or no text."""
    try:
        with path.open("rb") as file:
            content = file.read(megabytes * _MEGABYTE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot read {what} {str(path)!r}: {reason}") from None
    if len(content) > megabytes * _MEGABYTE:
        raise InputError(f"{what} {str(path)!r} is larger than {megabytes} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{what} {str(path)!r} is not UTF-8 text") from None
