"""The TLS 1.3 key schedule (RFC 8446 sections 4.4.1, 4.4.4 and 7)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tlsaudit.wire.constants import HandshakeType
from tlsaudit.wire.records import handshake_message


class Aead(Protocol):
    """An AEAD algorithm with its key."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """The ciphertext with its tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """The plaintext; raises InvalidTag."""


@dataclass(frozen=True, slots=True)
class Tls13Suite:
    """What a TLS 1.3 cipher suite stands for: the hash of the key schedule and the AEAD of the records."""

    hash: hashes.HashAlgorithm
    key_length: int
    tag_length: int
    aead: Callable[[bytes], Aead]

    def digest(self, data: bytes) -> bytes:
        """The hash of `data`."""
        return hashlib.new(self.hash.name, data).digest()

    def hmac(self, key: bytes, data: bytes) -> bytes:
        """The HMAC of `data`, which is also HKDF-Extract of salt `key` (RFC 5869 section 2.2)."""
        return hmac.digest(key, data, self.hash.name)


def _ccm(key: bytes) -> Aead:
    return AESCCM(key, tag_length=16)


def _ccm_8(key: bytes) -> Aead:
    return AESCCM(key, tag_length=8)


TLS13_SUITES: Final[Mapping[int, Tls13Suite]] = {
    0x1301: Tls13Suite(hashes.SHA256(), 16, 16, AESGCM),
    0x1302: Tls13Suite(hashes.SHA384(), 32, 16, AESGCM),
    0x1303: Tls13Suite(hashes.SHA256(), 32, 16, ChaCha20Poly1305),
    0x1304: Tls13Suite(hashes.SHA256(), 16, 16, _ccm),
    0x1305: Tls13Suite(hashes.SHA256(), 16, 8, _ccm_8),
}
"""The suites of RFC 8446 appendix B.4, by code: those that this room can speak."""


def expand_label(suite: Tls13Suite, secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (section 7.1)."""
    full_label = b"tls13 " + label.encode("ascii")
    info = length.to_bytes(2, "big") + bytes((len(full_label),)) + full_label + bytes((len(context),)) + context
    return HKDFExpand(suite.hash, length, info).derive(secret)


def derive_secret(suite: Tls13Suite, secret: bytes, label: str, transcript_hash: bytes) -> bytes:
    """Derive-Secret of messages whose hash is known (section 7.1)."""
    return expand_label(suite, secret, label, transcript_hash, suite.hash.digest_size)


def early_secret(suite: Tls13Suite, psk: bytes | None = None) -> bytes:
    """The Early Secret of a pre-shared key; without one, of as many zeros (section 7.1)."""
    zeros = bytes(suite.hash.digest_size)
    return suite.hmac(zeros, psk if psk is not None else zeros)


class KeySchedule:
    """The secrets that follow from the shared secret of the key exchange, and from `psk` where a session is resumed."""

    def __init__(self, suite: Tls13Suite, shared_secret: bytes, psk: bytes | None = None) -> None:
        nothing = suite.digest(b"")
        self._suite = suite
        self.early_secret: Final = early_secret(suite, psk)
        self.handshake_secret: Final = suite.hmac(self._derive(self.early_secret, "derived", nothing), shared_secret)
        derived = self._derive(self.handshake_secret, "derived", nothing)
        self.master_secret: Final = suite.hmac(derived, bytes(suite.hash.digest_size))

    def handshake_traffic(self, transcript_hash: bytes) -> tuple[bytes, bytes]:
        """The client's and the server's secret; the hash is of ClientHello to ServerHello."""
        return (
            self._derive(self.handshake_secret, "c hs traffic", transcript_hash),
            self._derive(self.handshake_secret, "s hs traffic", transcript_hash),
        )

    def application_traffic(self, transcript_hash: bytes) -> tuple[bytes, bytes]:
        """The client's and the server's secret; the hash is of ClientHello to the server's Finished."""
        return (
            self._derive(self.master_secret, "c ap traffic", transcript_hash),
            self._derive(self.master_secret, "s ap traffic", transcript_hash),
        )

    def resumption(self, transcript_hash: bytes) -> bytes:
        """What the keys of tickets are made of; the hash is of ClientHello to the client's Finished."""
        return self._derive(self.master_secret, "res master", transcript_hash)

    def _derive(self, secret: bytes, label: str, transcript_hash: bytes) -> bytes:
        return derive_secret(self._suite, secret, label, transcript_hash)


def verify_data(suite: Tls13Suite, traffic_secret: bytes, transcript_hash: bytes) -> bytes:
    """What a Finished message carries (section 4.4.4); the hash is of all messages before it."""
    key = expand_label(suite, traffic_secret, "finished", b"", suite.hash.digest_size)
    return suite.hmac(key, transcript_hash)


def next_traffic_secret(suite: Tls13Suite, traffic_secret: bytes) -> bytes:
    """The secret after a KeyUpdate (section 7.2)."""
    return expand_label(suite, traffic_secret, "traffic upd", b"", suite.hash.digest_size)


class Transcript:
    """The handshake messages of both sides, in order (section 4.4.1). The flight's bounds keep it small."""

    def __init__(self) -> None:
        self._messages = bytearray()

    def add(self, raw: bytes) -> None:
        """One message with its header."""
        self._messages += raw

    def hash(self, suite: Tls13Suite) -> bytes:
        """The Transcript-Hash of all messages so far."""
        return suite.digest(bytes(self._messages))

    def retry(self, suite: Tls13Suite) -> None:
        """A HelloRetryRequest comes: the first ClientHello is replaced by a message that carries its hash."""
        self._messages = bytearray(handshake_message(HandshakeType.MESSAGE_HASH, self.hash(suite)))
