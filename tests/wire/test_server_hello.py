"""ServerHello, HelloRetryRequest, EncryptedExtensions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.strategies import extension_maps, u8, u16
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import EncryptedExtensions, ServerHello
from tlsaudit.wire.server_hello import RETRY_RANDOM

_randoms = st.binary(min_size=32, max_size=32).filter(lambda random: random != RETRY_RANDOM)
_session_ids = st.binary(max_size=32)


@given(
    version=st.integers(0x0300, 0x0303),
    random=_randoms,
    session_id=_session_ids,
    suite=u16,
    compression=u8,
    found=extension_maps,
)
def test_hellos_below_tls13_round_trip(
    *, version: int, random: bytes, session_id: bytes, suite: int, compression: int, found: dict[int, bytes]
) -> None:
    hello = ServerHello(
        version=version,
        legacy_version=version,
        random=random,
        session_id=session_id,
        cipher_suite=suite,
        compression_method=compression,
        extensions=found,
    )
    assert ServerHello.parse(hello.handshake()[4:]) == hello


@given(
    random=_randoms,
    session_id=_session_ids,
    suite=u16,
    group=u16,
    share=st.binary(min_size=1, max_size=60),
    found=extension_maps,
    is_retry=st.booleans(),
)
def test_hellos_and_retries_of_tls13_round_trip(
    *, random: bytes, session_id: bytes, suite: int, group: int, share: bytes, found: dict[int, bytes], is_retry: bool
) -> None:
    written = ServerHello(
        version=0x0304,
        legacy_version=0x0303,
        random=random,
        session_id=session_id,
        cipher_suite=suite,
        extensions=found,
        is_retry=is_retry,
        selected_group=group,
        key_share=None if is_retry else share,
    )
    hello = ServerHello.parse(written.handshake()[4:])
    assert (hello.version, hello.legacy_version) == (0x0304, 0x0303)
    assert (hello.is_retry, hello.selected_group, hello.key_share) == (is_retry, group, None if is_retry else share)
    assert hello.random == (RETRY_RANDOM if is_retry else random)
    assert found.items() <= hello.extensions.items()
    assert ServerHello.parse(hello.handshake()[4:]) == hello


def _body(*, version: str = "0303", random: bytes = bytes(32), compression: str = "00", extensions: str = "") -> bytes:
    block = bytes.fromhex(extensions)
    tail = len(block).to_bytes(2, "big") + block if extensions else b""
    return bytes.fromhex(version) + random + b"\x00\xc0\x2f" + bytes.fromhex(compression) + tail


def test_the_alpn_answer_is_a_property() -> None:
    assert ServerHello.parse(_body(extensions="0010 0005 0003 02 6832")).alpn == "h2"
    assert ServerHello.parse(_body()).alpn is None


def test_a_key_share_below_tls13_means_nothing() -> None:
    hello = ServerHello.parse(_body(extensions="0033 0002 001d"))
    assert (hello.selected_group, hello.key_share) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        _body()[:-1],
        _body() + b"\x00",
        _body() + b"\x00\x00\x00",
        _body(version="0304"),
        _body(version="0002"),
        _body(version="fefd"),
        _body(random=RETRY_RANDOM),
        _body(extensions="002b 0002 0303"),
        _body(extensions="002b 0001 03"),
        _body(extensions="002b 0002 0304 0033 0001 00"),
        _body(extensions="002b 0002 0304 0033 0002 001d"),
        _body(extensions="002b 0002 0304", compression="01"),
        _body(extensions="0017 0000 0017 0000"),
        _body(extensions="0010 0000"),
    ],
)
def test_hellos_that_break_their_form_are_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        ServerHello.parse(body)


@given(st.binary(max_size=120))
def test_any_body_is_a_message_or_a_decode_error(body: bytes) -> None:
    for parse in (ServerHello.parse, EncryptedExtensions.parse):
        try:
            message = parse(body)
        except DecodeError:
            continue
        assert parse(message.handshake()[4:]) == message


@given(extension_maps)
def test_encrypted_extensions_round_trip(found: dict[int, bytes]) -> None:
    message = EncryptedExtensions(found)
    assert EncryptedExtensions.parse(message.handshake()[4:]) == message
    assert message.alpn is None


def test_encrypted_extensions_tell_the_protocol() -> None:
    assert EncryptedExtensions({16: b"\x00\x03\x02h2"}).alpn == "h2"
    with pytest.raises(DecodeError, match="application_layer_protocol_negotiation"):
        EncryptedExtensions.parse(bytes.fromhex("0004 0010 0000"))
