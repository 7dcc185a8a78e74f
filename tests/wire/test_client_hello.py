"""ClientHello: round trips, its two outer forms, and hostile bodies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.strategies import extensions, u8, u16, u16s
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import ClientHello, ContentType, Extension, HandshakeReader, HandshakeType, RecordReader, padding

hellos = st.builds(
    ClientHello,
    version=u16,
    random=st.binary(min_size=32, max_size=32),
    session_id=st.binary(max_size=32),
    cipher_suites=u16s.map(tuple),
    compression_methods=st.lists(u8, min_size=1, max_size=4).map(tuple),
    extensions=st.none() | extensions,
)


@given(hellos)
def test_hellos_round_trip(hello: ClientHello) -> None:
    message = hello.handshake()
    assert message[0] == HandshakeType.CLIENT_HELLO
    assert int.from_bytes(message[1:4], "big") == len(message) - 4
    assert ClientHello.parse(message[4:]) == hello


@given(st.binary(max_size=200))
def test_any_body_is_a_hello_or_a_decode_error(body: bytes) -> None:
    try:
        hello = ClientHello.parse(body)
    except DecodeError:
        return
    assert hello.handshake()[4:] == body


@given(hellos, st.data())
def test_a_hello_cut_short_is_refused_unless_only_its_extensions_are_gone(
    hello: ClientHello, data: st.DataObject
) -> None:
    body = hello.handshake()[4:]
    cut = data.draw(st.integers(0, len(body) - 1))
    try:
        shorter = ClientHello.parse(body[:cut])
    except DecodeError:
        return
    assert shorter.extensions is None


def test_each_hello_has_a_fresh_random() -> None:
    assert ClientHello(cipher_suites=(1,)).random != ClientHello(cipher_suites=(1,)).random


def test_a_hello_for_ssl3_has_no_extension_block() -> None:
    hello = ClientHello(version=0x0300, random=bytes(32), cipher_suites=(0x0A,))
    assert hello.records(0x0300).hex() == "160300002d" + "01000029" + "0300" + "00" * 32 + "00" + "0002000a" + "0100"


@given(st.integers(0, 60_000))
def test_a_long_hello_is_fragmented_into_legal_records(length: int) -> None:
    hello = ClientHello(cipher_suites=(0x1301,), extensions=(padding(length), Extension(0xAAAA)))
    records, messages = RecordReader(), HandshakeReader()
    records.feed(hello.records())
    while (record := records.next()) is not None:
        assert (record.type, record.version) == (ContentType.HANDSHAKE, 0x0301)
        assert len(record.payload) <= 2**14
        messages.feed(record.payload)
    message = messages.next()
    assert message is not None
    assert ClientHello.parse(message.body) == hello
    assert not records.partial
    assert not messages.partial


@pytest.mark.parametrize("problem", ["session", "suites", "compression", "rest"])
def test_hellos_of_another_form_are_refused(problem: str) -> None:
    head = b"\x03\x03" + bytes(32)
    body = {
        "session": head + b"\x21" + bytes(33) + b"\x00\x02\x00\x01\x01\x00",
        "suites": head + b"\x00\x00\x00\x01\x00",
        "compression": head + b"\x00\x00\x02\x00\x01\x00",
        "rest": head + b"\x00\x00\x02\x00\x01\x01\x00\x00\x00!",
    }[problem]
    with pytest.raises(DecodeError, match="ClientHello"):
        ClientHello.parse(body)
