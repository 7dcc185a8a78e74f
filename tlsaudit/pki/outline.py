"""The parts of a certificate, taken apart but not interpreted: cheap enough for a whole trust store."""

from __future__ import annotations

from dataclasses import dataclass

from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der

SIZE_MAX = 256 * 1024
WHERE = "Certificate"
_EXTENSIONS = "extensions"


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: `critical` None stands for an explicit FALSE, which DER forbids."""

    oid: str
    critical: bool | None
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The fields of Certificate and TBSCertificate (RFC 5280 section 4.1) in their encoded form."""

    tbs: bytes
    signature_algorithm: bytes
    signature: bytes
    version: der.Element | None
    serial: der.Element
    tbs_signature_algorithm: bytes
    issuer: bytes
    not_before: der.Element
    not_after: der.Element
    subject: bytes
    spki: bytes
    unique_ids: bool
    extensions: tuple[Extension, ...] | None


def outline(certificate: bytes) -> Outline:
    """Take a DER certificate of at most 64 KiB apart. Raises DecodeError."""
    if len(certificate) > SIZE_MAX:
        raise DecodeError(WHERE, f"{len(certificate)} bytes are more than the {SIZE_MAX} that are read")
    outer = der.members(der.single(certificate, WHERE), WHERE)
    tbs = outer.take(der.SEQUENCE)
    signature_algorithm = outer.take(der.SEQUENCE)
    signature = outer.take(der.BIT_STRING)
    outer.end()

    inner = der.members(tbs, "TBSCertificate")
    version = inner.take_if(der.context(0))
    serial = inner.take(der.INTEGER)
    tbs_signature_algorithm = inner.take(der.SEQUENCE)
    issuer = inner.take(der.SEQUENCE)
    validity = der.members(inner.take(der.SEQUENCE), "validity")
    not_before, not_after = validity.take(), validity.take()
    validity.end()
    subject = inner.take(der.SEQUENCE)
    spki = inner.take(der.SEQUENCE)
    unique_ids = [inner.take_if(der.context(number, constructed=False)) for number in (1, 2)]
    extensions = inner.take_if(der.context(3))
    inner.end()
    return Outline(
        tbs=tbs.raw,
        signature_algorithm=signature_algorithm.raw,
        signature=der.octets(signature, "signatureValue"),
        version=version,
        serial=serial,
        tbs_signature_algorithm=tbs_signature_algorithm.raw,
        issuer=issuer.raw,
        not_before=not_before,
        not_after=not_after,
        subject=subject.raw,
        spki=spki.raw,
        unique_ids=any(unique_ids),
        extensions=None if extensions is None else _extensions(extensions.content),
    )


def _extensions(data: bytes) -> tuple[Extension, ...]:
    listed = der.single(data, _EXTENSIONS)
    return tuple(
        _extension(der.expect(each, _EXTENSIONS, der.SEQUENCE)) for each in der.elements(listed.content, _EXTENSIONS)
    )


def _extension(element: der.Element) -> Extension:
    inside = der.members(element, _EXTENSIONS)
    oid = der.oid(inside.take(), _EXTENSIONS)
    critical = inside.take_if(der.BOOLEAN)
    value = inside.take(der.OCTET_STRING)
    inside.end()
    if critical is None:
        return Extension(oid, critical=False, value=value.content)
    return Extension(oid, critical=True if any(critical.content) else None, value=value.content)
