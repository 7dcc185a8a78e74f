"""Signed certificate timestamps (RFC 6962): reads them, and verifies what a log signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tlsaudit.data.ct_logs import CtLog
from tlsaudit.model.certificate import Certificate, Sct, SctOrigin, Timestamp
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, oids
from tlsaudit.pki.outline import outline
from tlsaudit.pki.signatures import verify_log_entry

_WHERE = "SignedCertificateTimestamp"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799_000
"""Milliseconds up to the year 9999."""
_FIXED = 43
"""Octets of version, log id, time, and the length of the extensions."""
_X509_ENTRY, _PRECERT_ENTRY = b"\0\0", b"\0\1"


def embedded(value: bytes) -> tuple[Sct, ...]:
    """Those in a certificate (RFC 6962 section 3.3) that can be read. Raises DecodeError for a broken list."""
    return tuple(_readable(_items(der.single(value, _WHERE, der.OCTET_STRING).content)))


def delivered(items: tuple[bytes, ...]) -> tuple[Sct, ...]:
    """Those of a TLS extension that can be read."""
    return tuple(_readable(iter(items)))


def parse_sct(data: bytes) -> Sct:
    """One timestamp of version 1. Raises DecodeError."""
    if len(data) < _FIXED or data[0] != 0:
        raise DecodeError(_WHERE, "is not of version 1, or too short")
    size = int.from_bytes(data[41:43], "big")
    extensions, rest = data[_FIXED : _FIXED + size], data[_FIXED + size :]
    milliseconds = int.from_bytes(data[33:41], "big")
    if len(extensions) != size or len(rest) < 4 or int.from_bytes(rest[2:4], "big") != len(rest) - 4:
        raise DecodeError(_WHERE, "its lengths are wrong")
    if milliseconds > _LATEST:
        raise DecodeError(_WHERE, "its time is out of range")
    return Sct(
        log_id=data[1:33].hex(),
        at=_EPOCH + timedelta(milliseconds=milliseconds),
        signed=data[:1] + b"\0" + data[33:41],
        extensions=data[41 : _FIXED + size],
        scheme=int.from_bytes(rest[:2], "big"),
        signature=rest[4:],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The certificate that a log has an entry of, and its issuer, as far as that is known."""

    leaf: Certificate
    issuer: Certificate | None


def checked(sct: Sct, origin: SctOrigin, entry: Entry, logs: Mapping[str, CtLog]) -> Timestamp:
    """The timestamp with its log and whether that log signed it for this certificate."""
    log = logs.get(sct.log_id)
    content = None if log is None else _content(sct, origin, entry)
    signed = None
    if log is not None and content is not None:
        signed = verify_log_entry(log.key, sct.scheme, content, sct.signature)
    return Timestamp(
        origin=origin,
        at=sct.at,
        log_id=sct.log_id,
        log=log.name if log else None,
        operator=log.operator if log else None,
        out_since=log.out_since if log else None,
        verified=signed,
    )


def _content(sct: Sct, origin: SctOrigin, entry: Entry) -> bytes | None:
    """What the log signed (RFC 6962 section 3.2); None where that takes an issuer that is not known."""
    if origin is not SctOrigin.EMBEDDED:
        return sct.signed + _X509_ENTRY + _sized(entry.leaf.der) + sct.extensions
    if entry.issuer is None:
        return None
    key_hash = bytes.fromhex(entry.issuer.spki_sha256)
    return sct.signed + _PRECERT_ENTRY + key_hash + _sized(_precertificate(entry.leaf.der)) + sct.extensions


def _precertificate(certificate: bytes) -> bytes:
    """The TBSCertificate as it was before the timestamps were embedded."""
    members = der.members(der.single(outline(certificate).tbs, "TBSCertificate"), "TBSCertificate")
    kept = []
    while (element := members.take_any()) is not None:
        kept.append(_without_timestamps(element) if element.tag == der.context(3) else element.raw)
    return der.encode(der.SEQUENCE, *kept)


def _without_timestamps(element: der.Element) -> bytes:
    listed = der.single(element.content, "extensions")
    kept = [
        each.raw
        for each in der.elements(listed.content, "extensions")
        if der.oid(der.members(each, "extensions").take(), "extensions") != oids.SCT_LIST
    ]
    return der.encode(der.context(3), der.encode(der.SEQUENCE, *kept))


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(3, "big") + data


def _items(content: bytes) -> Iterator[bytes]:
    if len(content) < 2 or int.from_bytes(content[:2], "big") != len(content) - 2:
        raise DecodeError(_WHERE, "the length of the list is wrong")
    at = 2
    while at < len(content):
        size = int.from_bytes(content[at : at + 2], "big")
        yield content[at + 2 : at + 2 + size]
        at += 2 + size


def _readable(items: Iterator[bytes]) -> Iterator[Sct]:
    for each in items:
        try:
            yield parse_sct(each)
        except DecodeError:
            continue
