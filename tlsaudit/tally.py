"""A run in numbers, counted subject by subject, so that nobody has to keep the subjects for it."""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal

from tlsaudit.model import document as doc
from tlsaudit.model.result import Severity

INTERNAL: Final = "internal"
"""The code of the error of a subject at which tlsaudit itself failed."""

EXIT_INTERNAL = 70

_GRADES = ("A+", "A", "A-", "B", "C", "D", "F", "M", "T")


class Tally:
    """Counts subjects; `fail_on` None: no failure ends with code 1."""

    def __init__(self, fail_on: Severity | None) -> None:
        self._fail_on = fail_on
        self._by_status: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._worst: str | None = None
        self._fails = False
        self._unjudged = False
        self._broken = False
        self.untested: set[str] = set()
        """The rules that were not tested at some subject that was audited as a whole."""

    def add(self, subject: doc.Subject) -> None:
        """Count one subject."""
        self._by_status[subject.status] += 1
        self._failed.update(result.severity for result in subject.results if result.outcome == "fail")
        if subject.status == "audited":
            self.untested |= {result.rule for result in subject.results if result.outcome == "not_tested"}
        if subject.score is not None and (self._worst is None or _rank(subject.score.grade) > _rank(self._worst)):
            self._worst = subject.score.grade
        self._broken = self._broken or (subject.error is not None and subject.error.code == INTERNAL)
        self._fails = self._fails or self._reaches(subject, "fail")
        self._unjudged = self._unjudged or subject.status != "audited" or self._reaches(subject, "inconclusive")

    @property
    def subjects(self) -> int:
        """How many were counted."""
        return self._by_status.total()

    @property
    def exit_code(self) -> int:
        """1: a failure at or above `fail_on`; 3: none, but something could not be judged; 0: all judged; 70: our fault.

        What could not be judged is an endpoint that was not audited as a whole, or an inconclusive rule at or above
        `fail_on`. Without `fail_on` no rule decides, and an endpoint that was not audited still gives 3.
        """
        if self._broken:
            return EXIT_INTERNAL
        if self._fails:
            return 1
        return 3 if self._unjudged else 0

    def summary(self) -> doc.Summary:
        """What was counted by now."""
        return doc.Summary(
            subjects=self.subjects,
            by_status=dict(self._by_status),
            failed_by_severity={each.value: self._failed[each.value] for each in Severity if self._failed[each.value]},
            worst_grade=self._worst,
            exit_code=self.exit_code,
            fail_on=self._fail_on.value if self._fail_on is not None else "none",
        )

    def _reaches(self, subject: doc.Subject, outcome: Literal["fail", "inconclusive"]) -> bool:
        lowest = self._fail_on
        return lowest is not None and any(
            result.outcome == outcome and Severity(result.severity).rank >= lowest.rank for result in subject.results
        )


def _rank(grade: str) -> int:
    return _GRADES.index(grade.rstrip("?"))
