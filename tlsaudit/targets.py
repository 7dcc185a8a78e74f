"""Target lists: what a user gives on the command line, in a file or on standard input, as targets in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from tlsaudit.model.errors import InputError
from tlsaudit.model.target import Target, parse_target

_LONGEST_LIST = 64 * 1024 * 1024
_BYTE_ORDER_MARK = "\ufeff"
_COMMENT = re.compile(r"(?:^|\s)#")


def read_targets(arguments: Iterable[str], stdin: TextIO | None) -> tuple[Target, ...]:
    """The targets that `arguments` name: each a target, `@FILE`, or `-` for standard input. Doubles count once.

    A list has one target a line; empty lines and what follows a `#` at the start or after a space are skipped.
    `stdin` is None where the process has none. Raises InputError with the number of the bad line, or where there is
    no target at all.
    """
    found: dict[str, Target] = {}
    for target in _all(arguments, stdin):
        found.setdefault(target.id, target)
    if not found:
        raise InputError("no targets: the list is empty")
    return tuple(found.values())


def _all(arguments: Iterable[str], stdin: TextIO | None) -> Iterator[Target]:
    for argument in arguments:
        if argument == "-":
            yield from _lines("standard input", _read_stream(stdin))
        elif argument.startswith("@"):
            yield from _lines(argument[1:], _read(Path(argument[1:])))
        else:
            yield parse_target(argument)


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LONGEST_LIST + 1)
    except OSError as error:
        raise InputError(f"cannot read the target list {str(path)!r}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"the target list {str(path)!r} is not UTF-8 text") from None


def _read_stream(stdin: TextIO | None) -> str:
    if stdin is None:
        raise InputError("cannot read the target list from standard input: it is closed")
    try:
        return stdin.read(_LONGEST_LIST + 1)
    except OSError as error:
        raise InputError(f"cannot read the target list from standard input: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError("the target list on standard input is not UTF-8 text") from None


def _lines(name: str, text: str) -> Iterator[Target]:
    if len(text) > _LONGEST_LIST:
        raise InputError(f"{name}: the target list is longer than {_LONGEST_LIST} characters")
    for number, line in enumerate(text.removeprefix(_BYTE_ORDER_MARK).split("\n"), start=1):
        target = _COMMENT.split(line, maxsplit=1)[0].strip()
        if not target:
            continue
        try:
            yield parse_target(target)
        except InputError as error:
            raise InputError(f"{name} line {number}: {error}") from None
