"""The parts of the report document that hold facts: what was seen of one subject."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)

Verdict = Literal["accepted", "rejected", "unknown"]


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


class RevocationPart(_Part):
    """What one responder or CRL says of one certificate; `place` is its URL, or the file that was given.

    `status` is `not_asked` where we did not want to fetch it, `no_answer` where its publisher did not deliver,
    `undecided` where it does not say; `detail` says more of these.
    """

    certificate: str
    """Its SHA-256."""
    source: Literal["ocsp", "crl"]
    place: str
    status: str
    this_update: Moment | None = None
    next_update: Moment | None = None
    revoked_at: Moment | None = None
    reason: str = ""
    verified: bool | None = None
    detail: str = ""


class TimestampPart(_Part):
    """One signed certificate timestamp; `log` is the log's name, or its id where the list of logs does not have it.

    `verified` is null where nobody could tell: an unknown log, or no issuer.
    """

    log: str
    operator: str | None = None
    at: Moment
    origin: Literal["embedded", "tls"]
    verified: bool | None = None


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
    timestamps: list[TimestampPart] | None = None
    """None: there was no list of logs to look them up in."""
    revocation: list[RevocationPart] | None = None
    """None: neither fetched nor given."""


_LISTED: Final = frozenset({"ca_names", "signature_schemes", "certificate_types"})


class ClientAuthAtPart(_Part):
    """Client authentication at one protocol version."""

    mode: Literal["none", "optional", "required", "unknown"]
    enforced_by: Literal["tls", "application"] | None
    evidence: str = ""
    when: Literal["handshake", "late"] | None = None
    ca_names: list[str] | None = None
    """What the CertificateRequest of this version lists; absent where it is what the whole lists."""
    signature_schemes: list[str] | None = None
    certificate_types: list[str] | None = None

    @model_serializer(mode="wrap")
    def _own(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        full: dict[str, object] = serialize(self)
        return {key: value for key, value in full.items() if value is not None or key not in _LISTED}


class TrialAtPart(_Part):
    """What came of presenting a credential at one protocol version, and in which probe; `by` refused it."""

    outcome: Literal["accepted", "refused", "inconclusive", "not_tested"]
    by: Literal["tls", "application"] | None = None
    evidence: str = ""
    probe: int | None = None


class TrialPart(_Part):
    """One credential at every version that asks for a client certificate; `serial` is hexadecimal.

    `made_here`: it was made for the trial, not given; `path` is what was asked for with it.
    """

    credential: Literal[
        "none", "self_signed", "unknown_ca", "impostor_ca", "expired", "not_yet_valid", "server_auth_only",
        "wrong_identity", "weak_key", "revoked", "good",
    ]  # fmt: skip
    serial: str | None = None
    made_here: bool = False
    path: str = "/"
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
    plaintext: bool | None = None
    """HTTP without TLS is answered on this port; None: not known."""
    mesh: Literal["strict", "permissive", "disabled"] | None = None
    """What a port of a service mesh does; None: no mesh shows itself, or not known."""

    @model_serializer(mode="wrap")
    def _seen(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        full: dict[str, object] = serialize(self)
        return {key: value for key, value in full.items() if value is not None or key not in {"plaintext", "mesh"}}


class HstsPart(_Part):
    """The Strict-Transport-Security header field."""

    raw: str
    max_age: int | None
    include_subdomains: bool
    preload: bool
    error: str | None


class PlainHttpPart(_Part):
    """What the port of plain HTTP beside the endpoint answers to `GET /`.

    `state`: `closed` (refused), `mute` (closed without an answer), `not_http`, `http`, `unknown`. `content`: a page,
    not an error or a redirect. `upgrade`: the answer that offers to go on with TLS on the same connection.
    """

    port: int
    state: Literal["closed", "mute", "not_http", "http", "unknown"]
    status: int | None = None
    location: str | None = None
    content: bool = False
    upgrade: str | None = None


class HttpPart(_Part):
    """The answer to `GET /`; all None where the service does not speak HTTP or was not asked.

    `compression` of the page and `insecure_content` (what it loads over plain HTTP and obeys) are left out where there
    is none or it is not known; so is `plain` where no port of plain HTTP belongs to the endpoint.
    """

    status: int | None = None
    server: str | None = None
    location: str | None = None
    hsts: HstsPart | None = None
    compression: str | None = None
    insecure_content: list[str] = []
    plain: PlainHttpPart | None = None

    @model_serializer(mode="wrap")
    def _there(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        full: dict[str, object] = serialize(self)
        return {key: value for key, value in full.items() if value or key not in _LEFT_OUT}


_LEFT_OUT = frozenset({"compression", "insecure_content", "plain", "before_tls", "twin"})


class BeforeTlsPart(_Part):
    """What a service that begins in plain text does with clients there.

    `signs_in`: a client may sign in without TLS; `takes_injected`: what came in plain text is answered within TLS.
    """

    signs_in: bool | None
    takes_injected: bool | None


class TwinPart(_Part):
    """The same name with or without `www.`: whether the certificate covers it, and where not, whether it leads here."""

    name: str
    covered: bool
    here: bool | None


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

    `draft_version`, `ticket_lifetime` and `classic_ticket_lifetime` (seconds), `early_data` (bytes),
    `psk_without_dhe` and `tickets_across_names` are left out as well where there is none.
    """

    negotiated_version: str | None = None
    fallback_refused: bool | None = None
    downgrade_sentinel: bool | None = None
    draft_version: str | None = None
    ticket_lifetime: int | None = None
    classic_ticket_lifetime: int | None = None
    early_data: int | None = None
    early_data_replayed: bool | None = None
    psk_without_dhe: bool | None = None
    tickets_across_names: str | None = None
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


class UpstreamPart(_Part):
    """What a terminator does on its way to the next server; None where it is not known or makes no sense."""

    destination: str
    local: bool | None
    tls: bool | None
    verifies: bool | None
    checks_name: bool | None
    sends_name: bool | None


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
    upstream: UpstreamPart | None = None
    """Of a subject of kind upstream: these are then the facts of the client that a terminator is."""
    before_tls: BeforeTlsPart | None = None
    twin: TwinPart | None = None

    @model_serializer(mode="wrap")
    def _there(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        full: dict[str, object] = serialize(self)
        return {key: value for key, value in full.items() if value is not None or key not in _LEFT_OUT}
