"""nginx: main files with what they include, and fragments that nobody here includes."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tlsaudit.config.found import Context, Found, Unparsable, unique_id
from tlsaudit.config.nginx.budget import Budget
from tlsaudit.config.nginx.files import Files
from tlsaudit.config.nginx.listeners import Listener, listeners, name_in_clear, name_of, settings_alone
from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.reading import Reading
from tlsaudit.config.nginx.scope import Scope
from tlsaudit.config.nginx.servers import MODULES, Server, read_servers
from tlsaudit.config.nginx.sites import ALONE, Beside, Main, Site, Sites, main_of
from tlsaudit.config.nginx.unserved import InClear, in_clear
from tlsaudit.config.nginx.upstreams import Passing, group_scopes, upstreams
from tlsaudit.config.nginx.upstreams import settings_alone as settings_for_upstreams
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.terms import facts_of, requested_of
from tlsaudit.config.tree import Tree
from tlsaudit.model.configuration import ServerNames, Setup
from tlsaudit.model.facts import Endpoint, Facts
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

MOST_SERVERS = 5000
"""Of one main file with what it includes; each is a subject of the report, or several."""
MOST_SUBJECTS = 10_000
"""Of one main file likewise."""
MOST_DESTINATIONS = 50_000
"""As often as a main file passes on: ten thousand locations may name the same few servers."""
_ELSEWHERE = Unknown(Why.NOT_ASKED, "left to what includes this file, which is not here")


def read(tree: Tree, paths: Sequence[Path], context: Context) -> Iterator[Found | Unparsable]:
    """Every listener and upstream of these files: main ones first, then what none of them includes."""
    yield from _Nginx(tree, context).read(paths)


class _Nginx:
    """One tree being read."""

    def __init__(self, tree: Tree, context: Context) -> None:
        self._tree = tree
        self._context = context
        self._files = Files(tree, context.assume.nginx)
        self._mains: list[Main] = []

    def read(self, paths: Sequence[Path]) -> Iterator[Found | Unparsable]:
        """Main files, then sites that would be taken in, then the rest."""
        waiting, broken = self._sorted(paths)
        settings: list[tuple[Path, str, Found]] = []
        for main in self._mains:
            reading = self._reading(self._files, main.path.parent, whole=True)
            for found in _found(reading, main.path, main.directives):
                if isinstance(found, _Settings):
                    settings.append((main.path, found.module, found.found))
                else:
                    yield found
        sites = Sites(self._tree, self._context.assume.nginx, self._mains)
        rest = sites.of(path for path in waiting if self._tree.inside(path) not in self._files.read)
        yield from dict.fromkeys([*broken, *map(_unparsable, sites.broken)])
        used: set[tuple[Path, str]] = set()
        beside = sites.beside(rest)
        for site in rest:
            for found in self._site(site, beside[site.base]):
                if isinstance(found, _Settings):
                    yield found.found
                    continue
                if site.main is not None and isinstance(found, Found) and found.kind == "listener":
                    used.add((site.main.path, site.own.name))
                yield found
        yield from (found for path, module, found in settings if (path, module) not in used)

    def _sorted(self, paths: Sequence[Path]) -> tuple[list[Path], list[Unparsable]]:
        """Fills in the main files; the others, and those that cannot be read."""
        waiting: list[Path] = []
        broken: list[Unparsable] = []
        for path in paths:
            try:
                directives = Files(self._tree, self._context.assume.nginx).load(path)
            except SyntaxProblemError as error:
                broken.append(_unparsable(error))
                self._files.read.add(self._tree.inside(path) or path)
                continue
            if any(each.name in MODULES and each.block is not None for each in directives):
                self._files.load(path)
                self._mains.append(main_of(path, directives, self._tree.shown(path)))
            else:
                waiting.append(path)
        return waiting, broken

    def _site(self, site: Site, beside: Beside) -> Iterator[Found | Unparsable | _Settings]:
        files = Files(self._tree, self._context.assume.nginx)
        reading = self._reading(files, site.base, whole=site.main is not None)
        yield from _found(reading, site.path, [site.own], site.main, beside)

    def _reading(self, files: Files, base: Path, *, whole: bool) -> Reading:
        return Reading(
            tree=self._tree,
            files=files,
            base=base,
            whole=whole,
            assume=self._context.assume,
            evaluator=self._context.evaluator,
            anchors=self._context.anchors,
        )


@dataclass(frozen=True, slots=True)
class _Settings:
    """What a module says where none of its servers here speaks TLS: it is for servers elsewhere."""

    module: str
    found: Found


def _unparsable(error: SyntaxProblemError) -> Unparsable:
    return Unparsable(file=error.file, line=error.line, code=error.code, message=error.problem)


def _found(
    reading: Reading,
    path: Path,
    directives: Sequence[Directive],
    main: Main | None = None,
    beside: Beside = ALONE,
) -> Iterator[Found | Unparsable | _Settings]:
    """What a file says, as if it stood in `main` where there is one, as far as it is not too much."""
    left = MOST_SUBJECTS
    try:
        for each in _subjects(reading, path, directives, main, beside):
            found = each.found if isinstance(each, _Settings) else each
            left -= 1
            if left < 0:
                message = f"more than {MOST_SUBJECTS} listeners and upstreams"
                yield Unparsable(file=found.file, line=found.line, code="excess", message=message)
                return
            yield each
    except SyntaxProblemError as error:
        yield _unparsable(error)


def _subjects(
    reading: Reading, path: Path, directives: Sequence[Directive], main: Main | None, beside: Beside
) -> Iterator[Found | Unparsable | _Settings]:
    shown = reading.tree.shown(path)
    alone = Scope(directives, shown, 1)
    top = replace(alone, parent=main.modules[directives[0].name]) if main is not None else alone
    servers, sockets = read_servers(top, main.tls if main is not None else frozenset())
    if len(servers) > MOST_SERVERS:
        excess = servers[MOST_SERVERS].block
        yield Unparsable(
            file=excess.file, line=excess.line, code="excess", message=f"more than {MOST_SERVERS} server blocks"
        )
        return
    file = _File(
        reading=reading,
        top=top,
        groups={module: ChainMap(*_groups(module, top, main, beside)) for module in MODULES},
        ids={},
        passing=set(),
        judged=set(),
        budget=Budget(MOST_DESTINATIONS, "destinations"),
    )
    for each in listeners(reading, servers, sockets):
        yield _listener(reading, each, file.ids)
        if id(each.server) not in file.passing:
            terminated = Known(True, Basis(Origin.EXPLICIT, each.listen.directive.at))
            yield from _passed_on(file, each.server, terminated, each.name)
    yield from (_in_clear(each, file.ids) for each in in_clear(reading, servers, beside.tls))
    for server in servers:
        name = name_in_clear(server)
        if name is not None and id(server) not in file.passing:
            yield from _passed_on(file, server, Known(False, Basis(Origin.DEFAULT, server.block.at)), name)
    over_tls = {server.module for server in servers if server.tls}
    for block in alone.blocks(*MODULES):
        if block.name not in over_tls:
            yield from _without_servers(replace(file, top=alone), block)


def _groups(module: str, top: Scope, main: Main | None, beside: Beside) -> Iterator[dict[str, Scope]]:
    """The upstream blocks of a file, then those around it, then those of files beside it."""
    yield group_scopes(top, module)
    for each in (main, beside):
        if each is not None and module in each.groups:
            yield each.groups[module]


def _in_clear(each: InClear, ids: dict[str, int]) -> Found:
    """A socket where TLS seems to be meant: nothing is known of it but that."""
    directive, name = each.listen.directive, name_of(each.server, each.listen)
    endpoint = Endpoint(host=name.removesuffix(f":{each.listen.port}"), port=each.listen.port or 0)
    return Found(
        kind="listener",
        id=unique_id(f"{directive.file}#{name}", ids),
        name=name,
        file=directive.file,
        line=directive.line,
        facts=Facts(endpoint=endpoint, setup=Setup(unserved=each.unserved)),
        names=ServerNames(is_default=False),  # nobody gets TLS here
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A main file or fragment, and what was made of it so far."""

    reading: Reading
    top: Scope
    groups: Mapping[str, Mapping[str, Scope]]
    """The upstream blocks by module and name."""
    ids: dict[str, int]
    passing: set[int]
    """The servers of which the upstreams were looked for."""
    judged: set[str]
    """The modules that have upstreams."""
    budget: Budget


