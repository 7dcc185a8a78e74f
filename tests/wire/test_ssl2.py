"""The hellos of SSL 2.0."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.strategies import u16
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import Alert, FlightReader, Ssl2ClientHello, Ssl2Error, Ssl2ServerHello, parse_ssl2_answer

_kinds = st.lists(st.integers(0, 2**24 - 1), max_size=12).map(tuple)
_server_hellos = st.builds(
    Ssl2ServerHello,
    session_id_hit=st.booleans(),
    certificate=st.binary(max_size=200),
    cipher_kinds=_kinds,
    version=u16,
    connection_id=st.binary(max_size=32),
)


@given(_kinds, st.binary(max_size=32))
def test_client_hellos_round_trip(kinds: tuple[int, ...], challenge: bytes) -> None:
    hello = Ssl2ClientHello(kinds, challenge)
    encoded = hello.encode()
    assert int.from_bytes(encoded[:2], "big") == 0x8000 | len(encoded) - 2
    assert Ssl2ClientHello.parse(encoded[2:]) == hello


@given(_server_hellos | u16.map(Ssl2Error))
def test_answers_round_trip(answer: Ssl2ServerHello | Ssl2Error) -> None:
    reader = FlightReader(ssl2=True)
    assert reader.feed(answer.encode()) == [answer]
    assert reader.done


def test_a_client_hello_has_the_bytes_of_the_specification() -> None:
    assert Ssl2ClientHello((0x0700C0, 0x010080), b"challenge").encode().hex() == (
        "8018" + "01" + "0002" + "0006" + "0000" + "0009" + "0700c0010080" + b"challenge".hex()
    )


@given(st.binary(max_size=60))
def test_any_message_is_an_answer_or_a_decode_error(message: bytes) -> None:
    for parse in (parse_ssl2_answer, Ssl2ClientHello.parse):
        try:
            parse(message)
        except DecodeError:
            continue


def test_a_tls_server_may_answer_with_a_tls_alert() -> None:
    reader = FlightReader(ssl2=True)
    assert reader.feed(b"\x15\x03") == []
    assert reader.feed(Alert(2, 70).record()[2:]) == [Alert(2, 70)]
    assert reader.done


def test_an_answer_that_is_cut_is_refused_at_the_end_of_the_stream() -> None:
    reader = FlightReader(ssl2=True)
    reader.feed(Ssl2Error(1).encode()[:-1])
    with pytest.raises(DecodeError, match="stream ends inside a record"):
        reader.eof()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request", b"\x80\x00", b"\x80\x01\x09", b"\x80\x03\x04\x00\x00"])
def test_other_answers_are_refused(answer: bytes) -> None:
    with pytest.raises(DecodeError):
        FlightReader(ssl2=True).feed(answer)
