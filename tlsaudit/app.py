"""Puts the rooms together: targets in, a report document out. Knows nothing of command lines and formats."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from tlsaudit import __version__
from tlsaudit.credentials import Credentials
from tlsaudit.data import versions
from tlsaudit.document import audited, declared_part, not_audited, result_part
from tlsaudit.given import (
    Anchors,
    load_anchors,
    load_crls,
    load_keys,
    load_logs,
    trusts_given_files,
    with_authorities,
)
from tlsaudit.judge import judge
from tlsaudit.model import document as doc
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Severity
from tlsaudit.model.target import Target
from tlsaudit.net import CONNECTIONS, NOT_THE_TARGETS, PER_ADDRESS, Network, NetworkLimits, shortage
from tlsaudit.policy import Policy, left_open, what_is_forbidden
from tlsaudit.policy.baseline import Baseline
from tlsaudit.policy.waivers import Waiver
from tlsaudit.probe import (
    INTERRUPTED,
    Fetcher,
    GivenCrl,
    NotAuditedError,
    Settings,
    Sslyze,
    StatusSources,
    audit_endpoint,
)
from tlsaudit.proxies import Proxy
from tlsaudit.rules import (
    DECLARED_CA_RULES,
    DECLARED_NAME_RULES,
    FLEET_RULES,
    MUTUAL_RULES,
    RULESET,
    SCAN_RULES,
    Rule,
)
from tlsaudit.scope import Scope
from tlsaudit.score import SCORING
from tlsaudit.suppress import Suppressor
from tlsaudit.tally import INTERNAL, Tally

__all__ = [
    "ASKING_LESS",
    "EXIT_INTERRUPTED",
    "Anchors",
    "Auditor",
    "Emit",
    "Scan",
    "ScanOptions",
    "exit_code",
    "left_open_notes",
    "load_anchors",
    "load_crls",
    "load_keys",
    "load_logs",
    "scan",
    "summarise",
    "trusts_given_files",
    "with_authorities",
]

EXIT_INTERRUPTED = 130

_LOGGER = logging.getLogger(__name__)

_AT_ONCE = 64
_DEADLINE_IN_TIMEOUTS = 12
_MOST_ADDRESSES = 64
_MOST_NAMED = 20
ASKING_LESS: Final = frozenset({"gate", "inventory"})
"""Modes that leave rules open which another one asks for."""

Emit = Callable[[doc.Subject], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """What a scan is given. `timeout` is seconds for one connection; `as_of` the time to judge by, None: now.

    `expectations` and `anchors_for` are per target id and override `expect` and `anchors`; `fail_on` None: no failure
    ends with code 1. Nothing outside of `scope` is dialled.

    `all_addresses`: each address of a name is a subject, and so is what differs between them. `max_rate` is
    connections a second, `connections` and `per_address` how many are open at once, over all and to one endpoint.
    `credentials` are presented to endpoints that ask for a client certificate. In the mode `mtls`, which asks and
    judges nothing but client authentication and gives no score, `mutual_paths` are asked as well as `/`.
    `waivers` and `baseline` stand for failures that then fail nothing; None: there are none. With `fetch` the CRLs and
    OCSP responders that certificates name are asked, at addresses that are not public only where the endpoint is on
    such a one, or with `fetch_anywhere`; `crls` are read instead or as well.
    """

    policy: Policy
    anchors: Anchors
    mode: doc.Mode = "inventory"
    timeout: float = 5.0
    as_of: datetime | None = None
    expect: Expectation = field(default_factory=Expectation)
    expectations: Mapping[str, Expectation] = field(default_factory=dict)
    anchors_for: Mapping[str, Anchors] = field(default_factory=dict)
    fail_on: Severity | None = Severity.HIGH
    all_addresses: bool = False
    max_rate: float | None = None
    per_address: int = PER_ADDRESS
    connections: int = CONNECTIONS
    proxy: Proxy | None = None
    credentials: Credentials = field(default_factory=Credentials)
    mutual_paths: tuple[str, ...] = ()
    scope: Scope | None = None
    waivers: tuple[Waiver, ...] | None = None
    baseline: Baseline | None = None
    fetch: bool = False
    fetch_anywhere: bool = False
    crls: tuple[GivenCrl, ...] = ()

    def network_limits(self) -> NetworkLimits:
        """What the network is given of them."""
        return NetworkLimits(
            connect_timeout=self.timeout,
            read_timeout=self.timeout,
            per_address=self.per_address,
            total=self.connections,
            rate=self.max_rate,
            proxy=self.proxy,
            scope=self.scope,
        )

    def status_sources(self, network: Network) -> StatusSources | None:
        """Where the status of certificates comes from; None: nobody asked for it."""
        if not self.fetch and not self.crls:
            return None
        fetcher = Fetcher(network, anywhere=self.fetch_anywhere) if self.fetch else None
        return StatusSources(fetcher=fetcher, crls=self.crls)

    def settings(self) -> Settings:
        """What the questions to each endpoint are given of them."""
        return Settings(
            trusting=self.anchors.trusting,
            deadline=self.timeout * _DEADLINE_IN_TIMEOUTS,
            full=self.mode == "full",
            sslyze=Sslyze() if self.mode == "full" else None,
            forbidden=what_is_forbidden(self.policy) if self.mode == "gate" else None,
            credentials=self.credentials,
            mutual_paths=self.mutual_paths if self.mode == "mtls" else None,
        )


async def scan(targets: Sequence[Target], options: ScanOptions) -> doc.Document:
    """Audit every target and judge what was seen."""
    run = Scan(targets, options)
    await run.run()
    return run.document()


class Scan:
    """One run over `targets`: `run` audits them, `document` is the report of what is done by then.

    Each subject is given to `emit` as soon as it is done. Without `keep` the run remembers none of them, only their
    `tally`, so that its memory does not grow with their number; it then has no document. `advance` is called for each
    target that is done. A run that was cancelled still has a document. Targets that it did not come to are in it as
    incomplete, with the code "interrupted", so that nobody takes it for the report of all of them.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        options: ScanOptions,
        *,
        emit: Emit | None = None,
        advance: Callable[[], None] | None = None,
        keep: bool = True,
    ) -> None:
        self._targets = targets
        self._options = options
        self._emit = emit
        self._advance = advance
        self._keep = keep
        self._started = datetime.now(UTC)
        self.as_of = options.as_of or self._started
        self.suppressor = Suppressor(
            options.waivers, options.baseline, as_of=self.as_of, policy=options.policy.id, mode=options.mode
        )
        self._kept: dict[int, list[doc.Subject]] = {}
        self._done: set[int] = set()
        self.tally = Tally(options.fail_on)
        self.finished = 0
        """How many targets are done."""

    async def run(self) -> None:
        """Audit every target, many at once; a target's trouble is its own and never ends the run."""
        network = Network(self._options.network_limits())
        auditor = Auditor(
            network=network,
            settings=replace(self._options.settings(), status=self._options.status_sources(network)),
            options=self._options,
            as_of=self.as_of,
        )
        waiting = iter(enumerate(self._targets))
        workers = [asyncio.create_task(self._work(waiting, auditor)) for _ in range(min(_AT_ONCE, len(self._targets)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, waiting: Iterator[tuple[int, Target]], auditor: Auditor) -> None:
        """Audit what is waiting, one target after the other."""
        for place, target in waiting:

            async def add(subject: doc.Subject, place: int = place) -> None:
                subject = self.suppressor.apply(subject)
                if self._emit is not None:
                    await self._emit(subject)
                if self._keep:
                    self._kept.setdefault(place, []).append(subject)
                self.tally.add(subject)
                if subject.error is not None and subject.error.code == INTERRUPTED:
                    self._done.add(place)  # in the report, and not counted as finished
                    raise asyncio.CancelledError

            await auditor.audit(target, add)
            self.finished += 1
            if self._keep:
                self._done.add(place)
            if self._advance is not None:
                self._advance()

    def notes(self) -> list[str]:
        """What whoever runs this should know: of waivers and the baseline, and what the policy wanted in vain."""
        options = self._options
        if options.fail_on is None or options.mode not in ASKING_LESS:
            return self.suppressor.notes()
        rules = left_open(options.policy, self.tally.untested, options.fail_on)
        return [
            *self.suppressor.notes(),
            *left_open_notes(options.policy, rules, f"{options.mode} mode did not ask for"),
        ]

    def document(self) -> doc.Document:
        """The report, its subjects in the order of the targets."""
        options = self._options
        subjects: list[doc.Subject] = []
        for place, target in enumerate(self._targets):
            subjects += sorted(self._kept.get(place, []), key=lambda subject: subject.kind == "name")
            subjects += [] if place in self._done else [_interrupted(target)]
        summary = summarise(subjects, options.fail_on)
        if self.finished < len(self._targets):
            summary = summary.model_copy(update={"exit_code": EXIT_INTERRUPTED})
        return doc.Document(
            tool=doc.Tool(name="tlsaudit", version=__version__),
            mode=options.mode,
            policy=doc.PolicyReference(
                id=options.policy.id, version=options.policy.version, sha256=options.policy.sha256
            ),
            data=doc.DataVersions(
                ruleset=RULESET,
                scoring=SCORING,
                registry=versions.registry_date(),
                trust_stores=_dates((options.anchors, *options.anchors_for.values())),
                ct_logs=options.anchors.logs_date,
            ),
            as_of=self.as_of,
            started_at=self._started,
            finished_at=datetime.now(UTC),
            subjects=subjects,
            waivers=self.suppressor.waivers(),
            baseline=self.suppressor.baseline(),
            summary=summary,
        )


def left_open_notes(policy: Policy, rules: Sequence[str], missing: str) -> list[str]:
    """That `policy` counts on these rules, which are open; `missing` says why, and whose doing that is."""
    more = f" and {len(rules) - _MOST_NAMED} more" if len(rules) > _MOST_NAMED else ""
    named = f"{', '.join(rules[:_MOST_NAMED])}{more}"
    return [f"{missing} what the policy {policy.id} counts on: {named}"] if rules else []


def _dates(every: Iterable[Anchors]) -> dict[str, str]:
    """Every trust store with its date; of those that share a name, the newest."""
    dates: dict[str, str] = {}
    for name, date in (item for anchors in every for item in anchors.dates.items()):
        dates[name] = max(date, dates.get(name, date))
    return dates


def summarise(subjects: Sequence[doc.Subject], fail_on: Severity | None) -> doc.Summary:
    """The run in numbers, with its exit code: 1 before 3 before 0."""
    tally = Tally(fail_on)
    for subject in subjects:
        tally.add(subject)
    return tally.summary()


def exit_code(subjects: Sequence[doc.Subject], fail_on: Severity | None) -> int:
    """The exit code of a run with these subjects (see `Tally.exit_code`)."""
    return summarise(subjects, fail_on).exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Audits and judges one target after the other over one network."""

    network: Network
    settings: Settings
    options: ScanOptions
    as_of: datetime

    async def audit(self, target: Target, add: Emit) -> None:
        """Give every subject of one target to `add`: the endpoint, or each address of its name and what differs."""
        addresses: tuple[str, ...] = ()
        if self.options.all_addresses and target.address is None and not target.is_address:
            try:
                addresses = await self.network.resolve(target.host, target.port)
            except NetworkError as error:
                status = _unreached_status(error)
                await add(not_audited(target, status=status, code=error.code, message=str(error), seconds=0.0))
                return
        if not addresses:
            subject, _ = await self._one(target, target.id, target)
            await add(subject)
            return
        await self._each_address(target, addresses, add)

    async def _each_address(self, target: Target, addresses: Sequence[str], add: Emit) -> None:
        """One subject an address, one after the other as they are one service, then the name's."""
        begun = time.monotonic()
        members: dict[str, Fact[Facts]] = {}
        for address in addresses[:_MOST_ADDRESSES]:
            subject_id = f"{target.id}@{address}"
            subject, facts = await self._one(replace(target, address=address), subject_id, target)
            members[subject_id] = facts
            await add(subject.model_copy(update={"id": subject_id, "name": f"{target.name}@{address}"}))
        if len(addresses) > _MOST_ADDRESSES:
            reason = f"only {_MOST_ADDRESSES} of {len(addresses)} addresses were audited"
            members[target.id] = Unknown(Why.NO_ANSWER, reason)
        if len(members) > 1:
            await add(self._name(target, members, time.monotonic() - begun))

    def _name(self, target: Target, members: Mapping[str, Fact[Facts]], seconds: float) -> doc.Subject:
        """The subject of a name: what differs between its addresses."""
        some = next((each.value for each in members.values() if isinstance(each, Known)), None)
        missing = next((each for each in members.values() if isinstance(each, Unknown)), None)
        if some is None:
            message = "none of its addresses could be audited"
            subject = not_audited(target, status="incomplete", code="addresses", message=message, seconds=seconds)
            return subject.model_copy(update={"kind": "name"})
        judgement = judge(
            some,
            self.options.policy,
            as_of=self.as_of,
            expect=Expectation(),
            mode=self.options.mode,
            subject_id=target.id,
            rules=FLEET_RULES,
            members=members,
        )
        return doc.Subject(
            id=target.id,
            kind="name",
            name=target.name,
            status="incomplete" if missing else "audited",
            error=doc.Problem(code="addresses", message=missing.detail) if missing else None,
            duration_s=round(seconds, 3),
            location=None,
            facts=None,
            basis={},
            unknown={},
            probes=[],
            results=[result_part(result) for result in judgement.results],
            score=None,
        )

    async def _one(self, target: Target, subject_id: str, given: Target) -> tuple[doc.Subject, Fact[Facts]]:
        """The subject of one endpoint, and its facts where there are any; `given` is the target before resolution."""
        begun = time.monotonic()
        expect = self.options.expectations.get(given.id, self.options.expect)
        declared = declared_part(expect)
        try:
            subject, facts = await self._audit_and_judge(target, subject_id, given, expect, begun)
            return subject.model_copy(update={"declared": declared}), facts
        except NotAuditedError as error:
            status, code, message = error.status, error.code, str(error)
        except NetworkError as error:
            status, code, message = _unreached_status(error), error.code, str(error)
        except Exception as error:  # our own mistake at one target must not cost the report of the others
            _LOGGER.debug("internal error while auditing %s", target.id, exc_info=True)
            short = shortage(error)
            status, code = "incomplete", short.code if short else INTERNAL
            message = str(short or f"internal error: {type(error).__name__}: {error!s:.200}")
        seconds = time.monotonic() - begun
        subject = not_audited(target, status=status, code=code, message=message, seconds=seconds)
        subject = subject.model_copy(update={"declared": declared})
        return subject, Unknown(Why.NO_ANSWER, f"not every address could be audited: {message}")

    def _rules(self, expect: Expectation, *, own_anchors: bool) -> tuple[Rule, ...]:
        if self.options.mode != "mtls":
            return SCAN_RULES
        return (
            *(DECLARED_NAME_RULES if expect.names else ()),
            *(DECLARED_CA_RULES if own_anchors else ()),
            *MUTUAL_RULES,
        )

    async def _audit_and_judge(
        self, target: Target, subject_id: str, given: Target, expect: Expectation, begun: float
    ) -> tuple[doc.Subject, Known[Facts]]:
        options = self.options
        trusting = options.anchors_for.get(given.id, options.anchors).trusting
        settings = replace(self.settings, trusting=trusting, names=expect.names)
        audit = await audit_endpoint(target, self.network, settings, resolved=target.address != given.address)
        facts = audit.facts
        if options.proxy is not None and not target.is_address and target.address is None:
            facts = replace(facts, endpoint=replace(facts.endpoint, address=None))  # the proxy alone knows it
        judgement = judge(
            facts,
            options.policy,
            as_of=self.as_of,
            expect=expect,
            mode=options.mode,
            subject_id=subject_id,
            rules=self._rules(expect, own_anchors=given.id in options.anchors_for),
        )
        if options.mode == "mtls":
            judgement = replace(judgement, score=None)
        problem = doc.Problem(code=audit.problem.code, message=audit.problem.message) if audit.problem else None
        subject = audited(target, facts, judgement, problem=problem, seconds=time.monotonic() - begun)
        return subject, Known(facts, Basis(Origin.OBSERVED, subject_id))


def _interrupted(target: Target) -> doc.Subject:
    message = "the run was interrupted before this endpoint was done"
    return not_audited(target, status="incomplete", code=INTERRUPTED, message=message, seconds=0.0)


def _unreached_status(error: NetworkError) -> str:
    return "incomplete" if error.code in NOT_THE_TARGETS else "unreachable"
