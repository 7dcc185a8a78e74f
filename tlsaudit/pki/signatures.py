"""Verifies signatures: of certificates, of OCSP responses, and of TLS handshakes.

True and False are verdicts; None says that the algorithm, or a key like this one, cannot be verified here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import md5, sha1
from types import MappingProxyType

from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from tlsaudit.model.certificate import Certificate
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, oids
from tlsaudit.pki.oids import SignatureAlgorithm
from tlsaudit.pki.outline import Outline, outline

_WHERE = "AlgorithmIdentifier"
_HASHES: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        "md5": hashes.MD5(),  # noqa: S303 - verified because it is found in the field, and judged by rules
        "sha1": hashes.SHA1(),  # noqa: S303 - for the same reason
        "sha224": hashes.SHA224(),
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
        "sha3_224": hashes.SHA3_224(),
        "sha3_256": hashes.SHA3_256(),
        "sha3_384": hashes.SHA3_384(),
        "sha3_512": hashes.SHA3_512(),
    }
)
_TLS12_HASHES = {1: "md5", 2: "sha1", 3: "sha224", 4: "sha256", 5: "sha384", 6: "sha512"}
_TLS12_KEYS = {1: "rsa", 2: "dsa", 3: "ec"}


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a signature is made: `key` is rsa, pss, ec, dsa, ed25519 or ed448; the salt of PSS is in octets."""

    key: str
    hash: str | None = None
    mgf_hash: str | None = None
    salt: int = 0


_LOG_SCHEMES: Mapping[int, Scheme] = MappingProxyType({0x0403: Scheme("ec", "sha256"), 0x0401: Scheme("rsa", "sha256")})
_TLS13_SCHEMES: Mapping[int, Scheme] = MappingProxyType(
    {
        0x0804: Scheme("pss", "sha256", "sha256", 32),
        0x0805: Scheme("pss", "sha384", "sha384", 48),
        0x0806: Scheme("pss", "sha512", "sha512", 64),
        0x0807: Scheme("ed25519"),
        0x0808: Scheme("ed448"),
        0x0809: Scheme("pss", "sha256", "sha256", 32),
        0x080A: Scheme("pss", "sha384", "sha384", 48),
        0x080B: Scheme("pss", "sha512", "sha512", 64),
        0x081A: Scheme("ec", "sha256"),
        0x081B: Scheme("ec", "sha384"),
        0x081C: Scheme("ec", "sha512"),
    }
)
"""RFC 8446 section 4.2.3 and RFC 8734; what is left are pairs of hash and signature (RFC 5246 section 7.4.1.4.1)."""


def describe(algorithm: bytes) -> SignatureAlgorithm:
    """The name and hash of a DER AlgorithmIdentifier of a signature; the name is the dotted OID where it has none.

    Raises DecodeError.
    """
    oid = der.oid(der.members(der.single(algorithm, _WHERE), _WHERE).take(), _WHERE)
    known = oids.SIGNATURES.get(oid) or SignatureAlgorithm(oid, None, None)
    if known.key != "pss":
        return known
    try:
        return replace(known, hash=_pss(algorithm).hash)
    except DecodeError:
        return known


def verify_issued(parts: Outline, issuer_spki: bytes) -> bool | None:
    """Whether the issuer's key (DER SubjectPublicKeyInfo) made the signature of a certificate."""
    return verify_signed(parts.tbs, parts.signature_algorithm, parts.signature, issuer_spki)


def verify_log_entry(spki: bytes, scheme: int, content: bytes, signature: bytes) -> bool | None:
    """Whether a log's key made a signature: ECDSA or RSA, with SHA-256 (RFC 6962 section 2.1.4)."""
    key = _LOG_SCHEMES.get(scheme)
    return False if key is None else _verify(spki, key, content, signature)


def verify_signed(content: bytes, algorithm: bytes, signature: bytes, spki: bytes) -> bool | None:
    """Whether the key made a signature that a DER AlgorithmIdentifier describes (RFC 5280 section 4.1.1.3)."""
    try:
        known = describe(algorithm)
        if known.key is None:
            return None
        scheme = _pss(algorithm) if known.key == "pss" else Scheme(known.key, known.hash)
    except DecodeError:
        return None
    return _verify(spki, scheme, content, signature)


