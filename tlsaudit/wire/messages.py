"""The small messages, and `Event`: everything that a server can be seen to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.buffer import Reader, Writer
from tlsaudit.wire.certificate import CertificateMessage, CertificateRequest, CertificateStatus, CertificateVerify
from tlsaudit.wire.constants import TLS_1_2, TLS_1_3, AlertDescription, AlertLevel, HandshakeType
from tlsaudit.wire.extensions import pull_extension_map, push_extension_map
from tlsaudit.wire.key_exchange import ServerKeyExchange
from tlsaudit.wire.records import alert_record, handshake_message
from tlsaudit.wire.server_hello import EncryptedExtensions, ServerHello
from tlsaudit.wire.ssl2 import Ssl2Error, Ssl2ServerHello


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert; level and description are any bytes (RFC 8446 section 6)."""

    level: int
    description: int

    @property
    def fatal(self) -> bool:
        """Whether the level is fatal."""
        return self.level == AlertLevel.FATAL

    @property
    def name(self) -> str:
        """The registered name (handshake_failure), or "alert 200"."""
        try:
            return AlertDescription(self.description).name.lower()
        except ValueError:
            return f"alert {self.description}"

    def __str__(self) -> str:
        return f"alert {self.description} {self.name}"

    @classmethod
    def parse(cls, payload: bytes) -> Alert:
        """The alert of a record.

        "Alert messages MUST NOT be fragmented across records, and multiple alert messages MUST NOT be coalesced into a
        single TLSPlaintext record." (RFC 8446 section 5.1)
        """
        if len(payload) != 2:
            raise DecodeError("alert", f"record of {len(payload)} bytes where an alert has 2")
        return cls(payload[0], payload[1])

    def record(self, version: int = TLS_1_2) -> bytes:
        """The alert in a record."""
        return alert_record(self.level, self.description, version)


@dataclass(frozen=True, slots=True)
class HelloRequest:
    """The server asks for a renegotiation; during a handshake it is ignored (RFC 5246 section 7.4.1.1)."""


@dataclass(frozen=True, slots=True)
class ServerHelloDone:
    """The end of the server's first flight below TLS 1.3."""

    def handshake(self) -> bytes:
        """The handshake message."""
        return handshake_message(HandshakeType.SERVER_HELLO_DONE, b"")


@dataclass(frozen=True, slots=True)
class ChangeCipherSpec:
    """Below TLS 1.3: what follows is encrypted. Seen in a first flight where a session is resumed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The server's Finished; `valid` says that its verify_data is right (RFC 8446 section 4.4.4)."""

    valid: bool


@dataclass(frozen=True, slots=True)
class NewSessionTicket:
    """A ticket (RFC 8446 section 4.6.1, RFC 5077 section 3.3); `lifetime` in seconds, 0 below 1.3: unspecified.

    `age_add` and `nonce` are of TLS 1.3. What resumes a session is never shown.
    """

    lifetime: int
    extensions: Mapping[int, bytes] = field(default_factory=dict)
    ticket: bytes = field(default=b"", repr=False)
    age_add: int = field(default=0, repr=False)
    nonce: bytes = field(default=b"", repr=False)

    @classmethod
    def parse(cls, body: bytes, version: int) -> NewSessionTicket:
        """The message in the body of a handshake message."""
        reader = Reader(body, "NewSessionTicket")
        lifetime = reader.pull_u32()
        if version < TLS_1_3:
            found = cls(lifetime, ticket=reader.pull_opaque(2))
            reader.end()
            return found
        age_add, nonce = reader.pull_u32(), reader.pull_opaque(1)
        ticket = reader.pull_opaque(2, at_least=1)
        extensions = pull_extension_map(reader)
        reader.end()
        return cls(lifetime, extensions, ticket, age_add, nonce)

    def handshake(self, version: int) -> bytes:
        """The handshake message."""
        writer = Writer()
        writer.push_u32(self.lifetime)
        if version >= TLS_1_3:
            writer.push_u32(self.age_add)
            writer.push_opaque(1, self.nonce)
            writer.push_opaque(2, self.ticket)
            push_extension_map(writer, self.extensions)
        else:
            writer.push_opaque(2, self.ticket)
        return handshake_message(HandshakeType.NEW_SESSION_TICKET, writer.data())


@dataclass(frozen=True, slots=True)
class ApplicationData:
    """Decrypted application data."""

    data: bytes


Event = (
    ServerHello
    | EncryptedExtensions
    | CertificateMessage
    | CertificateStatus
    | CertificateRequest
    | CertificateVerify
    | ServerKeyExchange
    | ServerHelloDone
    | HelloRequest
    | NewSessionTicket
    | Finished
    | ChangeCipherSpec
    | Alert
    | ApplicationData
    | Ssl2ServerHello
    | Ssl2Error
)
