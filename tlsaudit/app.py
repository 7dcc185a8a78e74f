"""Puts the rooms together: targets in, a report document out. Knows nothing of command lines and formats."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tlsaudit import __version__
from tlsaudit.data import trust, versions
from tlsaudit.document import audited, not_audited
from tlsaudit.judge import judge
from tlsaudit.model import document as doc
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Outcome, Severity
from tlsaudit.model.target import Target
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.policy import Policy
from tlsaudit.probe import NotAuditedError, Settings, Trusting, audit_endpoint
from tlsaudit.rules import RULESET
from tlsaudit.score import SCORING

MODE = "inventory"
"""What is asked: versions, suites, groups, certificates, client authentication, ALPN, HTTP."""

_AT_ONCE = 64
_DEADLINE_IN_TIMEOUTS = 12
_GRADES = ("A+", "A", "A-", "B", "C", "D", "F", "M", "T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """The trust stores of a run, by name with their dates, and the one whose verdict counts."""

    trusting: Trusting
    dates: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """What a scan is given. `timeout` is seconds for one connection; `as_of` the time to judge by, None: now.

    `expectations` are per target id and override `expect`; `fail_on` None: no failure ends with code 1.
    """

    policy: Policy
    anchors: Anchors
    timeout: float = 5.0
    as_of: datetime | None = None
    expect: Expectation = field(default_factory=Expectation)
    expectations: Mapping[str, Expectation] = field(default_factory=dict)
    fail_on: Severity | None = Severity.HIGH


def load_anchors(ca_file: Path | None) -> Anchors:
    """Mozilla's store, the system's where there is one, and `ca_file` as the store that decides.

    Raises InputError where `ca_file` cannot be read or holds no certificate.
    """
    sets = [trust.mozilla(), trust.system()]
    if ca_file is not None:
        sets.append(trust.from_file(ca_file))
    present = [anchors for anchors in sets if anchors is not None]
    stores = {anchors.name: TrustStore.from_ders(anchors.name, anchors.ders) for anchors in present}
    deciding = present[-1].name if ca_file is not None else present[0].name
    return Anchors(
        trusting=Trusting(stores=stores, deciding=deciding),
        dates={anchors.name: anchors.date for anchors in present},
    )


async def scan(targets: Sequence[Target], options: ScanOptions) -> doc.Document:
    """Audit every target and judge what was seen."""
    started = datetime.now(UTC)
    as_of = options.as_of or started
    network = Network(NetworkLimits(connect_timeout=options.timeout, read_timeout=options.timeout))
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(target: Target) -> doc.Subject:
        async with places:
            return await _scan_one(target, network, options, as_of)

    subjects = await asyncio.gather(*(one(target) for target in targets))
    return doc.Document(
        tool=doc.Tool(name="tlsaudit", version=__version__),
        mode=MODE,
        policy=doc.PolicyReference(id=options.policy.id, version=options.policy.version, sha256=options.policy.sha256),
        data=doc.DataVersions(
            ruleset=RULESET,
            scoring=SCORING,
            registry=versions.registry_date(),
            trust_stores=dict(options.anchors.dates),
        ),
        as_of=as_of,
        started_at=started,
        finished_at=datetime.now(UTC),
        subjects=list(subjects),
        summary=summarise(subjects, options.fail_on),
    )


def summarise(subjects: Sequence[doc.Subject], fail_on: Severity | None) -> doc.Summary:
    """The run in numbers, with its exit code: 1 before 3 before 0."""
    failed = Counter(
        result.severity for subject in subjects for result in subject.results if result.outcome == Outcome.FAIL
    )
    grades = [subject.score.grade.rstrip("?") for subject in subjects if subject.score is not None]
    return doc.Summary(
        subjects=len(subjects),
        by_status=dict(Counter(subject.status for subject in subjects)),
        failed_by_severity={severity.value: failed[severity.value] for severity in Severity if failed[severity.value]},
        worst_grade=max(grades, key=_GRADES.index, default=None),
        exit_code=exit_code(subjects, fail_on),
    )


def exit_code(subjects: Sequence[doc.Subject], fail_on: Severity | None) -> int:
    """1: a failure at or above `fail_on`; 3: none, but something could not be judged; 0: all judged."""
    if any(_reaches(subject, Outcome.FAIL, fail_on) for subject in subjects):
        return 1
    unjudged = any(
        subject.status != "audited" or _reaches(subject, Outcome.INCONCLUSIVE, fail_on) for subject in subjects
    )
    return 3 if unjudged else 0


def _reaches(subject: doc.Subject, outcome: Outcome, fail_on: Severity | None) -> bool:
    return fail_on is not None and any(
        result.outcome == outcome and Severity(result.severity).rank >= fail_on.rank for result in subject.results
    )


async def _scan_one(target: Target, network: Network, options: ScanOptions, as_of: datetime) -> doc.Subject:
    begun = time.monotonic()
    settings = Settings(trusting=options.anchors.trusting, deadline=options.timeout * _DEADLINE_IN_TIMEOUTS)
    try:
        audit = await audit_endpoint(target, network, settings)
    except NotAuditedError as error:
        status, code = error.status, error.code
        return not_audited(target, status=status, code=code, message=str(error), seconds=time.monotonic() - begun)
    except NetworkError as error:
        seconds = time.monotonic() - begun
        return not_audited(target, status="unreachable", code=error.code, message=str(error), seconds=seconds)
    expect = options.expectations.get(target.id, options.expect)
    judgement = judge(audit.facts, options.policy, as_of=as_of, expect=expect, mode=MODE, subject_id=target.id)
    return audited(target, audit.facts, judgement, problem=audit.problem, seconds=time.monotonic() - begun)
