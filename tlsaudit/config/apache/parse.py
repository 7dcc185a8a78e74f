"""The grammar of Apache httpd: a directive a line, sections in angle brackets, quotes, and lines that go on.

Follows ap_cfg_getline and ap_build_config in httpd's server/config.c, ap_getword_conf in server/util.c. Nothing is
nested by recursion, so that depth costs no stack; a file may be hostile. What stands behind a name is kept as it is:
variables and the parameters of macros are put in before it is split into words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tlsaudit.config.problem import SyntaxProblemError

DEEPEST = 32
MOST_DIRECTIVES = 50_000
_LONGEST_LINE = 64 * 1024
_TEMPLATE = re.compile(r"\{\{|\{%-?\s|<%|\A\{#")
_FORMATS = frozenset({"logformat", "customlog", "errorlogformat", "errorlog"})
"""Directives in which braces may stand beside each other."""
_NAME = re.compile(r"<?/?[^\s<>]+")
_WORD = re.compile(r"""\s*(?:(?P<quote>["'])(?P<inner>(?:\\.|(?!(?P=quote)).)*)(?:(?P=quote)|\Z)|(?P<plain>\S+))""")
_ESCAPE = re.compile(r"""\\(["'\\])""")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its name in lower case, what stands behind it, where, and what its section holds (None: none).

    `doubt` says why it may not be there at all; an include with `hidden` is one of which nobody here knows the content.
    `shipped`: it stands in a file that is not here, and that is taken for what is shipped, which may be another one.
    """

    name: str
    raw: str
    file: str
    line: int
    block: tuple[Directive, ...] | None = field(default=None, repr=False)
    doubt: str | None = None
    hidden: bool = False
    shipped: str = ""
    args: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The words behind the name."""

    def __post_init__(self) -> None:
        """Split it once: what the main server says is looked at for each virtual host."""
        object.__setattr__(self, "args", tuple(words(self.raw)))

    @property
    def at(self) -> str:
        """Where it stands, as reports write it."""
        return f"{self.file}:{self.line}"

    @property
    def word(self) -> str:
        """The first word, empty where there is none."""
        return self.args[0] if self.args else ""


def words(raw: str) -> Iterator[str]:
    """The words of a line: in quotes, or up to the next space."""
    place = 0
    while (found := _WORD.match(raw, place)) is not None and found.end() > place:
        place = found.end()
        inner = found["inner"]
        yield found["plain"] if inner is None else _ESCAPE.sub(r"\1", inner)


def parse(text: str, file: str) -> tuple[Directive, ...]:
    """The directives of one file. Raises SyntaxProblemError at the first line that cannot be read."""
    sections: list[tuple[Directive, list[Directive]]] = []
    top: list[Directive] = []
    level = top
    for count, (line, number) in enumerate(_lines(text, file), start=1):
        if count > MOST_DIRECTIVES:
            raise SyntaxProblemError(file, number, f"more than {MOST_DIRECTIVES} directives")
        found = _NAME.match(line)
        name = found.group().lower() if found is not None else ""
        rest = line[found.end() :].strip() if found is not None else line
        _refuse_template(line, name, file, number)
        if name.startswith("</"):
            level = _closed(sections, top, name, file, number)
        elif name.startswith("<"):
            if not rest.endswith(">"):
                raise SyntaxProblemError(file, number, f"the section {name[:60]!r} has no closing '>'")
            if len(sections) >= DEEPEST:
                raise SyntaxProblemError(file, number, f"sections are nested more than {DEEPEST} deep")
            level = []
            sections.append((Directive(name[1:], rest[:-1].strip(), file, number), level))
        elif not name:
            raise SyntaxProblemError(file, number, f"no directive begins with {line[:1]!a}")
        else:
            level.append(Directive(name, rest, file, number))
    if sections:
        opened = sections[-1][0]
        raise SyntaxProblemError(file, opened.line, f"the section <{opened.name[:60]}> is not closed")
    return tuple(top)


def _closed(
    sections: list[tuple[Directive, list[Directive]]], top: list[Directive], name: str, file: str, line: int
) -> list[Directive]:
    """The level around the section that is closed here."""
    closed = name.removeprefix("</")
    if not sections:
        raise SyntaxProblemError(file, line, f"</{closed[:60]}> closes a section that nobody opened")
    opened, inside = sections.pop()
    if opened.name != closed:
        raise SyntaxProblemError(file, line, f"</{closed[:60]}> where </{opened.name[:60]}> is due")
    around = sections[-1][1] if sections else top
    around.append(Directive(opened.name, opened.raw, file, opened.line, tuple(inside)))
    return around


def _lines(text: str, file: str) -> Iterator[tuple[str, int]]:
    """What is neither empty nor a comment, with the line it begins at; a backslash at the end goes on below."""
    begun: list[str] = []
    first, length = 1, 0
    for number, line in enumerate(text.split("\n"), start=1):
        first = first if begun else number
        stripped = line.rstrip("\r")
        length += len(stripped)
        if length > _LONGEST_LINE:
            raise SyntaxProblemError(file, first, f"a line of more than {_LONGEST_LINE} characters")
        if stripped.endswith("\\"):
            begun.append(stripped[:-1])
            continue
        whole = "".join((*begun, stripped)).strip()
        begun, length = [], 0
        if whole and not whole.startswith("#"):
            yield whole, first
    whole = "".join(begun).strip()
    if whole and not whole.startswith("#"):
        yield whole, first


def _refuse_template(line: str, name: str, file: str, number: int) -> None:
    if name not in _FORMATS and _TEMPLATE.search(line):
        raise SyntaxProblemError(
            file, number, "a template, and no configuration yet: render it first, or --exclude it", "template"
        )
