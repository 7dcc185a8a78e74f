"""The presentation language: what is pushed can be pulled, and what is cut raises DecodeError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.errors import DecodeError
from tlsaudit.wire import Reader, Writer


@given(st.integers(0, 2**8 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**24 - 1), st.integers(0, 2**32 - 1))
def test_integers_round_trip(a: int, b: int, c: int, d: int) -> None:
    writer = Writer()
    writer.push_u8(a)
    writer.push_u16(b)
    writer.push_u24(c)
    writer.push_u32(d)
    reader = Reader(writer.data(), "test")
    assert (reader.pull_u8(), reader.pull_u16(), reader.pull_u24(), reader.pull_u32()) == (a, b, c, d)
    reader.end()


@given(st.lists(st.binary(max_size=40), max_size=20), st.binary(max_size=5))
def test_lists_of_vectors_round_trip(items: list[bytes], rest: bytes) -> None:
    writer = Writer()
    writer.push_list(3, items, lambda item: writer.push_opaque(1, item))
    writer.push_bytes(rest)
    reader = Reader(writer.data(), "test")
    assert reader.pull_list(3, lambda item: item.pull_opaque(1)) == tuple(items)
    assert reader.remaining == len(rest)
    assert reader.pull_rest() == rest


@given(st.binary(max_size=30), st.integers(0, 40))
def test_reading_past_the_end_is_a_decode_error_that_names_the_structure(data: bytes, length: int) -> None:
    reader = Reader(data, "ServerHello")
    if length <= len(data):
        assert reader.pull_bytes(length) == data[:length]
        assert reader.position == length
    else:
        with pytest.raises(DecodeError, match=r"^ServerHello: needs"):
            reader.pull_bytes(length)


@pytest.mark.parametrize(
    ("data", "at_least", "at_most", "problem"),
    [
        (b"\x02ab", 3, None, "at least 3"),
        (b"\x02ab", 0, 1, "at most 1"),
        (b"\x05ab", 0, None, "needs 5 bytes where 2"),
        (b"", 0, None, "needs 1 bytes where 0"),
    ],
)
def test_vector_lengths_are_checked(data: bytes, at_least: int, at_most: int | None, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem):
        Reader(data, "test").pull_opaque(1, at_least=at_least, at_most=at_most)


def test_lists_are_bounded_and_bytes_left_over_are_refused() -> None:
    with pytest.raises(DecodeError, match="more than 2 entries"):
        Reader(b"\x03abc", "test").pull_list(1, Reader.pull_u8, at_most=2)
    with pytest.raises(DecodeError, match="at least 1"):
        Reader(b"\x00", "test").pull_list(1, Reader.pull_u8, at_least=1)
    with pytest.raises(DecodeError, match="1 bytes too many"):
        Reader(b"a", "test").end()


def test_writing_what_does_not_fit_is_the_callers_mistake() -> None:
    with pytest.raises(OverflowError):
        Writer().push_u8(256)
    with pytest.raises(OverflowError):
        Writer().push_opaque(1, bytes(256))
