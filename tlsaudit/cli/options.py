"""Options that several commands share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from tlsaudit.model.errors import InputError
from tlsaudit.model.result import Severity

Formats = Annotated[list[str] | None, typer.Option("--format", "-f", help="text, json or html; may be repeated.")]
Outputs = Annotated[
    list[str] | None, typer.Option("-o", "--output", help="File for the report, one a format; - is standard output.")
]
FailOn = Annotated[
    str, typer.Option(help="Lowest severity that ends with exit code 1: none, info, low, medium, high or critical.")
]


def severity(text: str) -> Severity | None:
    """The severity that `--fail-on` names; None for `none`."""
    if text == "none":
        return None
    try:
        return Severity(text)
    except ValueError:
        known = ", ".join(("none", *Severity))
        raise InputError(f"--fail-on {text!r} is no severity; known: {known}") from None


def moment(text: str | None) -> datetime | None:
    """The time that `--as-of` names: a date, or a date and time as in RFC 3339 (UTC unless it says otherwise)."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--as-of {text!r} is no date; write 2026-11-21 or 2026-11-21T12:00:00Z") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