def verify_signature(certificate: Certificate, scheme: int | None, content: bytes, signature: bytes) -> bool | None:
    """Whether the key of a certificate made a TLS handshake signature over `content`.

    `scheme` is a SignatureScheme (RFC 8446 section 4.2.3; at TLS 1.2 the hash and signature octets read as one
    number); None stands for TLS 1.1 and older: MD5 and SHA-1 together for RSA, SHA-1 for the rest (RFC 4346 section
    7.4.3). The curve of an ECDSA key is not held against the scheme.
    """
    spki = outline(certificate.der).spki
    if scheme is None:
        if certificate.key.type == "rsa":
            return _verify_md5_sha1(spki, content, signature)
        return _verify(spki, Scheme(certificate.key.type, "sha1"), content, signature)
    known = _TLS13_SCHEMES.get(scheme)
    if known is None:
        digest, key = _TLS12_HASHES.get(scheme >> 8), _TLS12_KEYS.get(scheme & 0xFF)
        if digest is None or key is None:
            return None
        known = Scheme(key, digest)
    return _verify(spki, known, content, signature)


def _pss(algorithm: bytes) -> Scheme:
    """RSASSA-PSS-params (RFC 4055 section 3.1), whose defaults are SHA-1 and 20. Raises DecodeError."""
    identifier = der.members(der.single(algorithm, _WHERE), _WHERE)
    identifier.take()
    given = identifier.take_if(der.SEQUENCE)
    if given is None:
        return Scheme("pss", "sha1", "sha1", 20)
    parameters = der.members(given, _WHERE)
    digest, mgf, salt = (parameters.take_if(der.context(number)) for number in range(3))
    salt_length = 20 if salt is None else der.integer(der.single(salt.content, _WHERE, der.INTEGER), _WHERE)
    if not 0 <= salt_length <= 512:
        raise DecodeError(_WHERE, "the salt length of RSASSA-PSS is out of range")
    mgf_hash = "sha1"
    if mgf is not None:
        function = der.members(der.single(mgf.content, _WHERE), _WHERE)
        function.take(der.OBJECT_IDENTIFIER)
        mgf_hash = _hash_name(function.take(der.SEQUENCE).raw)
    return Scheme("pss", "sha1" if digest is None else _hash_name(digest.content), mgf_hash, salt_length)


def _hash_name(algorithm: bytes) -> str:
    oid = der.oid(der.members(der.single(algorithm, _WHERE), _WHERE).take(), _WHERE)
    return oids.HASHES.get(oid, oid)


def _load(spki: bytes) -> PublicKeyTypes | None:
    try:
        return serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm, InternalError):
        return None


def _verify(spki: bytes, scheme: Scheme, content: bytes, signature: bytes) -> bool | None:
    key = _load(spki)
    if key is None:
        return None
    try:
        return _verify_with(key, scheme, content, signature)
    except (InvalidSignature, ValueError, InternalError):
        return False
    except UnsupportedAlgorithm:
        return None


def _verify_with(key: PublicKeyTypes, scheme: Scheme, content: bytes, signature: bytes) -> bool | None:
    """True, None for a hash that is not there, False for a key of another type; else what the library raises."""
    match key:
        case ed25519.Ed25519PublicKey() if scheme.key == "ed25519":
            key.verify(signature, content)
            return True
        case ed448.Ed448PublicKey() if scheme.key == "ed448":
            key.verify(signature, content)
            return True
    digest = _HASHES.get(scheme.hash or "")
    if digest is None:
        return None if scheme.hash else False
    match key:
        case rsa.RSAPublicKey() if scheme.key == "rsa":
            key.verify(signature, content, padding.PKCS1v15(), digest)
        case rsa.RSAPublicKey() if scheme.key == "pss":
            mgf_hash = _HASHES.get(scheme.mgf_hash or "")
            if mgf_hash is None:
                return None
            key.verify(signature, content, padding.PSS(padding.MGF1(mgf_hash), scheme.salt), digest)
        case ec.EllipticCurvePublicKey() if scheme.key == "ec":
            key.verify(signature, content, ec.ECDSA(digest))
        case dsa.DSAPublicKey() if scheme.key == "dsa":
            key.verify(signature, content, digest)
        case _:
            return False
    return True


def _verify_md5_sha1(spki: bytes, content: bytes, signature: bytes) -> bool | None:
    key = _load(spki)
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    expected = md5(content, usedforsecurity=False).digest() + sha1(content, usedforsecurity=False).digest()
    try:
        return key.recover_data_from_signature(signature, padding.PKCS1v15(), None) == expected
    except (InvalidSignature, ValueError, InternalError):
        return False
