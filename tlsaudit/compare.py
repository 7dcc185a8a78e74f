"""Two reports compared: what is new, fixed and changed, each with the facts behind it. Pure: only the model.

What one of the two did not decide is `unknown`, never fixed and never new: a rule that was not asked, an endpoint that
could not be audited or that is not in the new report.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tlsaudit.compare_facts import compare_facts
from tlsaudit.model.difference import (
    Change,
    Difference,
    DifferenceSummary,
    FactChange,
    GradeChange,
    ResultChange,
    Side,
    State,
    SubjectDifference,
    Verdict,
)
from tlsaudit.model.document import DECIDED, Document, ResultPart, Subject, is_decided
from tlsaudit.model.result import Severity

FACTS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "PROTO": ("protocols", "behaviours"),
    "CIPH": ("cipher_suites", "cipher_preference", "protocols", "session.encrypt_then_mac"),
    "KEX": ("key_exchanges", "groups", "cipher_suites", "protocols"),
    "PQ": ("groups", "protocols"),
    "SIG": ("signature_schemes", "certificate_deployments"),
    "CERT": ("certificate_deployments",),
    "CHAIN": ("certificate_deployments",),
    "REVO": ("certificate_deployments",),
    "CT": ("certificate_deployments",),
    "MTLS": ("client_auth",),
    "SESS": ("session", "behaviours", "protocols"),
    "IMPL": ("behaviours", "protocols", "cipher_suites"),
    "VULN": ("vulnerabilities", "protocols", "cipher_suites", "session", "key_exchanges"),
    "HTTP": ("http",),
    "CONF": ("upstream", "client_auth", "http", "protocols", "cipher_suites", "certificate_deployments"),
    "KEY": ("certificate_deployments",),
    "ALPN": ("alpn", "cipher_suites", "protocols"),
    "FLEET": (),
}
"""The facts that the rules of an area look at, by the starts of their paths."""
_OF_TIME: Final = frozenset({"CERT", "CHAIN", "CT", "REVO", "SIG"})
"""Areas with rules that look at the time."""
_OF_DECLARED: Final = "TLS-MTLS-"
"""The start of the rules that hang on what was declared of client authentication."""
_FOUND: Final = frozenset({"fail", "waived"})
_MOST_REASONS: Final = 5
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]+")


def compare(old: Document, new: Document, *, names: tuple[str, str], fail_on: Severity | None) -> Difference:
    """What differs between two reports; `names` say where they come from.

    Subjects are paired by their ids, or where each report has but one, whatever their ids. The exit code is 1 where
    something new fails at or above `fail_on`, else 3 where something could not be compared, else 0.
    """
    pairs, notes = _pairs(old.subjects, new.subjects)
    whole = _Context(old, new)
    compared = [whole.subject(*pair) for pair in pairs]
    told = [each for each in compared if _says_something(each)]
    return Difference(
        old=Side.of(old, names[0]),
        new=Side.of(new, names[1]),
        notes=[*_notes(old, new), *notes, *_declared_notes(pairs)],
        subjects=told,
        summary=_summary(compared, len(compared) - len(told), fail_on),
    )


def _pairs(
    old: Sequence[Subject], new: Sequence[Subject]
) -> tuple[list[tuple[Subject | None, Subject | None]], list[str]]:
    """The subjects of both, in the order of the new report, then what only the old one has."""
    if len(old) == len(new) == 1 and old[0].id != new[0].id:
        return [(old[0], new[0])], [f"{old[0].id} is compared with {new[0].id}"]
    before = {subject.id: subject for subject in old}
    pairs: list[tuple[Subject | None, Subject | None]] = [(before.pop(each.id, None), each) for each in new]
    return [*pairs, *((each, None) for each in before.values())], []


def _notes(old: Document, new: Document) -> list[str]:
    """Why a difference may be none of the endpoints: two modes, policies, rules or trust stores."""
    found = []
    if old.mode != new.mode:
        found.append(f"OLD was asked in {old.mode} mode and NEW in {new.mode} mode: only what both decided is compared")
    if old.policy != new.policy:
        found.append(
            f"OLD was judged by {_policy(old)} and NEW by {_policy(new)}: a difference may be one of the policies"
        )
    if (old.data, old.tool) != (new.data, new.tool):
        found.append(f"OLD was judged with {_versions(old)}, NEW with {_versions(new)}")
    return found


def _declared_notes(pairs: Sequence[tuple[Subject | None, Subject | None]]) -> list[str]:
    """Of which subjects other things were declared: the first few."""
    found = [
        f"{new.id}: OLD was judged with {_declared(old)}, NEW with {_declared(new)}"
        for old, new in pairs
        if old is not None and new is not None and old.declared != new.declared
    ]
    more = [f"and {len(found) - _MOST_REASONS} more subjects"] if len(found) > _MOST_REASONS else []
    return [*found[:_MOST_REASONS], *more]


def _declared(subject: Subject) -> str:
    part = subject.declared
    if part is None:
        return "nothing declared"
    mode = [f"client authentication {part.client_auth}"] if part.client_auth else []
    mode += [f"kind {part.kind}"] if part.kind else []
    names = [f"the names {', '.join(part.names[:_MOST_REASONS])}"] if part.names else []
    return f"{' and '.join((*mode, *names))} declared"


def _policy(document: Document) -> str:
    return f"{document.policy.id} {document.policy.version} ({document.policy.sha256[:8]})"


def _versions(document: Document) -> str:
    data = document.data
    stores = ", ".join(f"{name} {date}" for name, date in data.trust_stores.items())
    return f"tlsaudit {document.tool.version}, rules {data.ruleset}, scoring {data.scoring}, trust stores {stores}"


class _Context:
    """Compares subject by subject what two reports say."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new
        self._alike = old.mode == new.mode

    def subject(self, old: Subject | None, new: Subject | None) -> SubjectDifference:
        """One subject that at least one of the two has."""
        if new is None:
            assert old is not None
            return SubjectDifference(id=old.id, name=old.name, state="only_old", detail="NEW has no such subject")
        state, detail = _state(old, new)
        if state == "unknown":
            return SubjectDifference(id=new.id, name=new.name, old_id=_other(old, new), state=state, detail=detail)
        facts = compare_facts(old, new, asked_alike=self._alike) if old is not None else None
        changes = facts.changes if facts else ()
        return SubjectDifference(
            id=new.id,
            name=new.name,
            old_id=_other(old, new),
            state=state,
            detail=detail,
            grade=_grade(old, new) if old is not None else None,
            results=self._results(old, new, changes),
            facts=list(changes),
            unknown=dict(facts.unknown) if facts else {},
        )

    def _results(self, old: Subject | None, new: Subject, facts: Sequence[FactChange]) -> list[ResultChange]:
        before = {result.rule: result for result in old.results} if old is not None else {}
        after = {result.rule: result for result in new.results}
        found: list[ResultChange] = []
        for rule in dict.fromkeys((*after, *before)):
            was, now = before.get(rule), after.get(rule)
            change = _first_seen(now) if old is None else _change(was, now)
            if old is not None and change == "fixed" and self._is_dropped(old, new, now):
                change = "unknown"
            if change is not None:
                found.append(self._result(change, was, now, facts, known=old is not None))
        return sorted(found, key=lambda each: (-Severity(each.severity).rank, each.rule))

    def _is_dropped(self, old: Subject, new: Subject, now: ResultPart | None) -> bool:
        """Whether the rule was only dropped: it does not apply by what is declared now, or by another policy."""
        if now is None or now.outcome != "not_applicable":
            return False
        return self._old.policy != self._new.policy or (
            now.rule.startswith(_OF_DECLARED) and old.declared != new.declared
        )

    def _result(
        self,
        change: Change,
        old: ResultPart | None,
        new: ResultPart | None,
        facts: Sequence[FactChange],
        *,
        known: bool,
    ) -> ResultChange:
        told = new if new is not None and (new.title or old is None) else old
        assert told is not None
        failing = [each for each in (new, old) if each is not None and each.outcome in _FOUND]
        severity = failing[0].severity if failing else told.severity
        if not known:
            reasons = ["OLD has no such subject"]
        elif change == "unknown":
            reasons = [_undecided("OLD", old), _undecided("NEW", new)]
        else:
            reasons = self._reasons(old, new, facts)
        return ResultChange(
            rule=told.rule,
            change=change,
            severity=severity,
            title=told.title or (old.title if old else ""),
            old=_verdict(old),
            new=_verdict(new),
            reasons=reasons,
        )

    def _reasons(self, old: ResultPart | None, new: ResultPart | None, facts: Sequence[FactChange]) -> list[str]:
        """The changed facts that the rule looks at, and what else differs between the two reports."""
        assert old is not None
        assert new is not None
        area = new.rule.split("-")[1] if new.rule.count("-") == 2 else ""
        reasons = _telling([each for each in facts if each.path.startswith(FACTS_OF.get(area, ()))], old, new)
        if {old.outcome, new.outcome} == {"fail", "waived"}:
            reasons.insert(0, "it is waived now" if new.outcome == "waived" else "no waiver or baseline covers it now")
        elif not reasons or ({old.outcome, new.outcome} <= _FOUND and old.severity != new.severity):
            reasons += self._circumstances(area)
        return reasons or ["no fact that reports show has changed; what was expected of the endpoint may have"]

    def _circumstances(self, area: str) -> list[str]:
        found = []
        if area in _OF_TIME and self._old.as_of != self._new.as_of:
            found.append(f"judged as of {self._new.as_of:%Y-%m-%d %H:%M} instead of {self._old.as_of:%Y-%m-%d %H:%M}")
        if self._old.policy != self._new.policy:
            found.append(f"judged by {_policy(self._new)} instead of {_policy(self._old)}")
        if self._old.data.ruleset != self._new.data.ruleset:
            found.append(f"judged by rules {self._new.data.ruleset} instead of {self._old.data.ruleset}")
        if area == "CHAIN" and self._old.data.trust_stores != self._new.data.trust_stores:
            found.append("the trust stores differ")
        return found


