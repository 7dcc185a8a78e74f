"""Turns an encoded distinguished name back into one that a certificate can be signed with, byte for byte.

`cryptography` reads names only inside of certificates, so one is built around it. Its signature is never looked at.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from tlsaudit.model.errors import DecodeError

_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_VALIDITY = b"\x30\x1e" + b"\x17\x0d260101000000Z" * 2


def name_from_der(der: bytes, key: EllipticCurvePublicKey) -> x509.Name:
    """The name that `der` encodes; `key` only fills a place. Raises DecodeError."""
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    body = b"\xa0\x03\x02\x01\x02\x02\x01\x01" + _ECDSA_WITH_SHA256 + der + _VALIDITY + der + spki
    certificate = _sequence(_sequence(body) + _ECDSA_WITH_SHA256 + b"\x03\x02\x00\x00")
    try:
        name = x509.load_der_x509_certificate(certificate).subject
    except ValueError:
        raise DecodeError("distinguished name", "cannot be used as the name of an issuer") from None
    if name.public_bytes() != der:
        raise DecodeError("distinguished name", "cannot be encoded again as it was")
    return name


def _sequence(content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return b"\x30" + bytes((size,)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return b"\x30" + bytes((0x80 | len(length),)) + length + content
