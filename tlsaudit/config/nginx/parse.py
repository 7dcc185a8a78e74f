"""The grammar of nginx: words, strings, comments and blocks, each directive with its line.

Follows ngx_conf_read_token in nginx's src/core/ngx_conf_file.c. Nothing is nested by recursion, so that depth costs
no stack; a file may be hostile.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field

from tlsaudit.config.problem import SyntaxProblemError

DEEPEST = 32
MOST_DIRECTIVES = 50_000
_LONGEST_WORD = 64 * 1024
_TEMPLATE = re.compile(r"\{\{|\{%|<%")
_BETWEEN = frozenset({";", "{", "}"})
"""What stands before a directive."""
_RAW = re.compile(r"_by_lua_block\Z|\Ajs_set_block\Z")
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>\#[^\n]*)|(?P<sign>[;{}])"""
    r"""|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<word>(?:\\.|\$\{|[^\s;{\\"'])(?:\\.|\$\{|[^\s;{\\])*)""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"""\\(["'\\tnr])""")
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its name, its words, where it stands, and what is in its braces (None: it has none)."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    block: list[Directive] | None = field(default=None, repr=False)
    shipped: str = ""
    """It is in a file that is not here: what hangs on that the file is as it is shipped."""

    @property
    def at(self) -> str:
        """Where it stands, as reports write it."""
        return f"{self.file}:{self.line}"


def parse(text: str, file: str) -> list[Directive]:
    """The directives of one file. Raises SyntaxProblemError at the first line that cannot be read."""
    blocks = _Blocks(file)
    tokens = _tokens(text, file)
    for kind, value, line in tokens:
        if kind == "word":
            blocks.word(value, line)
        elif value == "}":
            blocks.close(line)
        elif blocks.end(value, line):
            tokens.send("skip")
    return blocks.done()


class _Blocks:
    """The directives so far, with the blocks that are still open."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._top: list[Directive] = []
        self._open: list[tuple[list[Directive], int]] = [(self._top, 1)]
        self._words: list[str] = []
        self._begun = 1
        self._count = 0

    def word(self, value: str, line: int) -> None:
        """One more word of a directive."""
        self._begun = self._begun if self._words else line
        self._words.append(value)

    def end(self, sign: str, line: int) -> bool:
        """The end of a directive, by semicolon or opening brace; True where its block is in another language."""
        self._count += 1
        if self._count > MOST_DIRECTIVES:
            raise SyntaxProblemError(self._file, line, f"more than {MOST_DIRECTIVES} directives")
        if not self._words:
            raise SyntaxProblemError(self._file, line, f"unexpected {sign!r}")
        name = self._words[0]
        block: list[Directive] | None = [] if sign == "{" else None
        self._open[-1][0].append(Directive(name, tuple(self._words[1:]), self._file, self._begun, block))
        self._words = []
        if block is None:
            return False
        if len(self._open) > DEEPEST:
            raise SyntaxProblemError(self._file, line, f"blocks are nested more than {DEEPEST} deep")
        if _RAW.search(name):
            return True
        self._open.append((block, line))
        return False

    def close(self, line: int) -> None:
        """The end of a block."""
        self._refuse_unfinished()
        if len(self._open) == 1:
            raise SyntaxProblemError(self._file, line, "a closing brace without an opening one")
        self._open.pop()

    def done(self) -> list[Directive]:
        """All directives, at the end of the file."""
        self._refuse_unfinished()
        if len(self._open) > 1:
            raise SyntaxProblemError(self._file, self._open[-1][1], "a block that is not closed")
        return self._top

    def _refuse_unfinished(self) -> None:
        if self._words:
            name = self._words[0][:60]
            problem = f"the directive {name!r} does not end with a semicolon"
            raise SyntaxProblemError(self._file, self._begun, problem)


def _tokens(text: str, file: str) -> Generator[tuple[str, str, int], str, None]:
    """Kind (word, sign), value and line of every token; `send` of anything skips a block of another language."""
    place, line = 0, 1
    before = ";"
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise SyntaxProblemError(file, line, "a string that is not closed")
        kind, value = str(found.lastgroup), found.group()
        at, place, line = line, found.end(), line + value.count("\n")
        if kind in {"space", "comment"}:
            continue
        if len(value) > _LONGEST_WORD:
            raise SyntaxProblemError(file, at, f"a word of {len(value)} characters")
        # A comment of Jinja; `server {# ...` is one of nginx.
        opens_comment = before in _BETWEEN and text.startswith("{#", found.start())
        before = value
        if opens_comment or (kind != "quoted" and _TEMPLATE.match(text, found.start())):
            raise SyntaxProblemError(
                file, at, "a template, and no configuration yet: render it first, or --exclude it", "template"
            )
        if kind == "sign":
            skip: str | None = yield "sign", value, at
            if skip is not None:
                place = _after_braces(text, place, file, at)
                line = at + text.count("\n", found.end(), place)
                yield "skipped", "", line
        else:
            inner = value[1:-1] if kind == "quoted" else value
            yield "word", _ESCAPE.sub(lambda each: _ESCAPES.get(each[1], each[1]), inner), at


def _after_braces(text: str, place: int, file: str, line: int) -> int:
    """Behind the brace that closes the one before `place`."""
    depth = 1
    for found in re.compile(r"[{}]").finditer(text, place):
        depth += 1 if found.group() == "{" else -1
        if not depth:
            return found.end()
    raise SyntaxProblemError(file, line, "a block that is not closed")
