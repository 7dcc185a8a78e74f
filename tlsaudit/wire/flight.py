"""Reads what any server answers in the clear, without I/O: bytes in, events out.

Below TLS 1.3 that is the whole first flight (RFC 5246 section 7.3),

    ServerHello [Certificate] [CertificateStatus] [ServerKeyExchange] [CertificateRequest] ServerHelloDone

or, where a session is resumed, ServerHello [NewSessionTicket] ChangeCipherSpec. At TLS 1.3 it is the ServerHello or
HelloRetryRequest alone; the rest is encrypted. Alerts may stand anywhere, and a HelloRequest is ignored anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.certificate import CertificateMessage, CertificateRequest, CertificateStatus
from tlsaudit.wire.constants import TLS_1_3, AlertDescription, ContentType, HandshakeType
from tlsaudit.wire.event_reader import EventReader
from tlsaudit.wire.key_exchange import ServerKeyExchange
from tlsaudit.wire.messages import Alert, ChangeCipherSpec, Event, HelloRequest, NewSessionTicket, ServerHelloDone
from tlsaudit.wire.records import HandshakeReader, RawMessage, Record, RecordReader
from tlsaudit.wire.server_hello import ServerHello
from tlsaudit.wire.ssl2 import parse_ssl2_answer

_ORDER: Final[Mapping[int, int]] = {
    HandshakeType.SERVER_HELLO: 0,
    HandshakeType.SUPPLEMENTAL_DATA: 1,
    HandshakeType.CERTIFICATE: 2,
    HandshakeType.CERTIFICATE_STATUS: 3,
    HandshakeType.SERVER_KEY_EXCHANGE: 4,
    HandshakeType.CERTIFICATE_REQUEST: 5,
    HandshakeType.SERVER_HELLO_DONE: 6,
    HandshakeType.NEW_SESSION_TICKET: 6,
}
"""Place of each message below TLS 1.3; places only rise (RFC 5246 section 7.4, RFC 6066 section 8, RFC 4680)."""


class FlightReader(EventReader):
    """One server's first answer. With `ssl2` the answer may be of SSL 2.0, as a TLS server's alert may be of TLS.

    `done` after ServerHelloDone, a hello of TLS 1.3, ChangeCipherSpec, a fatal or closing alert, an SSL 2.0 message.
    """

    def __init__(self, *, ssl2: bool = False) -> None:
        super().__init__()
        self._ssl2 = ssl2
        self._ssl2_buffer = bytearray()
        self._version: int | None = None
        self._place = -1

    def eof(self) -> None:
        """The stream ends here; raises DecodeError in the middle of a record or message."""
        super().eof()
        if self._ssl2_buffer and not self._done:
            raise DecodeError("record", "stream ends inside a record")

    def _read(self, data: bytes) -> None:
        super()._read(self._read_ssl2(data) if self._ssl2 else data)

    def _read_ssl2(self, data: bytes) -> bytes:
        """Takes an SSL 2.0 answer; gives the bytes back where the first of them is not of one."""
        buffer = self._ssl2_buffer
        buffer += data
        if not buffer or buffer[0] & 0x80:
            length = int.from_bytes(buffer[:2], "big") & 0x7FFF
            if len(buffer) >= 2 and len(buffer) >= 2 + length:
                self._events.append(parse_ssl2_answer(bytes(buffer[2 : 2 + length])))
                self._done = True
            return b""
        self._ssl2 = False
        given_back = bytes(buffer)
        buffer.clear()
        return given_back

    def _on_record(self, record: Record) -> None:
        self._check_not_inside_message(record.type)
        match record.type:
            case ContentType.HANDSHAKE:
                self._read_handshake(record.payload)
            case ContentType.ALERT:
                alert = Alert.parse(record.payload)
                self._events.append(alert)
                self._done = alert.fatal or alert.description == AlertDescription.CLOSE_NOTIFY
            case ContentType.CHANGE_CIPHER_SPEC if self._version is not None:
                if record.payload != b"\x01":
                    raise DecodeError("change_cipher_spec", "is not the single byte 1")
                self._events.append(ChangeCipherSpec())
                self._done = True
            case _:
                raise DecodeError("record", f"unexpected content type {record.type}")

    def _on_message(self, message: RawMessage) -> None:
        if message.type == HandshakeType.HELLO_REQUEST:
            _check_empty(message)
            self._events.append(HelloRequest())
            return
        self._check_order(message.type)
        if message.type == HandshakeType.SERVER_HELLO:
            hello = ServerHello.parse(message.body)
            self._version = hello.version
            self._events.append(hello)
            self._done = hello.version >= TLS_1_3
        elif message.type != HandshakeType.SUPPLEMENTAL_DATA:
            self._events.append(self._parse(message))
            self._done = message.type == HandshakeType.SERVER_HELLO_DONE

    def _check_order(self, type_: int) -> None:
        place = _ORDER.get(type_)
        if place is None:
            raise DecodeError("handshake", f"unexpected message type {type_}")
        if (place == 0) != (self._version is None) or place <= self._place:
            raise DecodeError("handshake", f"{HandshakeType(type_).name.lower()} out of order")
        self._place = place

    def _parse(self, message: RawMessage) -> Event:
        version = self._version or 0
        match message.type:
            case HandshakeType.CERTIFICATE:
                certificate = CertificateMessage.parse(message.body, version)
                if not certificate.certificates:
                    raise DecodeError("Certificate", "the server's list is empty")
                return certificate
            case HandshakeType.CERTIFICATE_STATUS:
                return CertificateStatus.parse(message.body)
            case HandshakeType.SERVER_KEY_EXCHANGE:
                return ServerKeyExchange(message.body)
            case HandshakeType.CERTIFICATE_REQUEST:
                return CertificateRequest.parse(message.body, version)
            case HandshakeType.NEW_SESSION_TICKET:
                return NewSessionTicket.parse(message.body, version)
            case _:
                _check_empty(message)
                return ServerHelloDone()


def ticket_in(stream: bytes, version: int) -> NewSessionTicket | None:
    """The ticket in all that a server below TLS 1.3 sent during a handshake: it comes before ChangeCipherSpec.

    Raises DecodeError.
    """
    records, messages = RecordReader(), HandshakeReader()
    records.feed(stream)
    while (record := records.next()) is not None and record.type != ContentType.CHANGE_CIPHER_SPEC:
        if record.type == ContentType.HANDSHAKE:
            messages.feed(record.payload)
        while (message := messages.next()) is not None:
            if message.type == HandshakeType.NEW_SESSION_TICKET:
                return NewSessionTicket.parse(message.body, version)
    return None


def _check_empty(message: RawMessage) -> None:
    if message.body:
        raise DecodeError("handshake", f"message type {message.type} must be empty")
