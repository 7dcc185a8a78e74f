"""From a main file to one list of directives: includes, macros and conditions are put where they stand.

What httpd does while it reads (server/config.c, mod_macro, mod_version) is done here in the same order: a variable
counts from its Define on, a module from its LoadModule on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from tlsaudit.config.apache.conditions import CONDITIONS, State
from tlsaudit.config.apache.parse import DEEPEST, MOST_DIRECTIVES, Directive, parse
from tlsaudit.config.apache.shipped import content_of
from tlsaudit.config.assume import Version
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.text import text_of
from tlsaudit.config.tree import Tree, is_pattern

DEEPEST_INCLUDE = 16
MOST_INCLUDED = 2000
_LONGEST_LINE = 64 * 1024
_PREFIXES = ("/etc/apache2", "/etc/httpd", "/usr/local/apache2", "/usr/local/etc/apache24", "/opt/apache2")
"""Where packages put the folder that a repository keeps elsewhere."""
_VARIABLE = re.compile(r"\$\{([^{}\s]+)\}")
_HOSTS = re.compile(r"(?:sites|v-?hosts?)[^/]*/[^/]*\Z")
"""Folders of virtual hosts, which set nothing for others."""
_NEVER_EMPTY = re.compile(r"(?:\A|/)(?:mods-enabled|conf\.modules\.d)(?:/|\Z)")
"""Folders of modules and their settings: no server is without."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The directives of a configuration; relative names start at `root` (ServerRoot), or around `home`."""

    directives: tuple[Directive, ...]
    home: Path
    root: str | None


