"""What a rule is: one small pure function with its metadata.

A rule module defines functions under `@rule(...)`, which turns each into a `Rule`, and lists them in `RULES`;
`tlsaudit.rules.CATALOGUE` gathers the lists. Nothing registers itself on import.

The function gets a `Case` and returns what proves the failure, one `Fail` each; nothing returned is a pass. It never
handles unknown facts: `need()`, `any()` and their like raise `Undecided`, and the judge turns that into `not_tested`
or `inconclusive`. Whether the rule makes sense here at all is said by `applies`, which may raise `Undecided` as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tlsaudit.model.certificate import CertificateDeployment
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Fact
from tlsaudit.model.limits import Expectation, Limits
from tlsaudit.model.result import Cap, Confidence, Fail, Severity, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a rule may look at. `as_of` is the time of the audit, in UTC; rules have no clock.

    `members` are the endpoints of a subject that is made of several, by their ids; a single endpoint has none.
    """

    facts: Facts
    limits: Limits
    as_of: datetime
    expect: Expectation = field(default_factory=Expectation)
    members: Mapping[str, Fact[Facts]] = field(default_factory=dict)

    def deployments(self) -> tuple[CertificateDeployment, ...]:
        """The certificate deployments; raises Undecided where they are unknown."""
        return self.facts.certificate_deployments.need()


Evaluate = Callable[[Case], Iterable[Fail]]
Applies = Callable[[Case], bool]


def always(_case: Case) -> bool:
    """The rule makes sense for every endpoint."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of the catalogue. Ids are permanent; a changed condition or severity raises `version`.

    `title` names the failure in a few words; `expected` says in one line what would pass; `why` says in one or two
    sentences what an attacker or an outage makes of it; `remedy` says what to do. `cause` is the root-cause group
    in which only the worst finding costs points (the rule's own id where it has none). `enforces` names what a
    policy may list as forbidden or required (`protocol/TLSv1.0`, `suite/null`, `chain/complete`); where it does, the
    severity is at least high. `reads` names the limits that the outcome depends on, and `client_auth` where it is what
    was declared of the target: under two policies that agree in these the outcome is the same. `reproduce` is a command
    with the fields {connect}, {servername} and {plain} (host and port of plain HTTP), all of them already quoted for a
    shell, or None.
    """

    id: str
    title: str
    severity: Severity
    expected: str
    why: str
    remedy: str
    sources: tuple[Source, ...]
    evaluate: Evaluate
    applies: Applies = always
    version: int = 1
    cap: Cap | None = None
    cause: str
    cwe: tuple[int, ...] = ()
    enforces: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    confidence: Confidence = Confidence.CONFIRMED
    reproduce: str | None = None

    @property
    def area(self) -> str:
        """The middle part of the id: PROTO, CIPH, CERT, ..."""
        return self.id.split("-")[1]


def rule(
    rule_id: str,
    *,
    title: str,
    severity: Severity,
    expected: str,
    why: str,
    remedy: str,
    sources: tuple[Source, ...],
    applies: Applies = always,
    version: int = 1,
    cap: Cap | None = None,
    cause: str | None = None,
    cwe: tuple[int, ...] = (),
    enforces: tuple[str, ...] = (),
    reads: tuple[str, ...] = (),
    confidence: Confidence = Confidence.CONFIRMED,
    reproduce: str | None = None,
) -> Callable[[Evaluate], Rule]:
    """Turn the decorated function into the `Rule` with this metadata."""

    def wrap(evaluate: Evaluate) -> Rule:
        return Rule(
            id=rule_id,
            title=title,
            severity=severity,
            expected=expected,
            why=why,
            remedy=remedy,
            sources=sources,
            evaluate=evaluate,
            applies=applies,
            version=version,
            cap=cap,
            cause=cause or rule_id,
            cwe=cwe,
            enforces=enforces,
            reads=reads,
            confidence=confidence,
            reproduce=reproduce,
        )

    return wrap
