"""Certificate Transparency logs that Chrome knows, with their keys and operators; and such lists in files."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from tlsaudit.data.table import records, table
from tlsaudit.model.errors import InputError

_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CtLog:
    """One log: `key` is its SubjectPublicKeyInfo in DER; from `out_since` on its timestamps do not count."""

    name: str
    operator: str
    key: bytes
    out_since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CtLogs:
    """A list of logs by id (the SHA-256 of the key, in hexadecimal), as of `date`: later logs are not in it."""

    date: date
    logs: Mapping[str, CtLog]


def known_logs() -> CtLogs:
    """The list that comes with tlsaudit."""
    loaded = table("ct_logs.json")
    logs = {
        record["id"]: CtLog(
            name=record["name"],
            operator=record["operator"],
            key=base64.b64decode(record["key"]),
            out_since=date.fromisoformat(record["out_since"]) if record["out_since"] else None,
        )
        for record in records(loaded, "logs")
    }
    return CtLogs(date=date.fromisoformat(loaded["date"]), logs=logs)


def logs_from_file(path: Path) -> CtLogs:
    """A list in the format of https://www.gstatic.com/ct/log_list/v3/log_list.json. Raises InputError."""
    named = f"list of logs {str(path)!r}"
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise InputError(f"{named}: larger than {_LARGEST >> 20} MB")
        loaded = json.loads(content)
        logs = {sha256(log.key).hexdigest(): log for log in _listed(loaded)}
        return CtLogs(date=_date(loaded["log_list_timestamp"]), logs=logs)
    except OSError as error:
        raise InputError(f"{named}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise InputError(f"{named}: not a list of logs in the format log_list.json, version 3") from None


def _listed(loaded: dict[str, Any]) -> Iterator[CtLog]:
    for operator in loaded["operators"]:
        for log in (*operator.get("logs", ()), *operator.get("tiled_logs", ())):
            state = log.get("state", {})
            if state.keys() & {"pending", "rejected"}:
                continue
            out = state.get("retired")
            yield CtLog(
                name=str(log["description"]),
                operator=str(operator["name"]),
                key=base64.b64decode(log["key"], validate=True),
                out_since=_date(out["timestamp"]) if out else None,
            )


def _date(text: str) -> date:
    return date.fromisoformat(text[:10])
