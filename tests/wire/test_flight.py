"""FlightReader: recorded flights, order, fragmentation, hostile bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import (
    Alert,
    CertificateMessage,
    CertificateRequest,
    CertificateStatus,
    ChangeCipherSpec,
    ContentType,
    Event,
    FlightReader,
    HelloRequest,
    NewSessionTicket,
    ServerHello,
    ServerHelloDone,
    ServerKeyExchange,
    alert_record,
    handshake_message,
    handshake_records,
    parse_server_key_exchange,
    record,
)
from tlsaudit.wire.limits import MAX_FLIGHT_MESSAGES, MAX_FLIGHT_RECORDS

_FLIGHTS = {path.stem: path.read_bytes() for path in (Path(__file__).parent / "flights").glob("*.bin")}

_HELLO = ServerHello(version=0x0303, legacy_version=0x0303, random=bytes(32), cipher_suite=0xC02F)
_HELLO_13 = ServerHello(
    version=0x0304, legacy_version=0x0303, random=bytes(32), cipher_suite=0x1301, selected_group=29, key_share=b"k"
)
_CERTIFICATE = CertificateMessage(certificates=(b"leaf", b"issuer"))
_REQUEST = CertificateRequest(certificate_types=(1, 64), signature_schemes=(0x0401,), ca_names=(b"0\x00",))
_MESSAGES = (
    _HELLO.handshake(),
    _CERTIFICATE.handshake(0x0303),
    CertificateStatus(1, b"ocsp").handshake(),
    ServerKeyExchange(b"params").handshake(),
    _REQUEST.handshake(0x0303),
    ServerHelloDone().handshake(),
)
_KINDS = [
    ServerHello,
    CertificateMessage,
    CertificateStatus,
    ServerKeyExchange,
    CertificateRequest,
    ServerHelloDone,
]


def _wrap(*messages: bytes) -> bytes:
    return handshake_records(b"".join(messages), 0x0303)


def _kinds(events: tuple[Event, ...]) -> list[type]:
    return [type(event) for event in events]


@pytest.mark.parametrize(
    ("name", "version", "kinds"),
    [
        ("ssl30_rsa", 0x0300, [ServerHello, CertificateMessage, ServerHelloDone]),
        ("tls10_dhe", 0x0301, _KINDS),
        ("tls11_rsa", 0x0302, [kind for kind in _KINDS if kind is not ServerKeyExchange]),
        ("tls12_ecdhe_client_auth", 0x0303, _KINDS),
        ("tls12_anonymous", 0x0303, [ServerHello, ServerKeyExchange, CertificateRequest, ServerHelloDone]),
        ("tls13_hello", 0x0304, [ServerHello]),
        ("tls13_retry", 0x0304, [ServerHello]),
    ],
)
def test_recorded_flights_of_real_servers_are_read_whole(name: str, version: int, kinds: list[type]) -> None:
    reader = FlightReader()
    reader.feed(_FLIGHTS[name])
    reader.eof()
    assert reader.done
    assert _kinds(reader.events) == kinds
    hello = reader.events[0]
    assert isinstance(hello, ServerHello)
    assert hello.version == version
    assert hello.is_retry == (name == "tls13_retry")


def test_a_recorded_flight_tells_everything_that_is_in_it() -> None:
    reader = FlightReader()
    hello, certificate, status, exchange, request, _ = reader.feed(_FLIGHTS["tls12_ecdhe_client_auth"])
    assert isinstance(hello, ServerHello)
    assert (hello.cipher_suite, hello.alpn) == (0xC02F, "h2")
    assert {23, 0xFF01} <= hello.extensions.keys()
    assert isinstance(certificate, CertificateMessage)
    assert certificate.certificates[0].startswith(b"\x30\x82")
    assert status == CertificateStatus(1, b"\x30\x03\x0a\x01\x03")
    assert isinstance(exchange, ServerKeyExchange)
    parameters = parse_server_key_exchange(exchange.body, "ECDHE", version=0x0303, signed=True)
    assert (parameters.signature_scheme, len(parameters.signature)) == (0x0804, 256)
    assert isinstance(request, CertificateRequest)
    assert len(request.ca_names) == 1


def test_a_refusal_is_an_alert() -> None:
    reader = FlightReader()
    assert reader.feed(_FLIGHTS["alert"]) == [Alert(2, 40)]
    assert reader.done


@given(st.data())
def test_a_flight_reads_the_same_however_it_is_cut_into_records_and_chunks(data: st.DataObject) -> None:
    stream = b"".join(_MESSAGES)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    wire = b"".join(record(ContentType.HANDSHAKE, 0x0303, piece) for piece in pieces)
    size = data.draw(st.integers(1, len(wire)))
    reader, returned = FlightReader(), []
    for at in range(0, len(wire), size):
        returned += reader.feed(wire[at : at + size])
    assert reader.done
    assert _kinds(reader.events) == _KINDS
    assert tuple(returned) == reader.events


@given(st.one_of(st.sampled_from(sorted(_FLIGHTS.values())), st.binary(max_size=200)), st.data())
def test_any_bytes_in_any_chunking_give_the_same_events_or_a_decode_error(flight: bytes, data: st.DataObject) -> None:
    changed = bytearray(flight)
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4)):
        changed[at : at + 1] = bytes((byte,))
    wire = bytes(changed)
    size = data.draw(st.integers(1, 64))
    assert _outcome(wire, size) == _outcome(wire, max(len(wire), 1))


def _outcome(wire: bytes, size: int) -> tuple[tuple[Event, ...], str]:
    reader = FlightReader()
    try:
        for at in range(0, len(wire), size):
            reader.feed(wire[at : at + size])
        reader.eof()
    except DecodeError as error:
        return reader.events, error.where
    return reader.events, ""


def test_events_before_an_error_are_kept_and_the_error_stays() -> None:
    reader = FlightReader()
    with pytest.raises(DecodeError, match="handshake: unexpected message type 99"):
        reader.feed(_wrap(_HELLO.handshake(), _CERTIFICATE.handshake(0x0303), handshake_message(99, b"")))
    assert _kinds(reader.events) == [ServerHello, CertificateMessage]
    with pytest.raises(DecodeError, match="type 99"):
        reader.feed(b"")
    with pytest.raises(DecodeError, match="type 99"):
        reader.eof()


@pytest.mark.parametrize(
    "messages",
    [
        (_CERTIFICATE.handshake(0x0303),),
        (ServerHelloDone().handshake(),),
        (_HELLO.handshake(), _HELLO.handshake()),
        (_HELLO.handshake(), _CERTIFICATE.handshake(0x0303), _CERTIFICATE.handshake(0x0303)),
        (_HELLO.handshake(), ServerKeyExchange(b"a").handshake(), ServerKeyExchange(b"a").handshake()),
        (_HELLO.handshake(), ServerKeyExchange(b"a").handshake(), _CERTIFICATE.handshake(0x0303)),
        (_HELLO.handshake(), _REQUEST.handshake(0x0303), CertificateStatus(1, b"o").handshake()),
    ],
)
def test_flights_out_of_order_are_refused(messages: tuple[bytes, ...]) -> None:
    with pytest.raises(DecodeError, match=r"handshake: .* out of order"):
        FlightReader().feed(_wrap(*messages))


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        (_wrap(_HELLO.handshake()[:20]) + alert_record(2, 40), "inside a fragmented message"),
        (_wrap(_HELLO.handshake()[:20]) + record(20, 0x0303, b"\x01"), "inside a fragmented message"),
        (record(22, 0x0303, b""), "zero-length"),
        (record(21, 0x0303, b"\x02"), "1 bytes where an alert has 2"),
        (record(21, 0x0303, b"\x02\x28\x02\x28"), "4 bytes where an alert has 2"),
        (record(20, 0x0303, b"\x01"), "unexpected content type 20"),
        (record(23, 0x0303, b"data"), "unexpected content type 23"),
        (_wrap(_HELLO.handshake()) + record(20, 0x0303, b"\x02"), "not the single byte 1"),
        (_wrap(_HELLO.handshake()) + record(24, 0x0303, b"beat"), "unexpected content type 24"),
        (_wrap(_HELLO.handshake(), handshake_message(14, b"x")), "must be empty"),
        (_wrap(handshake_message(0, b"x")), "must be empty"),
        (_wrap(_HELLO.handshake(), CertificateMessage(certificates=()).handshake(0x0303)), "list is empty"),
        (_wrap(handshake_message(0, b"")) * (MAX_FLIGHT_MESSAGES + 1), "messages in one flight"),
        (alert_record(1, 112) * (MAX_FLIGHT_RECORDS + 1), "records in one flight"),
    ],
)
def test_streams_that_break_the_protocol_are_refused(wire: bytes, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem):
        FlightReader().feed(wire)


def test_warnings_and_hello_requests_do_not_end_a_flight() -> None:
    reader = FlightReader()
    reader.feed(_wrap(handshake_message(0, b"")) + alert_record(1, 112) + _wrap(*_MESSAGES))
    assert _kinds(reader.events) == [HelloRequest, Alert, *_KINDS]
    assert reader.done


def test_a_closing_alert_ends_a_flight() -> None:
    reader = FlightReader()
    reader.feed(_wrap(_HELLO.handshake()) + alert_record(1, 0))
    assert reader.done


def test_a_resumed_session_ends_with_change_cipher_spec() -> None:
    reader = FlightReader()
    ticket = NewSessionTicket(300, ticket=b"ticket")
    reader.feed(
        _wrap(_HELLO.handshake(), ticket.handshake(0x0303))
        + record(20, 0x0303, b"\x01")
        + record(22, 0x0303, b"\xff" * 40)
    )
    assert reader.events == (_HELLO, ticket, ChangeCipherSpec())
    assert reader.done


def test_supplemental_data_is_read_past() -> None:
    reader = FlightReader()
    reader.feed(_wrap(_HELLO.handshake(), handshake_message(23, b"\x00\x00\x00"), _CERTIFICATE.handshake(0x0303)))
    assert _kinds(reader.events) == [ServerHello, CertificateMessage]


def test_what_follows_a_tls13_hello_is_encrypted_and_ignored() -> None:
    reader = FlightReader()
    reader.feed(_wrap(_HELLO_13.handshake()) + b"no record at all")
    reader.feed(b"nor this")
    reader.eof()
    assert _kinds(reader.events) == [ServerHello]
    assert reader.done


@pytest.mark.parametrize(
    ("wire", "where"),
    [(b"\x16", "record"), (_wrap(_HELLO.handshake())[:-1], "record"), (b"\x16\x03\x03\0\1\2", "handshake")],
)
def test_a_stream_that_ends_in_the_middle_is_refused(wire: bytes, where: str) -> None:
    reader = FlightReader()
    reader.feed(wire)
    assert not reader.done
    with pytest.raises(DecodeError, match=f"^{where}: stream ends inside"):
        reader.eof()


def test_a_stream_may_end_between_messages() -> None:
    reader = FlightReader()
    reader.eof()
    reader.feed(_wrap(_HELLO.handshake()))
    reader.eof()
    assert not reader.done


@pytest.mark.parametrize("first", [b"SSH-2.0-x\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"220 smtp ready\r\n"])
def test_other_protocols_are_named_at_once(first: bytes) -> None:
    with pytest.raises(DecodeError, match=r"^record: not TLS"):
        FlightReader().feed(first[:1])


@pytest.mark.parametrize(
    ("alert", "name", "fatal"),
    [
        (Alert(2, 40), "handshake_failure", True),
        (Alert(2, 116), "certificate_required", True),
        (Alert(1, 0), "close_notify", False),
        (Alert(2, 200), "alert 200", True),
    ],
)
def test_alerts_have_names(alert: Alert, name: str, fatal: bool) -> None:
    assert (alert.name, alert.fatal) == (name, fatal)
    assert FlightReader().feed(alert.record()) == [alert]
