"""The little of HTTP/2 that is spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.target import Target
from tlsaudit.probe import http2

SETTINGS = bytes.fromhex("000000040000000000")
HEADERS = bytes.fromhex("0000010105000000018d")
GOAWAY = bytes.fromhex("0000080700000000000000000000000000")


def test_a_request_is_the_preface_and_two_frames() -> None:
    sent = http2.request(Target(host="x.example"), "/admin")
    assert sent is not None
    preface, _, frames = sent.partition(b"\r\n\r\nSM\r\n\r\n")
    assert preface == b"PRI * HTTP/2.0"
    assert frames.startswith(SETTINGS)
    block = b"\x82\x87\x04\x06/admin\x01\x0dx.example:443"
    assert frames[len(SETTINGS) :] == len(block).to_bytes(3, "big") + b"\x01\x05\x00\x00\x00\x01" + block


def test_what_is_too_long_for_one_byte_is_not_asked() -> None:
    assert http2.request(Target(host="x.example"), "/" + "x" * 126) is None


@pytest.mark.parametrize(
    ("data", "answered"),
    [
        (b"", False),
        (SETTINGS, False),
        (SETTINGS[:5], False),
        (SETTINGS + HEADERS, True),
        (SETTINGS + GOAWAY, True),
        (b"\xff\xff\xff\x04\x00\x00\x00\x00\x00", False),
    ],
)
def test_whether_an_answer_begins(data: bytes, answered: bool) -> None:
    assert http2.answers(data) is answered


@given(st.binary(max_size=100))
def test_junk_is_read_to_its_end(data: bytes) -> None:
    assert http2.answers(data) in {True, False}
