"""Ephemeral key exchange for the groups that a real share can be made for (RFC 8446 section 7.4)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tlsaudit.model.errors import DecodeError


@dataclass(frozen=True, slots=True)
class KeyShare:
    """Our half of an exchange: the public value to send, and the function from the peer's value to the secret."""

    group: int
    public: bytes
    _exchange: Callable[[bytes], bytes]

    def exchange(self, peer: bytes) -> bytes:
        """The shared secret; raises DecodeError where the peer's value is no element of the group."""
        try:
            return self._exchange(peer)
        except ValueError:
            raise DecodeError("key_share", f"invalid value of {len(peer)} bytes for group {self.group:#06x}") from None


def generate_key_share(group: int) -> KeyShare:
    """A fresh share of one of `SHARE_GROUPS`; raises ValueError for another group."""
    if group not in _GENERATE:
        raise ValueError(f"no key share can be made for group {group:#06x}")
    public, exchange = _GENERATE[group]()
    return KeyShare(group, public, exchange)


_Half = tuple[bytes, Callable[[bytes], bytes]]


def _x25519() -> _Half:
    key = x25519.X25519PrivateKey.generate()
    return key.public_key().public_bytes_raw(), lambda peer: key.exchange(
        x25519.X25519PublicKey.from_public_bytes(peer)
    )


def _x448() -> _Half:
    key = x448.X448PrivateKey.generate()
    return key.public_key().public_bytes_raw(), lambda peer: key.exchange(x448.X448PublicKey.from_public_bytes(peer))


def _elliptic(curve: ec.EllipticCurve) -> _Half:
    key = ec.generate_private_key(curve)

    def exchange(peer: bytes) -> bytes:
        # legacy_form = 4 is the only one (section 4.2.8.2)
        if not peer.startswith(b"\x04"):
            raise ValueError("point is not uncompressed")
        return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, peer))

    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), exchange


def _finite_field(bits: int, offset: int) -> _Half:
    """A group of RFC 7919 with an exponent of 384 bits, more than appendix A asks for either of the two here."""
    p, size = ffdhe_prime(bits, offset), bits // 8
    secret = int.from_bytes(os.urandom(48), "big") | 1 << 383

    def exchange(peer: bytes) -> bytes:
        value = int.from_bytes(peer, "big")
        # "Peers MUST validate each other's public key Y by ensuring that 1 < Y < p-1." (section 4.2.8.1)
        if len(peer) != size or not 1 < value < p - 1:
            raise ValueError("value outside the group")
        return pow(value, secret, p).to_bytes(size, "big")

    return pow(2, secret, p).to_bytes(size, "big"), exchange


def ffdhe_prime(bits: int, offset: int) -> int:
    """p = 2^bits - 2^(bits-64) + (floor(2^(bits-130) e) + offset) 2^64 - 1 (RFC 7919 appendix A)."""
    guard = 64
    term = total = 1 << (bits - 130 + guard)
    divisor = 1
    while term:
        term //= divisor
        total += term
        divisor += 1
    e = total >> guard
    return (1 << bits) - (1 << (bits - 64)) + ((e + offset) << 64) - 1


_GENERATE: Final[Mapping[int, Callable[[], _Half]]] = {
    0x001D: _x25519,
    0x0017: lambda: _elliptic(ec.SECP256R1()),
    0x0018: lambda: _elliptic(ec.SECP384R1()),
    0x0019: lambda: _elliptic(ec.SECP521R1()),
    0x001E: _x448,
    0x0100: lambda: _finite_field(2048, 560316),
    0x0101: lambda: _finite_field(3072, 2625351),
}

SHARE_GROUPS: Final = frozenset(_GENERATE)
"""x25519, secp256r1, secp384r1, secp521r1, x448, ffdhe2048, ffdhe3072."""
