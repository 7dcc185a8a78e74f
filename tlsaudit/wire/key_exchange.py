"""ServerKeyExchange: ephemeral parameters below TLS 1.3.

RFC 5246 section 7.4.3, RFC 8422 section 5.4, RFC 4492 section 5.4 (explicit curves), RFC 4279 and 5489 (PSK),
RFC 2246 section 7.4.3 (export RSA). The message does not name its own form; the key exchange of the suite does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tlsaudit.wire.buffer import Reader, Writer
from tlsaudit.wire.constants import TLS_1_2, HandshakeType
from tlsaudit.wire.limits import MAX_PRIME
from tlsaudit.wire.records import handshake_message

NAMED_CURVE: Final = 3
"""ECCurveType named_curve; 1 and 2 are explicit curves over prime and binary fields."""


@dataclass(frozen=True, slots=True)
class ServerKeyExchange:
    """The message as sent; `parse_server_key_exchange` reads it."""

    body: bytes

    def handshake(self) -> bytes:
        """The handshake message."""
        return handshake_message(HandshakeType.SERVER_KEY_EXCHANGE, self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedParameters:
    """The tail that all forms share.

    `signed_params` are the bytes of the parameters; the signature is over both randoms and them. An unsigned exchange
    has an empty signature; below TLS 1.2 no scheme is named.
    """

    signature_scheme: int | None = None
    signature: bytes = b""
    signed_params: bytes = b""

    def encode(self, *, version: int, signed: bool) -> bytes:
        """The body of a message with `signed_params` as its parameters."""
        writer = Writer()
        writer.push_bytes(self.signed_params)
        if signed:
            if version >= TLS_1_2:
                writer.push_u16(self.signature_scheme or 0)
            writer.push_opaque(2, self.signature)
        return writer.data()


@dataclass(frozen=True, slots=True, kw_only=True)
class EcdheParameters(SignedParameters):
    """Elliptic-curve Diffie-Hellman: `group` is None for an explicit curve (ECCurveType 1 or 2)."""

    curve_type: int
    group: int | None
    public: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DheParameters(SignedParameters):
    """Finite-field Diffie-Hellman: prime, generator and public value."""

    p: int
    g: int
    public: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RsaParameters(SignedParameters):
    """The temporary RSA key of export suites."""

    modulus: int
    exponent: int


Parameters = EcdheParameters | DheParameters | RsaParameters


def parse_server_key_exchange(body: bytes, kx: str, *, version: int, signed: bool) -> Parameters:
    """The parameters in `body`, read as those of the key exchange `kx`.

    `kx` is ECDHE, ECDH_anon, ECDHE_PSK, DHE, DH_anon, DHE_PSK or RSA (export). `signed` says whether the suite
    authenticates by certificate. Raises DecodeError, also for a `kx` that has no such message.
    """
    reader = Reader(body, "ServerKeyExchange")
    if kx not in _PULL:
        raise reader.error(f"not expected with key exchange {kx}")
    if kx.endswith("_PSK"):
        reader.pull_opaque(2)
    start = reader.position
    parameters = _PULL[kx](reader)
    end = reader.position
    scheme = reader.pull_u16() if signed and version >= TLS_1_2 else None
    signature = reader.pull_opaque(2) if signed else b""
    reader.end()
    return replace(parameters, signature_scheme=scheme, signature=signature, signed_params=body[start:end])


def _pull_ecdhe(reader: Reader) -> Parameters:
    curve_type = reader.pull_u8()
    group = None
    match curve_type:
        case 1:
            _skip_vectors(reader, 1)
            _skip_vectors(reader, 5)
        case 2:
            reader.pull_u16()
            basis = reader.pull_u8()
            if basis not in _BASIS_EXPONENTS:
                raise reader.error(f"unknown ECBasisType {basis}")
            _skip_vectors(reader, _BASIS_EXPONENTS[basis])
            _skip_vectors(reader, 5)
        case 3:
            group = reader.pull_u16()
        case _:
            raise reader.error(f"unknown ECCurveType {curve_type}")
    return EcdheParameters(curve_type=curve_type, group=group, public=reader.pull_opaque(1, at_least=1))


def _skip_vectors(reader: Reader, count: int) -> None:
    """Vectors <1..2^8-1> of an explicit curve: the prime; a, b, base, order and cofactor; or exponents."""
    for _ in range(count):
        reader.pull_opaque(1, at_least=1)


def _pull_dhe(reader: Reader) -> Parameters:
    return DheParameters(p=_pull_integer(reader), g=_pull_integer(reader), public=_pull_integer(reader))


def _pull_rsa(reader: Reader) -> Parameters:
    return RsaParameters(modulus=_pull_integer(reader), exponent=_pull_integer(reader))


def _pull_integer(reader: Reader) -> int:
    return int.from_bytes(reader.pull_opaque(2, at_least=1, at_most=MAX_PRIME), "big")


_BASIS_EXPONENTS: Final = {1: 1, 2: 3}
"""ECBasisType (RFC 4492 section 5.4): ec_trinomial has one exponent, ec_pentanomial three."""

_PULL: Final[Mapping[str, Callable[[Reader], Parameters]]] = {
    "ECDHE": _pull_ecdhe,
    "ECDH_anon": _pull_ecdhe,
    "ECDHE_PSK": _pull_ecdhe,
    "DHE": _pull_dhe,
    "DH_anon": _pull_dhe,
    "DHE_PSK": _pull_dhe,
    "RSA": _pull_rsa,
}


def named_curve_params(group: int, public: bytes) -> bytes:
    """ServerECDHParams with a named group, as `signed_params` of a message to write."""
    writer = Writer()
    writer.push_u8(NAMED_CURVE)
    writer.push_u16(group)
    writer.push_opaque(1, public)
    return writer.data()


def dh_params(p: int, g: int, public: int) -> bytes:
    """ServerDHParams, as `signed_params` of a message to write."""
    writer = Writer()
    for value in (p, g, public):
        writer.push_opaque(2, value.to_bytes((value.bit_length() + 7) // 8 or 1, "big"))
    return writer.data()
