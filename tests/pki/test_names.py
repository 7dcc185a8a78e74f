"""Distinguished names as text and as what is compared."""

from __future__ import annotations

from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from fixtures.forge import encode_oid, tlv
from tlsaudit.demo.mint import name
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import format_name
from tlsaudit.pki.names import normalise

CN = "2.5.4.3"


def encode_name(*attributes: tuple[str, int, bytes]) -> bytes:
    return tlv(0x30, *(tlv(0x31, tlv(0x30, encode_oid(oid), tlv(tag, value))) for oid, tag, value in attributes))


def common_name(text: str) -> bytes:
    return encode_name((CN, 0x0C, text.encode()))


def test_the_innermost_part_comes_first() -> None:
    assert format_name(name("x", country_name="DE", organization_name="Ä & Söhne").public_bytes()) == (
        "CN=x,O=Ä & Söhne,C=DE"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a,b+c", r"a\,b\+c"),
        ('"<>;\\', r"\"\<\>\;\\"),
        (" x ", r"\ x\ "),
        ("#x#", r"\#x#"),
        ("a\nb\0", r"a\0Ab\00"),
        ("\x1b[31m", r"\1B[31m"),
        ("\u202egnp", r"\E2\80\AEgnp"),
        ("\u2028", r"\E2\80\A8"),
        ("", ""),
    ],
)
def test_what_is_special_is_escaped(text: str, shown: str) -> None:
    assert format_name(common_name(text)) == f"CN={shown}"


def test_string_types_are_decoded_and_unknown_ones_shown_in_hexadecimal() -> None:
    assert format_name(encode_name((CN, 0x1E, "ä".encode("utf-16-be")))) == "CN=ä"
    assert format_name(encode_name((CN, 0x1C, "ä".encode("utf-32-be")))) == "CN=ä"
    assert format_name(encode_name((CN, 0x14, b"\xe4"))) == "CN=ä"
    assert format_name(encode_name((CN, 0x0C, b"\xff"))) == "CN=#0c01ff"
    assert format_name(encode_name(("1.2.3.4", 0x0C, b"x"))) == "1.2.3.4=#0c0178"


def test_a_part_of_several_attributes_is_joined_by_plus() -> None:
    both = x509.RelativeDistinguishedName(
        [x509.NameAttribute(NameOID.COMMON_NAME, "x"), x509.NameAttribute(NameOID.SERIAL_NUMBER, "1")]
    )
    assert set(format_name(x509.Name([both]).public_bytes()).split("+")) == {"CN=x", "serialNumber=1"}


def test_names_are_equal_whatever_their_case_space_and_string_type() -> None:
    assert normalise(common_name("Root  CA ")) == normalise(encode_name((CN, 0x13, b"root ca")))
    assert normalise(common_name("Root CA")) != normalise(common_name("RootCA"))
    assert normalise(encode_name((CN, 0x04, b"A"))) != normalise(encode_name((CN, 0x04, b"a")))


@given(st.text(max_size=60))
def test_any_text_is_shown_without_control_characters(text: str) -> None:
    try:
        encoded = common_name(text)
    except UnicodeEncodeError:
        return
    assert format_name(encoded).isprintable()


@given(st.binary(max_size=80))
def test_any_bytes_are_a_name_or_a_decode_error(data: bytes) -> None:
    with suppress(DecodeError):
        assert format_name(data).isprintable()
