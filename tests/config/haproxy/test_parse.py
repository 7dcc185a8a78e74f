"""Words, sections and conditions of HAProxy's files."""

from __future__ import annotations

import contextlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.process import program
from tests.lab.servers import requires
from tlsaudit.config.assume import Assumptions
from tlsaudit.config.haproxy.conditions import holds
from tlsaudit.config.haproxy.options import BIND_VALUES, SERVER_VALUES
from tlsaudit.config.haproxy.parse import parse
from tlsaudit.config.haproxy.words import QuoteError, split
from tlsaudit.config.problem import SyntaxProblemError

_OF_VARIED_LENGTH = {"source", "usesrc"}  # haproxy lists them without a number
_DEBIAN = Assumptions(haproxy=(2, 6), openssl=(3, 0))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("  bind :443 ssl # crt x", ["bind", ":443", "ssl"]),
        (r"acl a path /a\ b\#c", ["acl", "a", "path", "/a b#c"]),
        ("a 'b $X \"c\"' d", ["a", 'b $X "c"', "d"]),
        ('a "b ${X} $X c"', ["a", "b value value c"]),
        ('a "${UNSET} ${UNSET-x}"', ["a", "${UNSET} ${UNSET}"]),
        ("a \"b\"'c'd", ["a", "bcd"]),
        (r'a "\"q\" \$X" \x41', ["a", '"q" $X', "A"]),
        ("a ''", ["a", ""]),
        ("", []),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert split(line, {"X": "value"}) == words


@pytest.mark.parametrize("line", ["a 'b", 'a "b', "a \\"])
def test_what_is_not_closed(line: str) -> None:
    with pytest.raises(QuoteError):
        split(line, {})


@given(st.text(max_size=200))
def test_any_line_ends_in_words_or_an_error(line: str) -> None:
    with contextlib.suppress(QuoteError):
        assert all(isinstance(each, str) for each in split(line, {}))


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("", False),
        ("1", True),
        ("0", False),
        ("version_atleast(2.4)", True),
        ("version_before(2.4-dev1)", False),
        ("openssl_version_before(1.1.1)", False),
        ("!version_atleast(9)", True),
        ("version_atleast(2.4) && !version_atleast(2.7)", True),
        ("version_atleast(9) || (streq(a,a) && 1)", True),
        ("streq(a,b)", False),
        ("strneq(a,b)", True),
        ("strstr(abc,b)", True),
        ("defined(SET)", True),
        ("defined(UNSET)", None),
        ("feature(OPENSSL)", True),
        ("feature(QUIC)", None),
        ("defined(UNSET) && 0", False),
        ("defined(UNSET) || 1", True),
        ("!defined(UNSET)", None),
        ("odd", None),
        ("(1", None),
        ("((((((((((((((((((((1))))))))))))))))))))", None),
        ("1 1", None),
        ("&&", None),
    ],
)
def test_conditions(condition: str, verdict: bool | None) -> None:
    assert holds(condition.split(), {"SET": ""}, _DEBIAN) is verdict


def test_without_an_assumed_version_nobody_knows() -> None:
    assert holds(["version_atleast(2.4)"], {}, Assumptions()) is None


def test_branches() -> None:
    text = "global\n.if defined(X)\na\n.elif 1\nb\n.else\nc\n.endif\n.if 0\nd\n.if 1\ne\n.endif\n.else\nf\n.endif\n"
    (section,) = parse(text, "a.cfg", {}, _DEBIAN)
    lines = {line.name: line.doubt for line in section.lines}
    assert lines == {"a": "the condition at a.cfg:2", "b": "the condition at a.cfg:4", "f": None}


def test_what_the_text_sets_is_known_from_there_on() -> None:
    text = 'global\nmaxconn "$N"\nsetenv N 5\nmaxconn "$N"\nunsetenv N\nmaxconn "${N}"\npresetenv N 7\nmaxconn "$N"'
    (section,) = parse(text, "a.cfg", {}, _DEBIAN)
    assert [line.args[0] for line in section.all("maxconn")] == ["${N}", "5", "${N}", "7"]


@pytest.mark.parametrize(
    ("text", "line", "words", "code"),
    [
        ("bind :443", 1, "outside of any section", "syntax"),
        ("global\n  log 'a", 2, "is not closed", "syntax"),
        ("global\n.if 1\n", 2, "without .endif", "syntax"),
        ("global\n.endif\n", 2, ".endif without .if", "syntax"),
        ("global\n.maybe\n", 2, "unknown directive", "syntax"),
        ("global\n" + ".if 1\n" * 20, 18, "nested more than 16", "syntax"),
        ("global\n" * 60_000, 50_000, "more than 50000 lines", "syntax"),
        ("global\n  a" + " b" * 2000, 2, "a line of 2001 words", "syntax"),
        ("global\n{% if x %}\n", 2, "a template", "template"),
        ("frontend a\n  bind :{{ port }}\n", 2, "a template", "template"),
        ('frontend a\n  bind ":{{ .Values.port }}" ssl\n', 2, "a template", "template"),
        ("frontend a\n  bind :<%= @port %>\n", 2, "a template", "template"),
    ],
)
def test_what_cannot_be_read(text: str, line: int, words: str, code: str) -> None:
    with pytest.raises(SyntaxProblemError) as raised:
        parse(text, "a.cfg", {}, _DEBIAN)
    assert (raised.value.line, raised.value.code) == (line, code)
    assert words in raised.value.problem


def test_log_formats_and_comments_are_no_templates() -> None:
    text = (
        'global\n# {{ note }}\ndefaults\n  log-format "%ci {%hr} %{+Q}r"\n  http-request deny if { path / } # {{ x }}\n'
    )
    assert len(parse(text, "a.cfg", {}, _DEBIAN)) == 2


def test_the_words_that_take_a_value_are_those_that_haproxy_names() -> None:
    """Of Debian's version; the table has those of later ones as well."""
    requires("haproxy")
    done = subprocess.run(
        [program("haproxy") or "haproxy", "-dKall", "-q", "-c", "-f", "/dev/null"],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    for words, table in ((["bind", "<addr>"], BIND_VALUES), (["server", "<name>", "<addr>"], SERVER_VALUES)):
        named = [line[len(words) :] for line in lines if line[: len(words)] == words]
        keywords = {
            next(each for each in line if each != "ssl" or len(line) == 1): line[-1] == "+1" for line in named if line
        }
        assert len(keywords) > 50
        assert {name for name, takes in keywords.items() if takes} - table == set()
        assert {name for name, takes in keywords.items() if not takes} & table <= _OF_VARIED_LENGTH
