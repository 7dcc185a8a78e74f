"""The report document, schema `tlsaudit.report/1`: the contract between tlsaudit and everything that reads it.

Keys may be added; a change of meaning raises the number. Every writer in `report` takes a `Document` and nothing
else, so that a report can be rendered again from its JSON. Times are RFC 3339 with `Z`.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from tlsaudit.model.document_facts import (
    BeforeTlsPart,
    BehavioursPart,
    CertificatePart,
    ClientAuthAtPart,
    ClientAuthPart,
    DeploymentPart,
    EndpointPart,
    FactsPart,
    Group,
    HstsPart,
    HttpPart,
    Key,
    KeyExchangePart,
    Moment,
    NameOutcome,
    NamePart,
    PlainHttpPart,
    RevocationPart,
    StaplePart,
    Suite,
    TimestampPart,
    TrialAtPart,
    TrialPart,
    TrustPart,
    TwinPart,
    UpstreamPart,
    Verdict,
    rfc3339,
)
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation

SCHEMA: Final = "tlsaudit.report/1"
_GRADES: Final = r"^(A\+|A-|[ABCDFTM])\??$"
"""The letters, with "?" where too little could be decided."""

DECIDED: Final = frozenset({"pass", "fail", "waived", "not_applicable"})
"""Outcomes of rules that were decided."""

Grade = Annotated[str, Field(pattern=_GRADES)]
SeverityName = Literal["info", "low", "medium", "high", "critical"]
Status = Literal["audited", "incomplete", "unreachable", "not_tls", "unparsable"]
Mode = Literal["gate", "inventory", "full", "mtls", "lint"]
"""What was asked. `gate`: only what the policy forbids; `inventory`: versions, suites, groups, certificates, client
authentication, ALPN, HTTP; `full`: that, how odd questions are taken, and whether named attacks work; `mtls`:
only client authentication, with other paths and without a server name; `lint`: nothing, files were read."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Tool(_Part):
    """The program that wrote the report."""

    name: str
    version: str


class PolicyReference(_Part):
    """The policy that judged; `sha256` is of its file as read."""

    id: str
    version: str
    sha256: str


class DataVersions(_Part):
    """Version or date of every table that a verdict hangs on."""

    ruleset: str
    scoring: str
    registry: str
    trust_stores: dict[str, str]
    ct_logs: str | None = None


class Problem(_Part):
    """Why a subject could not be audited: a stable word and a sentence."""

    code: str
    message: str


class Location(_Part):
    """A place in a file, 1-based."""

    file: str
    line: int


