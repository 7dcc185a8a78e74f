"""What was seen of one endpoint, and how sure we are. The same facts come from the wire and from files.

Cipher suites and named groups are numbers here, as on the wire; `data` gives their names and properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tlsaudit.model.beside import BeforeTls, PlainHttp, Twin
from tlsaudit.model.certificate import Certificate, CertificateDeployment
from tlsaudit.model.configuration import Setup, Upstream
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Tried, Unknown
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.vulnerability import Verdict, Vulnerability

SuiteAt = tuple[ProtocolVersion, int]
"""A cipher suite at a protocol version."""
GroupAt = tuple[ProtocolVersion, int]
"""A named group at a protocol version."""
SchemeAt = tuple[ProtocolVersion, int]
"""A signature scheme for the handshake at a protocol version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the facts were seen: `host` as targeted, `address` as dialled, `sni` as sent."""

    host: str
    port: int
    address: str | None = None
    sni: str | None = None
    transport: str = "tcp"
    starttls: str | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """One connection: what was asked and what came back, a line each. `n` counts from 1."""

    n: int
    asked: str
    answered: str


class Preference(StrEnum):
    """Whose order decides the cipher suite."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class DhParameters:
    """Finite-field Diffie-Hellman parameters as served. `name`: ffdhe2048, modp2048, ... where the prime is known."""

    bits: int
    generator: int
    is_prime: bool
    is_safe_prime: bool | None
    """None: the modulus is too large to tell within reason."""
    name: str | None = None
    well_known: bool = False
    """The prime is one that many servers share (RFC 2409, 3526, 5114, 7919, or a product's default)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyExchange:
    """One ServerKeyExchange (TLS <= 1.2) or, at TLS 1.3, one key_share and CertificateVerify.

    `public_sha256` identifies the ephemeral public value, to see it reused; `signature_scheme` is a SignatureScheme
    (RFC 8446 section 4.2.3; at TLS 1.2 hash and signature read as one number), None below TLS 1.2 or unsigned.
    `curve_type` is ECCurveType: 3 named_curve, 1 and 2 explicit parameters (RFC 8422 section 5.4).
    """

    version: ProtocolVersion
    suite: int
    basis: Basis
    group: int | None = None
    curve_type: int | None = None
    dh: DhParameters | None = None
    signature_scheme: int | None = None
    public_sha256: str | None = None


class ClientAuthMode(StrEnum):
    """Whether a client certificate is asked for and needed."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Layer(StrEnum):
    """Who refuses a client without a good certificate."""

    TLS = "tls"
    APPLICATION = "application"


