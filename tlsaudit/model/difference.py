"""What differs between two reports, schema `tlsaudit.diff/1`: made by `compare`, written by `report`."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from tlsaudit.model.document import DataVersions, Document, Location, Mode, Moment, PolicyReference, SeverityName, Tool

SCHEMA: Final = "tlsaudit.diff/1"

Change = Literal["new", "fixed", "changed", "unknown"]
"""`new`: fails now and did not, or is worse than it was. `fixed`: failed, and was decided not to fail any more.
`changed`: fails as badly in another way, or a waiver came. `unknown`: one of the two did not decide it."""
State = Literal["compared", "partly", "unknown", "only_old", "only_new"]
"""`partly`: one of the two was cut short; `unknown`: one of the two could not be audited at all."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Side(_Part):
    """One of the two: where it is from, and all that its verdicts hang on."""

    source: str
    tool: Tool
    mode: Mode
    policy: PolicyReference
    data: DataVersions
    as_of: Moment

    @classmethod
    def of(cls, document: Document, source: str) -> Side:
        """The side that a report makes."""
        return cls(
            source=source,
            tool=document.tool,
            mode=document.mode,
            policy=document.policy,
            data=document.data,
            as_of=document.as_of,
        )


class FactChange(_Part):
    """A fact that differs: two values, or what came to a list and what went."""

    path: str
    old: str | None = None
    new: str | None = None
    added: list[str] = []
    removed: list[str] = []

    def __str__(self) -> str:
        """The change in a line: `protocols.TLSv1.0: rejected -> accepted`."""
        values = [f"{self.old} -> {self.new}"] if self.old is not None else []
        added, removed = (
            [f"{sign}{each}" for each in items] for sign, items in (("+", self.added), ("-", self.removed))
        )
        return f"{self.path}: {', '.join((*values, *added, *removed))}"


DriftKind = Literal["on_wire_not_in_file", "in_file_not_on_wire", "differs"]


class Drift(_Part):
    """What a configuration file and its endpoint disagree on: two values, or items of a list; `location` in the file.

    `high` and above: the endpoint is weaker than the file, or is somebody else. What is only in the file, and is
    missing on the wire without harm, is `low`.
    """

    kind: DriftKind
    path: str
    severity: SeverityName
    file: str | None = None
    wire: str | None = None
    added: list[str] = []
    removed: list[str] = []
    location: Location | None = None


class Verdict(_Part):
    """What one of the two says of a rule."""

    outcome: Literal["pass", "fail", "not_applicable", "not_tested", "inconclusive", "waived"]
    severity: SeverityName
    observed: str = ""


class ResultChange(_Part):
    """A rule whose result differs, with the facts behind it. None: that side has no such rule."""

    rule: str
    change: Change
    severity: SeverityName
    title: str
    old: Verdict | None
    new: Verdict | None
    reasons: list[str]


class GradeChange(_Part):
    """The grade and the score before and after; None where there is none."""

    old: str | None
    new: str | None
    old_value: int | None
    new_value: int | None


class SubjectDifference(_Part):
    """One subject in both. `unknown` are facts that only one of the two established, with the reason."""

    id: str
    name: str
    old_id: str | None = None
    """Where it has another id in the old report."""
    state: State
    detail: str = ""
    grade: GradeChange | None = None
    results: list[ResultChange] = []
    facts: list[FactChange] = []
    drift: list[Drift] = []
    unknown: dict[str, str] = {}


class DifferenceSummary(_Part):
    """The differences in numbers; `new_by_severity` counts what is new."""

    subjects: int
    unchanged: int
    new: int
    fixed: int
    changed: int
    unknown: int
    new_by_severity: dict[str, int]
    fail_on: SeverityName | Literal["none"]
    exit_code: int


class Difference(_Part):
    """Everything that differs; subjects without a difference are only counted."""

    schema_: Annotated[Literal["tlsaudit.diff/1"], Field(alias="schema")] = SCHEMA
    old: Side
    new: Side
    notes: list[str]
    subjects: list[SubjectDifference]
    summary: DifferenceSummary

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)
