"""Certificate Transparency logs, and roots whose certificates browsers accept up to some day only."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from tools.data.snapshots import SourceError, rows

CHROMIUM = "156.0.8078.79"
NSS = "3.132"
LOGS_DATE = "2026-10-02"
"""The older of the two times of data that the program has (the younger is 2026-10-05): no log is missing by then."""
ROOTS_DATE = "2026-11-02"
"""When Debian built this Chromium; NSS 3.132 is of the same month."""
KEYS_DATE = "2026-11-21"
_PROGRAMS = {"Chrome": f"chromium-{CHROMIUM}-root-ends.csv", "Mozilla": f"nss-{NSS}-distrust-after.csv"}


def logs() -> list[dict[str, Any]]:
    """One record a log, in the order of operators and names."""
    found = []
    for row in rows(f"chromium-{CHROMIUM}-ct-logs.csv"):
        key = base64.b64decode(row["key"], validate=True)
        found.append(
            {
                "id": hashlib.sha256(key).hexdigest(),
                "name": row["name"],
                "operator": row["operator"],
                "out_since": row["out_since"] or None,
                "key": row["key"],
            }
        )
    if len({record["id"] for record in found}) != len(found):
        raise SourceError("two logs have one key")
    return found


def ends() -> list[dict[str, Any]]:
    """One record a root and program: certificates issued `after` are not accepted."""
    found = [{"program": program, **row} for program, name in _PROGRAMS.items() for row in rows(name)]
    return sorted(found, key=lambda record: (record["program"], record["after"], record["name"], record["sha256"]))


def published_keys() -> list[dict[str, Any]]:
    """One record a key whose private half was published."""
    return [dict(row) for row in rows("published-keys.csv")]
