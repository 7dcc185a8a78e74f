"""The committed tables are what their sources say, and say where they come from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tlsaudit.data import versions

ROOT = Path(__file__).resolve().parents[2]
TABLES = sorted((ROOT / "tlsaudit" / "data").glob("*.json"))


def test_committed_tables_are_fresh() -> None:
    command = [sys.executable, "-m", "tools.data", "--check"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_tables_name_source_date_and_generator(path: Path) -> None:
    loaded = json.loads(path.read_text(encoding="ascii"))
    assert all(isinstance(loaded[key], str) and loaded[key] for key in ("source", "date", "generated_by"))


def test_dates_for_the_report() -> None:
    assert versions.registry_date() == "2026-10"


@pytest.mark.parametrize("path", sorted((ROOT / "tlsaudit" / "data").glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_each_submodule_imports_alone_and_pulls_in_no_other_table(path: Path) -> None:
    code = f"import sys, tlsaudit.data.{path.stem}; print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    allowed = {"tlsaudit.data", "tlsaudit.data.table", f"tlsaudit.data.{path.stem}"}
    ours = {name for name in listed.split() if name.startswith("tlsaudit.")}
    assert {name for name in ours if not name.startswith("tlsaudit.model")} <= allowed
