"""Where the tables come from: the snapshots beside this file and two installed packages, with their dates."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import io
import json
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent / "sources"
CRYPTODATAHUB = "1.6.1"
REGISTRY_DATE = "2026-10"
"""Month of the youngest source of suites, groups and schemes (cryptodatahub 1.6.1)."""


class SourceError(Exception):
    """A source is not the one that was reviewed, or two sources contradict each other."""


def snapshot(name: str) -> str:
    """The text of one committed snapshot, after its sum was checked."""
    lines = (line.split() for line in (SOURCES / "SHA256SUMS").read_text().splitlines())
    sums = {file: digest for digest, file in lines}
    content = (SOURCES / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != sums.get(name):
        raise SourceError(f"{name} does not match SHA256SUMS")
    return content.decode("ascii")


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV snapshot."""
    return list(csv.DictReader(io.StringIO(snapshot(name))))


def cryptodatahub(path: str) -> dict[str, dict[str, Any]]:
    """One JSON table of cryptodatahub, by its own keys; no code of that package is imported."""
    installed = importlib.metadata.version("cryptodatahub")
    if installed != CRYPTODATAHUB:
        raise SourceError(f"cryptodatahub {CRYPTODATAHUB} was reviewed, {installed} is installed")
    distribution = importlib.metadata.distribution("cryptodatahub")
    table = json.loads(Path(str(distribution.locate_file(f"cryptodatahub/{path}"))).read_text(encoding="utf-8"))
    if not isinstance(table, dict):
        raise SourceError(f"cryptodatahub/{path} is no table")
    return table


def public_suffix_list() -> str:
    """The Public Suffix List that the package `publicsuffixlist` ships."""
    distribution = importlib.metadata.distribution("publicsuffixlist")
    return Path(str(distribution.locate_file("publicsuffixlist/public_suffix_list.dat"))).read_text(encoding="utf-8")
