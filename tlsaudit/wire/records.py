"""Records and handshake framing (RFC 8446 section 5.1): bytes to records, records to handshake messages, and back."""

from __future__ import annotations

from dataclasses import dataclass

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.buffer import Writer
from tlsaudit.wire.constants import TLS_1_2, ContentType
from tlsaudit.wire.limits import (
    MAX_FLIGHT,
    MAX_FLIGHT_MESSAGES,
    MAX_FLIGHT_RECORDS,
    MAX_HANDSHAKE_MESSAGE,
    MAX_PLAINTEXT,
    MAX_RECORD_PAYLOAD,
)

_CONTENT_TYPES = frozenset(ContentType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record; `header` is its five bytes as received."""

    type: int
    version: int
    payload: bytes
    header: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """One handshake message; `raw` is header and body as received, for the transcript."""

    type: int
    body: bytes
    raw: bytes


def record(type_: int, version: int, payload: bytes) -> bytes:
    """One record as sent; `payload` as it is, even where it is longer than allowed."""
    writer = Writer()
    writer.push_u8(type_)
    writer.push_u16(version)
    writer.push_opaque(2, payload)
    return writer.data()


def handshake_message(type_: int, body: bytes) -> bytes:
    """One handshake message as sent."""
    writer = Writer()
    writer.push_u8(type_)
    writer.push_opaque(3, body)
    return writer.data()


def handshake_records(messages: bytes, version: int) -> bytes:
    """Handshake messages in as few records as the limit of 2^14 bytes allows."""
    fragments = (messages[at : at + MAX_PLAINTEXT] for at in range(0, len(messages), MAX_PLAINTEXT))
    return b"".join(record(ContentType.HANDSHAKE, version, fragment) for fragment in fragments)


def alert_record(level: int, description: int, version: int = TLS_1_2) -> bytes:
    """A record with one alert."""
    return record(ContentType.ALERT, version, bytes((level, description)))


class RecordReader:
    """Splits a stream into records, within the bounds of one flight. What is not TLS is told from its first bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._begun = False
        self._records = 0
        self._bytes = 0

    @property
    def partial(self) -> bool:
        """Whether the stream stands in the middle of a record."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """More of the stream."""
        self._buffer += data

    def restart(self) -> None:
        """A new flight begins: its bounds count from zero."""
        self._records = 0
        self._bytes = 0

    def next(self) -> Record | None:
        """The next complete record, or None; raises DecodeError as soon as the bytes cannot be one."""
        self._check_start()
        if len(self._buffer) < 5:
            return None
        length = int.from_bytes(self._buffer[3:5], "big")
        # "The length MUST NOT exceed 2^14 + 2048." (RFC 5246 section 6.2.3)
        if length > MAX_RECORD_PAYLOAD:
            raise DecodeError("record", f"length {length} exceeds {MAX_RECORD_PAYLOAD}")
        if len(self._buffer) < 5 + length:
            return None
        header = bytes(self._buffer[:5])
        payload = bytes(self._buffer[5 : 5 + length])
        del self._buffer[: 5 + length]
        self._begun = True
        self._count(length)
        return Record(type=header[0], version=int.from_bytes(header[1:3], "big"), payload=payload, header=header)

    def _check_start(self) -> None:
        """Content type and major version of the record that begins, as far as they are here."""
        start = bytes(self._buffer[:8])
        if (not start or start[0] in _CONTENT_TYPES) and (len(start) < 2 or start[1] == 3):
            return
        if not self._begun:
            raise DecodeError("record", f"not TLS: begins with {start!r}")
        raise DecodeError("record", f"no record header: {start[:5]!r}")

    def _count(self, length: int) -> None:
        self._records += 1
        self._bytes += length
        if self._records > MAX_FLIGHT_RECORDS:
            raise DecodeError("record", f"more than {MAX_FLIGHT_RECORDS} records in one flight")
        if self._bytes > MAX_FLIGHT:
            raise DecodeError("record", f"more than {MAX_FLIGHT} bytes in one flight")


class HandshakeReader:
    """Joins the fragments of handshake records into messages, within the bounds of one flight."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._messages = 0

    @property
    def partial(self) -> bool:
        """Whether a message has begun and is not complete, or waits to be taken."""
        return bool(self._buffer)

    def feed(self, fragment: bytes) -> None:
        """The payload of one handshake record.

        "Implementations MUST NOT send zero-length fragments of Handshake types." (RFC 8446 section 5.1)
        """
        if not fragment:
            raise DecodeError("record", "zero-length handshake fragment")
        self._buffer += fragment

    def restart(self) -> None:
        """A new flight begins: its bounds count from zero."""
        self._messages = 0

    def next(self) -> RawMessage | None:
        """The next complete message, or None."""
        if len(self._buffer) < 4:
            return None
        length = int.from_bytes(self._buffer[1:4], "big")
        if length > MAX_HANDSHAKE_MESSAGE:
            raise DecodeError("handshake", f"message of {length} bytes exceeds {MAX_HANDSHAKE_MESSAGE}")
        if len(self._buffer) < 4 + length:
            return None
        self._messages += 1
        if self._messages > MAX_FLIGHT_MESSAGES:
            raise DecodeError("handshake", f"more than {MAX_FLIGHT_MESSAGES} messages in one flight")
        raw = bytes(self._buffer[: 4 + length])
        del self._buffer[: 4 + length]
        return RawMessage(type=raw[0], body=raw[4:], raw=raw)
