"""What `--exclude` names: paths below the scanned folder, in the patterns of gitignore(5).

`*.j2` and `templates` are meant at any depth; a slash in front or in the middle ties a pattern to the folder. `*` and
`?` stop at a slash, `**` does not, a slash at the end asks for a folder, and with a folder goes all that is in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlsaudit.model.errors import InputError

_LONGEST = 300
_PARTS = re.compile(r"\*\*/|/\*\*\Z|\*+|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)


class Exclusion:
    """The patterns, and what they have left out."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """Raises InputError where a pattern says nothing, or says what to keep."""
        self._patterns = {each: _compiled(each) for each in patterns}
        self.left_out: dict[str, None] = {}
        """The files that were left out, as reports write them."""
        self._used: set[str] = set()

    def leaves_out(self, path: str, shown: str) -> bool:
        """Whether a file is not to be looked at: `path` below the scanned folder, with slashes."""
        found = next((text for text, pattern in self._patterns.items() if pattern.match(path)), None)
        if found is None:
            return False
        self._used.add(found)
        self.left_out[shown] = None
        return True

    def unused(self) -> list[str]:
        """The patterns that fit nothing."""
        return [each for each in self._patterns if each not in self._used]


def _compiled(pattern: str) -> re.Pattern[str]:
    if pattern.startswith("!") or not pattern.strip("/") or len(pattern) > _LONGEST:
        raise InputError(f"--exclude {pattern[:60]!r} is no pattern for paths to leave out")
    is_tied = "/" in pattern[:-1]
    body = "".join(_translated(each) for each in _PARTS.findall(pattern.removeprefix("/").removesuffix("/")))
    end = r"/" if pattern.endswith("/") else r"(?:/|\Z)"
    try:
        return re.compile(("" if is_tied else r"(?:.*/)?") + body + end, re.DOTALL)
    except re.error:
        raise InputError(f"--exclude {pattern[:60]!r} is no pattern") from None


def _translated(part: str) -> str:
    if part == "**/":
        return r"(?:.*/)?"
    if part == "/**":
        return r"/.*"
    if part.startswith("*"):
        return r"[^/]*"
    if part == "?":
        return r"[^/]"
    if len(part) > 1 and part.startswith("["):
        sign = "^" if part[1] == "!" else ""
        inner = "".join(each if each == "-" else re.escape(each) for each in part[1 + len(sign) : -1])
        return f"[{sign}{inner}]"
    return re.escape(part)
