"""Baselines: the failures that were there already, so that only what is new fails a run.

A failure is known by its fingerprint, which is made of the rule and the subject and of nothing that a renewal, another
line or another run changes. It is as bad as it was written down: if it is worse now, it is new. Worse is a higher
severity under the policy that judges now than was accepted under that of the baseline, and a higher one of the rule's
own, which the floor of a policy hides.

Only subjects that were audited as a whole are written down, and only what nothing else waives: a waiver that ends must
let its failure through again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from tlsaudit.model.document import Mode, Subject, rfc3339
from tlsaudit.model.errors import InputError
from tlsaudit.model.result import Severity
from tlsaudit.policy.files import read_text
from tlsaudit.policy.reader import read_yaml

SCHEMA: Final = "tlsaudit.baseline/1"

_LARGEST_LOCATED = 4_000_000
"""Characters up to which the line of a mistake is looked for."""
_Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Finding(BaseModel):
    """A failure that is written down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    rule: _Words
    subject: _Words
    severity: Severity
    own_severity: Severity | None = None
    """The rule's own; None in files that were written before it was written down."""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["tlsaudit.baseline/1"]
    as_of: AwareDatetime
    policy: _Words
    mode: Mode
    findings: list[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What was there at `as_of`, by fingerprint, as `policy` (its id) judged what `mode` asked."""

    as_of: datetime
    policy: str
    mode: str
    findings: Mapping[str, Finding]

    def knows(self, fingerprint: str | None, severity: Severity, own_severity: Severity) -> bool:
        """Whether this failure was there already, and not milder; `own_severity` is the rule's."""
        found = self.findings.get(fingerprint or "")
        if found is None or severity.rank > found.severity.rank:
            return False
        return found.own_severity is None or own_severity.rank <= found.own_severity.rank


def load_baseline(path: Path) -> Baseline:
    """The baseline in a file. Raises InputError with the file and, where it can be told, the line of what is wrong."""
    text = read_text(path, "baseline", megabytes=256)
    try:
        checked = _File.model_validate(_spelt(json.loads(text, object_pairs_hook=_unique)))
    except (ValueError, RecursionError) as error:
        raise _mistake(text, str(path), error) from None
    return Baseline(
        as_of=checked.as_of,
        policy=checked.policy,
        mode=checked.mode,
        findings={each.fingerprint: each for each in checked.findings},
    )


def baseline_findings(subject: Subject) -> tuple[Finding, ...]:
    """What is written down of a subject: every failure that no waiver covers; nothing of one that is not whole."""
    if subject.status != "audited":
        return ()
    return tuple(
        Finding(
            fingerprint=result.fingerprint or "",
            rule=result.rule,
            subject=subject.id,
            severity=Severity(result.severity),
            own_severity=Severity(result.own_severity or result.severity),
        )
        for result in subject.results
        if result.outcome == "fail"
        or (result.outcome == "waived" and result.suppression is not None and result.suppression.by == "baseline")
    )


def render_baseline(findings: Iterable[Finding], *, as_of: datetime, policy: str, mode: str) -> str:
    """The text of a baseline: a finding a line, in an order that stays, so that its history can be read."""
    head = {"schema": SCHEMA, "as_of": rfc3339(as_of), "policy": policy, "mode": mode}
    lines = ",\n".join(
        json.dumps(each.model_dump(mode="json", exclude_none=True))
        for each in sorted(findings, key=lambda each: (each.subject, each.rule, each.fingerprint))
    )
    return f'{json.dumps(head)[:-1]}, "findings": [\n{lines}\n]}}\n'


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _spelt(data: Any) -> Any:
    """`schema` under the name that the model has for it."""
    return {"schema_" if key == "schema" else key: value for key, value in data.items()} if _is_map(data) else data


def _is_map(data: Any) -> bool:
    return isinstance(data, dict) and "schema_" not in data


def _mistake(text: str, file: str, error: Exception) -> InputError:
    """What is wrong, with the line: JSON is YAML, and the reader of YAML keeps the line of every value."""
    if isinstance(error, json.JSONDecodeError):
        return InputError(f"{file}:{error.lineno}: not valid JSON: {error.msg}")
    if len(text) <= _LARGEST_LOCATED:
        try:
            written = read_yaml(text, file)
        except InputError as located:
            return located
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = tuple("schema" if part == "schema_" else part for part in first["loc"])
            name = ".".join(str(part) for part in place)
            return written.error(place, f"no baseline of tlsaudit: {name or 'the file'}: {first['msg']}")
    return InputError(f"{file}: no baseline of tlsaudit")