@dataclass(slots=True)
class _Reading:
    """One main file being read. `above` are the files and macros that are being put in right now."""

    home: Path
    state: State
    root: str | None = None
    macros: dict[str, Directive] = field(default_factory=dict)
    above: list[str] = field(default_factory=list)
    directives: int = 0
    included: int = 0
    depth: int = 0

    def deeper(self, section: Directive, inside: Iterator[Directive]) -> Iterator[Directive]:
        """What is in a section, over all files that are put into each other."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise SyntaxProblemError(section.file, section.line, f"sections are nested more than {DEEPEST} deep")
        yield from inside
        self.depth -= 1


class Files:
    """Reads main files and what they include; `read` are the real paths of all that was read so far."""

    def __init__(self, tree: Tree, version: Version | None) -> None:
        self._tree = tree
        self._version = version
        self._around: dict[tuple[Path, ...], tuple[tuple[Directive, ...], _Reading]] = {}
        self.read: set[Path] = set()

    def load(self, path: Path) -> Loaded:
        """What a main file says. Raises SyntaxProblemError."""
        reading = _Reading(path.parent, State(self._version))
        return Loaded(tuple(self._file(path, reading, None)), reading.home, reading.root)

    def load_behind(self, around: tuple[Path, ...], path: Path) -> Loaded:
        """What a file says as if a main file included it last, without the other virtual hosts. As `load`."""
        if around not in self._around:
            reading = _Reading(around[0].parent, State(self._version))
            found = [each for main in around for each in self._file(main, reading, None)]
            self._around[around] = (tuple(each for each in found if each.name != "virtualhost"), reading)
        before, reading = self._around[around]
        own = replace(reading, state=reading.state.copy(), macros=dict(reading.macros), directives=0, included=0)
        if path.parent.name == "mods-available":  # read as if its module were switched on
            own.state.modules.add(path.stem)
        return Loaded(before + tuple(self._file(path, own, None)), own.home, own.root)

    def parsed(self, path: Path) -> tuple[Directive, ...]:
        """The directives of one file as they are written. Raises SyntaxProblemError."""
        real = self._tree.inside(path) or path
        return parse(text_of(self._tree, real), self._tree.shown(real))

    def find(self, word: str, home: Path, root: str | None) -> Path | None:
        """The file that a directive names, where the tree has it."""
        return next((each for each in self._places(word, home, root) if self._tree.inside(each) is not None), None)

    def _file(self, path: Path, reading: _Reading, doubt: str | None) -> Iterator[Directive]:
        real = self._tree.inside(path) or path
        self.read.add(real)
        reading.above.append(str(real))
        yield from self._expanded(self.parsed(path), reading, doubt)
        reading.above.pop()

    def _expanded(self, directives: Iterable[Directive], reading: _Reading, doubt: str | None) -> Iterator[Directive]:
        for written in directives:
            reading.directives += 1
            if reading.directives > MOST_DIRECTIVES:
                raise SyntaxProblemError(written.file, written.line, f"more than {MOST_DIRECTIVES} directives")
            each = replace(written, raw=_resolved(written, reading.state.defines), doubt=doubt)
            if each.name in {"include", "includeoptional"} and each.block is None:
                yield from self._included(each, reading)
            elif each.name == "use":
                yield from self._used(each, reading)
            elif each.name in CONDITIONS and each.block is not None:
                yield from reading.deeper(each, self._conditional(each, reading))
            elif each.name == "macro" and each.block is not None:
                reading.macros[each.word.lower()] = each
            elif each.block is not None:
                inside = reading.deeper(each, self._expanded(each.block, reading, None))
                yield replace(each, block=tuple(inside))
            elif not _noted(each, reading):
                yield each

    def _conditional(self, section: Directive, reading: _Reading) -> Iterator[Directive]:
        holds = reading.state.holds(section, lambda word: self._exists(word, reading))
        if holds is not False and section.block:
            doubt = section.doubt
            if holds is None:
                doubt = f"whether <{section.name} {section.raw[:80]}> holds is not known here ({section.at})"
            yield from self._expanded(section.block, reading, doubt)

    def _used(self, use: Directive, reading: _Reading) -> Iterator[Directive]:
        name, values = use.word.lower(), use.args[1:]
        macro = reading.macros.get(name)
        if macro is None or macro.block is None:
            yield replace(use, hidden=True)
            return
        key = f"macro {name}"
        if key in reading.above or len(reading.above) > DEEPEST_INCLUDE:
            raise SyntaxProblemError(use.file, use.line, f"the macro {name[:60]!r} uses itself", "include")
        parameters = macro.args[1:]
        if len(parameters) != len(values):
            problem = f"the macro {name[:60]!r} takes {len(parameters)} values, not {len(values)}"
            raise SyntaxProblemError(use.file, use.line, problem)
        pairs = sorted(zip(parameters, values, strict=True), key=lambda pair: -len(pair[0]))
        reading.above.append(key)
        yield from self._expanded((_filled(each, pairs) for each in macro.block), reading, use.doubt)
        reading.above.pop()

    def _included(self, include: Directive, reading: _Reading) -> Iterator[Directive]:
        word = include.word
        found = self._matches(word, reading)
        shipped = content_of(include) if not found else None
        if shipped is not None:
            yield from shipped
            return
        if not found and not self._is_empty(include, reading):
            reading.state.complete = False
            if not word.endswith(".load") and not _HOSTS.search(word):
                yield replace(include, hidden=True)
        for path in found:
            real = str(self._tree.inside(path) or path)
            if real in reading.above or len(reading.above) > DEEPEST_INCLUDE:
                problem = f"include loop: {self._tree.shown(path)}"
                raise SyntaxProblemError(include.file, include.line, problem, "include")
            reading.included += 1
            if reading.included > MOST_INCLUDED:
                raise SyntaxProblemError(include.file, include.line, f"more than {MOST_INCLUDED} includes", "include")
            yield from self._file(path, reading, include.doubt)

    def _matches(self, word: str, reading: _Reading) -> tuple[Path, ...]:
        for place in self._places(word, reading.home, reading.root):
            found = self._tree.glob(place) if is_pattern(word) else (place,)
            files = tuple(file for each in found if self._tree.inside(each) is not None for file in self._in(each))
            if files:
                return files
        return ()

    def _in(self, path: Path) -> Iterator[Path]:
        """The file, or all those of a folder (ap_process_resource_config)."""
        if not path.is_dir():
            yield path
            return
        for each in self._tree.glob(path / "*"):
            yield from self._in(each) if not each.is_symlink() else (each,)

    def _places(self, word: str, home: Path, root: str | None) -> tuple[Path, ...]:
        """Where a file may be that is named so: relative ones below ServerRoot, which a repository has elsewhere."""
        if not word or "${" in word or "\0" in word:
            return ()
        given = PurePosixPath(word)
        homes = (home, home.parent)
        if not given.is_absolute():
            return tuple(each / given for each in ((Path(root),) if root else ()) + homes)
        moved = [
            each / given.relative_to(prefix)
            for prefix in ((root,) if root else ()) + _PREFIXES
            if given.is_relative_to(prefix)
            for each in homes
        ]
        return (Path(given), *moved, self._tree.root / given.relative_to("/"))

    def _is_empty(self, include: Directive, reading: _Reading) -> bool:
        """Whether nothing is included, for certain: it is optional and not here, or the folder is, and empty.

        A repository has no empty folders. What lies neither here nor below ServerRoot is on the machine alone.
        """
        word = include.word
        places = self._places(word, reading.home, reading.root)
        if any(self._tree.inside(each.parent) is not None and each.parent.is_dir() for each in places):
            return include.name == "includeoptional" or is_pattern(word)
        if include.name != "includeoptional" or _NEVER_EMPTY.search(word):
            return False
        given, prefixes = PurePosixPath(word), (*_PREFIXES, *((reading.root,) if reading.root else ()))
        return bool(places) and (not given.is_absolute() or any(given.is_relative_to(each) for each in prefixes))

    def _exists(self, word: str, reading: _Reading) -> bool | None:
        if self.find(word, reading.home, reading.root) is not None:
            return True
        here = (self._tree.inside(each.parent) for each in self._places(word, reading.home, reading.root))
        return False if any(each is not None for each in here) else None


def _noted(directive: Directive, reading: _Reading) -> bool:
    """Take note of what counts while reading; whether it was that."""
    state, args = reading.state, directive.args
    match directive.name:
        case "define" if args:
            if directive.doubt is None:
                state.defines[args[0]] = args[1] if len(args) > 1 else None
            else:
                state.defines.pop(args[0], None)
        case "undefine" if args:
            state.defines.pop(args[0], None)
        case "loadmodule":
            if directive.doubt is None:
                state.load(directive)
            else:
                state.complete = False
        case "serverroot" if args:
            reading.root = args[0]
        case "undefmacro" if args:
            reading.macros.pop(args[0].lower(), None)
        case _:
            return False
    return True


def _resolved(directive: Directive, defines: dict[str, str | None]) -> str:
    """The line with each variable that a Define gives a value."""
    text = _VARIABLE.sub(lambda found: _value(defines.get(found[1]), found[0]), directive.raw)
    if len(text) > _LONGEST_LINE:
        raise SyntaxProblemError(directive.file, directive.line, f"a line of more than {_LONGEST_LINE} characters")
    return text


def _value(value: str | None, written: str) -> str:
    return written if value is None else value


def _filled(directive: Directive, pairs: list[tuple[str, str]]) -> Directive:
    """A line of a macro, and of what is in it, with the values of its parameters."""
    raw = directive.raw
    for parameter, value in pairs:
        raw = raw.replace(parameter, value)
        if len(raw) > _LONGEST_LINE:
            raise SyntaxProblemError(directive.file, directive.line, f"a line of more than {_LONGEST_LINE} characters")
    block = None if directive.block is None else tuple(_filled(each, pairs) for each in directive.block)
    return replace(directive, raw=raw, block=block)
