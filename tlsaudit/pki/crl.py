"""Reads certificate revocation lists (RFC 5280 section 5). Whether one is fresh is for rules to say.

A list that does not decide about a certificate, because it is indirect, a delta, for other certificates or for some
reasons only, gives an unknown status: never "not revoked".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tlsaudit.model.certificate import Certificate, OcspStatus, Staple
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why
from tlsaudit.pki import der, names, oids
from tlsaudit.pki.names import NormalisedName, normalise
from tlsaudit.pki.outline import outline
from tlsaudit.pki.signatures import verify_signed

SIZE_MAX = 16 * 1024 * 1024
_WHERE = "CertificateList"
_PEM = re.compile(rb"-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----")
_TIMES = (der.UTC_TIME, der.GENERALIZED_TIME)
_AUTHORITY_KEY_ID = "2.5.29.35"
_CRL_NUMBER = "2.5.29.20"
_REASON = "2.5.29.21"
_DELTA = "2.5.29.27"
_DISTRIBUTION_POINT = "2.5.29.28"
_KNOWN = frozenset({_AUTHORITY_KEY_ID, _CRL_NUMBER, _DELTA, _DISTRIBUTION_POINT})
_URI = 0x86


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a list is about (issuingDistributionPoint, RFC 5280 section 5.2.5); `urls` None: it names no place."""

    urls: tuple[str, ...] | None = None
    users_only: bool = False
    authorities_only: bool = False
    attributes_only: bool = False
    some_reasons: bool = False
    indirect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crl:
    """One list, taken apart. `obstacle`: why it decides nothing at all; `entries` are its revoked certificates."""

    tbs: bytes
    algorithm: bytes
    signature: bytes
    issuer: NormalisedName
    this_update: datetime
    next_update: datetime | None
    entries: bytes
    reach: Reach
    key_id: str | None
    obstacle: str = ""


def read_crl_file(data: bytes) -> tuple[Crl, ...]:
    """The lists in a file: PEM, any number of them, or one in DER. Raises DecodeError."""
    if b"-----BEGIN" not in data:
        return (parse_crl(data),)
    found = []
    for match in _PEM.finditer(data):
        try:
            found.append(parse_crl(base64.b64decode(match[1])))
        except binascii.Error:
            raise DecodeError(_WHERE, "is not valid base64") from None
    if not found:
        raise DecodeError(_WHERE, "no X509 CRL is in this PEM")
    return tuple(found)


def parse_crl(data: bytes) -> Crl:
    """Take a list in DER apart; its entries are read when they are asked for. Raises DecodeError."""
    if len(data) > SIZE_MAX:
        raise DecodeError(_WHERE, f"{len(data)} bytes are more than the {SIZE_MAX} that are read")
    outer = der.members(der.single(data, _WHERE), _WHERE)
    tbs = outer.take(der.SEQUENCE)
    algorithm = outer.take(der.SEQUENCE).raw
    signature = der.octets(outer.take(der.BIT_STRING), "signatureValue")
    outer.end()

    inner = der.members(tbs, "TBSCertList")
    inner.take_if(der.INTEGER)
    inner.take(der.SEQUENCE)
    issuer = normalise(inner.take(der.SEQUENCE).raw)
    this_update = der.time(inner.take(), "thisUpdate")
    ends = inner.take_if(*_TIMES)
    entries = inner.take_if(der.SEQUENCE)
    extra = inner.take_if(der.context(0))
    inner.end()
    extensions = _extensions(extra.content) if extra is not None else {}
    return Crl(
        tbs=tbs.raw,
        algorithm=algorithm,
        signature=signature,
        issuer=issuer,
        this_update=this_update,
        next_update=None if ends is None else der.time(ends, "nextUpdate"),
        entries=entries.content if entries is not None else b"",
        reach=_reach(extensions[_DISTRIBUTION_POINT][1]) if _DISTRIBUTION_POINT in extensions else Reach(),
        key_id=_key_id(extensions[_AUTHORITY_KEY_ID][1]) if _AUTHORITY_KEY_ID in extensions else None,
        obstacle=_obstacle(extensions),
    )


def status_in(crl: Crl, certificate: Certificate, issuer: Certificate, basis: Basis) -> Fact[Staple]:
    """What the list says of a certificate that `issuer` issued. Never raises: a broken entry makes it unreadable."""
    if crl.issuer != normalise(certificate.issuer_der):
        return Unknown(Why.UNSUPPORTED, "the CRL is of another issuer (an indirect one, or a wrong place)")
    if crl.obstacle or crl.reach.indirect:
        return Unknown(Why.UNSUPPORTED, crl.obstacle or "the CRL is indirect, which is not followed")
    verified = _is_signed_by(crl, issuer)
    try:
        entry = _entry(crl.entries, certificate.serial)
    except DecodeError as error:
        return Known(Staple(status=OcspStatus.UNREADABLE, detail=str(error), verified=verified), basis)
    if entry is None:
        missing = _beyond(crl.reach, certificate)
        if missing:
            return Unknown(Why.UNSUPPORTED, missing)
    return Known(
        Staple(
            status=OcspStatus.GOOD if entry is None else OcspStatus.REVOKED,
            serial_matches=True,
            this_update=crl.this_update,
            next_update=crl.next_update,
            verified=verified,
            revoked_at=None if entry is None else entry[0],
            reason="" if entry is None else entry[1],
        ),
        basis,
    )


