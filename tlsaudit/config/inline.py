"""Comments in a configuration that let a failure through: who wrote them says why, and until when.

    # tlsaudit:ignore=TLS-CONF-001,TLS-CONF-002 until=2027-03-31 reason="the network between them is ours"

It counts for its own line and for the next one. Without a reason or a day it counts for nothing, and that is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

_COMMENT = re.compile(r"""^(?:[^#"']|"[^"]*"|'[^']*')*#\s*tlsaudit:ignore=(?P<rest>[^\n]*)""")
"""In a comment, not within quotation marks: what a server is told to send excuses nothing."""
_FIELDS = re.compile(
    r"""(?P<rules>TLS-[A-Z]+-[0-9]{3}(?:,TLS-[A-Z]+-[0-9]{3})*)(?=\s|\Z)"""
    r"""(?:(?=.*\buntil=(?P<until>[0-9]{4}-[0-9]{2}-[0-9]{2})(?=\s|\Z)))?"""
    r"""(?:(?=.*\breason="(?P<reason>\s*[^"\s][^"]{2,300})"))?"""
)

_MOST_WRONG: Final = 5
"""Of one file that are named one by one."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """One such comment; it covers `line` and the one below."""

    file: str
    line: int
    rules: frozenset[str]
    until: date
    reason: str

    def covers(self, rule: str, file: str, line: int) -> bool:
        """Whether a failure of this rule at this place is meant."""
        return rule in self.rules and file == self.file and line in {self.line, self.line + 1}


def read_ignores(text: str, file: str) -> tuple[list[Ignore], list[str]]:
    """The comments of a file, and what is wrong with those that count for nothing, a sentence each."""
    found: list[Ignore] = []
    wrong: list[str] = []
    malformed = 0
    for number, line in enumerate(text.splitlines(), start=1):
        comment = _COMMENT.search(line[:2000])
        if comment is None:
            continue
        fields = _FIELDS.match(comment["rest"])
        until = _day(fields["until"]) if fields is not None else None
        if fields is None or until is None or fields["reason"] is None:
            malformed += 1
            if malformed <= _MOST_WRONG:
                wrong.append(
                    f'{file}:{number}: an inline ignore needs rules, until=YYYY-MM-DD and reason="..." '
                    "of 3 to 300 characters"
                )
            continue
        found.append(Ignore(file, number, frozenset(fields["rules"].split(",")), until, fields["reason"]))
    if malformed > _MOST_WRONG:
        wrong.append(f"{file}: {malformed - _MOST_WRONG} more inline ignores like that")
    return found, wrong


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        return None
