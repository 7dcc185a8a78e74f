"""Expressions of strangers are read as PCRE reads them, in bounded time, or not at all."""

from __future__ import annotations

import re

import pytest

from tlsaudit.model.expression import finds

_EXPRESSIONS = (
    "", "a", "^a", "a$", "^a$", "^(a|b)c$", "^(?:a|b|)c$", "a*", "^a+$", "^a?b$", "^a{2}$", "^a{2,}$", "^a{1,2}b$",
    "^[ab]+$", "^[^a]+$", "^[]a]+$", r"^\w+\.\d+$", r"^\S+$", r"^\D+$", "^.+?b$", "^(a+)+$", "^(a|a)*$",
    "^(?:a*b)*$", "^(?=a).b", "^(?!a)", "^(?:(?!b).)*$", r"\.(?:ico|css)$", "^(?:[a-z0-9-]+\\.)*example\\.com$",
    "^(ab?){2}$", "(^|b)a$",
)  # fmt: skip
_TEXTS = (
    "", "/", "a", "b", "aa", "aaa", "ab", "ba", "aab", "abab", "]", "x.1", "x.css", "www.a.example.com", "ac", "c",
)  # fmt: skip


@pytest.mark.parametrize("expression", _EXPRESSIONS)
@pytest.mark.parametrize("text", _TEXTS)
def test_what_is_read_is_found_as_python_finds_it(expression: str, text: str) -> None:
    assert finds(expression, text) is (re.search(expression, text) is not None)


@pytest.mark.parametrize(
    ("expression", "text", "found"),
    [
        (r"^(?<user>.+)\.example\.com$", "a.example.com", True),
        (r"^(?P<user>.+)\.example\.com$", "example.com", False),
        (r"^WWW\.", "www.a", True),
        ("(?i)^WWW", "www.a", True),
        ("^(a+)+$", "a" * 252 + "b", False),
        ("^(a|a)*$", "a" * 252 + "b", False),
        ("^" + "a?" * 60 + "a{60}$", "a" * 60, True),
        ("^" + ".*" * 90 + "b$", "a" * 253, False),
    ],
)
def test_what_python_reads_otherwise_or_slowly(expression: str, text: str, found: bool) -> None:
    assert finds(expression, text) is found


@pytest.mark.parametrize(
    "expression",
    [
        "(", "a)", "*", "a**", "a++", "(?>a)", "(?<=a)b", r"(a)\1", r"\p{L}", r"\bx", "[[:alpha:]]", "[a", "[b-a]",
        "[a--b]", "a{,3}", "a{65}", "((a+)+)+", "(?=.*(?=.*a))", "(" * 17 + ")" * 17, "a" * 201, "\u00e4", "(?s).",
    ],
)  # fmt: skip
def test_what_cannot_be_told(expression: str) -> None:
    assert finds(expression, "a") is None


@pytest.mark.parametrize(
    ("expression", "text", "found"),
    [
        ("B", "abc", False), ("b", "abc", True), ("(?i)B", "abc", True), ("[A-Z]", "abc", False),
        ("[a-z]", "abc", True), (r"^\w+$", "aBc", True), ("^.$", "A", True),
    ],
)  # fmt: skip
def test_case_counts_where_it_is_asked_for(expression: str, text: str, found: bool) -> None:
    assert finds(expression, text, cased=True) is found


def test_a_text_that_is_no_name() -> None:
    assert finds("a", "a" * 254) is None