class When(StrEnum):
    """When the client certificate is asked for."""

    HANDSHAKE = "handshake"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuthAt:
    """Client authentication at one protocol version; `evidence` is what the server said, in a line.

    `served`: the application gave more than an error to a client without a certificate; None: it did not come to that.
    The rest is what the CertificateRequest lists.
    """

    requested: Fact[bool]
    mode: Fact[ClientAuthMode]
    enforced_by: Layer | None = None
    when: When | None = None
    evidence: str = ""
    served: bool | None = None
    ca_names: tuple[str, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    certificate_types: tuple[int, ...] = ()


class TrialKind(StrEnum):
    """The credentials that a client can be tried with, by what is wrong with them."""

    NONE = "none"
    SELF_SIGNED = "self_signed"
    UNKNOWN_CA = "unknown_ca"
    IMPOSTOR_CA = "impostor_ca"
    """Of a CA that bears the name of an accepted one."""
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SERVER_AUTH_ONLY = "server_auth_only"
    WRONG_IDENTITY = "wrong_identity"
    WEAK_KEY = "weak_key"
    REVOKED = "revoked"
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of presenting a credential: admitted, or refused by `layer`; `evidence` is what was said."""

    admitted: bool
    layer: Layer | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One credential at every version where a certificate is asked for; `serial` finds it in the server's log."""

    serial: str | None = None
    made_here: bool = False
    """It was made for the trial: nobody has declared that it is good, or what else it is."""
    path: str = "/"
    """What was asked for with it."""
    at: Mapping[ProtocolVersion, Fact[Attempt]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """The certificate of a client that should get in, as the operator gave it. `public`: of a publicly trusted root."""

    certificate: Certificate
    public: bool


class Mesh(StrEnum):
    """What a port of a service mesh does (Istio's PeerAuthentication)."""

    STRICT = "strict"
    PERMISSIVE = "permissive"
    """Plain text is answered beside mutual TLS."""
    DISABLED = "disabled"
    """Plain text is answered, and no client certificate is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuth:
    """Client authentication as a whole: the weakest mode over the versions decides `mode`.

    `ca_names` are RFC 4514 strings; `signature_schemes` those of the CertificateRequests; `certificate_types` are
    ClientCertificateType numbers (TLS <= 1.2): of every version, the latest first. `elsewhere` is client
    authentication for other requests that the same endpoint takes: with another path (which begins with a slash),
    without a server name or with another. The mode is always that of a client without any certificate, whatever
    `trials` presented.

    `resumed`: from where, in words, a session without a certificate could be resumed into what needs one; None: from
    nowhere. `authority` is the client CA as the operator gave it. `public_ca_names` are those of `ca_names` that
    publicly trusted roots bear. `plaintext`: HTTP without TLS is answered on this port. `mesh` is None where no
    service mesh shows itself.
    """

    mode: Fact[ClientAuthMode] = NOT_ASKED
    enforced_by: Layer | None = None
    verifies: Fact[bool] = NOT_ASKED
    when: When | None = None
    per_protocol: Mapping[ProtocolVersion, ClientAuthAt] = field(default_factory=dict)
    ca_names: tuple[str, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    certificate_types: tuple[int, ...] = ()
    schemes_unread: Unknown | None = None
    """A certificate is asked for, and why the signature schemes are not known."""
    elsewhere: Mapping[str, Mapping[ProtocolVersion, ClientAuthAt]] = field(default_factory=dict)
    trials: Mapping[TrialKind, Trial] = field(default_factory=dict)
    """For the first path that asks for a certificate."""
    trials_elsewhere: Mapping[str, Mapping[TrialKind, Trial]] = field(default_factory=dict)
    """For further paths."""
    resumed: Mapping[ProtocolVersion, Fact[str | None]] = field(default_factory=dict)
    late_on_h2: Fact[bool] = NOT_ASKED
    """A certificate is asked for after a request on HTTP/2; asked where TLS 1.3 asks for one after others."""
    client: Fact[ClientCertificate] = NOT_ASKED
    authority: Fact[Certificate] = NOT_ASKED
    public_ca_names: Fact[tuple[str, ...]] = NOT_ASKED
    plaintext: Fact[bool] = NOT_ASKED
    mesh: Fact[Mesh | None] = NOT_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Extensions and behaviours that the handshakes showed. Below-1.3 features are known False on a 1.3-only server.

    `encrypt_then_mac`: answered where a CBC suite was negotiated and it was offered; unknown where none was.
    """

    secure_renegotiation: Fact[bool] = NOT_ASKED
    insecure_renegotiation: Fact[bool] = NOT_ASKED
    """A client can renegotiate without the binding of RFC 5746."""
    client_renegotiations: Fact[int] = NOT_ASKED
    """How many renegotiations the server granted of `RENEGOTIATIONS_ASKED` in one connection, at least."""
    extended_master_secret: Fact[bool] = NOT_ASKED
    encrypt_then_mac: Fact[bool] = NOT_ASKED
    compression: Fact[bool] = NOT_ASKED
    heartbeat: Fact[bool] = NOT_ASKED
    truncated_hmac: Fact[bool] = NOT_ASKED
    session_ticket: Fact[bool] = NOT_ASKED
    resumption_by_id: Fact[bool] = NOT_ASKED
    """Below TLS 1.3, a session is resumed by its id without a ticket (RFC 5246 section F.1.4)."""
    resumption_by_ticket: Fact[bool] = NOT_ASKED
    """Below TLS 1.3, a session is resumed by a ticket (RFC 5077)."""
    compressed_points_only: Fact[bool] = NOT_ASKED
    """ec_point_formats of the server names no uncompressed format (RFC 8422 section 5.1.2)."""
    unoffered_choice: Fact[str | None] = NOT_ASKED
    """The name of what the server chose although it was not offered; None: it never did."""


class NameOutcome(StrEnum):
    """What a server does with a name that it was not asked for otherwise, or with none."""

    SAME_CERTIFICATE = "same_certificate"
    OTHER_CERTIFICATE = "other_certificate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """The answer to a server name; `detail` is the alert that refused it, else ""."""

    outcome: NameOutcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviours:
    """What the endpoint does where a sound one and an unsound one differ.

    Some follow from answers that are there anyway; the others take a question of their own, and are `not_asked`
    unless everything is asked.
    """

    negotiated_version: Fact[ProtocolVersion] = NOT_ASKED
    """What an offer of every accepted version gets."""
    fallback_refused: Fact[bool] = NOT_ASKED
    """TLS_FALLBACK_SCSV at a lower version is refused with inappropriate_fallback (RFC 7507)."""
    downgrade_sentinel: Fact[bool] = NOT_ASKED
    """Below TLS 1.3 the ServerHello's random ends in DOWNGRD (RFC 8446 section 4.1.3); asked where 1.3 is accepted."""
    draft_version: Fact[int | None] = NOT_ASKED
    """The version code of a TLS 1.3 draft that is accepted (0x7F1C is draft 28)."""
    ticket_lifetime: Fact[int | None] = NOT_ASKED
    """The longest lifetime of a TLS 1.3 ticket in seconds; None: no ticket came."""
    classic_ticket_lifetime: Fact[int | None] = NOT_ASKED
    """The lifetime in seconds that a ticket below TLS 1.3 hints at (RFC 5077 section 3.3); None: no ticket came."""
    early_data: Fact[int | None] = NOT_ASKED
    """max_early_data_size of a TLS 1.3 ticket, which is the offer of 0-RTT; None: none is offered."""
    early_data_replayed: Fact[bool] = NOT_ASKED
    """Early data that was taken is taken again, byte for byte; asked where it is offered."""
    psk_without_dhe: Fact[bool | None] = NOT_ASKED
    """A TLS 1.3 session is resumed without a new key exchange (psk_ke); None: none is resumed; asked where a ticket
    came."""
    tickets_across_names: Fact[str | None] = NOT_ASKED
    """Under which name, in words, a session of the usual name is resumed below TLS 1.3, although another certificate
    goes with it; None: under none; asked where other names get another certificate."""
    intolerant_of: Fact[tuple[str, ...]] = NOT_ASKED
    """Unknown values that make the server refuse a hello which it takes without them, in words (RFC 8701)."""
    large_hello: Fact[bool] = NOT_ASKED
    """A hello that fills more than one packet is answered, as long ones with hybrid key shares must be."""
    no_sni: Fact[NameAnswer] = NOT_ASKED
    unknown_sni: Fact[NameAnswer] = NOT_ASKED
    strict_alpn: Fact[bool] = NOT_ASKED
    """Unknown protocol names alone are refused with no_application_protocol (RFC 7301 section 3.2)."""
    next_protocol_negotiation: Fact[bool] = NOT_ASKED
    """NPN, the withdrawn predecessor of ALPN, is answered."""
    repeated_random: Fact[bool] = NOT_ASKED
    """Two ServerHellos of different connections bear the same random."""
    inconsistency: Fact[str | None] = NOT_ASKED
    """In what the answers to one and the same hello differ, in words; None: in nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hsts:
    """A Strict-Transport-Security header field (RFC 6797 section 6.1), the first where there are several."""

    raw: str
    count: int
    max_age: int | None
    include_subdomains: bool
    preload: bool
    error: str | None = None
    """Why the field is invalid, so that a browser ignores it; None where it is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """The answer to `GET /` over TLS, from the endpoint itself (redirects are not followed)."""

    status: int | None
    """None: a file does not say."""
    server: str | None = None
    location: str | None = None
    hsts: Hsts | None = None
    cookies_without_secure: tuple[str, ...] = ()
    """Names of cookies set without the Secure attribute."""
    public_key_pins: bool = False
    expect_ct: bool = False
    compression: Fact[str | None] = NOT_ASKED
    """How the page is compressed, of what was offered (RFC 9110 section 8.4); None: not at all."""
    insecure_content: Fact[tuple[str, ...] | None] = NOT_ASKED
    """What the page loads over plain HTTP and obeys: scripts, styles, frames, plug-ins. None: it is no HTML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one endpoint.

    `suite_order`: accepted suites as the server chose them from an offer of all, best first. `groups` are tried at
    TLS 1.2 (with ECDHE suites) and 1.3. `alpn` is tried per protocol name; `alpn_chosen` is what an offer of all
    names got, per version (None: no ALPN answer). `http` is known None where what answers is not HTTP.
    `signature_schemes` are those that the server signs with: the sound ones as seen, the broken ones as tried.
    `setup` is what only a configuration file shows; with `upstream` these are the facts of the client behind it.
    """

    endpoint: Endpoint
    connections: int = 0
    probes: tuple[Probe, ...] = ()
    protocols: Tried[ProtocolVersion] = field(default_factory=Tried)
    cipher_suites: Tried[SuiteAt] = field(default_factory=Tried)
    suite_order: Mapping[ProtocolVersion, tuple[int, ...]] = field(default_factory=dict)
    cipher_preference: Mapping[ProtocolVersion, Fact[Preference]] = field(default_factory=dict)
    groups: Tried[GroupAt] = field(default_factory=Tried)
    group_order: Mapping[ProtocolVersion, tuple[int, ...]] = field(default_factory=dict)
    key_exchanges: Fact[tuple[KeyExchange, ...]] = NOT_ASKED
    certificate_deployments: Fact[tuple[CertificateDeployment, ...]] = NOT_ASKED
    client_auth: ClientAuth = field(default_factory=ClientAuth)
    alpn: Tried[str] = field(default_factory=Tried)
    alpn_chosen: Mapping[ProtocolVersion, Fact[str | None]] = field(default_factory=dict)
    session: Session = field(default_factory=Session)
    signature_schemes: Tried[SchemeAt] = field(default_factory=Tried)
    behaviours: Behaviours = field(default_factory=Behaviours)
    http: Fact[HttpAnswer | None] = NOT_ASKED
    plain_http: Fact[PlainHttp | None] = NOT_ASKED
    """None: no port of plain HTTP belongs to this endpoint."""
    before_tls: Fact[BeforeTls | None] = NOT_ASKED
    """None: TLS begins at once."""
    twin: Fact[Twin | None] = NOT_ASKED
    """None: the name has none, being no domain or its `www.`."""
    vulnerabilities: Mapping[Vulnerability, Fact[Verdict]] = field(default_factory=dict)
    setup: Setup = field(default_factory=Setup)
    upstream: Upstream | None = None

    def verdict(self, vulnerability: Vulnerability) -> Fact[Verdict]:
        """What became of this attack; unknown because not asked where there is no entry."""
        return self.vulnerabilities.get(vulnerability, NOT_ASKED)

    def versions(self) -> tuple[ProtocolVersion, ...]:
        """The accepted protocol versions, oldest first; raises Undecided if any version is unknown."""
        seen = self.protocols.all_of(ProtocolVersion)
        return tuple(sorted((each.item for each in seen), key=lambda version: version.rank))