def _state(old: Subject | None, new: Subject) -> tuple[State, str]:
    troubled = [
        f"{side}: {subject.status.replace('_', ' ')}" + (f": {subject.error.message}" if subject.error else "")
        for side, subject in (("OLD", old), ("NEW", new))
        if subject is not None and subject.status != "audited"
    ]
    if any(subject is not None and not is_decided(subject) for subject in (old, new)):
        return "unknown", "; ".join(troubled) or "of one of the two nothing was decided"
    if old is None:
        return "only_new", "; ".join(("OLD has no such subject", *troubled))
    return ("partly", "; ".join(troubled)) if troubled else ("compared", "")


def _other(old: Subject | None, new: Subject) -> str | None:
    return old.id if old is not None and old.id != new.id else None


def _grade(old: Subject, new: Subject) -> GradeChange | None:
    was, now = old.score, new.score
    if (was and (was.grade, was.value)) == (now and (now.grade, now.value)):
        return None
    return GradeChange(
        old=was.grade if was else None,
        new=now.grade if now else None,
        old_value=was.value if was else None,
        new_value=now.value if now else None,
    )


def _first_seen(new: ResultPart | None) -> Change | None:
    """What the result of a subject is that the old report does not have."""
    if new is None or new.outcome not in {"fail", "inconclusive"}:
        return None
    return "new" if new.outcome == "fail" else "unknown"


