"""Facts, a policy and a moment in; results and a score out. Pure: no clock, no file, no network.

Every rule of the catalogue gives one result. A proof is a failure, whatever else is unknown. Without one, what a rule
needs and is unknown decides the outcome: `not_tested` where it was not asked, else `inconclusive`. Anything else that a
rule raises is a bug of ours and ends the audit.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Fact, Known, Undecided, Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Cap, Evidence, Fail, Judgement, Outcome, Result
from tlsaudit.policy.policy import Policy
from tlsaudit.rules import SCAN_RULES
from tlsaudit.rules.commands import show_item, suited
from tlsaudit.rules.remedies import product_of, remedy_for
from tlsaudit.rules.rule import Case, Rule
from tlsaudit.rules.words import filled
from tlsaudit.score import CEILINGS, heads, score

_MOST_EVIDENCE = 100
_MOST_OBSERVED = 8

CONSEQUENCES = {"TLS-CHAIN-001": ("TLS-CHAIN-002", "TLS-CHAIN-003")}
"""What follows from another failure of the same proof and says nothing of its own.

No path leads to an anchor from a chain that stops short, or from a certificate that signed itself. The finding to act
on is CHAIN-003 or CHAIN-002; it pays the points of CHAIN-001, which stays in the report as a failure, and whose cap
stands: with what was sent nobody can tell whether the certificate is to be trusted, and the grade says so, with
the letter beside it that the rest would earn. That holds only where every certificate that is untrusted is also
incomplete (or self-signed): an untrusted second certificate counts as ever.
"""


def judge(
    facts: Facts,
    policy: Policy,
    *,
    as_of: datetime,
    expect: Expectation,
    mode: str,
    subject_id: str,
    rules: Sequence[Rule] = SCAN_RULES,
    members: Mapping[str, Fact[Facts]] | None = None,
) -> Judgement:
    """All results of one subject under `policy`, one a rule, and its score.

    `as_of` is the time of the audit in UTC. `mode` is gate, inventory or full: it decides what a letter may say.
    `subject_id` is the canonical target; a finding's fingerprint is made of it and the rule's id, so that it stays
    the same when a certificate is renewed. `members` are the endpoints of a subject that is made of several.
    """
    expect = policy.expected(expect)
    case = Case(facts=facts, limits=policy.limits, as_of=as_of, expect=expect, members=members or {})
    proofs: dict[str, tuple[Fail, ...]] = {}
    results: list[Result] = []
    for rule in rules:
        fails: list[Fail] = []
        unknown: Undecided | None = None
        applies = True
        try:
            applies = rule.applies(case)
            for fail in rule.evaluate(case) if applies else ():
                fails.append(fail)  # noqa: PERF402 - what was found before an Undecided counts
        except Undecided as undecided:
            unknown = undecided
        if fails:
            proofs[rule.id] = tuple(fails)
            results.append(_failure(rule, policy, proofs[rule.id], facts, subject_id))
        elif unknown is not None:
            results.append(_undecided(rule, policy, unknown))
        else:
            outcome = Outcome.PASS if applies else Outcome.NOT_APPLICABLE
            results.append(Result(rule=rule.id, outcome=outcome, severity=policy.severity_of(rule)))
    related = _relate(results, proofs)
    return Judgement(results=related, score=score(related, mode=mode))


def fingerprint(rule_id: str, subject_id: str) -> str:
    """What a finding is called from run to run."""
    return hashlib.sha256(f"{rule_id}\n{subject_id}".encode()).hexdigest()[:32]


def _undecided(rule: Rule, policy: Policy, undecided: Undecided) -> Result:
    not_asked = undecided.unknown.why is Why.NOT_ASKED
    return Result(
        rule=rule.id,
        outcome=Outcome.NOT_TESTED if not_asked else Outcome.INCONCLUSIVE,
        severity=policy.severity_of(rule),
        title=rule.title,
        cause=rule.cause,
        expected=filled(rule.expected, policy.limits),
        why=rule.why,
        confidence=rule.confidence,
        reason=str(undecided),
    )


def _failure(rule: Rule, policy: Policy, fails: tuple[Fail, ...], facts: Facts, subject_id: str) -> Result:
    own = max((fail.severity or rule.severity for fail in fails), key=lambda severity: severity.rank)
    severity = policy.severity_of(rule, own)
    return Result(
        rule=rule.id,
        outcome=Outcome.FAIL,
        severity=severity,
        own_severity=None if severity is own else own,
        title=rule.title,
        cause=_cause(rule, fails),
        observed=_some([fail.observed for fail in fails], _MOST_OBSERVED),
        expected="; ".join(dict.fromkeys(fail.expected or filled(rule.expected, policy.limits) for fail in fails)),
        why=rule.why,
        evidence=_evidence(fails),
        sources=policy.clauses(rule),
        remedy=remedy_for(rule, product_of(facts), policy.limits, policy.required),
        reproduce=_command(rule.reproduce or show_item(fail.observed for fail in fails), facts),
        fingerprint=fingerprint(rule.id, subject_id),
        confidence=rule.confidence,
        cap=_lowest_cap(rule, fails),
    )


def _cause(rule: Rule, fails: tuple[Fail, ...]) -> str:
    """A rule joins another cause only where nothing else triggers it."""
    causes = {fail.cause or rule.cause for fail in fails}
    return causes.pop() if len(causes) == 1 else rule.cause


def _lowest_cap(rule: Rule, fails: tuple[Fail, ...]) -> Cap | None:
    caps = [cap for fail in fails if (cap := fail.cap or rule.cap) is not None]
    return min(caps, key=_cap_rank, default=None)


def _cap_rank(cap: Cap) -> int:
    """T and M before any number, A after."""
    if cap in {Cap.TRUST, Cap.MISMATCH}:
        return 0
    return CEILINGS.get(cap, 100)


def _some(texts: Sequence[str], most: int) -> str:
    distinct = list(dict.fromkeys(texts))
    more = f" and {len(distinct) - most} more" if len(distinct) > most else ""
    return "; ".join(distinct[:most]) + more


def _evidence(fails: tuple[Fail, ...]) -> tuple[Evidence, ...]:
    """One entry for each place that proves a failure; a failure by absence has none and stands for itself."""
    entries = [(fail.observed, basis.at) for fail in fails for basis in fail.at] or [
        (fail.observed, "") for fail in fails
    ]
    distinct = [Evidence(observed=observed, at=at) for observed, at in dict.fromkeys(entries)]
    if len(distinct) <= _MOST_EVIDENCE:
        return tuple(distinct)
    rest = Evidence(observed=f"and {len(distinct) - _MOST_EVIDENCE} more", at="")
    return (*distinct[:_MOST_EVIDENCE], rest)


def _command(template: str | None, facts: Facts) -> str | None:
    """The rule's command for what answered; without SNI, openssl is told to send none.

    curl asks HTTPS, which a service that begins in plain text is not.
    """
    endpoint = facts.endpoint
    if template is None or (endpoint.starttls is not None and template.startswith("curl")):
        return None
    template = suited(template, facts)
    host = endpoint.address or endpoint.host
    host = f"[{host}]" if ":" in host else host
    connect, plain = f"{host}:{endpoint.port}", f"{host}:{_plain_port(facts)}"
    name = endpoint.sni
    if endpoint.starttls is not None:
        template = template.replace("openssl s_client", f"openssl s_client -starttls {endpoint.starttls}")
    if name is None:
        template = template.replace("-servername {servername}", "-noservername")
        name = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    filled = template.replace("{connect}", shlex.quote(connect)).replace("{plain}", shlex.quote(plain))
    return filled.replace("{servername}", shlex.quote(name))


def _plain_port(facts: Facts) -> int:
    plain = facts.plain_http.value if isinstance(facts.plain_http, Known) else None
    return plain.port if plain is not None else 80


def _relate(results: Sequence[Result], proofs: Mapping[str, tuple[Fail, ...]]) -> tuple[Result, ...]:
    """The results with `implied_by` filled in: what is a consequence, then what is not the worst of its cause."""
    fails = [each for each in results if each.outcome is Outcome.FAIL]
    known = {each.rule: _as_consequence(each, proofs) for each in fails}
    return under_causes([known.get(each.rule, each) for each in results])


def under_causes(results: Sequence[Result]) -> tuple[Result, ...]:
    """The results, each failure implied by the worst of its cause; what already says what implies it keeps that."""
    fails = [each for each in results if each.outcome is Outcome.FAIL]
    worst = heads(each for each in fails if each.implied_by is None)
    related = {each.rule: _under(each, worst) for each in fails}
    return tuple(related.get(each.rule, each) for each in results)


def _as_consequence(result: Result, proofs: Mapping[str, tuple[Fail, ...]]) -> Result:
    shown = {basis for fail in proofs[result.rule] for basis in fail.at}
    origins = [origin for origin in CONSEQUENCES.get(result.rule, ()) if proofs.get(origin)]
    explained = {basis for origin in origins for fail in proofs[origin] for basis in fail.at}
    if not origins or not shown <= explained:
        return result
    return replace(result, implied_by=origins[0])


def _under(result: Result, worst: Mapping[str, Result]) -> Result:
    if result.implied_by is not None:
        return result
    head = worst[result.cause or result.rule]
    return result if head.rule == result.rule else replace(result, implied_by=head.rule)
