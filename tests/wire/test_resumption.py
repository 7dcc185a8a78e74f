"""Resumption at TLS 1.3: the hello with a ticket, early data, and answers that are right, wrong or broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import (
    PSK_DHE_KE,
    TLS13_SUITES,
    ClientHello,
    ContentType,
    EncryptedExtensions,
    ExtensionType,
    KeySchedule,
    NewSessionTicket,
    Psk,
    RecordProtection,
    RecordReader,
    ResumptionReader,
    ServerHello,
    Transcript,
    derive_secret,
    early_flight,
    early_secret,
    extensions,
    generate_key_share,
    handshake_message,
    handshake_records,
    record,
    verify_data,
    with_psk,
)

_X25519, _P256 = 0x001D, 0x0017
_TICKET = NewSessionTicket(7200, {42: b"\x00\x00\x40\x00"}, b"ticket", 0x01020304, b"\x00\x00")
_PSK = Psk.of(_TICKET, 0x1301, bytes(range(32)), received=10.0)
_SUITE = TLS13_SUITES[0x1301]
_SHARE = generate_key_share(_X25519)
_PLAIN = ClientHello(
    session_id=bytes(32),
    cipher_suites=(0x1301, 0x1302, 0x1303),
    extensions=(
        extensions.supported_versions((0x0304,)),
        extensions.key_share(((_X25519, _SHARE.public),)),
        extensions.psk_key_exchange_modes((PSK_DHE_KE,)),
        extensions.early_data(),
    ),
)
_HELLO = with_psk(_PLAIN, _PSK, age=1.5)
_SELECTED: dict[int, bytes] = {ExtensionType.PRE_SHARED_KEY: b"\x00\x00"}


def test_what_a_ticket_allows() -> None:
    assert (_PSK.identity, _PSK.early_data, _PSK.received) == (b"ticket", 16384, 10.0)
    # RFC 8448 section 3: the secret of the session and what its ticket, with a nonce of two zeros, is worth.
    secret = bytes.fromhex("7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c")
    key = "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3"
    assert Psk.of(_TICKET, 0x1301, secret, received=0.0).key.hex() == key
    assert "ticket" not in repr(_PSK)
    assert _PSK.key.hex() not in repr(_PSK)


def test_the_ticket_comes_last_with_its_age_and_a_proof_over_all_before() -> None:
    last = (_HELLO.extensions or ())[-1]
    assert last.type == ExtensionType.PRE_SHARED_KEY
    identities, binders = last.data[:-35], last.data[-35:]
    age = (1500 + 0x01020304).to_bytes(4, "big")
    assert identities == b"\x00\x0c\x00\x06ticket" + age
    assert binders[:3] == b"\x00\x21\x20"
    truncated = _HELLO.handshake()[:-35]
    key = derive_secret(_SUITE, early_secret(_SUITE, _PSK.key), "res binder", _SUITE.digest(b""))
    assert binders[3:] == verify_data(_SUITE, key, _SUITE.digest(truncated))


def test_early_data_follows_under_a_key_of_its_own() -> None:
    flight = early_flight(_HELLO, _PSK, b"GET / HTTP/1.1\r\n\r\n")
    records = RecordReader()
    records.feed(flight)
    hello, ccs, data = records.next(), records.next(), records.next()
    assert hello is not None
    assert hello.payload == _HELLO.handshake()
    assert ccs is not None
    assert ccs.type == ContentType.CHANGE_CIPHER_SPEC
    secret = derive_secret(_SUITE, early_secret(_SUITE, _PSK.key), "c e traffic", _SUITE.digest(_HELLO.handshake()))
    assert data is not None
    assert RecordProtection(_SUITE, secret).open(data) == (ContentType.APPLICATION_DATA, b"GET / HTTP/1.1\r\n\r\n")
    assert early_flight(_HELLO, _PSK, b"").endswith(b"\x14\x03\x03\x00\x01\x01")


def _server_hello(**changes: object) -> ServerHello:
    plain = ServerHello(
        version=0x0304,
        legacy_version=0x0303,
        session_id=bytes(32),
        cipher_suite=0x1301,
        extensions=_SELECTED,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test names fields of ServerHello


def _answer(hello: ServerHello, shared: bytes, *messages: bytes) -> bytes:
    """The hello, and messages in one record under the keys that follow from it."""
    transcript = Transcript()
    transcript.add(_HELLO.handshake())
    transcript.add(hello.handshake())
    suite = TLS13_SUITES[hello.cipher_suite]
    _, secret = KeySchedule(suite, shared, _PSK.key).handshake_traffic(transcript.hash(suite))
    sealed = RecordProtection(suite, secret).protect(ContentType.HANDSHAKE, b"".join(messages))
    return handshake_records(hello.handshake(), 0x0303) + record(20, 0x0303, b"\x01") + sealed


@pytest.mark.parametrize("taken", [True, False])
def test_a_resumed_session_and_whether_early_data_is_read(taken: bool) -> None:
    theirs = generate_key_share(_X25519)
    hello = _server_hello(selected_group=_X25519, key_share=theirs.public)
    said = EncryptedExtensions({ExtensionType.EARLY_DATA: b""} if taken else {})
    flight = _answer(hello, theirs.exchange(_SHARE.public), said.handshake())
    for size in (1, len(flight)):
        reader = ResumptionReader(_HELLO, _PSK, _SHARE)
        for at in range(0, len(flight), size):
            reader.feed(flight[at : at + size])
        assert reader.done
        assert reader.resumed
        assert reader.takes_early_data is taken


def test_a_session_resumed_without_a_new_key_exchange() -> None:
    hello = _server_hello()
    reader = ResumptionReader(_HELLO, _PSK, _SHARE)
    reader.feed(_answer(hello, bytes(32), EncryptedExtensions({}).handshake()))
    assert reader.done
    assert reader.resumed


@pytest.mark.parametrize(
    "hello",
    [
        _server_hello(extensions={}, selected_group=_X25519, key_share=bytes(32)),
        _server_hello(is_retry=True, selected_group=_P256),
        ServerHello(version=0x0303, legacy_version=0x0303, cipher_suite=0xC02F),
    ],
    ids=["full handshake", "retry", "TLS 1.2"],
)
def test_another_answer_ends_it(hello: ServerHello) -> None:
    reader = ResumptionReader(_HELLO, _PSK, _SHARE)
    reader.feed(handshake_records(hello.handshake(), 0x0303))
    assert reader.done
    assert not reader.resumed
    assert not reader.takes_early_data


def test_an_alert_ends_it() -> None:
    reader = ResumptionReader(_HELLO, _PSK, _SHARE)
    reader.feed(record(21, 0x0303, b"\x02\x28"))
    assert reader.done


@pytest.mark.parametrize(
    ("flight", "problem"),
    [
        (handshake_records(_server_hello(cipher_suite=0x1302).handshake(), 0x0303), "does not go with the session"),
        (handshake_records(_server_hello(cipher_suite=0x1304).handshake(), 0x0303), "does not go with the session"),
        (
            handshake_records(_server_hello(selected_group=_P256, key_share=b"\x04").handshake(), 0x0303),
            "no key share for a group that was offered",
        ),
        (
            handshake_records(_server_hello(selected_group=_X25519, key_share=b"short").handshake(), 0x0303),
            "invalid value of 5 bytes",
        ),
        (handshake_records(_server_hello().handshake() + b"\x08", 0x0303), "span a key change"),
        (handshake_records(handshake_message(11, b""), 0x0303), "unexpected message type 11"),
        (record(23, 0x0303, b"data"), "unexpected content type 23"),
        (_answer(_server_hello(), bytes(32), handshake_message(11, b"")), "unexpected message type 11"),
        (handshake_records(_server_hello().handshake(), 0x0303) + record(23, 0x0303, bytes(40)), "cannot be decrypted"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_breaks_the_protocol_is_an_error(flight: bytes, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem):
        ResumptionReader(_HELLO, _PSK, _SHARE).feed(flight)
