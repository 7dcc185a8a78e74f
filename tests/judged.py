"""Facts judged and put into a report document, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.rules.facts import AS_OF, OWASP
from tlsaudit.app import summarise
from tlsaudit.document import audited, not_audited
from tlsaudit.judge import judge
from tlsaudit.model.document import DataVersions, Document, Mode, PolicyReference, Problem, Subject, Tool
from tlsaudit.model.facts import Endpoint, Facts
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Severity
from tlsaudit.model.target import parse_target
from tlsaudit.policy import Policy


def subject_of(
    facts: Facts,
    target: str = "shop.example.com",
    *,
    mode: Mode = "full",
    as_of: datetime = AS_OF,
    policy: Policy = OWASP,
    problem: Problem | None = None,
) -> Subject:
    """The subject of an endpoint with these facts."""
    asked = parse_target(target)
    endpoint = Endpoint(host=asked.host, port=asked.port, address="192.0.2.1", sni=asked.server_name)
    there = replace(facts, endpoint=endpoint)
    judgement = judge(there, policy, as_of=as_of, expect=Expectation(), mode=mode, subject_id=asked.id)
    return audited(asked, there, judgement, problem=problem, seconds=0.1)


def unreachable(target: str = "shop.example.com", *, code: str = "refused") -> Subject:
    """The subject of an endpoint that could not be asked."""
    return not_audited(parse_target(target), status="unreachable", code=code, message="no", seconds=0.1)


def document_of(
    *subjects: Subject,
    mode: Mode = "full",
    as_of: datetime = AS_OF,
    fail_on: Severity | None = Severity.HIGH,
    data: Mapping[str, Any] | None = None,
    policy: Policy = OWASP,
) -> Document:
    """A report of these subjects."""
    versions = {"ruleset": "1", "scoring": "1", "registry": "2026-11-12", "trust_stores": {"mozilla": "2026-10-18"}}
    return Document(
        tool=Tool(name="tlsaudit", version="0"),
        mode=mode,
        policy=PolicyReference(id=policy.id, version=policy.version, sha256=policy.sha256),
        data=DataVersions.model_validate({**versions, **(data or {})}),
        as_of=as_of,
        started_at=as_of,
        finished_at=as_of,
        subjects=list(subjects),
        summary=summarise(subjects, fail_on),
    )
