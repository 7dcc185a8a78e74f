"""Subject public keys (RFC 5280 section 4.1.2.7): what they are, and what is wrong with them."""

from __future__ import annotations

from tlsaudit.model.certificate import PublicKey
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, oids
from tlsaudit.pki.weak_rsa import MODULUS_BITS_MAX, weaknesses

WHERE = "subjectPublicKeyInfo"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
RSASSA_PSS = "1.2.840.113549.1.1.10"
EXPLICIT_CURVE = "explicit"
"""Stands for the name of a curve whose parameters are spelled out, which RFC 5480 section 2.1.1 forbids."""
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_DSA = "1.2.840.10040.4.1"
_EDWARDS = {
    "1.3.101.112": PublicKey(type="ed25519", bits=256),
    "1.3.101.113": PublicKey(type="ed448", bits=456),
}
_TYPES = {RSA_ENCRYPTION: "rsa", RSASSA_PSS: "rsa", _EC_PUBLIC_KEY: "ec", _DSA: "dsa"}


def read_public_key(spki: bytes) -> tuple[PublicKey, tuple[str, ...]]:
    """A key and its defects, a sentence each. A key of a known kind that is broken inside keeps its type.

    Raises DecodeError where SubjectPublicKeyInfo itself is broken.
    """
    info = der.members(der.single(spki, WHERE), WHERE)
    algorithm = der.members(info.take(der.SEQUENCE), WHERE)
    bits = info.take(der.BIT_STRING)
    info.end()
    oid = der.oid(algorithm.take(), WHERE)
    try:
        if oid in (RSA_ENCRYPTION, RSASSA_PSS):
            return _rsa(der.octets(bits, WHERE), pss=oid == RSASSA_PSS)
        if oid == _EC_PUBLIC_KEY:
            return _ec(algorithm.take())
        if oid == _DSA:
            return _dsa(algorithm.take_if(der.SEQUENCE)), ()
    except DecodeError as error:
        return PublicKey(type=_TYPES[oid], pss=oid == RSASSA_PSS), (str(error),)
    return _EDWARDS.get(oid) or PublicKey(type=oid), ()


def _rsa(key: bytes, *, pss: bool) -> tuple[PublicKey, tuple[str, ...]]:
    numbers = der.members(der.single(key, WHERE), WHERE)
    modulus = der.integer(numbers.take(), WHERE)
    exponent = der.integer(numbers.take(), WHERE)
    bits = modulus.bit_length()
    defect = None
    if modulus <= 0 or exponent <= 0:
        defect = f"{WHERE}: a number of the RSA key is not positive"
    elif bits > MODULUS_BITS_MAX:
        defect = f"{WHERE}: an RSA modulus of {bits} bits is too large to be examined"
    public_key = PublicKey(
        type="rsa",
        bits=bits,
        exponent=exponent if 0 <= exponent < 1 << 64 else -1,
        pss=pss,
        weaknesses=frozenset() if defect else frozenset(weaknesses(modulus, exponent)),
    )
    return public_key, (defect,) if defect else ()


def _ec(parameters: der.Element) -> tuple[PublicKey, tuple[str, ...]]:
    if parameters.tag == der.SEQUENCE:
        bits = _explicit_field_bits(parameters)
        return PublicKey(type="ec", bits=bits, curve=EXPLICIT_CURVE), (f"{WHERE}: the curve is spelled out, not named",)
    oid = der.oid(parameters, WHERE)
    curve, size = oids.CURVES.get(oid, (oid, None))
    return PublicKey(type="ec", bits=size, curve=curve), ()


def _explicit_field_bits(parameters: der.Element) -> int | None:
    """The size of a prime field: ECParameters ::= SEQUENCE { version, SEQUENCE { fieldType, prime }, ... }."""
    members = der.members(parameters, WHERE)
    members.take(der.INTEGER)
    field = der.members(members.take(der.SEQUENCE), WHERE)
    field.take(der.OBJECT_IDENTIFIER)
    prime = field.take_if(der.INTEGER)
    return None if prime is None else der.integer(prime, WHERE).bit_length()


def _dsa(parameters: der.Element | None) -> PublicKey:
    """A DSA key; parameters that are inherited from the issuer (RFC 3279 section 2.3.2) leave its size open."""
    if parameters is None:
        return PublicKey(type="dsa")
    prime = der.members(parameters, WHERE).take(der.INTEGER)
    return PublicKey(type="dsa", bits=der.integer(prime, WHERE).bit_length())
