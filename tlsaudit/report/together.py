"""What is said once although it holds for many: rules that one reason leaves open, failures of one rule in many places.

Only of files: one include that is not there leaves a hundred rules open, one line too much fails in thirty servers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tlsaudit.model.document import Document, ResultPart, SeverityName, Subject, UnknownPart
from tlsaudit.report.view import SEVERITIES, areas, findings, unknown_together, with_outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Rules that could not be decided for one reason, and the worst severity of them: `title` is that of a single one.

    `subjects`: of how many the rules that are open most often are.
    """

    severity: SeverityName
    rules: str
    title: str
    reason: str
    subjects: int = 1


@dataclass(frozen=True, slots=True)
class Alike:
    """The failures of one rule and severity: what was seen, each with its places, and the rules that they imply."""

    result: ResultPart
    seen: dict[str, dict[str, None]] = field(default_factory=dict)
    implied: dict[str, ResultPart] = field(default_factory=dict)

    @property
    def places(self) -> int:
        """At how many lines."""
        return len({place for places in self.seen.values() for place in places})


def undecided_together(subject: Subject) -> tuple[Open, ...]:
    """What could not be decided of a subject, worst first; of a file, the rules of one reason together."""
    undecided = with_outcome(subject, "inconclusive")
    if subject.location is None:
        return tuple(_open((each,)) for each in undecided)
    return _by_reason(undecided)


def all_undecided(document: Document) -> tuple[Open, ...]:
    """What could not be decided in a report on files, worst first, each reason once."""
    return _by_reason(each for subject in document.subjects for each in with_outcome(subject, "inconclusive"))


def unknown_facts(subject: Subject) -> tuple[tuple[str, UnknownPart], ...]:
    """The unknown facts as `unknown_together` gives them; of a file, without those whose reason rules give as well."""
    reasons = {each.reason for each in undecided_together(subject)} if subject.location is not None else set()
    return tuple(each for each in unknown_together(subject) if each[1].detail not in reasons)


def alike(document: Document) -> tuple[Alike, ...]:
    """The failures of a report on files, each rule once, worst first."""
    found: dict[tuple[str, str], Alike] = {}
    for subject in document.subjects:
        for finding in findings(subject):
            result = finding.result
            group = found.setdefault((result.rule, result.severity), Alike(result))
            group.seen.setdefault(result.observed, {})[_place(result, subject)] = None
            group.implied.update((each.rule, each) for each in finding.implied)
    return tuple(sorted(found.values(), key=lambda each: (SEVERITIES.index(each.result.severity), each.result.rule)))


def is_clean(subject: Subject) -> bool:
    """Whether there is nothing to tell of a subject."""
    told = {"fail", "waived", "inconclusive"}
    return subject.status == "audited" and not any(result.outcome in told for result in subject.results)


def _place(result: ResultPart, subject: Subject) -> str:
    location = result.location or subject.location
    return f"{location.file}:{location.line}" if location is not None else subject.name


def _by_reason(undecided: Iterable[ResultPart]) -> tuple[Open, ...]:
    found: dict[str, list[ResultPart]] = {}
    for result in undecided:
        found.setdefault(result.observed, []).append(result)
    return tuple(sorted(map(_open, found.values()), key=lambda each: SEVERITIES.index(each.severity)))


def _open(results: Sequence[ResultPart]) -> Open:
    rules = {each.rule: each for each in results}
    first = results[0]
    return Open(
        severity=min((each.severity for each in results), key=SEVERITIES.index),
        rules=first.rule if len(rules) == 1 else areas(rules.values()),
        title=first.title if len(rules) == 1 else "",
        reason=first.observed,
        subjects=max(Counter(each.rule for each in results).values()),
    )
