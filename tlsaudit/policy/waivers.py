"""Waivers: failures that somebody answers for, until a day.

    - rule: TLS-PROTO-003
      scope: "legacy-*.example.com:443"
      owner: network-team@example.com
      reason: the load balancer is replaced in January (CHG-4711)
      expires: 2027-01-31

Every key is mandatory. The scope is matched against whole subject ids (`host:port`), where `*` stands for any
characters and `?` for one; brackets mean themselves, since the ids of IPv6 addresses have them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import translate
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from tlsaudit.policy.files import read_text
from tlsaudit.policy.reader import Place, Written, read_yaml
from tlsaudit.rules import ALL_RULES

_MOST = 20_000
_KEY = "waivers"
_NULLS = frozenset({"~", "null"})
"""What says in YAML that there is no value; to the reader of strings it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One waiver; `at` is the place in its file. It holds to the end of the day `expires`, in UTC."""

    rule: str
    scope: str
    owner: str
    reason: str
    expires: date
    at: str
    pattern: re.Pattern[str]
    """The scope as it is matched."""

    def covers(self, subject_id: str) -> bool:
        """Whether its scope has this subject."""
        return self.pattern.match(subject_id) is not None

    def has_expired(self, as_of: datetime) -> bool:
        """Whether its last day is over at `as_of`."""
        return as_of.astimezone(UTC).date() > self.expires


def _known_rule(text: str) -> str:
    if text not in {rule.id for rule in ALL_RULES}:
        raise ValueError(f"there is no rule {text!r}")
    return text


def _day(text: object) -> date:
    written = str(text)
    try:
        day = date.fromisoformat(written)
    except ValueError:
        day = None
    if day is None or day.isoformat() != written:
        raise ValueError(f"{text!r} is no date; write 2027-01-31")
    return day


def _no_null(text: str) -> str:
    if text.lower() in _NULLS:
        raise ValueError("a value is needed")
    return text


_Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(_no_null)
]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Annotated[str, AfterValidator(_known_rule)]
    scope: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1200), AfterValidator(_no_null)
    ]
    owner: _Words
    reason: _Words
    expires: Annotated[date, BeforeValidator(_day)]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    waivers: Annotated[list[_Entry], Field(max_length=_MOST)]


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file, in its order. Raises InputError with file and line for whatever is wrong."""
    return parse_waivers(read_text(path, "waivers", megabytes=4), str(path))


def parse_waivers(text: str, file: str) -> tuple[Waiver, ...]:
    """The waivers in `text`: a list, alone or under the key `waivers`; `file` names it in messages."""
    written = read_yaml(text, file)
    if isinstance(written.data, list):
        lines: dict[Place, int] = {(_KEY, *place): line for place, line in written.lines.items()}
        written = Written(file, {_KEY: written.data}, lines)
    checked = written.checked(_File)
    return tuple(
        Waiver(
            **entry.model_dump(),
            at=f"{file}:{written.line((_KEY, index))}",
            pattern=re.compile(translate(entry.scope.replace("[", "[[]"))),
        )
        for index, entry in enumerate(checked.waivers)
    )
