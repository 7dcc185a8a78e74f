"""Apache httpd: main files with what they include, virtual hosts that none of them includes, and fragments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath

from tlsaudit.config.alone import facts_alone
from tlsaudit.config.apache import folders
from tlsaudit.config.apache.defaults import release
from tlsaudit.config.apache.files import Files
from tlsaudit.config.apache.listeners import Listener, Place, listener_at, places, settings_alone
from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.plain_ways import plain_ways
from tlsaudit.config.apache.reading import Reading
from tlsaudit.config.apache.renegotiated import renegotiated
from tlsaudit.config.apache.scope import Level
from tlsaudit.config.apache.servers import Servers, name_of, read_servers, terminates
from tlsaudit.config.apache.signs import is_named_so, is_of_a_folder
from tlsaudit.config.apache.unserved import InClear, in_clear
from tlsaudit.config.apache.upstreams import upstreams
from tlsaudit.config.found import Context, Found, Unparsable, unique_id
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.terms import Terms, facts_of, requested_of
from tlsaudit.config.tree import Tree
from tlsaudit.model.configuration import ServerNames, Setup
from tlsaudit.model.facts import Endpoint, Facts
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Tried, Unknown, Why

_MAIN = frozenset({"serverroot", "loadmodule", "listen"})
_INCLUDES = frozenset({"include", "includeoptional"})
MOST_SERVERS = 5000
"""Listeners of one main file with what it includes, in clear or not, and whom they pass on to; each is a subject."""
MOST_WORK = 5_000_000
"""Virtual hosts times the directives of the main server, which each of them inherits."""
_ELSEWHERE = Unknown(Why.NOT_ASKED, "left to the server that this is for, which is not here")
_AVAILABLE = ("sites-available", "conf-available", "mods-available")
"""Debian's folders of what is installed and not switched on."""


def read(tree: Tree, paths: Sequence[Path], context: Context) -> Iterator[Found | Unparsable]:
    """Every listener and upstream of these files: main ones first, then what none of them includes."""
    yield from _Apache(tree, context).read(paths)


