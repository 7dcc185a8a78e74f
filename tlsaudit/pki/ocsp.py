"""Asks for and reads OCSP responses (RFC 6960), stapled or fetched. Whether one is fresh is for rules to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import new as new_hash

from tlsaudit.model.certificate import Certificate, OcspStatus, Staple
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, oids
from tlsaudit.pki.certificate import parse_certificate
from tlsaudit.pki.graph import certifies
from tlsaudit.pki.names import normalise
from tlsaudit.pki.outline import outline
from tlsaudit.pki.signatures import verify_signed

SIZE_MAX = 256 * 1024
_WHERE = "OCSPResponse"
_BASIC = "1.3.6.1.5.5.7.48.1.1"
_SHA1 = bytes.fromhex("2b0e03021a")
_RESPONSES_MAX = 100
_DELEGATES_MAX = 8
_STATUSES = {
    1: "malformedRequest",
    2: "internalError",
    3: "tryLater",
    5: "sigRequired",
    6: "unauthorized",
}
_CERT_STATUSES = {
    der.context(0, constructed=False): OcspStatus.GOOD,
    der.context(1): OcspStatus.REVOKED,
    der.context(2, constructed=False): OcspStatus.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class _CertId:
    hash_name: str
    name_hash: bytes
    key_hash: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class _Single:
    cert_id: _CertId
    status: OcspStatus
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Basic:
    data: bytes
    responder: der.Element
    produced_at: datetime
    responses: Sequence[_Single]
    algorithm: bytes
    signature: bytes
    certificates: Sequence[bytes]


def parse_staple(data: bytes, leaf: Certificate, issuer: Certificate | None) -> Staple:
    """Read the OCSP response that was stapled for `leaf`, or fetched for this certificate.

    `serial_matches`: some answer in it is about the leaf, by serial number and, where the issuer is known, by the
    hashes of its name and key. `verified`: the issuer signed it, or a responder that it certified for OCSPSigning
    (RFC 6960 section 4.2.2.2). Never raises: a response that cannot be read has the status unreadable.
    """
    if len(data) > SIZE_MAX:
        return Staple(
            status=OcspStatus.UNREADABLE, detail=f"{len(data)} bytes are more than the {SIZE_MAX} that are read"
        )
    try:
        response = der.members(der.single(data, _WHERE), _WHERE)
        code = der.integer(response.take(der.ENUMERATED), "responseStatus")
        if code:
            return Staple(status=OcspStatus.ERROR, detail=_STATUSES.get(code, f"response status {code}"))
        basic = _basic(response.take(der.context(0)).content)
    except DecodeError as error:
        return Staple(status=OcspStatus.UNREADABLE, detail=str(error))
    about_leaf = next((each for each in basic.responses if _is_about(each.cert_id, leaf, issuer)), None)
    single = about_leaf or basic.responses[0]
    verified = None if issuer is None else _is_signed_for(basic, issuer)
    return Staple(
        status=single.status,
        serial_matches=about_leaf is not None,
        this_update=single.this_update,
        next_update=single.next_update,
        verified=verified,
        detail="" if about_leaf else "the response is about another certificate",
        revoked_at=single.revoked_at,
        reason=single.reason,
    )


def ocsp_request(certificate: Certificate, issuer: Certificate) -> bytes | None:
    """The OCSPRequest (RFC 6960 section 4.1.1) that asks about one certificate; None where its parts cannot be read.

    With SHA-1, which every responder has to know (RFC 5019 section 2.1.1); it identifies and protects nothing.
    """
    key_hash = _key_hash("sha1", issuer)
    if key_hash is None:
        return None
    name_hash = new_hash("sha1", certificate.issuer_der, usedforsecurity=False).digest()
    size = certificate.serial.bit_length() // 8 + 1
    serial = certificate.serial.to_bytes(size, "big", signed=True)
    sha1 = der.encode(der.SEQUENCE, der.encode(der.OBJECT_IDENTIFIER, _SHA1), der.encode(der.NULL))
    cert_id = der.encode(
        der.SEQUENCE,
        sha1,
        der.encode(der.OCTET_STRING, name_hash),
        der.encode(der.OCTET_STRING, key_hash),
        der.encode(der.INTEGER, serial),
    )
    request = cert_id
    for _ in ("Request", "requestList", "TBSRequest", "OCSPRequest"):
        request = der.encode(der.SEQUENCE, request)
    return request


def _basic(response_bytes: bytes) -> _Basic:
    outer = der.members(der.single(response_bytes, _WHERE), _WHERE)
    kind = der.oid(outer.take(), "responseType")
    if kind != _BASIC:
        raise DecodeError("responseType", f"is {kind}, not id-pkix-ocsp-basic")
    where = "BasicOCSPResponse"
    members = der.members(der.single(outer.take(der.OCTET_STRING).content, where), where)
    data = members.take(der.SEQUENCE)
    algorithm = members.take(der.SEQUENCE)
    signature = der.octets(members.take(der.BIT_STRING), where)
    extra = members.take_if(der.context(0))

    where = "ResponseData"
    inside = der.members(data, where)
    inside.take_if(der.context(0))
    responder = inside.take()
    produced_at = der.time(inside.take(), "producedAt")
    singles = list(der.elements(inside.take(der.SEQUENCE).content, where))
    if not 1 <= len(singles) <= _RESPONSES_MAX:
        raise DecodeError(where, f"{len(singles)} responses are not between 1 and {_RESPONSES_MAX}")
    certificates = der.elements(der.single(extra.content, "certs").content, "certs") if extra else ()
    return _Basic(
        data=data.raw,
        responder=responder,
        produced_at=produced_at,
        responses=[_single(each) for each in singles],
        algorithm=algorithm.raw,
        signature=signature,
        certificates=[each.raw for each in certificates][:_DELEGATES_MAX],
    )


def _single(element: der.Element) -> _Single:
    where = "SingleResponse"
    members = der.members(der.expect(element, where, der.SEQUENCE), where)
    cert_id = der.members(members.take(der.SEQUENCE), "CertID")
    hash_oid = der.oid(der.members(cert_id.take(der.SEQUENCE), "CertID").take(), "CertID")
    name_hash, key_hash = cert_id.take(der.OCTET_STRING).content, cert_id.take(der.OCTET_STRING).content
    serial = der.integer(cert_id.take(der.INTEGER), "CertID")
    cert_status = members.take()
    status = _CERT_STATUSES.get(cert_status.tag)
    if status is None:
        raise DecodeError("certStatus", "is none of good, revoked, unknown")
    revoked_at, reason = _revoked(cert_status) if status is OcspStatus.REVOKED else (None, "")
    this_update = der.time(members.take(), "thisUpdate")
    next_update = members.take_if(der.context(0))
    return _Single(
        cert_id=_CertId(oids.HASHES.get(hash_oid, hash_oid), name_hash, key_hash, serial),
        status=status,
        this_update=this_update,
        next_update=None if next_update is None else _explicit_time(next_update),
        revoked_at=revoked_at,
        reason=reason,
    )


def _revoked(element: der.Element) -> tuple[datetime, str]:
    """RevokedInfo: when, and why as far as that is said."""
    members = der.members(element, "RevokedInfo")
    moment = der.time(members.take(der.GENERALIZED_TIME), "revocationTime")
    reason = members.take_if(der.context(0))
    if reason is None:
        return moment, ""
    code = der.integer(der.single(reason.content, "revocationReason", der.ENUMERATED), "revocationReason")
    return moment, oids.REVOCATION_REASONS.get(code, str(code))


def _explicit_time(element: der.Element) -> datetime:
    return der.time(der.single(element.content, "nextUpdate", der.GENERALIZED_TIME), "nextUpdate")


def _is_about(cert_id: _CertId, leaf: Certificate, issuer: Certificate | None) -> bool:
    if cert_id.serial != leaf.serial:
        return False
    if issuer is None or cert_id.hash_name not in ("sha1", "sha256", "sha384", "sha512"):
        return True
    return (
        new_hash(cert_id.hash_name, leaf.issuer_der, usedforsecurity=False).digest() == cert_id.name_hash
        and _key_hash(cert_id.hash_name, issuer) == cert_id.key_hash
    )


def _is_signed_for(basic: _Basic, issuer: Certificate) -> bool:
    if _is_signed_by(basic, issuer):
        return True
    for each in basic.certificates:
        try:
            delegate = parse_certificate(each)
        except DecodeError:
            continue
        may_sign = "OCSPSigning" in (delegate.extended_key_usage or ())
        may_sign = may_sign and delegate.not_before <= basic.produced_at <= delegate.not_after
        if may_sign and certifies(issuer, delegate) and _is_signed_by(basic, delegate):
            return True
    return False


def _is_signed_by(basic: _Basic, responder: Certificate) -> bool:
    return (
        _names(basic.responder, responder)
        and verify_signed(basic.data, basic.algorithm, basic.signature, outline(responder.der).spki) is True
    )


def _names(responder_id: der.Element, certificate: Certificate) -> bool:
    """Whether a ResponderID means this certificate: byName [1], or byKey [2], the SHA-1 of its key."""
    try:
        if responder_id.tag == der.context(1):
            return normalise(responder_id.content) == normalise(certificate.subject_der)
        key_hash = der.single(responder_id.content, "ResponderID", der.OCTET_STRING).content
    except DecodeError:
        return False
    return key_hash == _key_hash("sha1", certificate)


def _key_hash(name: str, certificate: Certificate) -> bytes | None:
    """The digest of subjectPublicKey without tag, length and number of unused bits; None where it cannot be read."""
    try:
        info = der.members(der.single(outline(certificate.der).spki, "subjectPublicKeyInfo"), "subjectPublicKeyInfo")
        info.take()
        bits = der.octets(info.take(der.BIT_STRING), "subjectPublicKey")
    except DecodeError:
        return None
    return new_hash(name, bits, usedforsecurity=False).digest()
