"""Dates of the tables, for the report; imports none of them."""

from __future__ import annotations

from tlsaudit.data.table import table


def registry_date() -> str:
    """Month of the youngest source of suites, groups and signature schemes (2026-10)."""
    return str(table("versions.json")["registry"])
