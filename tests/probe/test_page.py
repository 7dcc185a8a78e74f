"""Pages as browsers read them, pages that nobody should, and how much of either is looked at."""

from __future__ import annotations

import gzip
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.errors import DecodeError
from tlsaudit.probe.page import LONGEST_PAGE, loaded_insecurely, unpacked

_OLD = "http://old.example/"


@pytest.mark.parametrize(
    "markup",
    [
        "<script src=http://old.example/></script>",
        '<SCRIPT async SRC = "http://old.example/">',
        "<script\n\tdata-x='>' src='HTTP://old.example/'>",
        "<script src='&#104;ttp://old.example/'>",
        "<script src=' ht\ntp://old.example/'>",
        "<link href='http://old.example/' rel='preload STYLESHEET'>",
        "<iframe src=http://old.example/></iframe>",
        "<frameset><frame src=http://old.example/>",
        "<object data=http://old.example/></object>",
        "<embed src=http://old.example/>",
        "<base href=http://old.example/><script src=x.js></script>",
        "<!-- > --><script src=http://old.example/>",
        "<style></style><title><b></title><script src=http://old.example/>",
        "<p title='<script>'><script src=http://old.example/>",
        "<p a=1 = b / c><script/src=http://old.example/>",
    ],
)
def test_what_a_page_loads_by_http_and_obeys_is_found(markup: str) -> None:
    (found,) = loaded_insecurely(f"<!doctype html><html>{markup}")
    assert found.lower() in {_OLD, "x.js"}


@pytest.mark.parametrize(
    "markup",
    [
        "<script src=https://new.example/x.js></script>",
        "<script src=//new.example/x.js></script>",
        "<script src=x.js></script><script>src='http://old.example/'</script>",
        "<script>document.write('<script src=http://old.example/>')</script>",
        "<img src=http://old.example/><video src=http://old.example/></video>",
        "<a href=http://old.example/>",
        "<link rel=canonical href=http://old.example/>",
        "<!-- <script src=http://old.example/> -->",
        "<textarea><script src=http://old.example/></textarea>",
        "<script src=a.js src=http://old.example/>",
        "<meta http-equiv=Content-Security-Policy content='upgrade-insecure-requests'><script src=http://old.example/>",
        "<base href=http://old.example/><script src=https://new.example/x.js></script>",
        "<base href=/a/><base href=http://old.example/><script src=x.js></script>",
        "< script src=http://old.example/>",
        "<script src='http://old.example/",
        "<!-- never closed <script src=http://old.example/>",
    ],
)
def test_what_is_loaded_otherwise_or_not_obeyed_is_not(markup: str) -> None:
    assert loaded_insecurely(f"<!doctype html><html>{markup}") == ()


def test_a_policy_of_the_page_upgrades_it() -> None:
    page = "<script src=http://old.example/></script>"
    assert loaded_insecurely(page, "default-src https:; Upgrade-Insecure-Requests") == ()
    assert loaded_insecurely(page, "report-uri /upgrade-insecure-requests") == (_OLD,)


def test_a_page_names_only_so_many_addresses_and_none_of_any_length() -> None:
    many = "".join(f"<script src=http://{number}.example/{'x' * 5000}></script>" for number in range(100))
    found = loaded_insecurely(many)
    assert len(found) == 20
    assert all(len(each) <= 200 for each in found)


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", "<a b=", "<!--", "<![", "</", "<a b='", "<script>", "<script></", "=", "<a =", "&", "<a" + " " * 50],
)
def test_hostile_markup_takes_time_in_proportion_to_its_length(piece: str) -> None:
    """Counted in steps of the interpreter, not in seconds."""
    short, long = (_steps((piece * 20_000)[:length]) for length in (10_000, 20_000))
    assert long <= short * 3


def _steps(text: str) -> int:
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        loaded_insecurely(text)
    finally:
        sys.setprofile(None)
    return calls + 1


@given(st.text(alphabet="<>/!-='\" abscriptsrclinkhe", max_size=300))
def test_any_markup_is_read(text: str) -> None:
    assert isinstance(loaded_insecurely(text), tuple)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"page", mtime=0)),
        ("x-gzip", gzip.compress(b"page", mtime=0)),
        (" GZIP ", gzip.compress(b"page", mtime=0)),
        ("deflate", zlib.compress(b"page")),
        ("deflate", zlib.compress(b"page")[2:-4]),
        ("identity", b"page"),
        ("", b"page"),
    ],
)
def test_what_was_offered_is_unpacked(encoding: str, packed: bytes) -> None:
    assert unpacked(packed, encoding) == b"page"


def test_what_is_cut_is_unpacked_as_far_as_it_goes() -> None:
    packed = gzip.compress(bytes(range(256)) * 100)
    whole = unpacked(packed, "gzip")
    assert whole.startswith(unpacked(packed[: len(packed) // 2], "gzip"))


def test_a_bomb_is_unpacked_to_a_bound() -> None:
    assert len(unpacked(gzip.compress(bytes(50_000_000)), "gzip")) == LONGEST_PAGE
    assert len(unpacked(bytes(2 * LONGEST_PAGE), "")) == LONGEST_PAGE


@pytest.mark.parametrize(("encoding", "packed"), [("br", b"x"), ("gzip, gzip", b"x"), ("gzip", b"no gzip at all")])
def test_what_cannot_be_unpacked_is_an_error(encoding: str, packed: bytes) -> None:
    with pytest.raises(DecodeError, match="Content-Encoding"):
        unpacked(packed, encoding)
