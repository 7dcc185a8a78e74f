"""`tlsaudit schema`: the JSON schema of the report document."""

from __future__ import annotations

import json

from tlsaudit.cli import outputs


def schema() -> int:
    """Print the JSON schema of the report document."""
    from tlsaudit.report.schema import report_schema

    outputs.put(f"{json.dumps(report_schema(), indent=2)}\n")
    return 0
