"""The grammar of Apache httpd, as written by people and as nobody should write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.config.apache.parse import DEEPEST, parse, words
from tlsaudit.config.problem import SyntaxProblemError


def test_a_directive_is_a_line() -> None:
    (listen, host) = parse(
        "# a comment\nListen 443\n\n <VirtualHost *:443 [::]:443>\n  sslEngine On\n</virtualhost>\n", "f"
    )
    assert (listen.name, listen.args, listen.at, listen.block) == ("listen", ("443",), "f:2", None)
    assert (host.name, host.args, host.line) == ("virtualhost", ("*:443", "[::]:443"), 4)
    assert host.block is not None
    assert [(each.name, each.word, each.line) for each in host.block] == [("sslengine", "On", 5)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a b", ["a", "b"]),
        ('"a b" c', ["a b", "c"]),
        ("'a b'", ["a b"]),
        (r'"a \"b\" c"', ['a "b" c']),
        ('"never closed', ["never closed"]),
        ("a\\b", ["a\\b"]),
        ("", []),
        ('a"b c', ['a"b', "c"]),
        ('""', [""]),
    ],
)
def test_words_are_split_as_httpd_does(raw: str, expected: list[str]) -> None:
    assert list(words(raw)) == expected


def test_a_line_goes_on_behind_a_backslash() -> None:
    text = "SSLProtocol \\\n  +TLSv1.2 \\\r\n  +TLSv1.3\nListen 443\n# comments \\\nSSLProtocol all\nServerName \\"
    first, second, third = parse(text, "f")
    assert (first.args, first.line) == (("+TLSv1.2", "+TLSv1.3"), 1)
    assert second.line == 4
    assert (third.name, third.args) == ("servername", ())


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("<VirtualHost *:443>\nSSLEngine on", 1, "syntax"),
        ("\n</VirtualHost>", 2, "syntax"),
        ("<VirtualHost *:443>\n</Location>", 2, "syntax"),
        ("<VirtualHost *:443\nSSLEngine on\n</VirtualHost>", 1, "syntax"),
        ("<>", 1, "syntax"),
        ("a\n" * 60_000, 50_001, "syntax"),
        ("<Location />\n" * 3000 + "</Location>\n" * 3000, DEEPEST + 1, "syntax"),
        ("x " * 100_000, 1, "syntax"),
        ("x\\\n" * 100_000, 1, "syntax"),
        ("Listen 80\nServerName {{ host }}", 2, "template"),
        ("{% if tls %}\nSSLEngine on\n{% endif %}", 1, "template"),
        ("SSLCertificateFile <%= @cert %>", 1, "template"),
    ],
)
def test_what_breaks_is_named_with_its_line(text: str, line: int, code: str) -> None:
    with pytest.raises(SyntaxProblemError) as caught:
        parse(text, "f")
    assert (caught.value.line, caught.value.code) == (line, code)


@pytest.mark.parametrize(
    "line",
    [
        r'LogFormat "{\"time\":\"%t\",\"tls\":{{\"v\":\"%{SSL_PROTOCOL}x\"}}" json',
        r"RewriteCond %{HTTP_HOST} ^(.+){1,3}$",
        "Header set X %{SSL_PROTOCOL}s",
        "Define X ${Y}",
    ],
)
def test_braces_of_its_own_are_no_template(line: str) -> None:
    assert len(parse(line, "f")) == 1


@given(st.text(alphabet="<>/\\\"' \n\r#aVL{%}$", max_size=200))
def test_anything_is_read_or_refused(text: str) -> None:
    lines = range(1, text.count("\n") + 2)
    try:
        found = parse(text, "f")
    except SyntaxProblemError as error:
        assert error.line in lines  # noqa: PT017 - either outcome is right
    else:
        assert all(each.line in lines and isinstance(each.args, tuple) for each in found)
