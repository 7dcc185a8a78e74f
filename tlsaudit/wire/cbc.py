"""Records of CBC suites at TLS 1.0 to 1.2 as a client sends them, sound ones and broken ones, without I/O.

The padding is checked after decryption and before the MAC (RFC 5246 section 6.2.3.2), so a server that lets its client
see which of them was wrong is an oracle. `broken_records` are wrong in one way each.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tlsaudit.wire.constants import TLS_1_0, TLS_1_2
from tlsaudit.wire.records import record

BLOCK: Final = 16
"""Bytes of a block of AES."""
HASHES: Final[Mapping[str, int]] = {"sha1": 20, "sha256": 32, "sha384": 48}
"""The hashes of the MACs, with their lengths."""


def prf(version: int, hash_name: str, *, secret: bytes, seed: bytes, length: int) -> bytes:
    """The pseudorandom function: of `hash_name` at TLS 1.2 (RFC 5246 section 5), of MD5 and SHA-1 below (RFC 2246).

    `seed` is label and seed.
    """
    if version >= TLS_1_2:
        return _p_hash(hash_name, secret, seed, length)
    half = (len(secret) + 1) // 2
    by_md5, by_sha = (
        _p_hash(name, part, seed, length) for name, part in (("md5", secret[:half]), ("sha1", secret[-half:]))
    )
    return bytes(one ^ other for one, other in zip(by_md5, by_sha, strict=True))


def _p_hash(hash_name: str, secret: bytes, seed: bytes, length: int) -> bytes:
    found, chained = b"", seed
    while len(found) < length:
        chained = hmac.digest(secret, chained, hash_name)
        found += hmac.digest(secret, chained + seed, hash_name)
    return found[:length]


@dataclass(frozen=True, slots=True, kw_only=True)
class CbcKeys:
    """The keys of one direction. `mac_hash` is of `HASHES`."""

    version: int
    mac_hash: str
    mac_key: bytes = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def of_client(
        cls, *, version: int, key_length: int, mac_hash: str, master: bytes, client_random: bytes, server_random: bytes
    ) -> CbcKeys:
        """What the client writes with (RFC 5246 section 6.3)."""
        mac_length = HASHES[mac_hash]
        # Suites with SHA-384 have it in their pseudorandom function as well (RFC 5289 section 3).
        prf_hash = "sha384" if mac_hash == "sha384" else "sha256"
        length = 2 * mac_length + 2 * key_length
        seed = b"key expansion" + server_random + client_random
        block = prf(version, prf_hash, secret=master, seed=seed, length=length)
        key = block[2 * mac_length :][:key_length]
        return cls(version=version, mac_hash=mac_hash, mac_key=block[:mac_length], key=key)

    def mac(self, sequence: int, type_: int, data: bytes) -> bytes:
        """The MAC of a record (RFC 5246 section 6.2.3.1)."""
        header = sequence.to_bytes(8, "big") + bytes((type_,)) + self.version.to_bytes(2, "big")
        return hmac.digest(self.mac_key, header + len(data).to_bytes(2, "big") + data, self.mac_hash)

    def seal(self, type_: int, plaintext: bytes, last_block: bytes) -> bytes:
        """The record of whole blocks; `last_block` is the ciphertext sent before, which TLS 1.0 chains to."""
        iv = last_block if self.version <= TLS_1_0 else os.urandom(BLOCK)
        encryptor = Cipher(algorithms.AES(self.key), modes.CBC(iv)).encryptor()
        sealed = encryptor.update(plaintext) + encryptor.finalize()
        return record(type_, self.version, sealed if self.version <= TLS_1_0 else iv + sealed)

    def open(self, payload: bytes) -> bytes:
        """The plaintext of a record above TLS 1.0, with its MAC and padding."""
        decryptor = Cipher(algorithms.AES(self.key), modes.CBC(payload[:BLOCK])).decryptor()
        return decryptor.update(payload[BLOCK:]) + decryptor.finalize()


def padding_for(length: int) -> bytes:
    """Sound padding behind `length` bytes, two blocks' worth at most and one at least."""
    size = BLOCK - length % BLOCK + BLOCK
    return bytes((size - 1,)) * size


def sound_record(keys: CbcKeys, type_: int, data: bytes) -> bytes:
    """The plaintext of the first record behind Finished, as it should be."""
    content = data + keys.mac(1, type_, data)
    return content + padding_for(len(content))


def broken_records(keys: CbcKeys, type_: int, data: bytes) -> Mapping[str, bytes]:
    """Plaintexts of the first record behind Finished, each wrong in one way, by what is wrong with it."""
    mac, nothing = keys.mac(1, type_, data), keys.mac(1, type_, b"")
    padding, short = padding_for(len(data) + len(mac)), padding_for(len(nothing))
    return {
        "a wrong MAC": data + _flipped(mac) + padding,
        "wrong padding": data + mac + _flipped(padding),
        "padding longer than the record": data + mac + padding[:-1] + b"\xff",
        "no data and a wrong MAC": _flipped(nothing) + short,
        "no data and wrong padding": nothing + _flipped(short),
        # Nothing is left for the MAC: CVE-2016-2107.
        "nothing but padding": bytes((2 * BLOCK - 1,)) * (2 * BLOCK),
    }


def _flipped(data: bytes) -> bytes:
    """`data` with its first bit changed."""
    return bytes((data[0] ^ 0x80,)) + data[1:]
