"""The hello messages of SSL 2.0 (Hickman, "The SSL Protocol", 1995, sections 1.2 and 2.5-2.7; RFC 6176 forbids it).

SSL 2.0 has records of its own: a length of 15 bits with the highest bit set, then the message. The three-byte header
is for padded, encrypted records only and never starts an answer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.buffer import Reader, Writer
from tlsaudit.wire.constants import SSL_2

_ERROR = 0
_CLIENT_HELLO = 1
_SERVER_HELLO = 4
_X509 = 1


def _fresh_challenge() -> bytes:
    return os.urandom(16)


def ssl2_record(message: bytes) -> bytes:
    """A message in a record with the two-byte header."""
    if len(message) > 0x7FFF:
        raise ValueError("SSL 2.0 message longer than 32767 bytes")
    return (0x8000 | len(message)).to_bytes(2, "big") + message


@dataclass(frozen=True, slots=True)
class Ssl2ClientHello:
    """CLIENT-HELLO; cipher kinds are codes of 24 bits."""

    cipher_kinds: tuple[int, ...]
    challenge: bytes = field(default_factory=_fresh_challenge)

    def encode(self) -> bytes:
        """The record with this message, without a session to resume."""
        kinds = b"".join(kind.to_bytes(3, "big") for kind in self.cipher_kinds)
        writer = Writer()
        writer.push_u8(_CLIENT_HELLO)
        writer.push_u16(SSL_2)
        writer.push_u16(len(kinds))
        writer.push_u16(0)
        writer.push_u16(len(self.challenge))
        writer.push_bytes(kinds + self.challenge)
        return ssl2_record(writer.data())

    @classmethod
    def parse(cls, message: bytes) -> Ssl2ClientHello:
        """The message without its record header."""
        reader = Reader(message, "SSL2 CLIENT-HELLO")
        if reader.pull_u8() != _CLIENT_HELLO:
            raise reader.error("another message type")
        reader.pull_u16()
        kinds, session_id, challenge = reader.pull_u16(), reader.pull_u16(), reader.pull_u16()
        cipher_kinds = _pull_cipher_kinds(reader, kinds)
        reader.pull_bytes(session_id)
        hello = cls(cipher_kinds, reader.pull_bytes(challenge))
        reader.end()
        return hello


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssl2ServerHello:
    """SERVER-HELLO: the cipher kinds that server and client share, and the certificate (DER)."""

    session_id_hit: bool = False
    certificate: bytes
    cipher_kinds: tuple[int, ...]
    version: int = SSL_2
    connection_id: bytes = b""

    def encode(self) -> bytes:
        """The record with this message."""
        kinds = b"".join(kind.to_bytes(3, "big") for kind in self.cipher_kinds)
        writer = Writer()
        writer.push_u8(_SERVER_HELLO)
        writer.push_u8(int(self.session_id_hit))
        writer.push_u8(_X509 if self.certificate else 0)
        writer.push_u16(self.version)
        writer.push_u16(len(self.certificate))
        writer.push_u16(len(kinds))
        writer.push_u16(len(self.connection_id))
        writer.push_bytes(self.certificate + kinds + self.connection_id)
        return ssl2_record(writer.data())


@dataclass(frozen=True, slots=True)
class Ssl2Error:
    """ERROR: 1 no cipher, 2 no certificate, 4 bad certificate, 6 unsupported certificate type."""

    code: int

    def encode(self) -> bytes:
        """The record with this message."""
        return ssl2_record(bytes((_ERROR,)) + self.code.to_bytes(2, "big"))


def parse_ssl2_answer(message: bytes) -> Ssl2ServerHello | Ssl2Error:
    """The first message of an SSL 2.0 server, without its record header."""
    reader = Reader(message, "SSL2 message")
    kind = reader.pull_u8()
    if kind == _ERROR:
        error = Ssl2Error(reader.pull_u16())
        reader.end()
        return error
    if kind == _SERVER_HELLO:
        return _pull_server_hello(reader)
    raise DecodeError("SSL2 message", f"unexpected type {kind}")


def _pull_server_hello(reader: Reader) -> Ssl2ServerHello:
    session_id_hit = reader.pull_u8() != 0
    reader.pull_u8()
    version = reader.pull_u16()
    certificate, kinds, connection_id = reader.pull_u16(), reader.pull_u16(), reader.pull_u16()
    hello = Ssl2ServerHello(
        session_id_hit=session_id_hit,
        version=version,
        certificate=reader.pull_bytes(certificate),
        cipher_kinds=_pull_cipher_kinds(reader, kinds),
        connection_id=reader.pull_bytes(connection_id),
    )
    reader.end()
    return hello


def _pull_cipher_kinds(reader: Reader, length: int) -> tuple[int, ...]:
    block = Reader(reader.pull_bytes(length), reader.where)
    kinds = []
    while block.remaining:
        kinds.append(block.pull_u24())
    return tuple(kinds)
