"""Puts the rooms together: targets in, a report document out. Knows nothing of command lines and formats."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from tlsaudit import __version__
from tlsaudit.data import trust, versions
from tlsaudit.data.trust import AnchorSet
from tlsaudit.document import audited, not_audited
from tlsaudit.judge import judge
from tlsaudit.model import document as doc
from tlsaudit.model.errors import InputError, NetworkError
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Severity
from tlsaudit.model.target import Target
from tlsaudit.net import Network, NetworkLimits
from tlsaudit.pki import TrustStore
from tlsaudit.policy import Policy
from tlsaudit.probe import NotAuditedError, Settings, Trusting, audit_endpoint
from tlsaudit.rules import RULESET
from tlsaudit.score import SCORING

MODE: Final = "inventory"
"""What is asked: versions, suites, groups, certificates, client authentication, ALPN, HTTP."""

INTERRUPTED: Final = "interrupted"
"""The code of the error of a subject that a run did not come to."""

INTERNAL: Final = "internal"
"""The code of the error of a subject at which tlsaudit itself failed."""

EXIT_INTERRUPTED = 130
EXIT_INTERNAL = 70

_LOGGER = logging.getLogger(__name__)

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


def load_anchors(*ca_files: Path) -> Anchors:
    """Mozilla's store, the system's where there is one, and `ca_files` as the one store that decides, if any are given.

    Raises InputError where one of them cannot be read, holds no certificate, or something that is none.
    """
    found = [anchors for anchors in (trust.mozilla(), trust.system()) if anchors is not None]
    deciding = found[0]
    if ca_files:
        given = [_checked(path) for path in ca_files]
        ders = tuple(dict.fromkeys(der for anchors in given for der in anchors.ders))
        deciding = AnchorSet(name=given[0].name, date=max(anchors.date for anchors in given), ders=ders)
        found.append(deciding)
    return Anchors(
        trusting=Trusting(
            stores={anchors.name: TrustStore.from_ders(anchors.name, anchors.ders) for anchors in found},
            deciding=deciding.name,
        ),
        dates={anchors.name: anchors.date for anchors in found},
    )


def _checked(path: Path) -> AnchorSet:
    anchors = trust.from_file(path)
    skipped = TrustStore.from_ders(anchors.name, anchors.ders).skipped
    if skipped:
        bad = f"{skipped} of its {len(anchors.ders)} entries"
        raise InputError(f"CA file {str(path)!r}: no X.509 certificate in {bad}")
    return anchors


async def scan(targets: Sequence[Target], options: ScanOptions) -> doc.Document:
    """Audit every target and judge what was seen."""
    run = Scan(targets, options)
    await run.run()
    return run.document()


class Scan:
    """One run over `targets`: `run` audits them, `document` is the report of what is done by then.

    A run that was cancelled still has a document. Targets that it did not come to are in it as incomplete, with the
    code "interrupted", so that nobody takes it for the report of all of them.
    """

    def __init__(self, targets: Sequence[Target], options: ScanOptions) -> None:
        self._targets = tuple(targets)
        self._options = options
        self._started = datetime.now(UTC)
        self._as_of = options.as_of or self._started
        self._subjects: dict[int, doc.Subject] = {}

    async def run(self) -> None:
        """Audit every target, many at once; a target's trouble is its own and never ends the run."""
        network = Network(NetworkLimits(connect_timeout=self._options.timeout, read_timeout=self._options.timeout))
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(place: int, target: Target) -> None:
            async with places:
                self._subjects[place] = await _scan_one(target, network, self._options, self._as_of)

        await asyncio.gather(*(one(place, target) for place, target in enumerate(self._targets)))

    def document(self) -> doc.Document:
        """The report, its subjects in the order of the targets."""
        options = self._options
        subjects = [self._subjects.get(place) or _interrupted(each) for place, each in enumerate(self._targets)]
        summary = summarise(subjects, options.fail_on)
        if len(self._subjects) < len(subjects):
            summary = summary.model_copy(update={"exit_code": EXIT_INTERRUPTED})
        return doc.Document(
            tool=doc.Tool(name="tlsaudit", version=__version__),
            mode=MODE,
            policy=doc.PolicyReference(
                id=options.policy.id, version=options.policy.version, sha256=options.policy.sha256
            ),
            data=doc.DataVersions(
                ruleset=RULESET,
                scoring=SCORING,
                registry=versions.registry_date(),
                trust_stores=dict(options.anchors.dates),
            ),
            as_of=self._as_of,
            started_at=self._started,
            finished_at=datetime.now(UTC),
            subjects=subjects,
            summary=summary,
        )


