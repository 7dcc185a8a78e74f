"""The report document, schema `tlsaudit.report/1`: the contract between tlsaudit and everything that reads it.

Keys may be added; a change of meaning raises the number. Every writer in `report` takes a `Document` and nothing
else, so that a report can be rendered again from its JSON. Times are RFC 3339 with `Z`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)

SCHEMA: Final = "tlsaudit.report/1"
_GRADES: Final = r"^(A\+|A-|[ABCDFTM])\??$"
"""The letters, with "?" where too little could be decided."""

Verdict = Literal["accepted", "rejected", "unknown"]
Grade = Annotated[str, Field(pattern=_GRADES)]
SeverityName = Literal["info", "low", "medium", "high", "critical"]
Status = Literal["audited", "incomplete", "unreachable", "not_tls", "unparsable"]
Mode = Literal["gate", "inventory", "full", "mtls"]
"""What was asked. `gate`: only what the policy forbids; `inventory`: versions, suites, groups, certificates, client
authentication, ALPN, HTTP; `full`: that, how odd questions are taken, and whether named attacks work; `mtls`:
only client authentication, with other paths and without a server name."""


def rfc3339(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC, to the second."""
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is outside of what a calendar holds") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc), PlainSerializer(rfc3339, return_type=str, when_used="json")]


class _Part(BaseModel):
    """A part of the document: frozen; keys of a newer minor version are kept out of the way, not refused."""

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


class EndpointPart(_Part):
    """Where the facts were seen."""

    host: str
    port: int
    address: str | None
    sni: str | None
    transport: Literal["tcp", "quic", "dtls"]
    starttls: str | None


class Suite(_Part):
    """A cipher suite: its code on the wire, IANA name and OpenSSL name (None where OpenSSL has none)."""

    code: str
    name: str
    openssl_name: str | None


class Group(_Part):
    """A named group: its code on the wire and IANA name."""

    code: str
    name: str


class Key(_Part):
    """A public key: rsa, ec, ed25519, ... with its size; `curve` for ec."""

    type: str
    bits: int | None
    curve: str | None = None


class CertificatePart(_Part):
    """One certificate of a chain."""

    subject: str
    issuer: str
    serial: str
    sha256: str
    spki_sha256: str
    not_before: Moment
    not_after: Moment
    sans: list[str]
    key: Key
    signature_algorithm: str


class TrustPart(_Part):
    """The verdict of one trust store, apart from name and time."""

    trusted: bool
    reason: str


class NamePart(_Part):
    """Which name was looked for, and the subjectAltName entry that matched."""

    reference: str
    matched: str | None
    reason: str


class StaplePart(_Part):
    """A stapled OCSP response."""

    status: str
    this_update: Moment | None = None
    next_update: Moment | None = None
    verified: bool | None = None
    detail: str = ""


class DeploymentPart(_Part):
    """One certificate that the endpoint serves, with its chain as sent."""

    chain: list[CertificatePart]
    chain_status: Literal["complete", "incomplete", "misordered", "self_signed", "unknown"]
    trust: dict[str, TrustPart]
    name_match: bool | None
    name: NamePart | None = None
    stapled_ocsp: StaplePart | None
    scts: int | None
    versions: list[str] = []
    missing_issuer: str | None = None
    unparsed: list[str] = []


class ClientAuthAtPart(_Part):
    """Client authentication at one protocol version."""

    mode: Literal["none", "optional", "required", "unknown"]
    enforced_by: Literal["tls", "application"] | None
    evidence: str = ""
    when: Literal["handshake", "late"] | None = None


class TrialAtPart(_Part):
    """What came of presenting a credential at one protocol version, and in which probe; `by` refused it."""

    outcome: Literal["accepted", "refused", "inconclusive", "not_tested"]
    by: Literal["tls", "application"] | None = None
    evidence: str = ""
    probe: int | None = None


class TrialPart(_Part):
    """One credential at every version that asks for a client certificate; `serial` is hexadecimal."""

    credential: Literal[
        "none", "self_signed", "unknown_ca", "impostor_ca", "expired", "not_yet_valid", "server_auth_only",
        "wrong_identity", "weak_key", "revoked", "good",
    ]  # fmt: skip
    serial: str | None = None
    per_protocol: dict[str, TrialAtPart]


