"""`tlsaudit report`: render a stored report again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.cli import gate, options, outputs
from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.model.document import Document
    from tlsaudit.model.result import Severity
    from tlsaudit.policy import Policy

_MEGABYTE = 1024 * 1024
_LARGEST = 256 * _MEGABYTE


def report(
    file: Annotated[Path, typer.Argument(metavar="REPORT.json", hidden=True)],
    formats: options.Formats = None,
    output: options.Outputs = None,
    fail_on: options.FailOn = "high",
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="ID|FILE", help="Judge again by this policy, by what the report holds; nothing is dialled."
        ),
    ] = None,
    waivers: gate.WaiversFile = None,
    baseline: gate.BaselineFile = None,
    write_baseline: gate.WriteBaseline = None,
) -> int:
    """Render REPORT.json, which --format json wrote, in another format, or judge it by another policy.

    The exit code is that of its findings, as for a scan.
    """
    pairs = outputs.pair(formats or [], output or [])
    lowest = options.severity(fail_on)
    known = gate.read(waivers, baseline, write_baseline, reports=pairs)

    from tlsaudit import app

    document = read_report(file)
    if policy is not None:
        document = _rejudged(document, policy, lowest)
    document = gate.applied(document, known)
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
        document = Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        raise InputError(f"{str(file)!r} is no tlsaudit report: {where}: {first['msg']}") from None
    empty = "it has no subjects" if not document.subjects else _judged_in_nothing(document)
    if empty:
        raise InputError(f"{str(file)!r} is no tlsaudit report: {empty}")
    return document


def _judged_in_nothing(document: Document) -> str:
    """What no scan writes, and what would pass for want of any verdict: a subject that was audited and not judged."""
    for place, subject in enumerate(document.subjects):
        asked = any(result.outcome != "not_tested" for result in subject.results)
        if subject.status == "audited" and not asked and not (subject.kind == "name" and subject.results):
            return f"subjects.{place}: audited, and no rule says anything of it"
    return ""


def _rejudged(document: Document, policy: str, lowest: Severity | None) -> Document:
    """The report under this policy; the one that judged it is at hand if it came with tlsaudit and has not changed.

    What the policy counts on and the report cannot say is named, as a scan names what its mode leaves open.
    """
    from tlsaudit import app
    from tlsaudit.policy import load_policy, policy_ids
    from tlsaudit.rejudge import rejudged

    now = load_policy(policy)
    judged_by = document.policy
    candidates = [now, *([load_policy(judged_by.id)] if judged_by.id in policy_ids() else ())]
    before = next((each for each in candidates if each.sha256 == judged_by.sha256), None)
    found = rejudged(document, now, before)
    if lowest is not None:
        rules = _left_open(document, found, now, lowest)
        gate.tell(app.left_open_notes(now, rules, f"the report ({document.mode} mode) does not hold"))
    return found


def _left_open(before: Document, now: Document, policy: Policy, lowest: Severity) -> list[str]:
    """The rules that are open now: whatever was decided before and reaches `lowest`, and what the mode left open."""
    from tlsaudit import app
    from tlsaudit.policy import left_open
    from tlsaudit.rules import ALL_RULES

    untested = [
        {
            result.rule
            for subject in document.subjects
            if subject.status == "audited"
            for result in subject.results
            if result.outcome == "not_tested"
        }
        for document in (before, now)
    ]
    severities = {rule.id: policy.severity_of(rule) for rule in ALL_RULES}
    opened = {rule for rule in untested[1] - untested[0] if severities[rule].rank >= lowest.rank}
    if before.mode in app.ASKING_LESS:
        opened |= {*left_open(policy, untested[1], lowest)}
    return [rule.id for rule in ALL_RULES if rule.id in opened]
