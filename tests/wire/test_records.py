"""Record and handshake framing, and the bounds of a flight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import HandshakeReader, RecordReader, handshake_message, handshake_records, record
from tlsaudit.wire.limits import (
    MAX_FLIGHT,
    MAX_FLIGHT_MESSAGES,
    MAX_FLIGHT_RECORDS,
    MAX_HANDSHAKE_MESSAGE,
    MAX_RECORD_PAYLOAD,
)


@given(st.lists(st.tuples(st.integers(20, 24), st.integers(0x0300, 0x03FF), st.binary(max_size=50)), max_size=8))
def test_records_round_trip_byte_by_byte(records: list[tuple[int, int, bytes]]) -> None:
    reader, found = RecordReader(), []
    for byte in b"".join(record(*each) for each in records):
        reader.feed(bytes((byte,)))
        while (each := reader.next()) is not None:
            found.append((each.type, each.version, each.payload))
    assert found == records
    assert not reader.partial


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), min_size=1, max_size=5))
def test_messages_round_trip_through_fragments(messages: list[tuple[int, bytes]]) -> None:
    stream = b"".join(handshake_message(*each) for each in messages)
    reader, found = HandshakeReader(), []
    for at in range(0, len(stream), 7):
        reader.feed(stream[at : at + 7])
        while (message := reader.next()) is not None:
            assert message.raw == handshake_message(message.type, message.body)
            found.append((message.type, message.body))
    assert found == messages
    assert not reader.partial


@pytest.mark.parametrize(
    "start", [b"SSH-2.0-OpenSSH", b"HTTP/1.1 400", b"220 mail ESMTP", b"\x16\x02", b"\x00", b"\xff", b"\x16\xfe"]
)
def test_what_is_not_tls_is_told_from_its_first_bytes(start: bytes) -> None:
    reader = RecordReader()
    reader.feed(start)
    with pytest.raises(DecodeError, match=r"^record: not TLS: begins with") as error:
        reader.next()
    assert str(error.value).isprintable()


def test_what_follows_a_record_must_be_one() -> None:
    reader = RecordReader()
    reader.feed(record(22, 0x0303, b"x") + b"HTTP")
    assert reader.next() is not None
    with pytest.raises(DecodeError, match="no record header"):
        reader.next()


def test_a_record_too_long_is_refused_from_its_header() -> None:
    reader = RecordReader()
    reader.feed(b"\x16\x03\x03" + (MAX_RECORD_PAYLOAD + 1).to_bytes(2, "big"))
    with pytest.raises(DecodeError, match="exceeds"):
        reader.next()


def test_a_flight_is_bounded_in_records_and_bytes() -> None:
    small, large = RecordReader(), RecordReader()
    small.feed(record(23, 0x0303, b"") * (MAX_FLIGHT_RECORDS + 1))
    with pytest.raises(DecodeError, match="records in one flight"):
        _drain(small)
    large.feed(record(23, 0x0303, bytes(2**14)) * (MAX_FLIGHT // 2**14 + 1))
    with pytest.raises(DecodeError, match="bytes in one flight"):
        _drain(large)


def test_handshake_messages_are_bounded_in_number_and_size() -> None:
    many, huge = HandshakeReader(), HandshakeReader()
    many.feed(handshake_message(0, b"") * (MAX_FLIGHT_MESSAGES + 1))
    with pytest.raises(DecodeError, match="messages in one flight"):
        _drain(many)
    huge.feed(b"\x0b" + (MAX_HANDSHAKE_MESSAGE + 1).to_bytes(3, "big"))
    with pytest.raises(DecodeError, match="exceeds"):
        huge.next()


def test_a_new_flight_counts_from_zero() -> None:
    reader = RecordReader()
    for _ in range(2):
        reader.feed(record(23, 0x0303, b"") * MAX_FLIGHT_RECORDS)
        _drain(reader)
        reader.restart()


def test_an_empty_handshake_fragment_is_refused() -> None:
    with pytest.raises(DecodeError, match="zero-length"):
        HandshakeReader().feed(b"")


def test_long_messages_are_written_in_records_of_16384_bytes() -> None:
    written = handshake_records(handshake_message(11, bytes(40_000)), 0x0303)
    reader, lengths = RecordReader(), []
    reader.feed(written)
    while (each := reader.next()) is not None:
        lengths.append(len(each.payload))
    assert lengths == [16384, 16384, 40_004 - 2 * 16384]


def _drain(reader: RecordReader | HandshakeReader) -> None:
    while reader.next() is not None:
        pass