def _change(old: ResultPart | None, new: ResultPart | None) -> Change | None:
    """What became of one rule; None: nothing, or nothing that anybody has to know."""
    was = old.outcome if old is not None else "not_tested"
    now = new.outcome if new is not None else "not_tested"
    if was not in DECIDED or now not in DECIDED:
        return "unknown" if was in _FOUND or now in _FOUND or now == "inconclusive" else None
    assert old is not None
    assert new is not None
    if now in _FOUND and was in _FOUND:
        return _still_found(old, new)
    if was in _FOUND:
        return "fixed"
    if now in _FOUND:
        return "new" if now == "fail" else "changed"
    return None


def _still_found(old: ResultPart, new: ResultPart) -> Change | None:
    worse = any(
        Severity(now).rank > Severity(was).rank
        for was, now in (
            (old.severity, new.severity),
            (old.own_severity or old.severity, new.own_severity or new.severity),  # which a policy's floor hides
        )
    )
    if new.outcome == "fail" and (worse or old.outcome == "waived"):
        return "new"
    same = (old.outcome, old.severity, _items(old)) == (new.outcome, new.severity, _items(new))
    return None if same else "changed"


def _items(result: ResultPart) -> set[str]:
    """What was seen, whatever the order."""
    return set(result.observed.split("; "))


