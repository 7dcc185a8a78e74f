"""Reads one X.509 certificate (RFC 5280 section 4) into `model.certificate.Certificate`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

from tlsaudit.model.certificate import Certificate, Sct
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, extensions, names, oids
from tlsaudit.pki.extensions import AccessUrls, BasicConstraints, ExtensionReader
from tlsaudit.pki.keys import read_public_key
from tlsaudit.pki.outline import Outline, outline
from tlsaudit.pki.scts import embedded
from tlsaudit.pki.signatures import describe, verify_issued

_SERIAL_OCTETS_MAX = 20
_DEFECTS_MAX = 20
_YEAR_OF_GENERALIZED_TIME = 2050
_NO_NAMES: tuple[der.Element, ...] = ()
_NO_TEXTS: tuple[str, ...] = ()
_NO_USAGES: frozenset[str] = frozenset()
_NO_TIMESTAMPS: tuple[Sct, ...] = ()


def parse_certificate(data: bytes) -> Certificate:
    """Read a DER certificate of at most 64 KiB.

    What breaks DER or RFC 5280 but can be read over ends in `defects`; what cannot raises DecodeError.
    """
    parts = outline(data)
    subject, issuer = names.read_name(parts.subject, "subject"), names.read_name(parts.issuer, "issuer")
    key, key_defects = read_public_key(parts.spki)
    algorithm = describe(parts.signature_algorithm)
    version = _version(parts)
    serial = der.integer(parts.serial, "serialNumber")
    self_issued = parts.subject == parts.issuer or names.normalise(parts.subject) == names.normalise(parts.issuer)

    reader = ExtensionReader(parts.extensions or ())
    read = reader.read
    basic = read(oids.BASIC_CONSTRAINTS, "basicConstraints", extensions.basic_constraints, BasicConstraints())
    san = read(oids.SUBJECT_ALT_NAME, "subjectAltName", extensions.subject_alt_name, _NO_NAMES)
    access = read(oids.AUTHORITY_INFO_ACCESS, "authorityInfoAccess", extensions.authority_info_access, AccessUrls())
    key_usage = read(oids.KEY_USAGE, "keyUsage", extensions.key_usage, _NO_USAGES)
    purposes = read(oids.EXTENDED_KEY_USAGE, "extKeyUsage", extensions.extended_key_usage, _NO_TEXTS)
    subject_key_id = read(oids.SUBJECT_KEY_ID, "subjectKeyIdentifier", extensions.subject_key_id, "")
    authority_key_id = read(oids.AUTHORITY_KEY_ID, "authorityKeyIdentifier", extensions.authority_key_id, None)
    crl_urls = read(oids.CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints", extensions.crl_urls, _NO_TEXTS)
    policies = read(oids.CERTIFICATE_POLICIES, "certificatePolicies", extensions.certificate_policies, _NO_TEXTS)
    must_staple = read(oids.TLS_FEATURE, "tlsFeature", extensions.has_status_request, empty=False)
    sct_count = read(oids.SCT_LIST, "SignedCertificateTimestampList", extensions.sct_count, 0)
    scts = read(oids.SCT_LIST, "SignedCertificateTimestampList", embedded, _NO_TIMESTAMPS) if sct_count else ()

    return Certificate(
        der=data,
        sha256=sha256(data).hexdigest(),
        spki_sha256=sha256(parts.spki).hexdigest(),
        version=version,
        serial=serial,
        subject=names.format_rdns(subject),
        issuer=names.format_rdns(issuer),
        subject_der=parts.subject,
        issuer_der=parts.issuer,
        common_names=tuple(
            each.text for rdn in subject for each in rdn if each.oid == oids.COMMON_NAME and each.text is not None
        ),
        not_before=der.time(parts.not_before, "notBefore"),
        not_after=der.time(parts.not_after, "notAfter"),
        key=key,
        signature_algorithm=algorithm.name,
        signature_hash=algorithm.hash,
        signature_matches_tbs=parts.signature_algorithm == parts.tbs_signature_algorithm,
        self_issued=self_issued,
        self_signed=self_issued and verify_issued(parts, parts.spki) is True,
        san=None if san is None else tuple(names.general_name(each) for each in san),
        san_critical=reader.is_critical(oids.SUBJECT_ALT_NAME),
        is_ca=None if basic is None else basic.is_ca,
        path_length=None if basic is None else basic.path_length,
        key_usage=key_usage,
        extended_key_usage=purposes,
        subject_key_id=subject_key_id,
        authority_key_id=authority_key_id,
        authority_info_access=access is not None,
        ocsp_urls=access.ocsp if access else (),
        ca_issuer_urls=access.ca_issuers if access else (),
        crl_urls=crl_urls or (),
        policies=policies or (),
        has_name_constraints=reader.has(oids.NAME_CONSTRAINTS),
        has_ct_poison=reader.has(oids.CT_POISON),
        must_staple=bool(must_staple),
        sct_count=sct_count or 0,
        scts=scts or (),
        unknown_critical=tuple(
            each.oid for each in reader.extensions if each.critical and each.oid not in oids.UNDERSTOOD
        ),
        defects=_bounded(
            [
                *_field_defects(parts, version, serial),
                *names.name_defects(subject, "subject"),
                *names.name_defects(issuer, "issuer"),
                *key_defects,
                *extensions.structure_defects(reader.extensions),
                *reader.defects,
                *(defect for each in san or () for defect in names.general_name_defects(each)),
            ]
        ),
    )


def _bounded(defects: Iterable[str]) -> tuple[str, ...]:
    """Each defect once, and no more of them than somebody would read."""
    distinct = tuple(dict.fromkeys(defects))
    if len(distinct) <= _DEFECTS_MAX:
        return distinct
    return (*distinct[:_DEFECTS_MAX], f"and {len(distinct) - _DEFECTS_MAX} defects more")


def _version(parts: Outline) -> int:
    if parts.version is None:
        return 1
    number = der.integer(der.single(parts.version.content, "version", der.INTEGER), "version")
    if not 0 <= number < 256:
        raise DecodeError("version", "is not one of v1, v2, v3")
    return number + 1


def _field_defects(parts: Outline, version: int, serial: int) -> Iterator[str]:
    if version > 3:
        yield f"version {version} does not exist"
    if version == 1 and parts.version is not None:
        yield "version v1 is spelled out, which DER leaves out"
    if parts.extensions is not None and version < 3:
        yield f"extensions are there, though the version is v{version}"
    if parts.unique_ids:
        yield "a unique identifier is there, which RFC 5280 section 4.1.2.8 forbids"
    if serial <= 0:
        yield "the serial number is not positive"
    if len(parts.serial.content) > _SERIAL_OCTETS_MAX:
        yield f"the serial number is longer than {_SERIAL_OCTETS_MAX} octets"
    if not der.is_minimal(parts.serial):
        yield "the serial number is not encoded in the fewest octets"
    yield from _time_defects("notBefore", parts.not_before)
    yield from _time_defects("notAfter", parts.not_after)


def _time_defects(label: str, element: der.Element) -> Iterator[str]:
    if element.tag == der.GENERALIZED_TIME:
        if len(element.content) != len("YYYYMMDDHHMMSSZ"):
            yield f"{label} has a fraction of a second"
        if der.time(element, label).year < _YEAR_OF_GENERALIZED_TIME:
            yield f"{label} is a GeneralizedTime before {_YEAR_OF_GENERALIZED_TIME}"
