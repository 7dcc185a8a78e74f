"""Regular expressions of configuration files (PCRE), matched in bounded time: files of strangers may hold any.

Not with `re`: it reads some of PCRE in another way, and takes exponential time for expressions such as `(a+)+$`. Here
the positions that an expression can end at are followed all at once. What is not read exactly as PCRE does (back
references, look-behind, possessive quantifiers, classes by name) or is too long or too deep cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

_Ends: TypeAlias = "Callable[[str, frozenset[int]], frozenset[int]]"
"""Of a text and the positions in it where a part may begin, those where it may end."""

_LONGEST_EXPRESSION: Final = 200
_LONGEST_TEXT: Final = 253
"""A DNS name is no longer (RFC 1035 section 3.1)."""
_MOST_REPEATS: Final = 64
_DEEPEST_GROUP: Final = 16
_DEEPEST_REPEAT: Final = 2
_CHARACTERS: Final = [chr(each) for each in range(0x20, 0x7F)]
_CLASS: Final = re.compile(r"\[\^?\]?(?:[^\]\[\\]|\\[dwsDWS]|\\[^A-Za-z0-9])*\]")
_SET_OPERATION: Final = re.compile(r"--|&&|\|\||~~")
"""What a later `re` may take for more than characters; PCRE does not."""
_ESCAPE: Final = re.compile(r"\\(?:[dwsDWS]|[^A-Za-z0-9])")
_GROUP: Final = re.compile(r"\((?:\?:|\?P?<[A-Za-z_][A-Za-z0-9_]*>|(?!\?|\*))")
_LOOK: Final = re.compile(r"\(\?[=!]")
_REPEAT: Final = re.compile(r"([*+?]|\{\d{1,3}(?:,\d{0,3})?\})(\??)(?![*+?{])")


class _CannotTellError(ValueError):
    """The expression is not one of those that are read."""


def finds(expression: str, text: str, *, cased: bool = False) -> bool | None:
    """Whether an expression is found in a text; None: that cannot be told.

    `cased`: the case of letters counts, unless the expression begins with `(?i)`.
    """
    cased = cased and not expression.startswith("(?i)")
    expression = expression.removeprefix("(?i)")
    if len(expression) > _LONGEST_EXPRESSION or len(text) > _LONGEST_TEXT:
        return None
    if not {*expression, *text} <= set(_CHARACTERS):
        return None
    try:
        ends = _Reader(expression, cased=cased).whole()
    except (_CannotTellError, re.error):
        return None
    return bool(ends(text, frozenset(range(len(text) + 1))))


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, expression: str, *, cased: bool) -> None:
        self._rest = expression
        self._case = re.NOFLAG if cased else re.IGNORECASE
        self._depth = 0

    def whole(self) -> _Ends:
        """The expression to its end."""
        ends, _ = self._either()
        if self._rest:
            raise _CannotTellError
        return ends

    def _either(self) -> tuple[_Ends, int]:
        """Alternatives, and how deep their repeats are nested."""
        ends, depth = self._sequence()
        while self._took("|"):
            other, deep = self._sequence()
            ends, depth = _either(ends, other), max(depth, deep)
        return ends, depth

    def _sequence(self) -> tuple[_Ends, int]:
        ends: _Ends = _nothing
        depth = 0
        while self._rest and self._rest[0] not in "|)":
            part, deep = self._repeated()
            ends, depth = _then(ends, part), max(depth, deep)
        return ends, depth

    def _repeated(self) -> tuple[_Ends, int]:
        part, depth = self._one()
        if not self._rest or self._rest[0] not in "*+?{":
            return part, depth
        found = self._take(_REPEAT)
        least, most = _counts(found.removesuffix("?") if len(found) > 1 else found)
        depth += most != 1
        if depth > _DEEPEST_REPEAT or max(least, most or 0) > _MOST_REPEATS:
            raise _CannotTellError
        return _repeat(part, least, most), depth

    def _one(self) -> tuple[_Ends, int]:
        first = self._rest[0]
        if first == "(":
            return self._group()
        if first in "[\\":
            return _one_of(self._characters(_CLASS if first == "[" else _ESCAPE)), 0
        if first in "*+?{":
            raise _CannotTellError
        self._rest = self._rest[1:]
        if first in "^$":
            return _at_begin if first == "^" else _at_end, 0
        letters = {first.lower(), first.upper()} if self._case else {first}
        return _one_of(frozenset(_CHARACTERS if first == "." else letters)), 0

    def _characters(self, pattern: re.Pattern[str]) -> frozenset[str]:
        """Those of a class or an escape."""
        piece = self._take(pattern)
        if _SET_OPERATION.search(piece):
            raise _CannotTellError
        compiled = re.compile(piece, self._case | re.ASCII)
        return frozenset(each for each in _CHARACTERS if compiled.fullmatch(each))

    def _group(self) -> tuple[_Ends, int]:
        look = _LOOK.match(self._rest)
        self._take(_GROUP if look is None else _LOOK)
        self._depth += 1
        if self._depth > _DEEPEST_GROUP:
            raise _CannotTellError
        ends, depth = self._either()
        if not self._took(")"):
            raise _CannotTellError
        self._depth -= 1
        if look is None:
            return ends, depth
        # Asked at one position after the other, so that it counts like a repeat.
        if depth + 1 > _DEEPEST_REPEAT:
            raise _CannotTellError
        return _look(ends, wanted=look[0] == "(?="), depth + 1

    def _took(self, letter: str) -> bool:
        found = self._rest.startswith(letter)
        self._rest = self._rest.removeprefix(letter) if found else self._rest
        return found

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._rest)
        if found is None:
            raise _CannotTellError
        self._rest = self._rest[found.end() :]
        return found[0]


def _counts(quantifier: str) -> tuple[int, int | None]:
    """How often at least and at most; None: without end."""
    if quantifier in {"*", "+"}:
        return int(quantifier == "+"), None
    if quantifier == "?":
        return 0, 1
    least, comma, most = quantifier.strip("{}").partition(",")
    return int(least), int(most) if most else None if comma else int(least)


def _nothing(_text: str, starts: frozenset[int]) -> frozenset[int]:
    return starts


def _at_begin(_text: str, starts: frozenset[int]) -> frozenset[int]:
    return starts & {0}


def _at_end(text: str, starts: frozenset[int]) -> frozenset[int]:
    return starts & {len(text)}


def _one_of(wanted: frozenset[str]) -> _Ends:
    def ends(text: str, starts: frozenset[int]) -> frozenset[int]:
        return frozenset(each + 1 for each in starts if each < len(text) and text[each] in wanted)

    return ends


def _then(first: _Ends, second: _Ends) -> _Ends:
    return lambda text, starts: second(text, found) if (found := first(text, starts)) else found


def _either(first: _Ends, second: _Ends) -> _Ends:
    return lambda text, starts: first(text, starts) | second(text, starts)


def _look(ahead: _Ends, *, wanted: bool) -> _Ends:
    return lambda text, starts: frozenset(each for each in starts if bool(ahead(text, frozenset({each}))) is wanted)


def _repeat(part: _Ends, least: int, most: int | None) -> _Ends:
    def ends(text: str, starts: frozenset[int]) -> frozenset[int]:
        for _ in range(least):
            before, starts = starts, part(text, starts)
            if starts == before:
                break
        found = new = starts
        times = least
        while new and (most is None or times < most):
            new = part(text, new) - found
            found |= new
            times += 1
        return found

    return ends