def _undecided(side: str, result: ResultPart | None) -> str:
    """What one side says of a rule that only one of the two decided."""
    if result is None:
        return f"{side}: there is no such rule"
    words = {"not_tested": "not asked", "fail": "fails", "pass": "passes", "inconclusive": "not decided"}
    observed = f": {result.observed}" if result.observed else ""
    return f"{side}: {words.get(result.outcome, result.outcome.replace('_', ' '))}{observed}"


def _verdict(result: ResultPart | None) -> Verdict | None:
    if result is None:
        return None
    return Verdict(outcome=result.outcome, severity=result.severity, observed=result.observed)


def _telling(changes: Sequence[FactChange], old: ResultPart, new: ResultPart) -> list[str]:
    """These changes in words; where the results name some of the items, only those."""
    told = " ".join(f"{each.observed} {' '.join(one.observed for one in each.evidence)}" for each in (old, new))
    named = set(_WORD.findall(told))
    narrowed = [each for each in (_naming(change, named) for change in changes) if each is not None]
    chosen = [str(each) for each in narrowed or changes]
    more = [f"and {len(chosen) - _MOST_REASONS} more facts"] if len(chosen) > _MOST_REASONS else []
    return chosen[:_MOST_REASONS] + more


def _naming(change: FactChange, named: Iterable[str]) -> FactChange | None:
    """The change with only the items that are named; None where it has none of them."""
    words = set(named)
    added, removed = ([each for each in items if each in words] for items in (change.added, change.removed))
    if added or removed:
        return change.model_copy(update={"added": added, "removed": removed})
    is_named = change.path.split(".", 1)[-1] in words
    return change if is_named and change.old is not None else None


def _says_something(subject: SubjectDifference) -> bool:
    parts = (subject.grade, subject.results, subject.facts, subject.unknown)
    return subject.state != "compared" or any(parts)


def _summary(subjects: Sequence[SubjectDifference], unchanged: int, fail_on: Severity | None) -> DifferenceSummary:
    results = [result for subject in subjects for result in subject.results]
    counts = Counter(result.change for result in results)
    severities = Counter(result.severity for result in results if result.change == "new")
    open_subjects = [subject for subject in subjects if subject.state in {"partly", "unknown", "only_old"}]
    reaching = [each for each in results if fail_on is not None and Severity(each.severity).rank >= fail_on.rank]
    if any(each.change == "new" for each in reaching):
        exit_code = 1
    else:
        exit_code = 3 if open_subjects or not subjects or any(_is_open(each) for each in reaching) else 0
    return DifferenceSummary(
        subjects=len(subjects),
        unchanged=unchanged,
        new=counts["new"],
        fixed=counts["fixed"],
        changed=counts["changed"],
        unknown=counts["unknown"] + sum(subject.state in {"unknown", "only_old"} for subject in subjects),
        new_by_severity={each.value: severities[each.value] for each in Severity if severities[each.value]},
        fail_on="none" if fail_on is None else fail_on.value,
        exit_code=exit_code,
    )


def _is_open(result: ResultChange) -> bool:
    """Whether a rule that only one side decided can be a failure that nobody waived."""
    return result.change == "unknown" and (result.new is None or result.new.outcome != "waived")
