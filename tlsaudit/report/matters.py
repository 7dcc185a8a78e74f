"""What a pipeline must hear of, drawn from the document: the part that the formats for machines have in common.

A matter is a failure, a rule that could not be decided, or a subject that was not audited as a whole. The last two are
no findings, and they are no passes either: a format that left them out would let a gate pass by accident.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tlsaudit.model.document import Document, ResultPart, SeverityName, Subject
from tlsaudit.report.view import SEVERITIES, STATUS

Kind = Literal["failure", "waived", "undecided", "unaudited"]

UNAUDITED: Final = {
    "incomplete": "TLSAUDIT-INCOMPLETE",
    "unreachable": "TLSAUDIT-UNREACHABLE",
    "not_tls": "TLSAUDIT-NOT-TLS",
    "unparsable": "TLSAUDIT-UNPARSABLE",
}
"""What stands in the place of a rule's id where the subject as a whole could not be judged."""

_ORDER: Final = ("failure", "unaudited", "undecided", "waived")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One thing to tell. `result` is None where the subject as a whole could not be judged.

    `blocks`: it keeps the run from ending with 0.
    """

    kind: Kind
    subject: Subject
    rule: str
    severity: SeverityName
    title: str
    observed: str
    fingerprint: str
    blocks: bool
    result: ResultPart | None

    @property
    def file(self) -> str:
        """The file at fault, or a path that stands for the endpoint: readers of code findings insist on one."""
        location = self._location()
        return location[0] if location else f"endpoint/{self.subject.id}"

    @property
    def line(self) -> int:
        """The line in `file`; 1 where there is no file."""
        location = self._location()
        return max(1, location[1]) if location else 1

    @property
    def in_a_file(self) -> bool:
        """Whether `file` is a file, and no stand-in."""
        return self._location() is not None

    def _location(self) -> tuple[str, int] | None:
        place = (self.result.location if self.result else None) or self.subject.location
        return (place.file.removeprefix("./"), place.line) if place and place.file else None


def matters(document: Document) -> tuple[Matter, ...]:
    """Everything to tell: what blocks first, then by severity; waived failures are among them, at the end."""
    found = (each for subject in document.subjects for each in _of_subject(subject, document.summary.fail_on))
    return tuple(
        sorted(found, key=lambda each: (not each.blocks, _ORDER.index(each.kind) == 3, SEVERITIES.index(each.severity)))
    )


def reaches(severity: SeverityName, fail_on: str | None) -> bool:
    """Whether the threshold is reached. Where the report does not say which one was meant, everything reaches it."""
    if fail_on == "none":
        return False
    return fail_on is None or SEVERITIES.index(severity) <= SEVERITIES.index(fail_on)


def sentence(matter: Matter) -> str:
    """The matter in one line of plain text, without its title: what was seen, what would pass, what to do."""
    if matter.result is None:
        return matter.observed
    parts = [
        "Not decided, so this is no pass" if matter.kind == "undecided" else "",
        matter.observed,
        f"Expected: {matter.result.expected}" if matter.result.expected else "",
        f"Fix: {matter.result.remedy}" if matter.result.remedy else "",
    ]
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in map(str.strip, parts) if part)


def headline(matter: Matter) -> str:
    """Title and subject, for lists that have one line a matter."""
    prefix = {"undecided": "Not decided: ", "waived": "Waived: "}.get(matter.kind, "")
    doubt = " (possible, to be verified)" if matter.result and matter.result.confidence == "possible" else ""
    return f"{prefix}{matter.title or matter.rule}{doubt}: {matter.subject.name}"


def _of_subject(subject: Subject, fail_on: str | None) -> Iterator[Matter]:
    if subject.status != "audited":
        rule = UNAUDITED[subject.status]
        error = f"{subject.error.code}: {subject.error.message}" if subject.error else STATUS[subject.status]
        yield Matter(
            kind="unaudited",
            subject=subject,
            rule=rule,
            severity="high",
            title=f"Not audited as a whole: {subject.status.replace('_', ' ')}",
            observed=error,
            fingerprint=_fingerprint(rule, subject.id),
            blocks=True,
            result=None,
        )
    for result in subject.results:
        kind = _kind(result)
        if kind is None:
            continue
        yield Matter(
            kind=kind,
            subject=subject,
            rule=result.rule,
            severity=result.severity,
            title=result.title,
            observed=result.observed,
            fingerprint=result.fingerprint or _fingerprint(result.rule, subject.id),
            blocks=kind != "waived" and reaches(result.severity, fail_on),
            result=result,
        )


def _kind(result: ResultPart) -> Kind | None:
    match result.outcome:
        case "fail":
            return "failure"
        case "inconclusive":
            return "undecided"
        case "waived":
            return "waived"
        case _:
            return None


def _fingerprint(rule: str, subject_id: str) -> str:
    """The same from run to run, as the judge makes it for a failure."""
    return hashlib.sha256(f"{rule}\n{subject_id}".encode(errors="backslashreplace")).hexdigest()[:32]
