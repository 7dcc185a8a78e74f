"""`tlsaudit report`: render a stored report again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tlsaudit.cli import options, outputs
from tlsaudit.model.errors import InputError

_LARGEST = 1024 * 1024 * 1024


def report(
    file: Annotated[Path, typer.Argument(metavar="REPORT.json", help="A report that --format json wrote.")],
    formats: options.Formats = None,
    output: options.Outputs = None,
    fail_on: options.FailOn = "high",
) -> int:
    """Render a stored report in another format. The exit code is that of its findings, as for a scan."""
    pairs = outputs.pair(formats or [], output or [])
    lowest = options.severity(fail_on)

    from pydantic import ValidationError

    from tlsaudit import app
    from tlsaudit.model.document import Document

    try:
        if file.stat().st_size > _LARGEST:
            raise InputError(f"{file} is larger than {_LARGEST} bytes")
        document = Document.model_validate_json(file.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        raise InputError(f"{file} is no tlsaudit report: {where}: {first['msg']}") from None
    summary = app.summarise(document.subjects, lowest)
    outputs.write(document.model_copy(update={"summary": summary}), pairs)
    return summary.exit_code
