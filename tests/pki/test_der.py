"""The DER reader, with `openssl`'s habits in mind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.forge import encode_integer, encode_oid, tlv
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der


@given(st.integers())
def test_integers_come_back(number: int) -> None:
    element = der.single(encode_integer(number), "x", der.INTEGER)
    assert der.integer(element, "x") == number
    assert der.is_minimal(element) or number < 0


@given(st.tuples(st.integers(0, 1), st.integers(0, 39)), st.lists(st.integers(0, 1 << 40), max_size=6))
def test_object_identifiers_come_back(start: tuple[int, int], rest: list[int]) -> None:
    dotted = ".".join(map(str, (*start, *rest)))
    assert der.oid(der.single(encode_oid(dotted), "x", der.OBJECT_IDENTIFIER), "x") == dotted
    joint = f"2.{start[1] * 100}"
    assert der.oid(der.single(encode_oid(joint), "x", der.OBJECT_IDENTIFIER), "x") == joint


@given(st.binary(max_size=400))
def test_content_of_any_length_comes_back(content: bytes) -> None:
    assert der.single(tlv(der.OCTET_STRING, content), "x", der.OCTET_STRING).content == content


@given(st.binary(max_size=100))
def test_any_bytes_are_elements_or_a_decode_error(data: bytes) -> None:
    try:
        found = list(der.elements(data, "x"))
    except DecodeError:
        return
    assert b"".join(each.raw for each in found) == data


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b"\x30", "ends within"),
        (b"\x30\x80\0\0", "no definite length"),
        (b"\x30\x85\0\0\0\0\1\0", "no definite length"),
        (b"\x30\x81\x01\0", "fewest octets"),
        (b"\x30\x82\x00\x80" + bytes(128), "fewest octets"),
        (b"\x3f\x01\0", "above 30"),
        (b"\x30\x05\0", "exceeds"),
        (b"\x30\x00\0", "follow"),
        (b"\x31\x00", "tag 0x31 stands where 0x30 belongs"),
    ],
)
def test_what_is_no_der_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem):
        der.single(data, "x")


def test_members_are_taken_in_order() -> None:
    members = der.members(der.single(tlv(der.SEQUENCE, encode_integer(1), tlv(der.NULL)), "x"), "x")
    assert members.take_if(der.BOOLEAN) is None
    assert members.take_if(der.INTEGER) is not None
    with pytest.raises(DecodeError, match="unexpected"):
        members.end()
    members.take(der.NULL)
    members.end()
    with pytest.raises(DecodeError, match="ends early"):
        members.take()
