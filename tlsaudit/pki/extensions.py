"""The certificate extensions of RFC 5280 section 4.2 that an audit of TLS reads.

An extension that is there but cannot be read counts as present and empty, so that a broken one never allows more
than a sound one, and leaves a defect behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, names, oids
from tlsaudit.pki.outline import Extension

_STATUS_REQUEST = 5
_AD_OCSP = "1.3.6.1.5.5.7.48.1"
_AD_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"
_URI = 0x86

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """RFC 5280 section 4.2.1.9."""

    is_ca: bool = False
    path_length: int | None = None


@dataclass(frozen=True, slots=True)
class AccessUrls:
    """The URLs of authorityInfoAccess (RFC 5280 section 4.2.2.1)."""

    ocsp: tuple[str, ...] = ()
    ca_issuers: tuple[str, ...] = ()


@dataclass(slots=True)
class ExtensionReader:
    """Reads extensions one by one and gathers what is wrong with them in `defects`."""

    extensions: Sequence[Extension]
    defects: list[str] = field(default_factory=list)

    def has(self, oid: str) -> bool:
        """Whether the extension is there."""
        return any(each.oid == oid for each in self.extensions)

    def is_critical(self, oid: str) -> bool:
        """Whether the extension is there and critical."""
        return any(each.oid == oid and each.critical for each in self.extensions)

    def read(self, oid: str, name: str, reader: Callable[[bytes], Value], empty: Value) -> Value | None:
        """What `reader` makes of the first such extension; `empty` where it cannot; None where there is none."""
        value = next((each.value for each in self.extensions if each.oid == oid), None)
        if value is None:
            return None
        try:
            return reader(value)
        except DecodeError as error:
            self.defects.append(f"extension {name} cannot be read: {error.problem}")
            return empty


def structure_defects(extensions: Sequence[Extension]) -> Iterator[str]:
    """What breaks the list of extensions as such, one sentence each."""
    for oid, count in Counter(each.oid for each in extensions).items():
        if count > 1:
            yield f"extension {oid} is there {count} times"
    for each in extensions:
        if each.critical is None:
            yield f"extension {each.oid} spells out critical FALSE, which DER leaves out"


def basic_constraints(value: bytes) -> BasicConstraints:
    """basicConstraints. Raises DecodeError."""
    members = der.members(der.single(value, "basicConstraints"), "basicConstraints")
    is_ca = members.take_if(der.BOOLEAN)
    length = members.take_if(der.INTEGER)
    members.end()
    path_length = None if length is None else der.integer(length, "pathLenConstraint")
    if path_length is not None and path_length < 0:
        raise DecodeError("basicConstraints", "pathLenConstraint is negative")
    return BasicConstraints(is_ca=is_ca is not None and any(is_ca.content), path_length=path_length)


def key_usage(value: bytes) -> frozenset[str]:
    """keyUsage (RFC 5280 section 4.2.1.3). Raises DecodeError."""
    content = der.single(value, "keyUsage", der.BIT_STRING).content
    if not content or content[0] > 7:
        raise DecodeError("keyUsage", "is no bit string")
    bits = "".join(f"{octet:08b}" for octet in content[1:3])
    return frozenset(name for name, bit in zip(oids.KEY_USAGES, bits, strict=False) if bit == "1")


def extended_key_usage(value: bytes) -> tuple[str, ...]:
    """extendedKeyUsage (RFC 5280 section 4.2.1.12). Raises DecodeError."""
    where = "extKeyUsage"
    purposes = (der.oid(each, where) for each in der.elements(der.single(value, where).content, where))
    return tuple(oids.PURPOSES.get(purpose, purpose) for purpose in purposes)


def subject_alt_name(value: bytes) -> tuple[der.Element, ...]:
    """The entries of subjectAltName (RFC 5280 section 4.2.1.6), not interpreted. Raises DecodeError."""
    return names.general_names(value, "subjectAltName")


def subject_key_id(value: bytes) -> str:
    """subjectKeyIdentifier in hexadecimal. Raises DecodeError."""
    return der.single(value, "subjectKeyIdentifier", der.OCTET_STRING).content.hex()


def authority_key_id(value: bytes) -> str | None:
    """The keyIdentifier of authorityKeyIdentifier in hexadecimal, if there is one. Raises DecodeError."""
    where = "authorityKeyIdentifier"
    members = der.members(der.single(value, where), where)
    key_id = members.take_if(der.context(0, constructed=False))
    return None if key_id is None else key_id.content.hex()


def authority_info_access(value: bytes) -> AccessUrls:
    """The URLs for OCSP and for the issuer's certificate. Raises DecodeError."""
    where = "authorityInfoAccess"
    urls: dict[str, list[str]] = {_AD_OCSP: [], _AD_CA_ISSUERS: []}
    for each in der.elements(der.single(value, where).content, where):
        description = der.members(der.expect(each, where, der.SEQUENCE), where)
        method = der.oid(description.take(), where)
        location = description.take()
        if method in urls and location.tag == _URI:
            urls[method].append(names.general_name(location).value)
    return AccessUrls(tuple(urls[_AD_OCSP]), tuple(urls[_AD_CA_ISSUERS]))


def crl_urls(value: bytes) -> tuple[str, ...]:
    """The URLs of cRLDistributionPoints (RFC 5280 section 4.2.1.13). Raises DecodeError."""
    where = "cRLDistributionPoints"
    found = []
    for point in der.elements(der.single(value, where).content, where):
        name = der.members(der.expect(point, where, der.SEQUENCE), where).take_if(der.context(0))
        full_name = None if name is None else der.members(name, where).take_if(der.context(0))
        if full_name is not None:
            found += [
                names.general_name(each).value for each in der.elements(full_name.content, where) if each.tag == _URI
            ]
    return tuple(found)


def certificate_policies(value: bytes) -> tuple[str, ...]:
    """The policy identifiers of certificatePolicies (RFC 5280 section 4.2.1.4). Raises DecodeError."""
    where = "certificatePolicies"
    return tuple(
        der.oid(der.members(der.expect(each, where, der.SEQUENCE), where).take(), where)
        for each in der.elements(der.single(value, where).content, where)
    )


def has_status_request(value: bytes) -> bool:
    """Whether a TLS feature extension demands a stapled OCSP response (RFC 7633 section 4.2.3.1)."""
    where = "tlsFeature"
    return _STATUS_REQUEST in [
        der.integer(each, where) for each in der.elements(der.single(value, where).content, where)
    ]


def sct_count(value: bytes) -> int:
    """How many signed certificate timestamps are embedded (RFC 6962 section 3.3). Raises DecodeError."""
    where = "SignedCertificateTimestampList"
    content = der.single(value, where, der.OCTET_STRING).content
    if len(content) < 2 or int.from_bytes(content[:2], "big") != len(content) - 2:
        raise DecodeError(where, "its length is wrong")
    at, count = 2, 0
    while at < len(content):
        at += 2 + int.from_bytes(content[at : at + 2], "big")
        count += 1
    if at != len(content):
        raise DecodeError(where, "ends within a timestamp")
    return count
