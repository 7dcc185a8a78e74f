"""The grammar of nginx: what is read, with its lines, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.config.nginx.parse import DEEPEST, Directive, parse
from tlsaudit.config.problem import SyntaxProblemError


def shape(directives: list[Directive]) -> list[tuple[object, ...]]:
    return [
        (each.line, each.name, *each.args, *([] if each.block is None else [shape(each.block)])) for each in directives
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b c;", [(1, "a", "b", "c")]),
        ("\n a\n b\n;", [(2, "a", "b")]),
        ("a { b; }\nc;", [(1, "a", [(1, "b")]), (2, "c")]),
        ("# no;\na; # { \n", [(2, "a")]),
        ('a \'b ; } c\' "d\\"e";', [(1, "a", "b ; } c", 'd"e')]),
        ("a ${b}c $d;", [(1, "a", "${b}c", "$d")]),
        ("a b#c;", [(1, "a", "b#c")]),
        ("a b\\;c;", [(1, "a", "b\\;c")]),
        ("a ~ ^/x(y|z)$ { }", [(1, "a", "~", "^/x(y|z)$", [])]),
        ("a\r\n{\r\nb;\r\n}", [(1, "a", [(3, "b")])]),
        ("x_by_lua_block { if a { } \n end } b;", [(1, "x_by_lua_block", []), (2, "b")]),
        ("", []),
    ],
)
def test_what_is_read(text: str, expected: list[object]) -> None:
    assert shape(parse(text, "f")) == expected


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a;\nb", 2, "does not end with a semicolon"),
        ("a {\nb\n}", 2, "does not end with a semicolon"),
        ("a {\nb;", 1, "not closed"),
        ("a;\n}", 2, "closing brace"),
        (";", 1, "unexpected ';'"),
        ("a;\n{ b; }", 2, "unexpected '{'"),
        ("\na 'b;\n", 2, "a string that is not closed"),
        ("listen {{ port }};", 1, "render it first"),
        ("{% if x %} a; {% endif %}", 1, "render it first"),
        ("a <%= b %>;", 1, "render it first"),
        ("a { " * (DEEPEST + 1), 1, "nested more than"),
        ("\nx_by_lua_block { {", 2, "not closed"),
    ],
)
def test_what_is_refused(text: str, line: int, problem: str) -> None:
    with pytest.raises(SyntaxProblemError, match=problem) as caught:
        parse(text, "f")
    assert (caught.value.file, caught.value.line) == ("f", line)


def test_a_template_is_no_broken_configuration() -> None:
    with pytest.raises(SyntaxProblemError) as caught:
        parse("a {{ b }};", "f")
    assert caught.value.code == "template"


@given(st.text(alphabet="ab;{}'\"\\$# \n", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    lines = []
    try:
        lines = [each.line for each in parse(text, "f")]
    except SyntaxProblemError as error:
        lines = [error.line]
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)