class ClientAuthPart(_Part):
    """Whether a client certificate is asked for, needed and verified, and by whom."""

    mode: Literal["none", "optional", "required", "unknown"]
    enforced_by: Literal["tls", "application"] | None
    verifies: bool | None
    when: Literal["handshake", "late"] | None
    per_protocol: dict[str, ClientAuthAtPart]
    ca_names: list[str]
    signature_schemes: list[str]
    certificate_types: list[str] = []
    elsewhere: dict[str, dict[str, ClientAuthAtPart]] = {}
    """For another path, or without a server name, per protocol version."""
    trials: list[TrialPart] = []


class HstsPart(_Part):
    """The Strict-Transport-Security header field."""

    raw: str
    max_age: int | None
    include_subdomains: bool
    preload: bool
    error: str | None


class HttpPart(_Part):
    """The answer to `GET /`; all None where the service does not speak HTTP or was not asked."""

    status: int | None = None
    server: str | None = None
    location: str | None = None
    hsts: HstsPart | None = None


class KeyExchangePart(_Part):
    """An ephemeral key exchange as served: a named group or the size of Diffie-Hellman parameters."""

    version: str
    suite: str
    group: str | None = None
    dh_bits: int | None = None
    dh_name: str | None = None
    signature_scheme: str | None = None


NameOutcome = Literal["same_certificate", "other_certificate", "refused"]


class BehavioursPart(_Part):
    """Behaviours as seen; what is not known is left out, and `unknown` of the subject says why.

    `draft_version`, `ticket_lifetime` (seconds) and `early_data` (bytes) are left out as well where there is none.
    """

    negotiated_version: str | None = None
    fallback_refused: bool | None = None
    downgrade_sentinel: bool | None = None
    draft_version: str | None = None
    ticket_lifetime: int | None = None
    early_data: int | None = None
    repeated_random: bool | None = None
    intolerant_of: list[str] | None = None
    large_hello: bool | None = None
    no_sni: NameOutcome | None = None
    unknown_sni: NameOutcome | None = None
    strict_alpn: bool | None = None
    next_protocol_negotiation: bool | None = None
    consistent: bool | None = None

    @model_serializer(mode="wrap")
    def _known(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {key: value for key, value in serialize(self).items() if value is not None}


class FactsPart(_Part):
    """The facts of one subject. A list whose path is in `unknown` of the subject is a lower bound."""

    endpoint: EndpointPart
    connections: int
    protocols: dict[str, Verdict]
    cipher_suites: dict[str, list[Suite]]
    cipher_preference: dict[str, Literal["server", "client", "unknown"]]
    groups: dict[str, list[Group]]
    key_exchanges: list[KeyExchangePart] = []
    certificate_deployments: list[DeploymentPart]
    client_auth: ClientAuthPart
    alpn: list[str]
    session: dict[str, bool | None]
    signature_schemes: dict[str, list[str]] = {}
    behaviours: BehavioursPart = BehavioursPart()
    http: HttpPart
    vulnerabilities: dict[str, Literal["vulnerable", "not_vulnerable", "not_applicable", "not_tested", "inconclusive"]]


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
        if self.outcome in {"fail", "waived", "inconclusive"}:
            return full
        return {key: full[key] for key in ("rule", "outcome", "severity")}


class CapPart(_Part):
    """A row of the score: the cap that one finding sets."""

    rule: str
    cap: str


class DeductionPart(_Part):
    """A row of the score: the points one cause costs, by its worst finding."""

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


class Subject(_Part):
    """One endpoint (later also: name, listener, upstream, certificate) with facts, results and score."""

    id: str
    kind: Literal["endpoint", "name", "listener", "upstream", "certificate"]
    name: str
    status: Status
    error: Problem | None
    duration_s: float
    location: Location | None
    facts: FactsPart | None
    requested: dict[str, object] | None = None
    basis: dict[str, BasisPart]
    unknown: dict[str, UnknownPart]
    probes: list[ProbePart]
    results: list[ResultPart]
    score: ScorePart | None


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
    summary: Summary

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    def to_json(self, *, indent: int | None = None) -> str:
        """The document as JSON text, with the key `schema` as the contract spells it."""
        return self.model_dump_json(by_alias=True, indent=indent)
