"""The options that let known failures through, how their files are read, and how a baseline is written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.cli import outputs
from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.model.document import Document, Subject
    from tlsaudit.policy.baseline import Baseline, Finding
    from tlsaudit.policy.waivers import Waiver

WaiversFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Failures that somebody answers for (YAML: rule, scope, owner, reason, expires)."
    ),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Failures that were there already: only what is new, or worse, fails."),
]
WriteBaseline = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write down what fails now, for --baseline of later runs.")
]

_NOT_WHOLE = frozenset({"interrupted", "internal"})
"""Codes of subjects of a run that did not come to its end; it is nothing to hold later runs against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the command line says of known failures; `write` is where the new baseline goes."""

    waivers: tuple[Waiver, ...] | None
    baseline: Baseline | None
    write: Path | None


def read(
    waivers: Path | None, baseline: Path | None, write_baseline: Path | None, *, reports: Sequence[tuple[str, str]]
) -> Given:
    """Read the files before anything is dialled; `reports` go to other ones. Raises InputError."""
    from tlsaudit.policy.baseline import load_baseline
    from tlsaudit.policy.waivers import load_waivers

    if write_baseline is not None:
        outputs.refuse_unwritable(write_baseline)
    read_or_written = {
        os.path.realpath(file): name
        for file, name in ((waivers, "--waivers"), (baseline, "--baseline"), (write_baseline, "--write-baseline"))
        if file is not None
    }
    for _, file in reports:
        name = read_or_written.get(os.path.realpath(file), "") if file != outputs.STANDARD_OUTPUT else ""
        if name and os.path.realpath(file) != os.devnull:
            raise InputError(f"-o {file!r} is the file of {name}")
    return Given(
        waivers=load_waivers(waivers) if waivers is not None else None,
        baseline=load_baseline(baseline) if baseline is not None else None,
        write=write_baseline,
    )


@dataclass(slots=True, kw_only=True)
class Collector:
    """Gathers what a baseline is made of, subject by subject; does nothing where none is to be written."""

    path: Path | None
    findings: list[Finding] = field(default_factory=list)
    left_out: int = 0
    broken: bool = False

    def add(self, subject: Subject) -> None:
        """Take down one subject."""
        if self.path is None:
            return
        from tlsaudit.policy.baseline import baseline_findings

        self.findings += baseline_findings(subject)
        self.left_out += subject.status != "audited"
        self.broken = self.broken or (subject.error is not None and subject.error.code in _NOT_WHOLE)

    def write(self, *, as_of: datetime, policy: str, mode: str) -> None:
        """Write the baseline, unless the run did not come to its end; raises InputError where that fails."""
        if self.path is None:
            return
        if self.broken:
            outputs.complain(f"no baseline is written to {str(self.path)!r}: the run did not come to its end")
            return
        from tlsaudit.policy.baseline import render_baseline

        outputs.write_file(self.path, render_baseline(self.findings, as_of=as_of, policy=policy, mode=mode))
        if self.left_out:
            what = "1 subject was" if self.left_out == 1 else f"{self.left_out} subjects were"
            outputs.complain(f"baseline: {what} not audited as a whole; nothing of it is written down")


def applied(document: Document, given: Given) -> Document:
    """A stored report under these waivers and this baseline; what is odd about them is said on standard error."""
    from tlsaudit.suppress import Suppressor

    suppressor = Suppressor(
        given.waivers, given.baseline, as_of=document.as_of, policy=document.policy.id, mode=document.mode
    )
    found = suppressor.on_document(document)
    tell(suppressor.notes())
    return found


def tell(notes: Iterable[str]) -> None:
    """Say each on standard error."""
    for note in notes:
        outputs.complain(note)
