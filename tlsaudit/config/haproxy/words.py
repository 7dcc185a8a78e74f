"""One line of HAProxy into words: quotes, escapes and environment variables.

Follows parse_line in HAProxy's src/tools.c: within single quotes nothing is special, variables are replaced within
double quotes only, and a backslash takes the meaning from the next character. What a variable holds is known where the
text sets it; else `${NAME}` stays in the word, and whoever looks at it calls it unresolved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_PIECE = re.compile(
    r"""(?P<space>\s+)|(?P<comment>\#.*)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)\""""
    r"""|\\(?P<escape>x[0-9A-Fa-f]{2}|.)|(?P<plain>[^\s#'"\\]+)""",
    re.DOTALL,
)
_QUOTED = re.compile(
    r"\\(?P<escape>x[0-9A-Fa-f]{2}|.)"
    r"|\$(?:\{(?P<braced>[A-Za-z_.][A-Za-z0-9_]*)(?:-[^}]*)?(?:\[\*\])?\}|(?P<bare>[A-Za-z_]\w*))",
    re.DOTALL,
)


class QuoteError(ValueError):
    """A quote that is not closed, or a backslash with nothing behind it."""


def is_unresolved(word: str) -> bool:
    """Whether something in the word hangs on the environment."""
    return "${" in word


def split(line: str, environment: Mapping[str, str]) -> list[str]:
    """The words of a line, up to a comment. Raises QuoteError."""
    words: list[list[str]] = [[]]
    place = 0
    while place < len(line):
        piece = _PIECE.match(line, place)
        if piece is None:
            raise QuoteError(f"a {line[place]} that is not closed")
        place = piece.end()
        if piece.lastgroup == "comment":
            break
        if piece.lastgroup == "space":
            words.append([])
        else:
            words[-1].append(_meaning(piece, environment))
    return ["".join(parts) for parts in words if parts]


def _meaning(piece: re.Match[str], environment: Mapping[str, str]) -> str:
    text = piece[str(piece.lastgroup)]
    if piece.lastgroup == "escape":
        return _unescaped(text)
    if piece.lastgroup == "double":
        return _QUOTED.sub(lambda found: _in_quotes(found, environment), text)
    return text


def _in_quotes(found: re.Match[str], environment: Mapping[str, str]) -> str:
    if found["escape"]:
        return _unescaped(found["escape"])
    name = found["braced"] or found["bare"]
    return environment.get(name, f"${{{name}}}")


def _unescaped(text: str) -> str:
    return chr(int(text[1:], 16)) if len(text) == 3 else _ESCAPES.get(text, text)
