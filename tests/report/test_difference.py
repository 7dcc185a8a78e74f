"""The differences of two reports as text and as JSON."""

from __future__ import annotations

import json

import pytest

from tests.judged import document_of, subject_of, unreachable
from tests.rules.facts import TLS_1_0, answers, sound, with_suites
from tlsaudit.compare import compare
from tlsaudit.model.difference import Difference
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.model.result import Severity
from tlsaudit.report import Style
from tlsaudit.report.difference import render_json, render_text


def _difference(old: Facts, new: Facts) -> Difference:
    reports = (
        document_of(subject_of(old), unreachable("b.example")),
        document_of(subject_of(new), unreachable("b.example")),
    )
    return compare(*reports, names=("old.json", "new.json"), fail_on=Severity.HIGH)


_WORSE = _difference(sound(), with_suites(0xC013, version=TLS_1_0))


def test_text_says_what_is_new_and_why() -> None:
    text = render_text(_WORSE, Style(width=100))
    for words in (
        "OLD        old.json  (2026-11-21T12:00:00Z, full mode, policy owasp)",
        "  NEW        high  TLS-PROTO-003  TLS 1.0 accepted",
        "             because protocols.TLSv1.0: rejected -> accepted",
        "could not be compared: OLD: unreachable: no; NEW: unreachable: no",
        "  exit code  1. New failures reach the threshold. (--fail-on high)",
    ):
        assert words in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_what_is_fixed_and_what_is_open_is_told_too() -> None:
    silent = sound(http=Unknown(Why.NO_ANSWER, "silence"))
    text = render_text(_difference(with_suites(0xC013, version=TLS_1_0), silent), Style(width=100))
    assert "  FIXED      high  TLS-PROTO-003  TLS 1.0 accepted" in text
    assert "  UNKNOWN    medium  TLS-HTTP-001" in text
    names = "http.status, http.server, http.location, http.hsts, http.compression, http.insecure_content"
    assert f"{names}: NEW: no answer (silence)" in " ".join(text.split())
    assert "  exit code  3." in text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("colour", [False, True])
def test_it_can_be_drawn_at_any_width(width: int, colour: bool) -> None:
    assert ("\x1b[" in render_text(_WORSE, Style(width=width, colour=colour))) is colour


def test_what_a_server_sent_cannot_steer_the_terminal() -> None:
    hostile = sound(http=answers(server="\x1b[31mred\u202e\r\nNEW critical", hsts=None))
    text = render_text(_difference(sound(), hostile), Style(width=200))
    assert "\\x1b[31mred\\u202e\\r\\nNEW critical" in text
    assert "\x1b" not in text


def test_json_is_one_line_that_says_it_all() -> None:
    written = render_json(_WORSE)
    assert written.endswith("}\n")
    assert written.count("\n") == 1
    assert written.isascii()
    assert json.loads(written)["schema"] == "tlsaudit.diff/1"
    assert Difference.model_validate_json(written) == _WORSE
