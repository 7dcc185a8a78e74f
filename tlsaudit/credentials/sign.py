"""Signs with the key of a credential as TLS 1.3 wants it (RFC 8446 section 4.2.3)."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from tlsaudit.credentials.credential import PrivateKey

_RSA_PSS: dict[int, hashes.HashAlgorithm] = {0x0804: hashes.SHA256(), 0x0805: hashes.SHA384(), 0x0806: hashes.SHA512()}
_ECDSA: dict[str, tuple[int, hashes.HashAlgorithm]] = {
    "secp256r1": (0x0403, hashes.SHA256()),
    "secp384r1": (0x0503, hashes.SHA384()),
    "secp521r1": (0x0603, hashes.SHA512()),
}
_ED25519, _ED448 = 0x0807, 0x0808


def scheme_of(key: PrivateKey, asked: Sequence[int]) -> int | None:
    """The first of the schemes that are asked for which this key can sign with; None where it can with none."""
    return next((scheme for scheme in asked if scheme in _schemes(key)), None)


def sign(key: PrivateKey, scheme: int, content: bytes) -> bytes:
    """The signature by a scheme that suits the key."""
    match key:
        case rsa.RSAPrivateKey():
            digest = _RSA_PSS[scheme]
            return key.sign(content, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        case ec.EllipticCurvePrivateKey():
            return key.sign(content, ec.ECDSA(_ECDSA[key.curve.name][1]))
        case _:
            return key.sign(content)


def _schemes(key: PrivateKey) -> set[int]:
    match key:
        case rsa.RSAPrivateKey():
            # The modulus has to hold two hashes and two bytes (RFC 8017 section 9.1.1).
            room = (key.key_size + 7) // 8
            return {scheme for scheme, digest in _RSA_PSS.items() if room >= 2 * digest.digest_size + 2}
        case ec.EllipticCurvePrivateKey():
            return {_ECDSA[key.curve.name][0]} if key.curve.name in _ECDSA else set()
        case ed25519.Ed25519PrivateKey():
            return {_ED25519}
        case ed448.Ed448PrivateKey():
            return {_ED448}
