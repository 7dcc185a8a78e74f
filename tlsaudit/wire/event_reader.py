"""What the two readers of a server's answer share: events are kept, an error is final, `done` ends the reading."""

from __future__ import annotations

from abc import ABC, abstractmethod

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.constants import ContentType
from tlsaudit.wire.messages import Event
from tlsaudit.wire.records import HandshakeReader, RawMessage, Record, RecordReader


class EventReader(ABC):
    """Bytes in, events out, in any chunking the same.

    After a DecodeError the reader is dead and raises it again; `events` keeps what came before. Once `done`, further
    bytes are ignored.
    """

    def __init__(self) -> None:
        self._records = RecordReader()
        self._handshake = HandshakeReader()
        self._events: list[Event] = []
        self._error: DecodeError | None = None
        self._done = False

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything read so far."""
        return tuple(self._events)

    @property
    def done(self) -> bool:
        """Whether nothing more is expected."""
        return self._done

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes; raises DecodeError where the bytes break the protocol or a bound."""
        known = len(self._events)
        self._raise_again()
        if not self._done:
            try:
                self._read(data)
            except DecodeError as error:
                self._error = error
                raise
        return self._events[known:]

    def eof(self) -> None:
        """The stream ends here; raises DecodeError in the middle of a record or message."""
        self._raise_again()
        if self._done:
            return
        if self._records.partial:
            raise DecodeError("record", "stream ends inside a record")
        if self._handshake.partial:
            raise DecodeError("handshake", "stream ends inside a message")

    def _raise_again(self) -> None:
        if self._error is not None:
            raise DecodeError(self._error.where, self._error.problem)

    def _read(self, data: bytes) -> None:
        self._records.feed(data)
        while not self._done and (record := self._records.next()) is not None:
            self._on_record(record)

    def _read_handshake(self, fragment: bytes) -> None:
        """The content of a handshake record."""
        self._handshake.feed(fragment)
        while not self._done and (message := self._handshake.next()) is not None:
            self._on_message(message)

    def _check_not_inside_message(self, type_: int) -> None:
        """Between the fragments of a message no record of another type may stand."""
        # "Handshake messages MUST NOT be interleaved with other record types." (RFC 8446 section 5.1)
        if self._handshake.partial and type_ != ContentType.HANDSHAKE:
            raise DecodeError("handshake", "a record of another type inside a fragmented message")

    @abstractmethod
    def _on_record(self, record: Record) -> None:
        """One complete record."""

    @abstractmethod
    def _on_message(self, message: RawMessage) -> None:
        """One complete handshake message."""
