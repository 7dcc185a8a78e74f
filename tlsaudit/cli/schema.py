"""`tlsaudit schema`: the JSON schema of the report document."""

from __future__ import annotations

import json

import typer


def schema() -> int:
    """Print the JSON schema of the report document."""
    from tlsaudit.report.schema import report_schema

    typer.echo(json.dumps(report_schema(), indent=2))
    return 0
