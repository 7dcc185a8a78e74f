"""Hostile text in reports."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.document import Document, Subject
from tlsaudit.report.sanitize import ascii_json, ascii_text, presentable, shorten, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CN=example.com", "CN=example.com"),
        ("Köln 東京 €", "Köln 東京 €"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("a\x9b31mred", "a\\x9b31mred"),
        ("bell\x07del\x7fnul\x00", "bell\\x07del\\x7fnul\\x00"),
        ("line\r\nbreak\ttab", "line\\r\\nbreak\\ttab"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066isolate\u2069", "\\u2066isolate\\u2069"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("wide\u00a0space\u3000", "wide\\xa0space\\u3000"),
        ("hangul\u3164filler", "hangul\\u3164filler"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("lone\ud800", "lone\\ud800"),
        ("::error file=a::b", ":\\x3aerror file=a::b"),
        ("é ::stop-commands::b", "é :\\x3astop-commands::b"),
        ("2001:db8::1, ::1, std::string", "2001:db8::1, ::1, std::string"),
        ("##[group]a ##vso[task.x]b", "#\\x23[group]a #\\x23vso[task.x]b"),
        ("## heading #1 [a]", "## heading #1 [a]"),
        ("a\u0301\u0302\u0303\u0304", "a\u0301\u0302\\u0303\\u0304"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(codec=None)))
def test_visible_text_never_steers_a_terminal(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert all(unicodedata.category(each) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for each in shown)


@given(st.text(st.characters(codec=None)))
def test_making_visible_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.text(":#[]aé \x00", max_size=12))
def test_no_part_of_a_text_is_obeyed_by_a_build_server(text: str) -> None:
    shown = visible(text)
    assert not re.search(r"##\w*\[", shown)
    assert not re.search(r"::[A-Za-z-]+( [^:]*)?::", shown)
    assert "##" not in ascii_text(text)
    assert json.loads(ascii_text(text)) == text


def test_a_long_value_is_cut_with_a_note_of_what_is_missing() -> None:
    assert visible("x" * 5000, 10) == "xxxxxxxxxx… (+4,990 characters)"
    assert shorten("x" * 11, 10) == "xxxxxxxxxx… (+1 characters)"
    assert shorten("x" * 10, 10) == "x" * 10


def test_every_text_of_a_document_is_made_visible(document: Document) -> None:
    shown = presentable(document).model_dump_json()
    assert "\\u001b" not in shown
    assert "\u202e" not in shown
    assert "\\\\x1b[2J" in shown


def test_a_sound_document_is_presented_unchanged(sound: Subject, document: Document) -> None:
    harmless = document.model_copy(update={"subjects": [sound]})
    assert presentable(harmless) == harmless


def test_json_keeps_every_value_and_is_ascii(document: Document) -> None:
    text = ascii_json(document)
    assert text.isascii()
    assert text.isprintable()
    assert Document.model_validate_json(text) == document
    assert json.loads(text) == json.loads(document.to_json())
    assert "A" * 5000 in text


def test_json_of_a_lone_surrogate_can_be_read_again(sound: Subject, document: Document) -> None:
    broken = sound.model_copy(update={"name": "a\ud800b\U0001f512"})
    text = ascii_json(document.model_copy(update={"subjects": [broken]}))
    assert Document.model_validate_json(text).subjects[0].name == "a\ufffdb\U0001f512"
