"""nginx: main files with what they include, and fragments that nobody here includes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tlsaudit.config.found import Context, Found, Unparsable, unique_id
from tlsaudit.config.nginx.files import Files
from tlsaudit.config.nginx.fragments import fragment
from tlsaudit.config.nginx.listeners import Listener, listeners, settings_alone
from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.reading import Reading
from tlsaudit.config.nginx.scope import Scope
from tlsaudit.config.nginx.servers import MODULES, read_servers
from tlsaudit.config.nginx.upstreams import group_scopes, upstreams
from tlsaudit.config.nginx.upstreams import settings_alone as settings_for_upstreams
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.terms import facts_of, requested_of
from tlsaudit.config.tree import Tree
from tlsaudit.model.configuration import ServerNames

MOST_SERVERS = 5000
"""Of one main file with what it includes; each is a subject of the report, or several."""
MOST_LISTENERS = 10_000


def read(tree: Tree, paths: Sequence[Path], context: Context) -> Iterator[Found | Unparsable]:
    """Every listener and upstream of these files: main ones first, then what none of them includes."""
    files = Files(tree)
    waiting: list[tuple[Path, list[Directive]]] = []
    broken: list[Unparsable] = []
    for path in paths:
        try:
            directives = Files(tree).load(path)
        except SyntaxProblemError as error:
            broken.append(Unparsable(file=error.file, line=error.line, code=error.code, message=error.problem))
            files.read.add(tree.inside(path) or path)
            continue
        if any(each.name in MODULES and each.block is not None for each in directives):
            files.load(path)
            yield from _found(_reading(tree, files, path, context), path, directives)
        else:
            waiting.append((path, directives))
    yield from dict.fromkeys(broken)
    for path, directives in waiting:
        if tree.inside(path) not in files.read:
            files.read.add(tree.inside(path) or path)
            reading = _reading(tree, files, path, context)
            yield from _found(reading, path, fragment(directives, tree.shown(path)))


def _reading(tree: Tree, files: Files, path: Path, context: Context) -> Reading:
    return Reading(
        tree=tree,
        files=files,
        base=path.parent,
        assume=context.assume,
        evaluator=context.evaluator,
        anchors=context.anchors,
    )


def _found(reading: Reading, path: Path, directives: list[Directive]) -> Iterator[Found | Unparsable]:
    top = Scope(directives, reading.tree.shown(path), 1)
    servers, sockets = read_servers(top)
    if len(servers) > MOST_SERVERS:
        excess = servers[MOST_SERVERS].block
        yield Unparsable(
            file=excess.file, line=excess.line, code="excess", message=f"more than {MOST_SERVERS} server blocks"
        )
        return
    groups = {module: group_scopes(top, module) for module in MODULES}
    ids: dict[str, int] = {}
    seen: set[int] = set()
    for number, each in enumerate(listeners(reading, servers, sockets)):
        if number >= MOST_LISTENERS:
            at = each.listen.directive
            message = f"more than {MOST_LISTENERS} listeners"
            yield Unparsable(file=at.file, line=at.line, code="excess", message=message)
            return
        yield _listener(reading, each, ids)
        if id(each.server) not in seen:
            seen.add(id(each.server))
            yield from _upstreams(reading, each, groups[each.server.module], ids)
    for module in top.blocks(*MODULES):
        if not any(server.tls for server in servers if server.module == module.name):
            yield from _settings(reading, top.inner(module), module.name)


def _settings(reading: Reading, scope: Scope, module: str) -> Iterator[Found]:
    for passed in settings_for_upstreams(reading, scope):
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
    file, _, line = terms.place.at.rpartition(":")
    yield Found(
        kind="listener",
        id=f"{file}#{module}",
        name=f"settings for servers ({module})",
        file=file,
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
        names=ServerNames(names=each.server.names, is_default=each.is_default),
    )


def _upstreams(reading: Reading, each: Listener, groups: dict[str, Scope], ids: dict[str, int]) -> Iterator[Found]:
    server = each.server
    for passed in upstreams(reading, server.scope, server.module, groups):
        yield Found(
            kind="upstream",
            id=unique_id(f"{passed.directive.file}#{each.name}>{passed.destination}", ids),
            name=f"{each.name} > {passed.destination}",
            file=passed.directive.file,
            line=passed.directive.line,
            facts=passed.facts,
        )
