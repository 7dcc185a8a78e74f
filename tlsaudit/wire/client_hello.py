"""ClientHello of SSL 3.0 to TLS 1.3 (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2, RFC 6101 section 5.6.1.2)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from tlsaudit.wire.buffer import Reader, Writer
from tlsaudit.wire.constants import TLS_1_0, TLS_1_2, HandshakeType
from tlsaudit.wire.extensions import Extension, pull_extensions, push_extensions
from tlsaudit.wire.records import handshake_message, handshake_records


def fresh_random() -> bytes:
    """The 32 random bytes of a hello."""
    return os.urandom(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """A hello with any codes in it. `version` is legacy_version; `extensions` None leaves the block out (SSL 3.0)."""

    version: int = TLS_1_2
    random: bytes = field(default_factory=fresh_random)
    session_id: bytes = b""
    cipher_suites: tuple[int, ...]
    compression_methods: tuple[int, ...] = (0,)
    extensions: tuple[Extension, ...] | None = None

    @classmethod
    def parse(cls, body: bytes) -> ClientHello:
        """The hello in the body of a handshake message."""
        reader = Reader(body, "ClientHello")
        hello = pull_client_hello(reader)
        reader.end()
        return hello

    def handshake(self) -> bytes:
        """The handshake message."""
        writer = Writer()
        push_client_hello(writer, self)
        return handshake_message(HandshakeType.CLIENT_HELLO, writer.data())

    def records(self, record_version: int = TLS_1_0) -> bytes:
        """The handshake message in records, more than one where it is longer than 2^14 bytes.

        The record version of an initial ClientHello may be 0x0301 for compatibility (RFC 8446 section 5.1).
        """
        return handshake_records(self.handshake(), record_version)


def pull_client_hello(reader: Reader) -> ClientHello:
    """The body of a ClientHello; extensions are there where anything follows the compression methods."""
    return ClientHello(
        version=reader.pull_u16(),
        random=reader.pull_bytes(32),
        session_id=reader.pull_opaque(1, at_most=32),
        cipher_suites=reader.pull_list(2, Reader.pull_u16, at_least=1),
        compression_methods=reader.pull_list(1, Reader.pull_u8, at_least=1),
        extensions=pull_extensions(reader) if reader.remaining else None,
    )


def push_client_hello(writer: Writer, hello: ClientHello) -> None:
    """The body of a ClientHello."""
    writer.push_u16(hello.version)
    writer.push_bytes(hello.random)
    writer.push_opaque(1, hello.session_id)
    writer.push_codes(2, 2, hello.cipher_suites)
    writer.push_codes(1, 1, hello.compression_methods)
    if hello.extensions is not None:
        push_extensions(writer, hello.extensions)
