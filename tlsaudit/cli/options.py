"""Options that several commands share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tlsaudit.model.errors import InputError
from tlsaudit.model.result import Severity

_OLDEST, _NEWEST = 1970, 2999

Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text (the default), json, jsonl, html, markdown, csv, sarif, junit, github, gitlab, defectdojo, "
        "cyclonedx or prometheus; may be repeated.",
    ),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Where the report goes; one a format, in their order. - is standard output. A single -o without "
        "--format takes the format from its suffix.",
    ),
]
FailOn = Annotated[
    str,
    typer.Option(
        metavar="SEVERITY",
        help="Lowest severity that ends with exit code 1: info, low, medium, high or critical; none: no finding does, "
        "only what could not be audited at all gives 3.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="GLOB",
        help="Files of a configuration that are not judged for themselves, such as templates/** or *.j2: paths below "
        "PATH, patterns as for git; repeatable.",
    ),
]
ScopeFile = Annotated[
    Path | None,
    typer.Option(
        "--scope",
        metavar="FILE",
        help="What may be dialled (YAML: allow and deny, names and networks); nothing else is, whatever a name "
        "resolves to. With it, --trials goes with lists and inventories.",
    ),
]
Fetch = Annotated[
    bool,
    typer.Option(
        "--fetch",
        help="Ask whether certificates were revoked: fetch the CRLs and ask the OCSP responders that they name, over "
        "http://, each once a run.",
    ),
]
FetchAnywhere = Annotated[
    bool,
    typer.Option(
        "--fetch-anywhere",
        help="With --fetch, fetch also from addresses that are not public, and from names that a proxy resolves: "
        "whoever made a certificate chose where it leads.",
    ),
]
CrlFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--crl",
        metavar="FILE",
        help="Certificate revocation lists (PEM or DER) to look certificates up in, without the network; repeatable.",
    ),
]
Blocklist = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Keys that are compromised: a line each with the SHA-256 of the SubjectPublicKeyInfo in hexadecimal, and "
        "a name if you like.",
    ),
]
CtLogsFile = Annotated[
    Path | None,
    typer.Option(
        "--ct-logs",
        metavar="FILE",
        help="List of Certificate Transparency logs (Chrome's log_list.json, version 3) instead of the one that came "
        "with tlsaudit.",
    ),
]
PolicyId = Annotated[
    str, typer.Option("--policy", metavar="ID|FILE", help="Policy to judge by: an id, or a .yaml file.")
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
    if not _OLDEST < parsed.year < _NEWEST:
        raise InputError(f"--as-of {text!r} is not between the years {_OLDEST} and {_NEWEST}")
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
