"""From a main file to one list of directives: includes are put where they stand, as far as the tree has them."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from tlsaudit.config.assume import Version
from tlsaudit.config.nginx import shipped
from tlsaudit.config.nginx.grammar import refuse, refuse_twice
from tlsaudit.config.nginx.parse import Directive, parse
from tlsaudit.config.nginx.shipped import PREFIXES
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.text import text_of
from tlsaudit.config.tree import Tree, is_pattern

DEEPEST_INCLUDE = 16
MOST_INCLUDED = 2000
MOST_CHARACTERS = 16 * 1024 * 1024


@dataclass(slots=True)
class _Budget:
    """What one main file may still include."""

    includes: int = MOST_INCLUDED
    characters: int = MOST_CHARACTERS


class Files:
    """Reads main files and what they include; `read` are the real paths of all that was read so far.

    `version`: of the nginx that this is for, None where nobody says.
    """

    def __init__(self, tree: Tree, version: Version | None) -> None:
        self._tree = tree
        self._version = version
        self.read: set[Path] = set()

    def load(self, main: Path, base: Path | None = None) -> list[Directive]:
        """The directives of a main file with its includes in place. Raises SyntaxProblemError.

        Relative names start at `base`, the folder of the file where none is given. An include that is not in the tree
        stays a directive named include: nobody knows what it says.
        """
        budget = _Budget()
        found = list(self._expanded(self._parsed(main)[0], base or main.parent, (self._real(main),), budget))
        refuse_twice(found)
        return found

    def includes(self, path: Path) -> list[str]:
        """The words of a file's own includes. As `load`."""
        waiting, found = list(self._parsed(path)[0]), []
        for each in waiting:
            if each.name == "include" and each.block is None and each.args:
                found.append(each.args[0])
            waiting += each.block or ()
        return found

    def has(self, word: str, base: Path) -> bool:
        """Whether the tree has what an include names."""
        return bool(self._matches(word, base))

    def path(self, word: str, base: Path) -> tuple[Path, ...]:
        """Where a file that a directive names may be: relative ones below the folder of the main file."""
        if "$" in word or "\0" in word:
            return ()
        given = PurePosixPath(word)
        if not given.is_absolute():
            return (base / given,)
        moved = [base / given.relative_to(prefix) for prefix in PREFIXES if given.is_relative_to(prefix)]
        return (Path(given), *moved, self._tree.root / given.relative_to("/"))

    def find(self, word: str, base: Path) -> Path | None:
        """The file that a directive names, where the tree has it."""
        placed = (self._placed(each, base) for each in self.path(word, base))
        return next((each for each in placed if each is not None), None)

    def _placed(self, path: Path, base: Path) -> Path | None:
        """A path where it is in the tree; a link to /etc/nginx/sites-available/shop leads there in the repository."""
        if self._tree.inside(path) is not None:
            return path
        if self._tree.inside(path.parent) is None:
            return None
        try:
            target = str(path.readlink())
        except (OSError, ValueError):
            return None
        return next((each for each in self.path(target, base) if self._tree.inside(each) is not None), None)

    def _real(self, path: Path) -> Path:
        return self._tree.inside(path) or path

    def _parsed(self, path: Path) -> tuple[list[Directive], int]:
        """The directives of one file, and the characters in it."""
        self.read.add(self._real(path))
        text = text_of(self._tree, path)
        directives = parse(text, self._tree.shown(path))
        refuse(directives, self._version)
        return directives, len(text)

    def _expanded(
        self, directives: Iterable[Directive], base: Path, above: tuple[Path, ...], budget: _Budget
    ) -> Iterator[Directive]:
        for each in directives:
            if each.name == "include" and each.block is None and len(each.args) == 1:
                yield from self._included(each, base, above, budget)
            elif each.block:
                yield replace(each, block=list(self._expanded(each.block, base, above, budget)))
            else:
                yield each

    def _included(
        self, directive: Directive, base: Path, above: tuple[Path, ...], budget: _Budget
    ) -> Iterator[Directive]:
        word = directive.args[0]
        found = self._matches(word, base)
        if not found and not self._is_empty(word, base):
            known = shipped.content_of(directive)
            yield from [directive] if known is None else known
        for path in found:
            real = self._real(path)
            if real in above or len(above) > DEEPEST_INCLUDE:
                raise SyntaxProblemError(
                    directive.file, directive.line, f"include loop: {self._tree.shown(path)}", "include"
                )
            parsed, characters = self._parsed(path)
            budget.includes -= 1
            budget.characters -= characters
            if min(budget.includes, budget.characters) < 0:
                what = f"more than {MOST_INCLUDED} includes, or {MOST_CHARACTERS // 1024} kB in them"
                raise SyntaxProblemError(directive.file, directive.line, what, "include")
            yield from self._expanded(parsed, base, (*above, real), budget)

    def _matches(self, word: str, base: Path) -> tuple[Path, ...]:
        if is_pattern(word):
            globbed = (self._tree.glob(each, lambda path: self._placed(path, base)) for each in self.path(word, base))
            return next((found for found in globbed if found), ())
        single = self.find(word, base)
        return (single,) if single is not None else ()

    def _is_empty(self, word: str, base: Path) -> bool:
        """Whether a pattern matches nothing, for certain: the folder of nginx.conf is here, or that of the pattern.

        Folders that are empty are in no repository, and a pattern without a match is nothing to nginx.
        """
        if not is_pattern(word) or "$" in word:
            return False
        given = PurePosixPath(word)
        if not given.is_absolute():
            return Path(os.path.normpath(base / word)).is_relative_to(self._tree.root)
        here = [Path(given.parent), self._tree.root / given.parent.relative_to("/")]
        for prefix in PREFIXES:
            if given.is_relative_to(prefix):
                here += (Path(prefix), self._tree.root / prefix.lstrip("/"), base / "nginx.conf")
        return any(self._tree.inside(each) is not None for each in here)
