"""The grammar of HAProxy: lines of words in sections, and the conditions around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tlsaudit.config.assume import Assumptions
from tlsaudit.config.haproxy.conditions import holds
from tlsaudit.config.haproxy.words import QuoteError, split
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.tree import LARGEST

SECTIONS = frozenset(
    {
        "global", "defaults", "frontend", "backend", "listen", "peers", "userlist", "cache", "resolvers", "mailers",
        "program", "ring", "http-errors", "fcgi-app", "log-forward", "log-profile", "crt-store", "traces", "acme",
    }
)  # fmt: skip
MOST_LINES = 50_000
MOST_TEXT = 16 * LARGEST
_MOST_WORDS = 1000
_DEEPEST = 16
_TEMPLATE = re.compile(
    r"\{\{[^\n]*?\}\}|\A\s*(?:\{\{|\{#)|\{%[-+]?\s*(?:if|for|set|endif|endfor|else|elif|include|block|raw|macro|import|from)\b|<%[=-]?\s"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its words and where it stands. `doubt`: the condition around it that nobody here can decide."""

    words: tuple[str, ...]
    file: str
    line: int
    doubt: str | None = None

    @property
    def name(self) -> str:
        """The keyword."""
        return self.words[0]

    @property
    def args(self) -> tuple[str, ...]:
        """What stands behind the keyword."""
        return self.words[1:]

    @property
    def at(self) -> str:
        """Where it stands, as reports write it."""
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Section:
    """A section with the line that opens it."""

    opened: Line
    lines: list[Line] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """`frontend`, `backend` and so on."""
        return self.opened.name

    @property
    def title(self) -> str:
        """Its name; empty where it has none."""
        return self.opened.args[0] if self.opened.args and self.opened.args[0] != "from" else ""

    def all(self, *names: str) -> Iterator[Line]:
        """The lines with one of these keywords."""
        return (each for each in self.lines if each.name in names)


@dataclass(slots=True)
class _Branch:
    """An `.if` that is open: whether its present branch is read, and what came of those before."""

    line: int
    taken: bool | None
    """Whether a branch before the present one was: None, nobody knows."""
    reads: bool
    doubt: str | None


def parse(text: str, file: str, environment: dict[str, str], assume: Assumptions) -> list[Section]:
    """The sections of one file; `environment` grows by what the text sets. Raises SyntaxProblemError."""
    sections: list[Section] = []
    branches: list[_Branch] = []
    for number, words in _rows(text, file, environment):
        if words[0].startswith("."):
            _directive(words, branches, _Where(file, number), environment, assume)
            continue
        if not all(each.reads for each in branches):
            continue
        doubt = next((each.doubt for each in branches if each.doubt is not None), None)
        line = Line(tuple(words), file, number, doubt)
        if words[0] in SECTIONS:
            sections.append(Section(line))
        elif not sections:
            raise SyntaxProblemError(file, number, f"{words[0][:60]!r} stands outside of any section")
        else:
            sections[-1].lines.append(line)
            if sections[-1].kind == "global":
                _remember(line, environment)
    if branches:
        raise SyntaxProblemError(file, branches[-1].line, "an .if without .endif")
    return sections


def _rows(text: str, file: str, environment: dict[str, str]) -> Iterator[tuple[int, list[str]]]:
    """The words of each line that has any, with its number; `environment` may grow in between."""
    rows = text.split("\n")
    if len(rows) > MOST_LINES:
        raise SyntaxProblemError(file, MOST_LINES, f"more than {MOST_LINES} lines")
    length = 0
    for number, row in enumerate(rows, start=1):
        words = _words(row.rstrip("\r"), file, number, environment)
        length += sum(map(len, words))
        if length > MOST_TEXT:
            raise SyntaxProblemError(file, number, f"more than {MOST_TEXT // 1024} kB once variables are replaced")
        if words:
            yield number, words


@dataclass(frozen=True, slots=True)
class _Where:
    file: str
    line: int


def _words(row: str, file: str, number: int, environment: dict[str, str]) -> list[str]:
    stripped = row.lstrip()
    if not stripped or stripped.startswith("#"):
        return []
    template = _TEMPLATE.search(row)
    if template is not None and "#" not in row[: template.start()]:
        raise SyntaxProblemError(
            file, number, "a template, and no configuration yet: render it first, or --exclude it", "template"
        )
    if row.count("$") * max(map(len, environment.values()), default=0) > LARGEST:
        raise SyntaxProblemError(file, number, "a line that grows too long once variables are replaced")
    try:
        words = split(row, environment)
    except QuoteError as error:
        raise SyntaxProblemError(file, number, str(error)) from None
    if len(words) > _MOST_WORDS:
        raise SyntaxProblemError(file, number, f"a line of {len(words)} words")
    return words


def _remember(line: Line, environment: dict[str, str]) -> None:
    """`setenv` and its like, as far as they give a value; under a condition nobody knows what holds behind it."""
    name = line.args[0] if line.args else ""
    if line.name in {"setenv", "presetenv"} and len(line.args) == 2:
        if line.doubt is not None:
            environment.pop(name, None)
        elif line.name == "setenv" or name not in environment:
            environment[name] = line.args[1]
    elif line.name in {"unsetenv", "resetenv"}:
        for each in line.args if line.name == "unsetenv" else environment.keys() - set(line.args):
            environment.pop(each, None)


def _directive(
    words: list[str], branches: list[_Branch], where: _Where, environment: dict[str, str], assume: Assumptions
) -> None:
    name, rest = words[0], words[1:]
    if name == ".if":
        if len(branches) >= _DEEPEST:
            raise SyntaxProblemError(where.file, where.line, f"conditions are nested more than {_DEEPEST} deep")
        verdict = holds(rest, environment, assume)
        branches.append(_Branch(where.line, verdict, verdict is not False, _doubt(verdict, where)))
    elif name in {".elif", ".else", ".endif"}:
        if not branches:
            raise SyntaxProblemError(where.file, where.line, f"{name} without .if")
        if name == ".endif":
            branches.pop()
            return
        verdict = True if name == ".else" else holds(rest, environment, assume)
        before = branches[-1]
        both = False if before.taken is True or verdict is False else None if None in {before.taken, verdict} else True
        branches[-1] = _Branch(before.line, _or(before.taken, verdict), both is not False, _doubt(both, where))
    elif name not in {".notice", ".warning", ".alert", ".diag"}:
        raise SyntaxProblemError(where.file, where.line, f"unknown directive {name[:60]!r}")


def _or(one: bool | None, other: bool | None) -> bool | None:
    return True if True in {one, other} else None if None in {one, other} else False


def _doubt(verdict: bool | None, where: _Where) -> str | None:
    return f"the condition at {where.file}:{where.line}" if verdict is None else None
