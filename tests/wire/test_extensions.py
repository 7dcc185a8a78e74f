"""Every builder has a parser that gives back what was built, or known bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.strategies import extension_maps, names, u8, u16, u16s
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import Extension, ExtensionType, Reader, Writer, extensions
from tlsaudit.wire.extensions import pull_extension_map, pull_extensions, push_extension_map, push_extensions
from tlsaudit.wire.limits import MAX_EXTENSIONS


@given(names)
def test_server_name_round_trips(name: str) -> None:
    extension = extensions.server_name(name)
    assert extension.type == 0
    assert extensions.parse_offered_server_name(extension.data) == name


@given(u16s)
def test_lists_of_codes_round_trip(codes: list[int]) -> None:
    assert extensions.parse_supported_groups(extensions.supported_groups(codes).data) == tuple(codes)
    assert extensions.parse_signature_algorithms(extensions.signature_algorithms(codes).data) == tuple(codes)
    assert extensions.parse_signature_algorithms(extensions.signature_algorithms_cert(codes).data) == tuple(codes)
    assert extensions.parse_offered_supported_versions(extensions.supported_versions(codes).data) == tuple(codes)


@given(st.lists(u8, min_size=1, max_size=10))
def test_point_formats_round_trip(formats: list[int]) -> None:
    assert extensions.parse_ec_point_formats(extensions.ec_point_formats(formats).data) == tuple(formats)


@given(st.lists(st.tuples(u16, st.binary(min_size=1, max_size=70)), max_size=5))
def test_key_shares_round_trip(entries: list[tuple[int, bytes]]) -> None:
    assert extensions.parse_offered_key_share(extensions.key_share(entries).data) == tuple(entries)


@given(st.lists(names, min_size=1, max_size=5))
def test_alpn_round_trips(protocols: list[str]) -> None:
    assert extensions.parse_offered_alpn(extensions.alpn(protocols).data) == tuple(protocols)


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5))
def test_certificate_authorities_round_trip(authorities: list[bytes]) -> None:
    data = extensions.certificate_authorities(authorities).data
    assert extensions.parse_certificate_authorities(data) == tuple(authorities)


@given(st.binary(min_size=1, max_size=100))
def test_cookie_and_scts_round_trip(value: bytes) -> None:
    assert extensions.parse_cookie(extensions.cookie(value).data) == value
    writer = Writer()
    writer.push_list(2, (value, value), lambda sct: writer.push_opaque(2, sct))
    assert extensions.parse_sct_list(writer.data()) == (value, value)


@pytest.mark.parametrize(
    ("extension", "encoded"),
    [
        (extensions.status_request(), "0005 0005 01 0000 0000"),
        (extensions.extended_master_secret(), "0017 0000"),
        (extensions.encrypt_then_mac(), "0016 0000"),
        (extensions.renegotiation_info(), "ff01 0001 00"),
        (extensions.session_ticket(), "0023 0000"),
        (extensions.session_ticket(b"\x01\x02"), "0023 0002 0102"),
        (extensions.heartbeat(), "000f 0001 01"),
        (extensions.truncated_hmac(), "0004 0000"),
        (extensions.psk_key_exchange_modes(), "002d 0002 01 01"),
        (extensions.post_handshake_auth(), "0031 0000"),
        (extensions.signed_certificate_timestamp(), "0012 0000"),
        (extensions.padding(3), "0015 0003 000000"),
        (extensions.next_protocol_negotiation(), "3374 0000"),
        (extensions.ec_point_formats(), "000b 0002 01 00"),
        (extensions.key_share([]), "0033 0002 0000"),
        (extensions.supported_versions([0x0304]), "002b 0003 02 0304"),
        (extensions.server_name("a.b"), "0000 0008 0006 00 0003 612e62"),
        (extensions.alpn(["h2"]), "0010 0005 0003 02 6832"),
    ],
)
def test_extensions_have_the_bytes_of_their_rfc(extension: Extension, encoded: str) -> None:
    writer = Writer()
    push_extensions(writer, [extension])
    assert writer.data()[2:] == bytes.fromhex(encoded)


def test_answers_of_a_server_are_read() -> None:
    assert extensions.parse_supported_versions(b"\x03\x04") == 0x0304
    assert extensions.parse_key_share(b"\x00\x1d\x00\x02ab") == (0x1D, b"ab")
    assert extensions.parse_retry_key_share(b"\x11\xec") == 0x11EC
    assert extensions.parse_alpn(b"\x00\x03\x02h2") == "h2"
    assert extensions.parse_renegotiation_info(b"\x00") == b""
    assert extensions.parse_heartbeat(b"\x02") == 2


def test_a_protocol_name_never_carries_control_characters() -> None:
    assert extensions.parse_alpn(b"\x00\x04\x03\x1b[m") == "\\x1b[m"


@pytest.mark.parametrize("data", [b"", b"\x00\x00", b"\x00\x06\x02h2\x02h3", b"\x00\x01\x00", b"\x00\x03\x02h2!"])
def test_alpn_answers_of_another_form_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="application_layer_protocol_negotiation"):
        extensions.parse_alpn(data)


@pytest.mark.parametrize("data", [b"", b"\x00\x04\x01\x00\x01a", b"\x00\x03\x00\x00\x00", b"\x00\x05\x00\x00\x01aa"])
def test_server_names_of_another_form_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="server_name"):
        extensions.parse_offered_server_name(data)


def test_a_cookie_too_large_to_be_returned_is_refused() -> None:
    with pytest.raises(DecodeError, match="at most"):
        extensions.parse_cookie(extensions.cookie(bytes(2**16 - 3)).data)


@given(extension_maps)
def test_blocks_round_trip(found: dict[int, bytes]) -> None:
    writer = Writer()
    push_extension_map(writer, found)
    assert pull_extension_map(Reader(writer.data(), "test")) == found


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ([Extension(1), Extension(1)], "the same extension twice"),
        ([Extension(code) for code in range(MAX_EXTENSIONS + 1)], "more than"),
    ],
)
def test_blocks_with_duplicates_or_too_many_are_refused(block: list[Extension], problem: str) -> None:
    writer = Writer()
    push_extensions(writer, block)
    with pytest.raises(DecodeError, match=problem):
        pull_extensions(Reader(writer.data(), "ServerHello"))


def test_types_have_their_iana_codes() -> None:
    assert ExtensionType(0xFF01).name == "RENEGOTIATION_INFO"
    assert ExtensionType(51).name == "KEY_SHARE"
    assert ExtensionType(0xFE0D).name == "ENCRYPTED_CLIENT_HELLO"
