"""Certificate deployments: every chain that the endpoint showed, read once, with its staple and its signature."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tlsaudit.data.ct_logs import CtLogs
from tlsaudit.data.published_keys import PUBLISHED
from tlsaudit.model.certificate import (
    Certificate,
    CertificateDeployment,
    NameMatch,
    Path,
    Sct,
    SctOrigin,
    Staple,
    Timestamps,
    Unparsed,
)
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.pki import (
    Entry,
    TrustStore,
    analyse_chain,
    checked,
    delivered,
    issued,
    match_name,
    parse_certificate,
    parse_staple,
    verify_signature,
)
from tlsaudit.probe.dialogue import Answer
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.handshake import Handshake
from tlsaudit.probe.key_exchange import read_parameters
from tlsaudit.wire import (
    CertificateMessage,
    CertificateStatus,
    CertificateVerify,
    ClientHello,
    ExtensionType,
    RsaParameters,
    parse_certificate_status,
    parse_sct_list,
)

_MOST_DEPLOYMENTS = 8
_MOST_TIMESTAMPS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusting:
    """The trust stores of a run, by name, and the one whose verdict counts; `logs` vouch for public certificates.

    `blocklist` names the source of keys that are compromised, by the SHA-256 of their SubjectPublicKeyInfo; the keys
    that everybody knows are known without it.
    """

    stores: Mapping[str, TrustStore]
    deciding: str
    logs: CtLogs | None = None
    blocklist: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signature:
    """A handshake signature: scheme (None below TLS 1.2), what was signed, the signature."""

    scheme: int | None
    content: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A chain as one probe showed it."""

    chain: tuple[bytes, ...]
    version: ProtocolVersion
    basis: Basis
    message_bytes: int
    staple_asked: bool = True
    staple: bytes | None = None
    signature: Signature | None = None
    timestamps: bytes | None = None
    """The extension signed_certificate_timestamp (RFC 6962 section 3.3.1)."""


def sighting_of_answer(answer: Answer) -> Sighting | None:
    """The chain in a clear flight (TLS <= 1.2); None where there is none."""
    message = answer.first(CertificateMessage)
    if message is None or answer.version is None:
        return None
    status = answer.first(CertificateStatus)
    return Sighting(
        chain=message.certificates,
        version=answer.version,
        basis=answer.basis,
        message_bytes=message.length,
        staple=status.response if status is not None else None,
        signature=_signed_parameters(answer),
        timestamps=answer.hello.extensions.get(ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP) if answer.hello else None,
    )


def sighting_of_handshake(handshake: Handshake) -> Sighting | None:
    """The chain in an encrypted flight (TLS 1.3); None where there is none."""
    message = handshake.certificate
    if message is None:
        return None
    proof = handshake.first(CertificateVerify)
    return Sighting(
        chain=message.certificates,
        version=ProtocolVersion.TLS_1_3,
        basis=handshake.basis,
        message_bytes=message.length,
        staple=_entry_staple(message),
        timestamps=_entry(message, ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP),
        signature=Signature(proof.scheme, proof.content, proof.signature) if proof is not None else None,
    )


def sighting_of_exchange(exchange: Exchange) -> Sighting | None:
    """The chain that OpenSSL saw, where our own handshake could not: without staple and signature."""
    if not exchange.chain or exchange.version is None:
        return None
    length = sum(len(der) for der in exchange.chain)
    return Sighting(
        chain=exchange.chain,
        version=exchange.version,
        basis=exchange.basis,
        message_bytes=length,
        staple_asked=False,
    )


def deployments(
    sightings: Iterable[Sighting], *, references: Sequence[str], trusting: Trusting
) -> tuple[CertificateDeployment, ...]:
    """One deployment for each different chain, in the order seen; `references` are the names that were meant."""
    by_chain: dict[tuple[bytes, ...], list[Sighting]] = {}
    for sighting in sightings:
        by_chain.setdefault(sighting.chain, []).append(sighting)
    found = list(by_chain.items())[:_MOST_DEPLOYMENTS]
    return tuple(_deployment(chain, seen, references, trusting) for chain, seen in found)