class BasisPart(_Part):
    """Where a fact comes from: the number of a probe, or a place in a file; the other key is left out."""

    origin: Literal["observed", "derived", "explicit", "inherited", "default"]
    probe: int | None = None
    location: Location | None = None

    @model_serializer(mode="wrap")
    def _one_of_two(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {key: value for key, value in serialize(self).items() if value is not None}


class UnknownPart(_Part):
    """Why a fact is unknown."""

    why: Literal["not_asked", "no_answer", "unstable", "unresolved", "unsupported"]
    detail: str


class ProbePart(_Part):
    """One connection: what was asked and what came back."""

    n: int
    asked: str
    answered: str


class SourcePart(_Part):
    """A clause a rule stands on; `verified` is false where it is from memory."""

    ref: str
    verified: bool


class EvidencePart(_Part):
    """One proof and where it was seen ("probe:7" or "file:line")."""

    observed: str
    at: str


class Suppression(_Part):
    """Why a failure is waived."""

    by: Literal["waiver", "baseline", "inline"]
    reason: str
    owner: str | None
    expires: str | None


class ResultPart(_Part):
    """The outcome of one rule. What is none of fail, waived and inconclusive carries only the first three keys."""

    rule: str
    outcome: Literal["pass", "fail", "not_applicable", "not_tested", "inconclusive", "waived"]
    severity: SeverityName
    own_severity: SeverityName | None = None
    """The rule's own, left out where the policy has no other."""
    title: str = ""
    cause: str | None = None
    observed: str = ""
    expected: str = ""
    why: str = ""
    """What an attacker or an outage makes of it."""
    evidence: list[EvidencePart] = []
    sources: list[SourcePart] = []
    remedy: str = ""
    reproduce: str | None = None
    fingerprint: str | None = None
    confidence: Literal["confirmed", "possible"] = "confirmed"
    implied_by: str | None = None
    location: Location | None = None
    suppression: Suppression | None = None

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        full: dict[str, object] = serialize(self)
        if self.own_severity is None:
            del full["own_severity"]
        if self.outcome in {"fail", "waived", "inconclusive"}:
            return full
        return {key: full[key] for key in ("rule", "outcome", "severity")}


class CapPart(_Part):
    """A row of the score: the cap that one finding sets."""

    rule: str
    cap: Literal["A", "A-", "B", "C", "D", "F", "T", "M"]


class DeductionPart(_Part):
    """A row of the score: the points one cause costs. `rule` is the finding to act on, `severity` that of the worst."""

    rule: str
    cause: str
    severity: SeverityName
    points: int


class ScorePart(_Part):
    """The score and the rows that explain every lost point."""

    value: Annotated[int, Field(ge=0, le=100)]
    grade: Grade
    letter_if_trusted: Grade | None
    caps: list[CapPart]
    deductions: list[DeductionPart]
    coverage: float


class DeclaredPart(_Part):
    """What its operator declared of a subject, and it was judged by; what was not declared is left out."""

    client_auth: Literal["none", "optional", "required"] | None = None
    kind: Literal["api", "web"] | None = None
    """Whether programs or browsers are its clients."""
    names: list[str] = []
    """What the certificate has to cover, instead of the target's host."""

    @model_serializer(mode="wrap")
    def _only_declared(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {key: value for key, value in serialize(self).items() if value}


class Subject(_Part):
    """One endpoint (later also: name, listener, upstream, certificate) with facts, results and score."""

    id: str
    kind: Literal["endpoint", "name", "listener", "upstream", "certificate"]
    name: str
    status: Status
    error: Problem | None
    duration_s: float
    location: Location | None
    declared: DeclaredPart | None = None
    """Left out where nothing was declared."""
    facts: FactsPart | None
    requested: dict[str, object] | None = None
    basis: dict[str, BasisPart]
    unknown: dict[str, UnknownPart]
    probes: list[ProbePart]
    results: list[ResultPart]
    score: ScorePart | None

    def expectation(self) -> Expectation:
        """What its operator had declared, as rules read it."""
        part = self.declared or DeclaredPart()
        mode = ClientAuthMode(part.client_auth) if part.client_auth is not None else None
        return Expectation(client_auth=mode, kind=part.kind, names=tuple(part.names))

    @model_serializer(mode="wrap")
    def _without_none_declared(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        full: dict[str, object] = serialize(self)
        if self.declared is None:
            del full["declared"]
        return full


def is_decided(subject: Subject) -> bool:
    """Whether any rule said anything of the subject; where none did, it is as good as not audited.

    Of a name there is only what differs between its addresses, which are subjects of their own.
    """
    if subject.kind == "name":
        return bool(subject.results)
    return any(result.outcome in DECIDED for result in subject.results)


class WaiverPart(_Part):
    """A waiver that the run was given, and what became of it: `waived` is how many failures it stands for.

    An `expired` one waives nothing; `detail` says what an expired or unused one is about.
    """

    rule: str
    scope: str
    owner: str
    reason: str
    expires: str
    state: Literal["used", "expired", "unused"]
    waived: int
    detail: str = ""


class BaselinePart(_Part):
    """The baseline that the run was given: when it was written, how many failures it knows, and what became of them.

    `waived` still fail as they did; `gone` fail no longer. The others were not decided, or are worse than they were.
    """

    as_of: Moment
    findings: int
    waived: int
    gone: int


class Summary(_Part):
    """The whole run in numbers; `failed_by_severity` counts failing results, `exit_code` is that of the run.

    `fail_on` is the threshold that it was made with; None where the report does not say.
    """

    subjects: int
    by_status: dict[str, int]
    failed_by_severity: dict[str, int]
    worst_grade: Grade | None
    exit_code: int
    fail_on: SeverityName | Literal["none"] | None = None


class Document(_Part):
    """A whole report."""

    schema_: Annotated[Literal["tlsaudit.report/1"], Field(alias="schema")] = SCHEMA
    tool: Tool
    mode: Mode
    policy: PolicyReference
    data: DataVersions
    as_of: Moment
    started_at: Moment
    finished_at: Moment
    subjects: list[Subject]
    waivers: list[WaiverPart] = []
    baseline: BaselinePart | None = None
    notes: list[str] = []
    """Of files: what was left out, and what else whoever ran this should know, a sentence each."""
    summary: Summary

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    def to_json(self, *, indent: int | None = None) -> str:
        """The document as JSON text, with the key `schema` as the contract spells it."""
        return self.model_dump_json(by_alias=True, indent=indent)


__all__ = [
    "DECIDED",
    "SCHEMA",
    "BasisPart",
    "BeforeTlsPart",
    "BehavioursPart",
    "CapPart",
    "CertificatePart",
    "ClientAuthAtPart",
    "ClientAuthPart",
    "DataVersions",
    "DeclaredPart",
    "DeductionPart",
    "DeploymentPart",
    "Document",
    "EndpointPart",
    "EvidencePart",
    "FactsPart",
    "Grade",
    "Group",
    "HstsPart",
    "HttpPart",
    "Key",
    "KeyExchangePart",
    "Location",
    "Mode",
    "Moment",
    "NameOutcome",
    "NamePart",
    "PlainHttpPart",
    "PolicyReference",
    "ProbePart",
    "Problem",
    "ResultPart",
    "RevocationPart",
    "ScorePart",
    "SeverityName",
    "SourcePart",
    "StaplePart",
    "Status",
    "Subject",
    "Suite",
    "Summary",
    "Suppression",
    "TimestampPart",
    "Tool",
    "TrialAtPart",
    "TrialPart",
    "TrustPart",
    "TwinPart",
    "UnknownPart",
    "UpstreamPart",
    "Verdict",
    "is_decided",
    "rfc3339",
]
