"""PKCS #12 files as nobody's software writes them (RFC 7292)."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fixtures.forge import encode_oid
from tlsaudit.pki import der

_DATA, _ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
_SHROUDED_BAG = "1.2.840.113549.1.12.10.1.2"
_PBES2, _PBKDF2, _HMAC_SHA256 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.2.840.113549.2.9"
_AES_256, _SHA256 = "2.16.840.1.101.3.4.1.42", "2.16.840.1.101.3.4.2.1"
_SALT, _VECTOR = b"saltsalt", bytes(16)


def hiding_work(iterations: int) -> bytes:
    """A store whose certificates open without a passphrase; behind them is a key that asks for so much hashing."""
    key = _sequence(*_encrypted(bytes(32), iterations, der.OCTET_STRING))
    bag = _sequence(encode_oid(_SHROUDED_BAG), der.encode(der.context(0), key))
    safe = _sequence(encode_oid(_DATA), *_encrypted(_sequence(bag), 1, der.context(0, constructed=False)))
    content = _sequence(_content(_ENCRYPTED, _sequence(_integer(0), safe)))
    data = _content(_DATA, der.encode(der.OCTET_STRING, content))
    return _sequence(_integer(3), data, _mac(content))


def _content(kind: str, content: bytes) -> bytes:
    return _sequence(encode_oid(kind), der.encode(der.context(0), content))


def _encrypted(content: bytes, iterations: int, tag: int) -> tuple[bytes, bytes]:
    """How it is encrypted (RFC 8018 appendix A.4), and what came of it: after one round, whatever it says."""
    padder = padding.PKCS7(128).padder()
    secret = hashlib.pbkdf2_hmac("sha256", b"", _SALT, 1, 32)
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(_VECTOR)).encryptor()
    hashed = _sequence(encode_oid(_HMAC_SHA256), der.encode(der.NULL))
    derivation = _sequence(der.encode(der.OCTET_STRING, _SALT), _integer(iterations), hashed)
    cipher = _sequence(encode_oid(_AES_256), der.encode(der.OCTET_STRING, _VECTOR))
    how = _sequence(encode_oid(_PBES2), _sequence(_sequence(encode_oid(_PBKDF2), derivation), cipher))
    return how, der.encode(tag, encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize())


def _mac(content: bytes) -> bytes:
    """Of the empty passphrase after one round (RFC 7292 appendix B.2)."""
    secret = hashlib.sha256(b"\3" * 64 + _SALT * 8 + bytes(64)).digest()
    kind = _sequence(encode_oid(_SHA256), der.encode(der.NULL))
    digest = der.encode(der.OCTET_STRING, hmac.digest(secret, content, "sha256"))
    return _sequence(_sequence(kind, digest), der.encode(der.OCTET_STRING, _SALT), _integer(1))


def _sequence(*parts: bytes) -> bytes:
    return der.encode(der.SEQUENCE, *parts)


def _integer(value: int) -> bytes:
    return der.encode(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))
