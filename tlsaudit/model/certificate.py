"""Certificates, chains and verdicts on them, as plain data.

`pki` makes these from DER; rules only read them. Nothing here knows the time of the audit: validity is judged by
rules, which are given it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact
from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True)
class GeneralName:
    """One subjectAltName entry (RFC 5280 section 4.2.1.6): kind is dns, ip, uri, email, directory or other.

    `value` is text: a dNSName exactly as encoded (bytes beyond ASCII as \\xNN), an iPAddress in canonical form.
    """

    kind: str
    value: str


class KeyWeakness(StrEnum):
    """Defects of a public key that can be computed from the key alone."""

    ROCA = "roca"
    CLOSE_PRIMES = "close_primes"
    SMALL_FACTOR = "small_factor"
    EVEN_MODULUS = "even_modulus"
    ODD_SIZE = "odd_size"
    EXPONENT_ONE = "exponent_one"
    EXPONENT_EVEN = "exponent_even"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A subject public key: `type` is rsa, ec, dsa, ed25519, ed448 or the dotted OID of another algorithm.

    `bits` is the modulus or field size; `curve` an IANA group name (secp256r1) or the dotted OID of another;
    `exponent` that of RSA, as far as it fits 64 bits, else -1; `pss` says that the SPKI is id-RSASSA-PSS.
    """

    type: str
    bits: int | None = None
    curve: str | None = None
    exponent: int | None = None
    pss: bool = False
    weaknesses: frozenset[KeyWeakness] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sct:
    """A signed certificate timestamp (RFC 6962 section 3.2) as it came; `scheme` is hash and signature as one number.

    `signed` and `extensions` are the beginning and the end of what the log signed.
    """

    log_id: str
    """SHA-256 of the log's key, in hexadecimal."""
    at: datetime
    signed: bytes
    extensions: bytes
    scheme: int
    signature: bytes


class SctOrigin(StrEnum):
    """How a timestamp came: in the certificate or in the handshake."""

    EMBEDDED = "embedded"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A timestamp and the log that it is of; `log` and `operator` are None where the list of logs has no such id.

    `verified`: the log's key signed it for this certificate; None: no key, or no issuer to tell with. From `out_since`
    on the log counts no more.
    """

    origin: SctOrigin
    at: datetime
    log_id: str
    log: str | None = None
    operator: str | None = None
    out_since: date | None = None
    verified: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamps:
    """The timestamps of a certificate, and the date of the list of logs that they were looked up in.

    `unreadable` counts those in the certificate that are none.
    """

    logs_date: date
    found: tuple[Timestamp, ...]
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One parsed X.509 certificate (RFC 5280). Absent extensions are None, present and empty ones are empty."""

    der: bytes
    sha256: str
    spki_sha256: str
    version: int
    serial: int
    subject: str
    issuer: str
    subject_der: bytes
    issuer_der: bytes
    common_names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: PublicKey
    signature_algorithm: str
    """The field's name of the algorithm (sha256WithRSAEncryption), or its dotted OID."""
    signature_hash: str | None
    """md2, md4, md5, sha1, sha224, sha256, sha384, sha512, ...; None where the scheme has no separate digest."""
    signature_matches_tbs: bool
    """Whether tbsCertificate.signature equals signatureAlgorithm (RFC 5280 section 4.1.1.2)."""
    self_issued: bool
    self_signed: bool
    """Issuer equals subject and the certificate's own key verifies its signature."""
    san: tuple[GeneralName, ...] | None
    san_critical: bool
    is_ca: bool | None
    """basicConstraints.cA; None where the extension is absent."""
    path_length: int | None
    key_usage: frozenset[str] | None
    """Names of RFC 5280 section 4.2.1.3 (digitalSignature, keyCertSign, ...)."""
    extended_key_usage: tuple[str, ...] | None
    """serverAuth, clientAuth, ... (RFC 5280 section 4.2.1.12), or dotted OIDs."""
    subject_key_id: str | None
    authority_key_id: str | None
    authority_info_access: bool
    ocsp_urls: tuple[str, ...]
    ca_issuer_urls: tuple[str, ...]
    crl_urls: tuple[str, ...]
    policies: tuple[str, ...]
    has_name_constraints: bool
    has_ct_poison: bool
    must_staple: bool
    sct_count: int
    unknown_critical: tuple[str, ...]
    defects: tuple[str, ...]
    """What breaks DER or RFC 5280 without making the certificate unreadable, one sentence each."""
    scts: tuple[Sct, ...] = ()
    """The embedded timestamps that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparsed:
    """A certificate that was sent and could not be read; `index` is its place in the chain as sent."""

    index: int
    sha256: str
    error: str


class ChainStatus(StrEnum):
    """What can be said of the chain as sent, apart from trust, name and time."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    MISORDERED = "misordered"
    SELF_SIGNED = "self_signed"
    UNKNOWN = "unknown"


