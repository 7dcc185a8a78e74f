"""Files that no main file takes in here: whose they are, and where their relative names start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tlsaudit.config.assume import Version
from tlsaudit.config.nginx.files import Files
from tlsaudit.config.nginx.fragments import fragment
from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.scope import Scope
from tlsaudit.config.nginx.servers import MODULES, read_servers
from tlsaudit.config.nginx.upstreams import group_scopes
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.tree import Tree

_IN_PREFIX = frozenset(
    {
        "conf.d", "default.d", "http.d", "locations", "servers", "sites", "sites-available", "sites-enabled",
        "snippets", "stream.d", "vhosts", "vhosts.d",
    }
)  # fmt: skip
"""Folders that lie in the one of nginx.conf, to which relative names belong."""
_USUAL_MAIN = "nginx.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Main:
    """A main file, with what it includes."""

    path: Path
    directives: Sequence[Directive]
    modules: Mapping[str, Scope]
    """The levels of its modules, which are around the sites that it would take in."""
    groups: Mapping[str, dict[str, Scope]]
    tls: frozenset[tuple[str, str]]
    """The sockets, by module and name, that its own servers make speak TLS."""


def main_of(path: Path, directives: Sequence[Directive], shown: str) -> Main:
    """A main file as what sites are read behind."""
    top = Scope(directives, shown, 1)
    return Main(
        path=path,
        directives=directives,
        modules={each.name: top.inner(each) for each in top.blocks(*MODULES)},
        groups={module: group_scopes(top, module) for module in MODULES},
        tls=_tls_sockets(top),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A file that no main file takes in. Relative names start at `base`; `own` are its directives as a module's block.

    With `main` it is read as if that took it in: it has servers, and `main` is the main file beside or above it.
    """

    path: Path
    base: Path
    own: Directive
    main: Main | None
    read: frozenset[Path]
    """The real paths of what it includes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What files beside a site say that holds for it as well, once they are switched on."""

    groups: Mapping[str, dict[str, Scope]]
    """Upstream blocks by module and name."""
    tls: frozenset[tuple[str, str]]
    """Sockets, by module and name, of which one of them says that they speak TLS."""


ALONE = Beside(groups={}, tls=frozenset())


class Sites:
    """The files of a tree that no main file takes in; `broken` are those that cannot be read."""

    def __init__(self, tree: Tree, version: Version | None, mains: Sequence[Main]) -> None:
        self._tree = tree
        self._version = version
        self._mains: dict[Path, list[Main]] = {}
        for main in mains:
            self._mains.setdefault(main.path.parent, []).append(main)
        self.broken: list[SyntaxProblemError] = []

    def of(self, paths: Iterable[Path]) -> list[Site]:
        """The files that none of the others takes in, and then those of circles."""
        found = [site for path in paths if (site := self._site(path)) is not None]
        taken = frozenset(path for site in found for path in site.read)
        roots = [site for site in found if self._real(site.path) not in taken]
        reached = {path for site in roots for path in (self._real(site.path), *site.read)}
        return roots + [site for site in found if self._real(site.path) not in reached]

    def beside(self, sites: Sequence[Site]) -> dict[Path, Beside]:
        """What the others say, by the base of a site."""
        found: dict[Path, Beside] = {}
        by_base: dict[Path, list[Directive]] = {}
        for site in sites:
            by_base.setdefault(site.base, []).append(site.own)
        for base, blocks in by_base.items():
            tops = [Scope([block], block.file, 1) for block in blocks]
            groups: dict[str, dict[str, Scope]] = {module: {} for module in MODULES}
            for top, block in zip(tops, blocks, strict=True):
                groups[block.name] |= group_scopes(top, block.name)
            found[base] = Beside(groups=groups, tls=frozenset(each for top in tops for each in _tls_sockets(top)))
        return found

    def _site(self, path: Path) -> Site | None:
        main = self._main(path)
        files = Files(self._tree, self._version)
        try:
            words = files.includes(path)
            bases = list(dict.fromkeys(self._bases(path, main)))
            base = next((each for each in bases if any(files.has(word, each) for word in words)), bases[0])
            directives = files.load(path, base)
        except SyntaxProblemError as error:
            self.broken.append(error)
            return None
        own = fragment(directives, self._tree.shown(path))[0]
        serves = any(each.name == "server" and each.block is not None for each in directives)
        behind = main is not None and serves and own.name in main.modules
        return Site(
            path=path,
            base=base,
            own=own,
            main=main if behind else None,
            read=frozenset(files.read - {self._real(path)}),
        )

    def _bases(self, path: Path, main: Main | None) -> Iterator[Path]:
        """Where relative names may start, the likeliest first."""
        if main is not None:
            yield main.path.parent
        above = [each for each in (path.parent, *path.parent.parents) if each.is_relative_to(self._tree.root)]
        yield from (each.parent for each in above if each.name in _IN_PREFIX and each != self._tree.root)
        yield from above

    def _main(self, path: Path) -> Main | None:
        """The main file beside or above; of several in one folder the one with the usual name."""
        for folder in (path.parent, *path.parent.parents):
            here = self._mains.get(folder)
            if here:
                usual = [each for each in here if each.path.name == _USUAL_MAIN]
                return usual[0] if usual else here[0] if len(here) == 1 else None
        return None

    def _real(self, path: Path) -> Path:
        return self._tree.inside(path) or path


def _tls_sockets(top: Scope) -> frozenset[tuple[str, str]]:
    """The sockets, by module and name, that speak TLS."""
    return frozenset(name for name, socket in read_servers(top)[1].items() if socket.tls)