def _is_signed_by(crl: Crl, issuer: Certificate) -> bool | None:
    """Whether the issuer's key made the signature and may; None: the list names another of the issuer's keys."""
    may = issuer.key_usage is None or "cRLSign" in issuer.key_usage
    signed = verify_signed(crl.tbs, crl.algorithm, crl.signature, outline(issuer.der).spki)
    if signed is False and crl.key_id is not None and issuer.subject_key_id not in (None, crl.key_id):
        return None
    return signed if may or signed is None else False


def _entry(entries: bytes, serial: int) -> tuple[datetime, str] | None:
    """When and why the certificate with this serial number was revoked; None: it is not in the list."""
    octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big", signed=True)
    wanted = bytes([der.INTEGER, len(octets)]) + octets if len(octets) < 0x80 else None
    if wanted is None or wanted not in entries:
        return None
    where = "revokedCertificates"
    for each in der.elements(entries, where):
        if each.content.startswith(wanted):
            members = der.members(der.expect(each, where, der.SEQUENCE), where)
            members.take(der.INTEGER)
            revoked_at = der.time(members.take(), "revocationDate")
            extra = members.take_if(der.SEQUENCE)
            return revoked_at, _reason(extra) if extra is not None else ""
    return None


def _reason(extensions: der.Element) -> str:
    found = _listed(extensions).get(_REASON)
    if found is None:
        return ""
    code = der.integer(der.single(found[1], "reasonCode", der.ENUMERATED), "reasonCode")
    return oids.REVOCATION_REASONS.get(code, str(code))


def _beyond(reach: Reach, certificate: Certificate) -> str:
    """Why a certificate that is not in the list may still be revoked; empty: it is not."""
    is_authority = certificate.is_ca is True
    reasons: tuple[tuple[Callable[[], bool], str], ...] = (
        (lambda: reach.some_reasons, "the CRL lists some reasons of revocation only"),
        (lambda: reach.attributes_only, "the CRL is about attribute certificates only"),
        (lambda: reach.users_only and is_authority, "the CRL is not about certificates of authorities"),
        (lambda: reach.authorities_only and not is_authority, "the CRL is about certificates of authorities only"),
        (
            lambda: reach.urls is not None and not set(reach.urls) & set(certificate.crl_urls),
            "the CRL is one part of several, and not the part that the certificate names",
        ),
    )
    return next((words for applies, words in reasons if applies()), "")


def _obstacle(extensions: dict[str, tuple[bool, bytes]]) -> str:
    if _DELTA in extensions:
        return "the CRL is a delta, which says nothing without its base"
    unknown = next((oid for oid, (critical, _) in extensions.items() if critical and oid not in _KNOWN), None)
    return f"the CRL has the critical extension {unknown}, which is not understood" if unknown else ""


def _extensions(data: bytes) -> dict[str, tuple[bool, bytes]]:
    return _listed(der.single(data, "crlExtensions"))


def _listed(extensions: der.Element) -> dict[str, tuple[bool, bytes]]:
    """The extensions of a list or of an entry by their identifiers: whether critical, and the value."""
    where = "crlExtensions"
    found: dict[str, tuple[bool, bytes]] = {}
    for each in der.elements(extensions.content, where):
        members = der.members(der.expect(each, where, der.SEQUENCE), where)
        oid = der.oid(members.take(), where)
        critical = members.take_if(der.BOOLEAN)
        found.setdefault(oid, (critical is not None and any(critical.content), members.take(der.OCTET_STRING).content))
    return found


def _key_id(value: bytes) -> str | None:
    found = der.members(der.single(value, "authorityKeyIdentifier"), "authorityKeyIdentifier").take_if(
        der.context(0, constructed=False)
    )
    return None if found is None else found.content.hex()


def _reach(value: bytes) -> Reach:
    where = "issuingDistributionPoint"
    members = der.members(der.single(value, where), where)
    point = members.take_if(der.context(0))
    flags = {number: members.take_if(der.context(number, constructed=False)) for number in (1, 2, 3, 4, 5)}
    is_set = {number: flag is not None and any(flag.content) for number, flag in flags.items()}
    return Reach(
        urls=None if point is None else _urls(point, where),
        users_only=is_set[1],
        authorities_only=is_set[2],
        some_reasons=flags[3] is not None,
        indirect=is_set[4],
        attributes_only=is_set[5],
    )


def _urls(point: der.Element, where: str) -> tuple[str, ...]:
    full_name = der.members(point, where).take_if(der.context(0))
    if full_name is None:
        return ()
    return tuple(names.general_name(each).value for each in der.elements(full_name.content, where) if each.tag == _URI)
