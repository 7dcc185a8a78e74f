"""`tlsaudit report`: render a stored report again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.cli import gate, options, outputs
from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.model.document import Document

_MEGABYTE = 1024 * 1024
_LARGEST = 256 * _MEGABYTE


def report(
    file: Annotated[Path, typer.Argument(metavar="REPORT.json", hidden=True)],
    formats: options.Formats = None,
    output: options.Outputs = None,
    fail_on: options.FailOn = "high",
    waivers: gate.WaiversFile = None,
    baseline: gate.BaselineFile = None,
    write_baseline: gate.WriteBaseline = None,
) -> int:
    """Render REPORT.json, which --format json wrote, in another format.

    The exit code is that of its findings, as for a scan.
    """
    pairs = outputs.pair(formats or [], output or [])
    lowest = options.severity(fail_on)
    known = gate.read(waivers, baseline, write_baseline)

    from tlsaudit import app

    document = gate.applied(read_report(file), known)
    collector = gate.Collector(path=known.write)
    for subject in document.subjects:
        collector.add(subject)
    collector.write(as_of=document.as_of, policy=document.policy.id, mode=document.mode)
    summary = app.summarise(document.subjects, lowest)
    outputs.write(document.model_copy(update={"summary": summary}), pairs)
    return summary.exit_code


def read_report(file: Path) -> Document:
    """The report in a file; raises InputError where there is none."""
    from pydantic import ValidationError

    from tlsaudit.model.document import Document

    try:
        with file.open("rb") as stored:
            content = stored.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot read {str(file)!r}: {error.strerror}") from None
    if len(content) > _LARGEST:
        raise InputError(f"{str(file)!r} is larger than {_LARGEST // _MEGABYTE} MB")
    try:
        return Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        raise InputError(f"{str(file)!r} is no tlsaudit report: {where}: {first['msg']}") from None
