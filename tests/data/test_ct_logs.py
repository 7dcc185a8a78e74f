"""Lists of Certificate Transparency logs in files, in the format of Chrome's."""

from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fixtures.transparency import Log
from tlsaudit.data.ct_logs import logs_from_file
from tlsaudit.model.errors import InputError

ONE, TILED, OLD, NEW = (Log.new(name, "Lab") for name in ("one", "tiled", "old", "new"))


def entry(log: Log, state: str) -> dict[str, Any]:
    key = base64.b64encode(log.spki).decode()
    return {"description": log.name, "key": key, "state": {state: {"timestamp": "2026-03-01T12:00:00Z"}}}


LISTED = {
    "log_list_timestamp": "2026-11-20T13:40:00Z",
    "operators": [
        {
            "name": "Lab",
            "logs": [entry(ONE, "usable"), entry(OLD, "retired"), entry(NEW, "pending")],
            "tiled_logs": [entry(TILED, "readonly")],
        },
        {"name": "Nobody"},
    ],
}


def test_reads_logs_of_both_kinds_with_their_states(tmp_path: Path) -> None:
    path = tmp_path / "log_list.json"
    path.write_text(json.dumps(LISTED))
    found = logs_from_file(path)
    assert found.date == date(2026, 11, 20)
    assert found.logs == dict([ONE.listed(), OLD.listed(date(2026, 3, 1)), TILED.listed()])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "null",
        json.dumps({**LISTED, "log_list_timestamp": "soon"}),
        json.dumps({**LISTED, "log_list_timestamp": 7}),
        json.dumps({**LISTED, "operators": [{"name": "x", "logs": [{"description": "y", "key": "!"}]}]}),
        json.dumps({**LISTED, "operators": [{"name": "x", "logs": [{"description": "y"}]}]}),
        "[" * 100_000,
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "log_list.json"
    path.write_text(content)
    with pytest.raises(InputError, match="not a list of logs") as caught:
        logs_from_file(path)
    assert "\n" not in str(caught.value)


def test_missing_and_oversized_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        logs_from_file(tmp_path / "none")
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    with pytest.raises(InputError, match="larger than 4 MB"):
        logs_from_file(big)
