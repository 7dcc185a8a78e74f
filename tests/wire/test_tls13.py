"""Tls13Client against a scripted server: every path of the handshake, and hostile ones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.strategies import extension_maps
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import (
    Alert,
    ApplicationData,
    CertificateMessage,
    CertificateRequest,
    CertificateVerify,
    ClientHello,
    ContentType,
    EncryptedExtensions,
    Event,
    Extension,
    ExtensionType,
    Finished,
    HandshakeType,
    NewSessionTicket,
    Record,
    RecordProtection,
    RecordReader,
    ServerHello,
    Tls13Client,
    alert_record,
    cookie,
    handshake_message,
    handshake_records,
    parse_cookie,
    parse_offered_key_share,
    record,
    verify_data,
)
from tlsaudit.wire.limits import MAX_FLIGHT_RECORDS
from tools.fuzz_wire import ScriptedTls13, new_client

_ENCRYPTED = EncryptedExtensions({ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: b"\x00\x03\x02h2"})
_REQUEST = CertificateRequest(signature_schemes=(0x0403,), ca_names=(b"0\x00",), request_context=b"context")
_CERTIFICATE = CertificateMessage(certificates=(b"leaf",), entry_extensions=({18: b"scts"},))
_VERIFY = CertificateVerify(scheme=0x0403, signature=b"signature", content=b"")
_CERTIFIED = _CERTIFICATE.handshake(0x0304) + _VERIFY.handshake()
_FLIGHT = _ENCRYPTED.handshake() + _CERTIFIED
_FLIGHT_WITH_REQUEST = _ENCRYPTED.handshake() + _REQUEST.handshake(0x0304) + _CERTIFIED
_KINDS = [ServerHello, EncryptedExtensions, CertificateMessage, CertificateVerify, Finished]
_CCS = record(20, 0x0303, b"\x01")


def _kinds(events: tuple[Event, ...]) -> list[type]:
    return [type(event) for event in events]


def _connected(flight: bytes = _FLIGHT) -> tuple[Tls13Client, ScriptedTls13]:
    client = new_client()
    server = ScriptedTls13(client.start())
    client.feed(server.hello + _CCS + server.flight(flight))
    assert client.handshake_complete
    return client, server


def _records(wire: bytes) -> list[Record]:
    reader, found = RecordReader(), []
    reader.feed(wire)
    while (each := reader.next()) is not None:
        found.append(each)
    return found


def test_the_whole_flight_is_read() -> None:
    client, _ = _connected(_FLIGHT_WITH_REQUEST)
    hello, encrypted, request, certificate, verify, finished = client.events
    assert isinstance(hello, ServerHello)
    assert isinstance(encrypted, EncryptedExtensions)
    assert encrypted.alpn == "h2"
    assert isinstance(request, CertificateRequest)
    assert (request.ca_names, request.request_context) == ((b"0\x00",), b"context")
    assert isinstance(certificate, CertificateMessage)
    assert certificate.entry_extensions == ({18: b"scts"},)
    assert isinstance(verify, CertificateVerify)
    assert verify.content.startswith(b" " * 64 + b"TLS 1.3, server CertificateVerify\x00")
    assert finished == Finished(True)
    assert not client.done


@pytest.mark.parametrize("size", [1, 7, 100])
def test_chunks_make_no_difference(size: int) -> None:
    client = new_client()
    server = ScriptedTls13(client.start())
    wire = server.hello + _CCS + server.flight(_FLIGHT)
    for at in range(0, len(wire), size):
        client.feed(wire[at : at + size])
    client.eof()
    assert _kinds(client.events) == _KINDS


def test_messages_may_be_fragmented_over_protected_records() -> None:
    client = new_client()
    server = ScriptedTls13(client.start())
    client.feed(server.hello)
    server.transcript.add(_FLIGHT)
    stream = _FLIGHT + server.finished()
    for at in range(0, len(stream), 9):
        client.feed(server.handshake.protect(ContentType.HANDSHAKE, stream[at : at + 9]))
    assert client.handshake_complete


@pytest.mark.parametrize("requested", [False, True])
def test_the_last_flight_is_certificate_finished_and_close_notify_in_one(requested: bool) -> None:
    client, server = _connected(_FLIGHT_WITH_REQUEST if requested else _FLIGHT)
    application_secrets = server._schedule.application_traffic(server.transcript.hash(server.suite))
    ccs, handshake, alert = _records(client.finish(close=True))
    assert (ccs.type, ccs.payload) == (20, b"\x01")
    opening = RecordProtection(server.suite, server.client_handshake_secret)
    empty = CertificateMessage(certificates=(), request_context=b"context").handshake(0x0304) if requested else b""
    server.transcript.add(empty)
    expected = verify_data(server.suite, server.client_handshake_secret, server.transcript.hash(server.suite))
    assert opening.open(handshake) == (22, empty + handshake_message(HandshakeType.FINISHED, expected))
    assert RecordProtection(server.suite, application_secrets[0]).open(alert) == (21, b"\x01\x00")
    with pytest.raises(RuntimeError):
        client.finish(close=True)
    with pytest.raises(RuntimeError):
        client.application_data(b"late")


def test_what_follows_the_handshake_is_read_under_the_application_keys() -> None:
    client, server = _connected()
    keys = server.application()
    client.finish(close=False)
    ticket = NewSessionTicket(7200, {42: b"\x00\x00\x40\x00"}, ticket=b"ticket")
    events = client.feed(
        keys.protect(22, ticket.handshake(0x0304))
        + keys.protect(23, b"HTTP/1.1 200 OK\r\n")
        + keys.protect(22, _REQUEST.handshake(0x0304))
        + keys.protect(21, b"\x02\x74")
        + b"ignored once done"
    )
    assert events[:2] == [ticket, ApplicationData(b"HTTP/1.1 200 OK\r\n")]
    assert isinstance(events[2], CertificateRequest)
    assert events[3] == Alert(2, 116)
    assert client.done


def test_application_data_is_sent_in_records_of_16384_bytes() -> None:
    client, server = _connected()
    secret, _ = server._schedule.application_traffic(server.transcript.hash(server.suite))
    with pytest.raises(RuntimeError):
        client.application_data(b"early")
    client.finish(close=False)
    opening = RecordProtection(server.suite, secret)
    sent = [opening.open(each) for each in _records(client.application_data(b"x" * 20_000))]
    assert [(type_, len(data)) for type_, data in sent] == [(23, 16384), (23, 20_000 - 16384)]


def test_key_updates_of_the_server_are_followed_and_answered() -> None:
    client, server = _connected()
    secret, _ = server._schedule.application_traffic(server.transcript.hash(server.suite))
    keys, opening = server.application(), RecordProtection(server.suite, secret)
    client.finish(close=False)
    for request in (b"\x00", b"\x01"):
        client.feed(keys.protect(22, handshake_message(HandshakeType.KEY_UPDATE, request)))
        keys.update()
    assert client.feed(keys.protect(23, b"still here")) == [ApplicationData(b"still here")]
    update, data = _records(client.application_data(b"request"))
    assert opening.open(update) == (22, handshake_message(HandshakeType.KEY_UPDATE, b"\x00"))
    opening.update()
    assert opening.open(data) == (23, b"request")
    assert client.send() == b""


def _retry(client: Tls13Client, *, group: int | None, suite: int = 0x1301, extra: tuple[Extension, ...] = ()) -> bytes:
    first = ClientHello.parse(_records(client.start())[0].payload[4:])
    retry = ServerHello(
        version=0x0304,
        legacy_version=0x0303,
        session_id=first.session_id,
        cipher_suite=suite,
        is_retry=True,
        selected_group=group,
        extensions={each.type: each.data for each in extra},
    )
    return handshake_records(retry.handshake(), 0x0303)


def _second_hello(client: Tls13Client) -> ClientHello:
    ccs, hello = _records(client.send())
    assert ccs.payload == b"\x01"
    return ClientHello.parse(hello.payload[4:])


def test_a_retry_is_answered_with_the_group_and_the_cookie() -> None:
    client = new_client()
    first = ClientHello.parse(_records(client.start())[0].payload[4:])
    client.feed(_retry(client, group=0x0018, extra=(cookie(b"crumbs"),)))
    second = _second_hello(client)
    offered = {each.type: each.data for each in second.extensions or ()}
    assert (second.random, second.session_id) == (first.random, first.session_id)
    assert [group for group, _ in parse_offered_key_share(offered[ExtensionType.KEY_SHARE])] == [0x0018]
    assert parse_cookie(offered[ExtensionType.COOKIE]) == b"crumbs"
    assert not client.done


def test_a_retry_for_a_cookie_alone_keeps_the_share() -> None:
    client = new_client()
    client.feed(_retry(client, group=None, extra=(cookie(b"crumbs"),)))
    offered = {each.type: each.data for each in _second_hello(client).extensions or ()}
    assert [group for group, _ in parse_offered_key_share(offered[ExtensionType.KEY_SHARE])] == [0x001D]


def test_a_retry_for_a_group_without_key_exchange_ends_the_client() -> None:
    client = new_client()
    (event,) = client.feed(_retry(client, group=0x11EC))
    assert isinstance(event, ServerHello)
    assert event.is_retry
    assert (client.unsupported_group, client.done, client.handshake_complete) == (0x11EC, True, False)
    assert client.send() == b""


@pytest.mark.parametrize(
    ("group", "problem"), [(0x001D, "not one to ask for"), (0x0019, "not one to ask for"), (None, "asks for nothing")]
)
def test_retries_that_break_the_rules_are_refused(group: int | None, problem: str) -> None:
    client = new_client()
    with pytest.raises(DecodeError, match=f"HelloRetryRequest: .*{problem}"):
        client.feed(_retry(client, group=group))
    assert _kinds(client.events) == [ServerHello]


def test_a_second_retry_is_refused() -> None:
    client = new_client()
    wire = _retry(client, group=0x0018)
    client.feed(wire)
    with pytest.raises(DecodeError, match="a second one"):
        client.feed(wire)


def _hello(**changes: object) -> Callable[[ServerHello], ServerHello]:
    def change(hello: ServerHello) -> ServerHello:
        fields = {
            "version": 0x0304,
            "legacy_version": 0x0303,
            "session_id": hello.session_id,
            "cipher_suite": hello.cipher_suite,
            "selected_group": hello.selected_group,
            "key_share": hello.key_share,
        }
        return ServerHello(**(fields | changes))  # type: ignore[arg-type]  # the cases below have the right types

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_hello(session_id=b"other"), "session id is not echoed"),
        (_hello(cipher_suite=0x1304), "0x1304 was not offered"),
        (_hello(selected_group=0x0017), "no key share"),
        (_hello(selected_group=None), "no key share"),
        (_hello(key_share=bytes(32)), "key_share: invalid value"),
        (_hello(key_share=b"short"), "key_share: invalid value"),
    ],
)
def test_hellos_that_do_not_answer_ours_are_refused(change: Callable[[ServerHello], ServerHello], problem: str) -> None:
    client = new_client()
    sound = ServerHello.parse(_records(ScriptedTls13(client.start()).hello)[0].payload[4:])
    with pytest.raises(DecodeError, match=problem):
        client.feed(handshake_records(change(sound).handshake(), 0x0303))


def test_an_older_version_is_reported_and_ends_the_client() -> None:
    client = new_client()
    client.start()
    older = ServerHello(version=0x0303, legacy_version=0x0303, cipher_suite=0xC02F)
    assert client.feed(handshake_records(older.handshake(), 0x0303)) == [older]
    assert client.done
    assert not client.handshake_complete


def test_a_wrong_finished_is_told_and_ends_the_client() -> None:
    client = new_client()
    server = ScriptedTls13(client.start())
    wrong = handshake_message(HandshakeType.FINISHED, bytes(32))
    client.feed(server.hello + server.handshake.protect(22, _FLIGHT + wrong))
    assert client.events[-1] == Finished(False)
    assert (client.done, client.handshake_complete) == (True, False)
    with pytest.raises(RuntimeError):
        client.finish(close=True)


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        (_CERTIFICATE.handshake(0x0304), "unexpected message type 11"),
        (_ENCRYPTED.handshake() + _VERIFY.handshake(), "unexpected message type 15"),
        (_ENCRYPTED.handshake() * 2, "unexpected message type 8"),
        (_ENCRYPTED.handshake() + _REQUEST.handshake(0x0304) * 2, "unexpected message type 13"),
        (_ENCRYPTED.handshake() + CertificateMessage(certificates=()).handshake(0x0304), "list is empty"),
        (_ENCRYPTED.handshake() + handshake_message(25, b"compressed"), "unexpected message type 25"),
        (handshake_message(HandshakeType.KEY_UPDATE, b"\x00"), "unexpected message type 24"),
        (_FLIGHT + handshake_message(HandshakeType.FINISHED, bytes(32)) + b"\x04", "span a key change"),
    ],
)
def test_flights_out_of_order_are_refused(messages: bytes, problem: str) -> None:
    client = new_client()
    server = ScriptedTls13(client.start())
    with pytest.raises(DecodeError, match=problem):
        client.feed(server.hello + server.handshake.protect(22, messages))
    assert ServerHello in _kinds(client.events)


@pytest.mark.parametrize(
    ("first", "wire", "problem"),
    [
        (None, alert_record(2, 40), "in the clear"),
        ((23, b"data"), b"", "unexpected content type 23"),
        ((20, b"\x01"), b"", "unexpected content type 20"),
        ((22, b""), b"", "zero-length"),
        ((22, b"\x08"), _CCS, "inside a fragmented message"),
        (None, record(20, 0x0303, b"\x02"), "not the single byte 1"),
    ],
)
def test_records_in_the_clear_or_of_other_types_are_refused_under_encryption(
    first: tuple[int, bytes] | None, wire: bytes, problem: str
) -> None:
    client = new_client()
    server = ScriptedTls13(client.start())
    protected = server.handshake.protect(*first) if first else b""
    with pytest.raises(DecodeError, match=problem):
        client.feed(server.hello + protected + wire)


def test_a_protected_alert_inside_a_fragmented_message_is_refused() -> None:
    client = new_client()
    server = ScriptedTls13(client.start())
    client.feed(server.hello + server.handshake.protect(22, b"\x08"))
    with pytest.raises(DecodeError, match="inside a fragmented message"):
        client.feed(server.handshake.protect(21, b"\x02\x28"))


def test_a_hello_that_shares_its_record_with_more_is_refused() -> None:
    client = new_client()
    server = ScriptedTls13(client.start())
    payload = _records(server.hello)[0].payload
    with pytest.raises(DecodeError, match="span a key change"):
        client.feed(record(22, 0x0303, payload + _ENCRYPTED.handshake()))


@pytest.mark.parametrize("body", [b"", b"\x02", b"\x00\x00"])
def test_key_updates_of_another_form_are_refused(body: bytes) -> None:
    client, server = _connected()
    with pytest.raises(DecodeError, match="KeyUpdate"):
        client.feed(server.application().protect(22, handshake_message(HandshakeType.KEY_UPDATE, body)))


def test_a_refusal_in_the_clear_is_an_alert() -> None:
    client = new_client()
    client.start()
    assert client.feed(alert_record(2, 40)) == [Alert(2, 40)]
    assert client.done


def test_a_flood_after_the_handshake_ends_in_a_bound() -> None:
    client, server = _connected()
    keys = server.application()
    flood = b"".join(keys.protect(23, b"") for _ in range(MAX_FLIGHT_RECORDS + 1))
    with pytest.raises(DecodeError, match="in one flight"):
        client.feed(flood)
    assert len(client.events) == len(_KINDS) + MAX_FLIGHT_RECORDS


def test_extra_extensions_replace_those_of_their_type() -> None:
    client = Tls13Client(
        server_name=None,
        cipher_suites=(0x1301,),
        groups=(0x001D,),
        share_groups=(),
        signature_schemes=(0x0403,),
        extra=(Extension(ExtensionType.SIGNATURE_ALGORITHMS, b"other"), Extension(0xAAAA)),
    )
    hello = ClientHello.parse(_records(client.start())[0].payload[4:])
    offered = {each.type: each.data for each in hello.extensions or ()}
    assert offered[ExtensionType.SIGNATURE_ALGORITHMS] == b"other"
    assert 0xAAAA in offered
    assert ExtensionType.SERVER_NAME not in offered
    assert parse_offered_key_share(offered[ExtensionType.KEY_SHARE]) == ()


@pytest.mark.parametrize(("suites", "shares"), [((0xC02F,), ()), ((0x1301,), (0x0017,)), ((0x1301,), (0x11EC,))])
def test_offers_that_cannot_be_kept_are_the_callers_mistake(suites: tuple[int, ...], shares: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"suite|share"):
        Tls13Client(
            server_name=None,
            cipher_suites=suites,
            groups=(0x001D, 0x11EC),
            share_groups=shares,
            signature_schemes=(0x0403,),
        )


@settings(max_examples=40)
@given(extension_maps, st.binary(max_size=60))
def test_anything_under_encryption_gives_events_or_a_decode_error(found: dict[int, bytes], junk: bytes) -> None:
    client = new_client()
    server = ScriptedTls13(client.start())
    client.feed(server.hello)
    with contextlib.suppress(DecodeError):
        client.feed(server.handshake.protect(22, EncryptedExtensions(found).handshake() + junk))
    assert _kinds(client.events)[:2] == [ServerHello, EncryptedExtensions]
