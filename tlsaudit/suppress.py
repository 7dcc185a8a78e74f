"""Waivers and a baseline applied to what was found: a failure that one of them stands for becomes `waived`. Pure.

A waiver comes first. One that has expired lets its failure through, whatever the baseline says: the day was chosen by
somebody. Nothing but a failure is ever waived; what could not be judged stays what it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tlsaudit.document import score_part
from tlsaudit.model import document as doc
from tlsaudit.model.result import Cap, Confidence, Outcome, Result, Severity
from tlsaudit.policy.baseline import Baseline, Finding
from tlsaudit.policy.waivers import Waiver
from tlsaudit.score import score

_MOST_NOTES = 20


@dataclass(slots=True, kw_only=True)
class _Use:
    """What a run saw of a waiver."""

    subjects: int = 0
    undecided: int = 0
    failing: int = 0


class Suppressor:
    """Applies waivers and a baseline to the subjects of one run, and remembers what became of each.

    None: nothing of the kind was given, and what a stored report says of it stands. `mode` is that of the run, and
    `policy` the id of what judges it.
    """

    def __init__(
        self, waivers: Sequence[Waiver] | None, baseline: Baseline | None, *, as_of: datetime, policy: str, mode: str
    ) -> None:
        self._waivers = waivers
        self._baseline = baseline
        self._as_of = as_of
        self._policy = policy
        self._mode = mode
        self._uses = [_Use() for _ in waivers or ()]
        self._by_rule: dict[str, list[tuple[Waiver, _Use]]] = defaultdict(list)
        for waiver, use in zip(waivers or (), self._uses, strict=True):
            self._by_rule[waiver.rule].append((waiver, use))
        self._known: dict[str, list[Finding]] = defaultdict(list)
        for finding in baseline.findings.values() if baseline else ():
            self._known[finding.subject].append(finding)
        self._by_baseline = 0
        self._gone = 0

    def apply(self, subject: doc.Subject) -> doc.Subject:
        """The subject with what is waived, and the score that it has then."""
        if self._waivers is None and self._baseline is None:
            return subject
        plain = [self._restored(result) for result in subject.results]
        results = [self._judged(subject.id, result) for result in plain]
        self._count(subject, plain)
        if results == subject.results:
            return subject
        return subject.model_copy(update={"results": results, "score": _rescored(subject.score, results, self._mode)})

    def waivers(self) -> list[doc.WaiverPart]:
        """Every waiver with what became of it."""
        return [
            doc.WaiverPart(
                rule=waiver.rule,
                scope=waiver.scope,
                owner=waiver.owner,
                reason=waiver.reason,
                expires=waiver.expires.isoformat(),
                state="expired" if self._expired(waiver) else "used" if use.failing else "unused",
                waived=0 if self._expired(waiver) else use.failing,
                detail=self._detail(waiver, use),
            )
            for waiver, use in zip(self._waivers or (), self._uses, strict=True)
        ]

    def baseline(self) -> doc.BaselinePart | None:
        """The baseline with what became of it."""
        if self._baseline is None:
            return None
        return doc.BaselinePart(
            as_of=self._baseline.as_of,
            findings=len(self._baseline.findings),
            waived=self._by_baseline,
            gone=self._gone,
        )

    def on_document(self, document: doc.Document) -> doc.Document:
        """A whole report with all of that."""
        given: dict[str, object] = {"subjects": [self.apply(subject) for subject in document.subjects]}
        if self._waivers is not None:
            given["waivers"] = self.waivers()
        if self._baseline is not None:
            given["baseline"] = self.baseline()
        return document.model_copy(update=given)

    def notes(self) -> list[str]:
        """What whoever runs this should know: waivers that have expired or waive nothing, and what is gone."""
        odd = [
            f"{waiver.at}: the waiver of {waiver.rule} at {waiver.scope} ({waiver.owner}) {detail}"
            for waiver, use in zip(self._waivers or (), self._uses, strict=True)
            if (detail := self._detail(waiver, use))
        ]
        if len(odd) > _MOST_NOTES:
            odd = [*odd[:_MOST_NOTES], f"and {len(odd) - _MOST_NOTES} more waivers that have expired or waive nothing"]
        odd += self._other_baseline()
        if self._gone:
            what = "1 failure of the baseline is" if self._gone == 1 else f"{self._gone} failures of the baseline are"
            odd.append(f"{what} gone: write it again, so that they cannot come back unnoticed")
        return odd

    def _other_baseline(self) -> list[str]:
        """What makes the baseline one of another kind of run."""
        baseline = self._baseline
        if baseline is None:
            return []
        found = []
        if (baseline.policy, baseline.mode) != (self._policy, self._mode):
            found.append(
                f"the baseline was written under {baseline.policy} in {baseline.mode} mode, and this run is judged by "
                f"{self._policy} in {self._mode} mode: of its failures, those that are graver now than they were count"
            )
        if any(each.own_severity is None for each in baseline.findings.values()):
            found.append(
                "the baseline does not say how grave rules find its failures by themselves: what grows worse below "
                "the floor of the policy is waived; write it again"
            )
        return found

    def _restored(self, result: doc.ResultPart) -> doc.ResultPart:
        """The failure behind what was waived in the way that this run decides on."""
        by = result.suppression.by if result.suppression is not None else None
        decides = (by == "waiver" and self._waivers is not None) or (by == "baseline" and self._baseline is not None)
        return result.model_copy(update={"outcome": "fail", "suppression": None}) if decides else result

    def _judged(self, subject_id: str, result: doc.ResultPart) -> doc.ResultPart:
        if result.outcome != "fail":
            return result
        suppression = self._suppression(subject_id, result)
        if suppression is None:
            return result
        return result.model_copy(update={"outcome": "waived", "suppression": suppression})

    def _suppression(self, subject_id: str, result: doc.ResultPart) -> doc.Suppression | None:
        covering = [waiver for waiver, _ in self._by_rule.get(result.rule, ()) if waiver.covers(subject_id)]
        for waiver in covering:
            if not self._expired(waiver):
                expires = waiver.expires.isoformat()
                return doc.Suppression(by="waiver", reason=waiver.reason, owner=waiver.owner, expires=expires)
        own = Severity(result.own_severity or result.severity)
        known = self._baseline is not None and self._baseline.knows(result.fingerprint, Severity(result.severity), own)
        if covering or not known or self._baseline is None:
            return None
        self._by_baseline += 1
        since = f"{self._baseline.as_of:%Y-%m-%d}"
        return doc.Suppression(
            by="baseline", reason=f"was there already in the baseline of {since}", owner=None, expires=None
        )

    def _count(self, subject: doc.Subject, results: Sequence[doc.ResultPart]) -> None:
        outcomes = {result.rule: result.outcome for result in results}
        for rule, waivers in self._by_rule.items():
            for waiver, use in waivers:
                if waiver.covers(subject.id):
                    use.subjects += 1
                    use.failing += outcomes.get(rule) == "fail"
                    use.undecided += outcomes.get(rule) not in doc.DECIDED
        failing = {result.fingerprint for result in results if result.outcome in {"fail", "waived"}}
        for finding in self._known.get(subject.id, ()):
            self._gone += finding.fingerprint not in failing and outcomes.get(finding.rule) in doc.DECIDED

    def _expired(self, waiver: Waiver) -> bool:
        return waiver.has_expired(self._as_of)

    def _detail(self, waiver: Waiver, use: _Use) -> str:
        """What is odd about a waiver; empty where nothing is."""
        if self._expired(waiver):
            again = f": the rule fails again at {_subjects(use.failing)}" if use.failing else ", and nothing needs it"
            return f"expired on {waiver.expires.isoformat()}{again}"
        if use.failing:
            return ""
        if not use.subjects:
            return "is not used: its scope matches no subject of this run"
        if use.undecided:
            return f"is not used: the rule could not be decided at {_subjects(use.undecided)}"
        return "is not used: the rule does not fail there"


def _subjects(count: int) -> str:
    return "1 subject" if count == 1 else f"{count} subjects"


def _rescored(old: doc.ScorePart | None, results: Sequence[doc.ResultPart], mode: str) -> doc.ScorePart | None:
    """The score of these results, by the caps that the old one names; what had no score gets none."""
    if old is None:
        return None
    caps: Mapping[str, Cap] = {row.rule: Cap(row.cap) for row in old.caps}
    return score_part(
        score(
            [
                Result(
                    rule=each.rule,
                    outcome=Outcome(each.outcome),
                    severity=Severity(each.severity),
                    cause=each.cause,
                    confidence=Confidence(each.confidence),
                    implied_by=each.implied_by,
                    cap=caps.get(each.rule),
                )
                for each in results
            ],
            mode=mode,
        )
    )