class _Apache:
    """One tree being read."""

    def __init__(self, tree: Tree, context: Context) -> None:
        self._tree = tree
        self._context = context
        self._files = Files(tree, release(context.assume.apache))
        self._unused: set[Path] = set()
        """Settings that were read behind a main file, for virtual hosts of which there was none."""
        self._ids: dict[str, int] = {}

    def read(self, paths: Sequence[Path]) -> Iterator[Found | Unparsable]:
        """Main files, then those that take in others, then the rest; a file that another one takes in is done."""
        real = dict.fromkeys(self._tree.inside(path) or path for path in paths)
        broken: dict[Unparsable, None] = {}
        ranked: list[tuple[int, Path]] = []
        for path in real:
            try:
                ranked.append((_rank(path, self._files.parsed(path)), path))
            except SyntaxProblemError as error:
                broken[_unparsable(error)] = None
                self._files.read.add(path)
        mains = [path for rank, path in ranked if rank == 0]
        for _, path in sorted(ranked, key=lambda pair: (pair[0], _is_settings(pair[1]))):
            if path in self._files.read and path not in self._unused:
                continue
            try:
                yield from _bounded(self._found(path, self._around(path, mains)))
            except SyntaxProblemError as error:
                broken[_unparsable(error)] = None
                self._files.read.add(path)
        yield from broken

    def _around(self, path: Path, mains: Sequence[Path]) -> tuple[Path, ...]:
        """What would be read before a file that Debian has installed and not switched on: main file, TLS settings."""
        if path.parent.name not in _AVAILABLE:
            return ()
        main = next((each for each in mains if each.parent == path.parent.parent), None)
        if main is None:
            return ()
        settings = self._tree.inside(main.parent / "mods-available" / "ssl.conf")
        switched_on = self._tree.inside(main.parent / "mods-enabled" / "ssl.conf") is not None
        if settings is None or switched_on or settings == path:
            return (main,)
        if settings not in self._files.read:
            self._unused.add(settings)
        return main, settings

    def _found(self, path: Path, around: tuple[Path, ...]) -> Iterator[Found]:
        """What a file says; with files around it, what it adds to what they say."""
        loaded = self._files.load_behind(around, path) if around else self._files.load(path)
        reading = Reading(tree=self._tree, files=self._files, home=loaded.home, context=self._context, root=loaded.root)
        if is_of_a_folder(path.name):
            yield from self._folder(reading, loaded.directives, self._tree.shown(path))
            return
        own = self._tree.shown(path) if around else None
        servers = read_servers(loaded.directives)
        if len(servers.hosts) * len(servers.base.others("virtualhost")) > MOST_WORK:
            raise SyntaxProblemError(self._tree.shown(path), 1, "too many virtual hosts and directives", "excess")
        here = list(islice(places(servers), MOST_SERVERS + 1))
        if len(here) > MOST_SERVERS:
            at = here[-1].server.directive
            raise SyntaxProblemError(at.file, at.line, f"more than {MOST_SERVERS} listeners", "excess")
        wanted = [each for each in here if own in {None, each.server.directive.file}]
        if wanted:
            self._unused.difference_update(around)
        yield from self._over_tls(reading, servers, wanted)
        yield from self._without_tls(reading, servers, own, {id(each.server) for each in wanted})
        if not here:
            yield from self._settings(reading, loaded.directives, own)
        if not servers.hosts:
            yield from self._main(reading, servers, own)

    def _over_tls(self, reading: Reading, servers: Servers, here: Sequence[Place]) -> Iterator[Found]:
        """Virtual hosts that speak TLS, each with its sections and what it passes on."""
        seen: set[int] = set()
        done: set[str] = set()
        ways = plain_ways(servers) if here else {}
        for place in here:
            each = listener_at(reading, servers, place, ways)
            yield self._listener(each)
            if id(each.server) not in seen:
                seen.add(id(each.server))
                for path, terms in renegotiated(reading, each.server.level, each.terms, done):
                    yield self._part(f"{each.name}{path}", terms)
                terminated = Known(True, Basis(Origin.EXPLICIT, each.server.directive.at))
                yield from self._upstreams(reading, each.server.level, terminated, each.name)

    def _without_tls(self, reading: Reading, servers: Servers, own: str | None, seen: set[int]) -> Iterator[Found]:
        """Virtual hosts in clear: those that seem to mean TLS, and what they pass on."""
        yield from (self._in_clear(each) for each in in_clear(servers) if own in {None, each.server.directive.file})
        for server in servers.hosts:
            if id(server) not in seen and own in {None, server.directive.file}:
                yield from self._upstreams(reading, server.level, terminates(servers, server), name_of(server, None))

    def _folder(self, reading: Reading, directives: tuple[Directive, ...], shown: str) -> Iterator[Found]:
        """What a .htaccess file changes."""
        level, name = folders.as_folder(directives, shown, _ELSEWHERE), PurePosixPath(shown).name
        for terms in folders.folder_terms(reading, level, _ELSEWHERE):
            yield self._part(name, terms)
        yield from self._upstreams(reading, level, _ELSEWHERE, name)

    def _main(self, reading: Reading, servers: Servers, own: str | None) -> Iterator[Found]:
        """What a main server in clear passes on, or a file that is for servers elsewhere."""
        directives = tuple(each for each in servers.base.directives if own is None or each.file == own)
        if servers.ports:
            port = servers.ports[0]
            terminated: Fact[bool] = Known(False, Basis(Origin.DEFAULT, servers.base.own("listen")[0].at))
            yield from self._upstreams(reading, Level(directives), terminated, f"*:{port}")
        else:
            yield from self._upstreams(reading, Level(directives, beyond=_ELSEWHERE), _ELSEWHERE, "settings")

    def _listener(self, each: Listener) -> Found:
        directive = each.server.directive
        return Found(
            kind="listener",
            id=unique_id(f"{directive.file}#{each.name}", self._ids),
            name=each.name,
            file=directive.file,
            line=directive.line,
            facts=facts_of(each.terms, self._context.assume.openssl),
            requested=requested_of(each.terms),
            names=each.names,
        )

    def _in_clear(self, each: InClear) -> Found:
        """A place where TLS seems to be meant: nothing is known of it but that."""
        directive, name = each.server.directive, name_of(each.server, each.address)
        endpoint = Endpoint(host=name.rpartition(":")[0] or name, port=each.address.port or 0)
        place = Basis(Origin.EXPLICIT, directive.at)
        unserved = each.said if isinstance(each.said, Unknown) else Known((each.said,), place)
        return Found(
            kind="listener",
            id=unique_id(f"{directive.file}#{name}", self._ids),
            name=name,
            file=directive.file,
            line=directive.line,
            facts=Facts(endpoint=endpoint, setup=Setup(unserved=unserved)),
            names=ServerNames(is_default=False, chooser="apache"),  # nobody gets TLS here
            is_in_clear=True,
        )

    def _part(self, name: str, terms: Terms) -> Found:
        """What holds for some requests of a listener. What the handshake refuses is no matter of theirs."""
        found = self._settled(name, terms)
        facts = replace(found.facts, protocols=Tried(found.facts.protocols.accepted))
        return replace(found, facts=facts, names=ServerNames(is_default=False, chooser="apache"))

    def _settled(self, name: str, terms: Terms) -> Found:
        """What is asked for at a place that is no address."""
        file, _, line = terms.place.at.rpartition(":")
        return Found(
            kind="listener",
            id=unique_id(f"{file}#{name}", self._ids),
            name=name,
            file=file,
            line=int(line),
            facts=facts_of(terms, self._context.assume.openssl),
            requested=requested_of(terms),
        )

    def _upstreams(self, reading: Reading, level: Level, terminated: Fact[bool], name: str) -> Iterator[Found]:
        for passed in upstreams(reading, level, terminated):
            yield Found(
                kind="upstream",
                id=unique_id(f"{passed.directive.file}#{name}>{passed.destination}", self._ids),
                name=f"{name} > {passed.destination}",
                file=passed.directive.file,
                line=passed.directive.line,
                facts=passed.facts,
            )

    def _settings(self, reading: Reading, directives: tuple[Directive, ...], own: str | None) -> Iterator[Found]:
        base = Level(tuple(each for each in directives if own is None or each.file == own))
        terms = settings_alone(reading, base)
        if terms is None:
            return
        facts = facts_alone(terms, self._context.assume.openssl)
        yield replace(self._settled("settings", terms), name="settings for virtual hosts", facts=facts)


def _bounded(found: Iterator[Found]) -> Iterator[Found]:
    """No more than there may be of one main file."""
    for number, each in enumerate(found):
        if number >= MOST_SERVERS:
            message = f"more than {MOST_SERVERS} listeners and destinations"
            raise SyntaxProblemError(each.file, each.line, message, "excess")
        yield each


def _rank(path: Path, directives: tuple[Directive, ...]) -> int:
    """0 for a main file, 1 for one that takes in others, 2 for virtual hosts and the rest."""
    names = {each.name for each in directives}
    if is_named_so(path.name) or "serverroot" in names or ("loadmodule" in names and names & _MAIN - {"loadmodule"}):
        return 0
    return 1 if _includes(directives) else 2


def _is_settings(path: Path) -> bool:
    return path.parent.name == "mods-available" and path.name == "ssl.conf"


def _includes(directives: Sequence[Directive]) -> bool:
    return any(each.name in _INCLUDES or (each.block is not None and _includes(each.block)) for each in directives)


def _unparsable(error: SyntaxProblemError) -> Unparsable:
    return Unparsable(file=error.file, line=error.line, code=error.code, message=error.problem)