def _passed_on(file: _File, server: Server, terminated: Fact[bool], name: str) -> Iterator[Found]:
    """The upstreams of a server block, once for all of its sockets."""
    file.passing.add(id(server))
    yield from _upstreams(file, server.module, server.scope, terminated, name)


def _without_servers(file: _File, block: Directive) -> Iterator[Found | _Settings]:
    """What a module says where none of its servers here speaks TLS: it may be for servers elsewhere."""
    scope = file.top.inner(block)
    if not file.reading.whole:
        yield from _upstreams(file, block.name, replace(scope, parent=None, beyond=_ELSEWHERE), _ELSEWHERE, "location")
    yield from (_Settings(block.name, each) for each in _settings(file, scope, block.name))


def _settings(file: _File, scope: Scope, module: str) -> Iterator[Found]:
    reading = file.reading
    for passed in settings_for_upstreams(reading, scope) if module not in file.judged else ():
        yield Found(
            kind="upstream",
            id=f"{passed.directive.file}#{passed.destination}",
            name=f"settings for upstreams ({passed.destination})",
            file=passed.directive.file,
            line=passed.directive.line,
            facts=passed.facts,
        )
    terms = settings_alone(reading, scope)
    if terms is None:
        return
    shown, _, line = terms.place.at.rpartition(":")
    yield Found(
        kind="listener",
        id=f"{shown}#{module}",
        name=f"settings for servers ({module})",
        file=shown,
        line=int(line),
        facts=facts_of(terms, reading.assume.openssl),
        requested=requested_of(terms),
    )


def _listener(reading: Reading, each: Listener, ids: dict[str, int]) -> Found:
    directive = each.listen.directive
    return Found(
        kind="listener",
        id=unique_id(f"{directive.file}#{each.name}", ids),
        name=each.name,
        file=directive.file,
        line=directive.line,
        facts=facts_of(each.terms, reading.assume.openssl),
        requested=requested_of(each.terms),
        names=ServerNames(
            names=each.server.names, is_default=each.is_default, socket=f"{each.server.module} {each.listen.socket}"
        ),
    )


def _upstreams(file: _File, module: str, scope: Scope, terminated: Fact[bool], name: str) -> Iterator[Found]:
    passing = Passing(
        reading=file.reading, module=module, groups=file.groups[module], terminated=terminated, budget=file.budget
    )
    for passed in upstreams(passing, scope):
        file.judged.add(module)
        yield Found(
            kind="upstream",
            id=unique_id(f"{passed.directive.file}#{name}>{passed.destination}", file.ids),
            name=f"{name} > {passed.destination}",
            file=passed.directive.file,
            line=passed.directive.line,
            facts=passed.facts,
        )
