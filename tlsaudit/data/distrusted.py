"""Roots that a browser still has, but whose certificates it accepts only up to some day: how distrust begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tlsaudit.data.table import records, table


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOfTrust:
    """`program` is Chrome or Mozilla. Chrome goes by a certificate's timestamps (SCT), Mozilla by its notBefore."""

    program: str
    sha256: str
    name: str
    after: datetime
    """What was issued later is not accepted."""


_ENDS: dict[str, tuple[EndOfTrust, ...]] = {}
for _record in records(table("distrusted.json"), "roots"):
    _end = EndOfTrust(**{**_record, "after": datetime.fromisoformat(_record["after"])})
    _ENDS[_end.sha256] = (*_ENDS.get(_end.sha256, ()), _end)


def ends_of_trust(sha256: str) -> tuple[EndOfTrust, ...]:
    """What the programs say of the root with this SHA-256."""
    return _ENDS.get(sha256, ())