def summarise(subjects: Sequence[doc.Subject], fail_on: Severity | None) -> doc.Summary:
    """The run in numbers, with its exit code: 1 before 3 before 0."""
    failed = Counter(result.severity for subject in subjects for result in subject.results if result.outcome == "fail")
    grades = [subject.score.grade for subject in subjects if subject.score is not None]
    return doc.Summary(
        subjects=len(subjects),
        by_status=dict(Counter(subject.status for subject in subjects)),
        failed_by_severity={severity.value: failed[severity.value] for severity in Severity if failed[severity.value]},
        worst_grade=max(grades, key=lambda grade: _GRADES.index(grade.rstrip("?")), default=None),
        exit_code=exit_code(subjects, fail_on),
    )


def exit_code(subjects: Sequence[doc.Subject], fail_on: Severity | None) -> int:
    """1: a failure at or above `fail_on`; 3: none, but something could not be judged; 0: all judged; 70: our mistake.

    What could not be judged is an endpoint that was not audited as a whole, or an inconclusive rule at or above
    `fail_on`. Without `fail_on` no rule decides, and an endpoint that was not audited still gives 3.
    """
    if any(subject.error is not None and subject.error.code == INTERNAL for subject in subjects):
        return EXIT_INTERNAL
    if any(_reaches(subject, "fail", fail_on) for subject in subjects):
        return 1
    unjudged = any(subject.status != "audited" or _reaches(subject, "inconclusive", fail_on) for subject in subjects)
    return 3 if unjudged else 0


def _reaches(subject: doc.Subject, outcome: Literal["fail", "inconclusive"], fail_on: Severity | None) -> bool:
    return fail_on is not None and any(
        result.outcome == outcome and Severity(result.severity).rank >= fail_on.rank for result in subject.results
    )


def _interrupted(target: Target) -> doc.Subject:
    message = "the run was interrupted before this endpoint was done"
    return not_audited(target, status="incomplete", code=INTERRUPTED, message=message, seconds=0.0)


async def _scan_one(target: Target, network: Network, options: ScanOptions, as_of: datetime) -> doc.Subject:
    begun = time.monotonic()
    try:
        return await _audit_and_judge(target, network, options, as_of, begun)
    except NotAuditedError as error:
        status, code = error.status, error.code
        return not_audited(target, status=status, code=code, message=str(error), seconds=time.monotonic() - begun)
    except NetworkError as error:
        seconds = time.monotonic() - begun
        return not_audited(target, status="unreachable", code=error.code, message=str(error), seconds=seconds)
    except Exception as error:  # our own mistake at one target must not cost the report of the others
        _LOGGER.debug("internal error while auditing %s", target.id, exc_info=True)
        message = f"internal error: {type(error).__name__}: {error!s:.200}"
        seconds = time.monotonic() - begun
        return not_audited(target, status="incomplete", code=INTERNAL, message=message, seconds=seconds)


async def _audit_and_judge(
    target: Target, network: Network, options: ScanOptions, as_of: datetime, begun: float
) -> doc.Subject:
    settings = Settings(trusting=options.anchors.trusting, deadline=options.timeout * _DEADLINE_IN_TIMEOUTS)
    audit = await audit_endpoint(target, network, settings)
    expect = options.expectations.get(target.id, options.expect)
    judgement = judge(audit.facts, options.policy, as_of=as_of, expect=expect, mode=MODE, subject_id=target.id)
    problem = doc.Problem(code=audit.problem.code, message=audit.problem.message) if audit.problem else None
    return audited(target, audit.facts, judgement, problem=problem, seconds=time.monotonic() - begun)