class PathDefect(StrEnum):
    """Why a path that leads to an anchor is still no valid path (time and names of the target apart)."""

    NOT_A_CA = "not_a_ca"
    NO_CERT_SIGN = "no_cert_sign"
    PATH_LENGTH = "path_length"
    NAME_CONSTRAINTS = "name_constraints"
    EXTENDED_KEY_USAGE = "extended_key_usage"
    UNKNOWN_CRITICAL = "unknown_critical"


@dataclass(frozen=True, slots=True)
class DefectAt:
    """A path defect and the certificate that shows it (its SHA-256)."""

    defect: PathDefect
    sha256: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way from the leaf to an anchor; every signature in it verifies.

    `certificates` runs from the leaf to the last certificate below the anchor (or the anchor itself, where it was
    sent); all of it was sent by the server. `anchor` is the trust anchor; `stores` names the trust stores that hold it.
    """

    certificates: tuple[Certificate, ...]
    anchor: Certificate
    stores: frozenset[str]
    defects: tuple[DefectAt, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """The verdict of one trust store, apart from name and time; `anchor` is the subject of the anchor that decided."""

    trusted: bool
    reason: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainAnalysis:
    """What `pki` found out about one chain as sent.

    `superfluous_root`: a self-signed anchor was sent. `unrelated` and `duplicates`: indices of the chain.
    `missing_issuer`: the issuer's name where the chain ends without an anchor. `public`: some path ends in an anchor of
    the store "mozilla".
    """

    status: ChainStatus
    superfluous_root: tuple[int, ...]
    unrelated: tuple[int, ...]
    duplicates: tuple[int, ...]
    missing_issuer: str | None
    paths: tuple[Path, ...]
    trust: Mapping[str, Trust]
    deciding_store: str
    """The trust store whose verdict counts: "custom" where a CA file was given, else "mozilla"."""
    public: bool


@dataclass(frozen=True, slots=True)
class NameMatch:
    """Whether the reference identity matches a presented one (RFC 9525 section 6); `matched` is that SAN value."""

    reference: str
    matches: bool
    matched: str | None
    reason: str


class OcspStatus(StrEnum):
    """certStatus of a single response (RFC 6960 section 4.2.1), or what stands in its way."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    ERROR = "error"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staple:
    """An OCSP response, stapled or fetched, or what a CRL says, read but not judged.

    `verified`: signed by the issuer or its delegate; None: no issuer, or none of its keys that is at hand. `detail` is
    the response status (tryLater) or the reason why it could not be read; `reason` a CRLReason (RFC 5280 section
    5.3.1) by its name, where a certificate was revoked for one.
    """

    status: OcspStatus
    serial_matches: bool | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    verified: bool | None = None
    detail: str = ""
    revoked_at: datetime | None = None
    reason: str = ""


class StatusSource(StrEnum):
    """Who can say whether a certificate was revoked."""

    OCSP = "ocsp"
    CRL = "crl"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationCheck:
    """What one responder or one CRL says of one certificate; `place` is its URL, or the file that was given.

    The answer is unknown with `no_answer` where who publishes it did not deliver, with `not_asked` where we did not
    want to fetch it, else where it does not decide.
    """

    sha256: str
    """Of the certificate."""
    subject: str
    source: StatusSource
    place: str
    answer: Fact[Staple]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateDeployment:
    """One certificate that an endpoint serves: the chain as sent and what follows from it.

    A server with an RSA and an ECDSA certificate has two. `leaf` is unknown where the first certificate could not
    be read. `leaf_signs`: the leaf's key verifies the handshake signature (RFC 8446 section 4.4.2: it MUST be first).
    `versions`: the protocol versions that showed it. `message_bytes`: length of the Certificate message.
    `revocation`: every status of every certificate of its paths that has an issuer, from responders, CRLs and files.
    """

    leaf: Fact[Certificate]
    chain: tuple[Certificate, ...]
    unparsed: tuple[Unparsed, ...]
    analysis: Fact[ChainAnalysis]
    name: Fact[NameMatch]
    staple: Fact[Staple | None]
    leaf_signs: Fact[bool]
    versions: tuple[ProtocolVersion, ...]
    message_bytes: int
    basis: Basis
    revocation: Fact[tuple[RevocationCheck, ...]] = NOT_ASKED
    timestamps: Fact[Timestamps] = NOT_ASKED
    published: Fact[str | None] = NOT_ASKED
    """Where the leaf's private key can be read; None: in no list that is known."""
