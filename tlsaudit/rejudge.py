"""A stored report under another policy, without a connection.

Every rule says which limits it reads. Where the policy that judged and the one that judges now agree in them, the
outcome stands, whatever it was, and only its severity is weighed anew. Where they differ, the rule looks at what the
report holds of the facts, and of what was declared. A rule that needs more is `inconclusive` where it failed or was
inconclusive, since it may well fail again, and `not_tested` where it did not. So what was never asked is never passed,
and what failed never vanishes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from tlsaudit.document import result_part, score_part
from tlsaudit.judge import CONSEQUENCES, judge, under_causes
from tlsaudit.model import document as doc
from tlsaudit.model.facts import Facts
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Cap, Confidence, Evidence, Outcome, Result, Severity
from tlsaudit.policy import Policy
from tlsaudit.restore import restored
from tlsaudit.rules import (
    DECLARED_CA_RULES,
    DECLARED_NAME_RULES,
    FLEET_RULES,
    KEY_RULES,
    LISTENER_RULES,
    MUTUAL_RULES,
    PLAIN_UPSTREAM_RULES,
    RULESET,
    SCAN_RULES,
    UNSERVED_RULES,
    UPSTREAM_RULES,
)
from tlsaudit.rules.remedies import product_of, remedy_for
from tlsaudit.rules.rule import Rule
from tlsaudit.rules.words import filled
from tlsaudit.score import SCORING, score

FROM_FACTS: Final = frozenset(
    {
        *("TLS-PROTO-017", "TLS-PROTO-018"),
        *("TLS-CIPH-005", "TLS-CIPH-006", "TLS-CIPH-007", "TLS-CIPH-008", "TLS-CIPH-019", "TLS-VULN-009"),
        *("TLS-KEX-001", "TLS-KEX-002", "TLS-KEX-003", "TLS-KEX-006", "TLS-KEX-008", "TLS-KEX-012", "TLS-KEX-015"),
        *("TLS-CERT-026", "TLS-CERT-030", "TLS-CERT-031", "TLS-CERT-032", "TLS-CERT-036", "TLS-CERT-042"),
        *("TLS-SIG-009", "TLS-HTTP-002"),
        *("TLS-MTLS-001", "TLS-MTLS-002", "TLS-MTLS-022"),
    }
)
"""Rules that read limits and look at nothing but what `restore` restores."""

_OF_A_KIND: Final = {
    "name": FLEET_RULES,
    "listener": LISTENER_RULES,
    "upstream": UPSTREAM_RULES,
    "certificate": KEY_RULES,
}
"""The rules of subjects that are no endpoints."""
_DECLARED = frozenset({"client_auth", "kind"})
"""What is declared of a target; the rest that rules read are limits."""
_NOT_HELD = "the report does not hold what this rule looks at, and the policies differ in its limits"
_TROUBLE: Final = frozenset({"fail", "inconclusive"})
_THEN: Final = {"fail": "it failed then", "inconclusive": "it was not decided then"}
_NOT_THERE = "the report has no result of this rule"


def rejudged(document: doc.Document, policy: Policy, before: Policy | None) -> doc.Document:
    """The report as `policy` judges it; its summary is left to be counted.

    `before` is the policy that judged it, None where it is not at hand: then no two limits are taken to agree. The
    time of the audit, and so every verdict on dates, stays. Raises InputError where it cannot be a report's.
    """
    subjects = [_subject(each, document, policy, before) for each in document.subjects]
    return document.model_copy(
        update={
            "policy": doc.PolicyReference(id=policy.id, version=policy.version, sha256=policy.sha256),
            "data": document.data.model_copy(update={"ruleset": RULESET, "scoring": SCORING}),
            "subjects": subjects,
        }
    )


def _subject(subject: doc.Subject, document: doc.Document, policy: Policy, before: Policy | None) -> doc.Subject:
    if not subject.results:
        return subject  # it was not reached
    stored = {each.rule: each for each in subject.results}
    expect = subject.expectation()
    facts = restored(subject)
    caps = {row.rule: Cap(row.cap) for row in subject.score.caps} if subject.score else {}
    results: list[Result] = []
    for rule in _rules(subject, document.mode):
        part = stored.get(rule.id)
        if part is not None and (part.outcome == "waived" or _agree(rule, policy, before, expect)):
            results.append(_reworded(_stands(rule, part, policy, caps), rule, policy, facts))
        elif facts is not None and rule.id in FROM_FACTS:
            results.append(_judged(rule, facts, subject, document, policy))
        else:
            results.append(_open(rule, policy, part))
    related = under_causes(results)
    marks = None if subject.score is None else score(related, mode=document.mode)
    parts = [_part(each, stored) for each in related]
    return subject.model_copy(update={"results": parts, "score": score_part(marks)})


def _rules(subject: doc.Subject, mode: doc.Mode) -> Sequence[Rule]:
    upstream = subject.facts.upstream if subject.facts else None
    if upstream is not None and upstream.tls is False:
        return PLAIN_UPSTREAM_RULES
    if {each.rule for each in subject.results} == {each.id for each in UNSERVED_RULES}:
        return UNSERVED_RULES
    if subject.kind in _OF_A_KIND:
        return _OF_A_KIND[subject.kind]
    if mode != "mtls":
        return SCAN_RULES
    judged = {each.rule for each in subject.results}
    declared = (*DECLARED_NAME_RULES, *DECLARED_CA_RULES)
    return (*(rule for rule in declared if rule.id in judged), *MUTUAL_RULES)


def _agree(rule: Rule, policy: Policy, before: Policy | None, expect: Expectation) -> bool:
    """Whether the outcome of the rule is the same under both policies."""
    if not rule.reads:
        return True
    if before is None:
        return False
    return all(_given(policy, name, expect) == _given(before, name, expect) for name in rule.reads)


def _given(policy: Policy, name: str, expect: Expectation) -> object:
    return getattr(policy.expected(expect) if name in _DECLARED else policy.limits, name)


def _stands(rule: Rule, part: doc.ResultPart, policy: Policy, caps: Mapping[str, Cap]) -> Result:
    """The result as it was, weighed by `policy`."""
    outcome = Outcome(part.outcome)
    if outcome not in {Outcome.FAIL, Outcome.WAIVED}:
        kept = Result(rule=rule.id, outcome=outcome, severity=policy.severity_of(rule))
        return kept if outcome is not Outcome.INCONCLUSIVE else _undecided(rule, kept, policy, part.observed)
    found_then = Severity(part.severity)
    found = Severity(part.own_severity or part.severity)
    severity = policy.severity_of(rule, found)
    if part.suppression is not None and part.suppression.by == "baseline" and severity.rank > found_then.rank:
        outcome = Outcome.FAIL  # what is worse than it was is new
    implied = part.implied_by if part.implied_by in CONSEQUENCES.get(rule.id, ()) else None
    return Result(
        rule=rule.id,
        outcome=outcome,
        severity=severity,
        own_severity=None if severity is found else found,
        title=part.title or rule.title,
        cause=part.cause or rule.cause,
        observed=part.observed,
        expected=part.expected,
        why=part.why,
        evidence=tuple(Evidence(observed=each.observed, at=each.at) for each in part.evidence),
        sources=policy.clauses(rule),
        remedy=part.remedy,
        reproduce=part.reproduce,
        fingerprint=part.fingerprint,
        confidence=Confidence(part.confidence),
        implied_by=implied,
        cap=caps.get(rule.id),
    )


def _reworded(result: Result, rule: Rule, policy: Policy, facts: Facts | None) -> Result:
    """The failure with what this policy says to do; where nothing is known of the server, its remedy stays."""
    if not result.remedy or facts is None:
        return result
    remedy = remedy_for(rule, product_of(facts), policy.limits, policy.required)
    expected = result.expected if rule.reads else filled(rule.expected, policy.limits)
    return replace(result, remedy=remedy, expected=expected)


def _judged(rule: Rule, facts: Facts, subject: doc.Subject, document: doc.Document, policy: Policy) -> Result:
    """What the rule says of the facts that the report holds."""
    (result,) = judge(
        facts,
        policy,
        as_of=document.as_of,
        expect=subject.expectation(),
        mode=document.mode,
        subject_id=subject.id,
        rules=(rule,),
    ).results
    return result


def _open(rule: Rule, policy: Policy, part: doc.ResultPart | None) -> Result:
    """Undecided: as grave as what was found then, where that is graver than the rule usually is."""
    severity = policy.severity_of(rule)
    if part is None or part.outcome not in _TROUBLE:
        reason = _NOT_THERE if part is None else _NOT_HELD
        return _undecided(rule, Result(rule=rule.id, outcome=Outcome.NOT_TESTED, severity=severity), policy, reason)
    found = policy.severity_of(rule, Severity(part.own_severity or part.severity))
    worst = max(severity, found, key=lambda each: each.rank)
    reason = f"{_NOT_HELD}; {_THEN[part.outcome]}" + (f": {part.observed}" if part.observed else "")
    return _undecided(rule, Result(rule=rule.id, outcome=Outcome.INCONCLUSIVE, severity=worst), policy, reason)


def _undecided(rule: Rule, kept: Result, policy: Policy, reason: str) -> Result:
    return replace(
        kept,
        title=rule.title,
        cause=rule.cause,
        expected=filled(rule.expected, policy.limits),
        why=rule.why,
        confidence=rule.confidence,
        reason=reason,
    )


def _part(result: Result, stored: Mapping[str, doc.ResultPart]) -> doc.ResultPart:
    """The result for the report; who waived it, and where it stands in a file, is as it was."""
    part = result_part(result)
    before = stored.get(result.rule)
    if before is None or before.outcome not in {"fail", "waived"} or part.outcome not in {"fail", "waived"}:
        return part
    suppression = before.suppression if part.outcome == "waived" else None
    return part.model_copy(update={"suppression": suppression, "location": before.location})