def _deployment(
    chain: tuple[bytes, ...], seen: list[Sighting], references: Sequence[str], trusting: Trusting
) -> CertificateDeployment:
    basis = seen[0].basis
    parsed, unparsed = _parse(chain)
    leaf_error = next(
        (each.error for each in unparsed if each.index == 0), None if chain else "an empty chain was sent"
    )
    versions = sorted({sighting.version for sighting in seen}, key=lambda version: version.rank)
    derived = Basis(Origin.DERIVED, basis.at)
    if leaf_error is not None:
        unknown = Unknown(Why.UNSUPPORTED, f"the certificate cannot be read: {leaf_error}")
        return CertificateDeployment(
            leaf=unknown,
            chain=parsed,
            unparsed=unparsed,
            analysis=unknown,
            name=unknown,
            staple=unknown,
            leaf_signs=unknown,
            versions=tuple(versions),
            message_bytes=seen[0].message_bytes,
            basis=basis,
        )
    leaf = parsed[0]
    analysis = analyse_chain(parsed, trusting.stores, trusting.deciding)
    return CertificateDeployment(
        leaf=Known(leaf, basis),
        chain=parsed,
        unparsed=unparsed,
        analysis=Known(analysis, derived),
        name=Known(_match(references, leaf), derived),
        staple=_staple(seen, parsed, analysis.paths),
        leaf_signs=_leaf_signs(seen, leaf),
        timestamps=_timestamps(seen, parsed, analysis.paths, trusting.logs),
        published=Known(trusting.blocklist.get(leaf.spki_sha256) or PUBLISHED.get(leaf.spki_sha256), derived),
        versions=tuple(versions),
        message_bytes=max(sighting.message_bytes for sighting in seen),
        basis=basis,
    )


def _match(references: Sequence[str], leaf: Certificate) -> NameMatch:
    """The first name that the certificate does not cover, else the first of all."""
    matches = [match_name(each, leaf) for each in references]
    return next((each for each in matches if not each.matches), matches[0])


def _parse(chain: tuple[bytes, ...]) -> tuple[tuple[Certificate, ...], tuple[Unparsed, ...]]:
    parsed: list[Certificate] = []
    unparsed: list[Unparsed] = []
    for index, der in enumerate(chain):
        try:
            parsed.append(parse_certificate(der))
        except DecodeError as error:
            unparsed.append(Unparsed(index=index, sha256=hashlib.sha256(der).hexdigest(), error=str(error)))
    return tuple(parsed), tuple(unparsed)


def _staple(seen: list[Sighting], chain: tuple[Certificate, ...], paths: tuple[Path, ...]) -> Fact[Staple | None]:
    for sighting in seen:
        if sighting.staple is not None:
            return Known(parse_staple(sighting.staple, chain[0], _issuer(chain, paths)), sighting.basis)
    asked = next((sighting for sighting in seen if sighting.staple_asked), None)
    return Known(None, asked.basis) if asked is not None else NOT_ASKED


def _timestamps(
    seen: list[Sighting], chain: tuple[Certificate, ...], paths: tuple[Path, ...], known: CtLogs | None
) -> Fact[Timestamps]:
    """The timestamps of the leaf, each log once a way of coming."""
    if known is None:
        return NOT_ASKED
    entry = Entry(leaf=chain[0], issuer=_issuer(chain, paths))
    came = [(SctOrigin.EMBEDDED, sct) for sct in chain[0].scts]
    came += [(SctOrigin.TLS, sct) for sighting in seen for sct in _delivered(sighting.timestamps)]
    distinct = list(dict.fromkeys(came))[:_MOST_TIMESTAMPS]
    return Known(
        Timestamps(
            logs_date=known.date,
            found=tuple(checked(sct, origin, entry, known.logs) for origin, sct in distinct),
            unreadable=chain[0].sct_count - len(chain[0].scts),
        ),
        Basis(Origin.DERIVED, seen[0].basis.at),
    )


def _delivered(data: bytes | None) -> tuple[Sct, ...]:
    if data is None:
        return ()
    try:
        return delivered(parse_sct_list(data))
    except DecodeError:
        return ()


def _issuer(chain: tuple[Certificate, ...], paths: tuple[Path, ...]) -> Certificate | None:
    return next((above for below, above in issued(chain, paths) if below.sha256 == chain[0].sha256), None)


def _leaf_signs(seen: list[Sighting], leaf: Certificate) -> Fact[bool]:
    for sighting in seen:
        proof = sighting.signature
        if proof is None:
            continue
        verdict = verify_signature(leaf, proof.scheme, proof.content, proof.signature)
        if verdict is not None:
            return Known(verdict, sighting.basis)
        return Unknown(Why.UNSUPPORTED, "the signature of this kind of key cannot be verified here")
    return NOT_ASKED


def _signed_parameters(answer: Answer) -> Signature | None:
    """The signature of a ServerKeyExchange: over both randoms and the parameters (RFC 5246 section 7.4.3)."""
    parameters = read_parameters(answer)
    if parameters is None or isinstance(parameters, RsaParameters) or not parameters.signature:
        return None
    if answer.hello is None or not isinstance(answer.sent, ClientHello):
        return None
    content = answer.sent.random + answer.hello.random + parameters.signed_params
    return Signature(parameters.signature_scheme, content, parameters.signature)


def _entry(message: CertificateMessage, extension: ExtensionType) -> bytes | None:
    """An extension that stands beside the leaf (RFC 8446 section 4.4.2)."""
    return message.entry_extensions[0].get(extension) if message.entry_extensions else None


def _entry_staple(message: CertificateMessage) -> bytes | None:
    data = _entry(message, ExtensionType.STATUS_REQUEST)
    if data is None:
        return None
    try:
        return parse_certificate_status(data).response
    except DecodeError:
        return data
