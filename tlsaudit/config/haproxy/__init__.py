"""HAProxy: a file with a `global` section and those beside and below it that have none are one configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tlsaudit.config.alone import facts_alone
from tlsaudit.config.found import Context, Found, Unparsable, unique_id
from tlsaudit.config.haproxy.files import Files
from tlsaudit.config.haproxy.listeners import Listener, Reading, listeners, settings_alone
from tlsaudit.config.haproxy.parse import Section, parse
from tlsaudit.config.haproxy.sections import assemble
from tlsaudit.config.haproxy.unserved import in_clear
from tlsaudit.config.haproxy.upstreams import SERVERS, upstreams
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.terms import facts_of, requested_of
from tlsaudit.config.text import text_of
from tlsaudit.config.tree import Tree
from tlsaudit.model.configuration import ServerNames

MOST_LINES = 5000
"""Of one configuration, that listen or pass on; each is a subject of the report, or several."""
MOST_LISTENERS = 10_000


def read(tree: Tree, paths: Sequence[Path], context: Context) -> Iterator[Found | Unparsable]:
    """Every listener and upstream of these files."""
    parsed: dict[Path, tuple[list[Section], dict[str, str]]] = {}
    for path in dict.fromkeys(tree.inside(each) or each for each in paths):
        environment: dict[str, str] = {}
        try:
            parsed[path] = parse(text_of(tree, path), tree.shown(path), environment, context.assume), environment
        except SyntaxProblemError as error:
            yield Unparsable(file=error.file, line=error.line, code=error.code, message=error.problem)
    mains = [path for path, (sections, _) in parsed.items() if any(each.kind == "global" for each in sections)]
    parts: dict[Path, list[Path]] = {path: [] for path in mains}
    for path in parsed.keys() - parts.keys():
        owner = _owner(path, mains)
        parts.setdefault(owner or path, [])
        if owner is not None:
            parts[owner].append(path)
    for path in sorted(parts):
        sections, environment = parsed[path]
        whole = list(sections)
        for part in sorted(parts[path]):
            # Read again with what the main file has set; what breaks there alone is said as well.
            try:
                whole += parse(text_of(tree, part), tree.shown(part), dict(environment), context.assume)
            except SyntaxProblemError as error:  # behind a condition that holds only there
                yield Unparsable(file=error.file, line=error.line, code=error.code, message=error.problem)
        try:
            yield from _found(tree, path, whole, context)
        except SyntaxProblemError as error:  # more than is looked at
            yield Unparsable(file=error.file, line=error.line, code=error.code, message=error.problem)


def _owner(path: Path, mains: Sequence[Path]) -> Path | None:
    """The one main file in the nearest folder above that has any."""
    for folder in path.parents:
        found = [each for each in mains if each.parent == folder]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _found(tree: Tree, path: Path, sections: Sequence[Section], context: Context) -> Iterator[Found | Unparsable]:
    config = assemble(sections)
    lines = [line for proxy in config.proxies for line in proxy.own("bind", *SERVERS)]
    if len(lines) > MOST_LINES:
        excess = lines[MOST_LINES]
        message = f"more than {MOST_LINES} bind and server lines"
        yield Unparsable(file=excess.file, line=excess.line, code="excess", message=message)
        return
    reading = Reading(
        config=config,
        files=Files(tree, path.parent, config.globals),
        assume=context.assume,
        evaluator=context.evaluator,
        anchors=context.anchors,
    )
    ids: dict[str, int] = {}
    number = -1
    for number, each in enumerate(listeners(reading)):
        if number >= MOST_LISTENERS:
            message = f"more than {MOST_LISTENERS} listeners"
            yield Unparsable(file=each.line.file, line=each.line.line, code="excess", message=message)
            return
        yield _listener(reading, each, ids)
    alone = settings_alone(reading) if number < 0 else None
    if alone is not None:
        file, _, line = alone.place.at.rpartition(":")
        yield Found(
            kind="listener",
            id=f"{file}#global",
            name="settings for bind lines (global)",
            file=file,
            line=int(line),
            facts=facts_alone(alone, reading.assume.openssl),
            requested=requested_of(alone),
        )
    for plain in in_clear(reading):
        yield Found(
            kind="listener",
            id=unique_id(f"{plain.line.file}#{plain.name}", ids),
            name=plain.name,
            file=plain.line.file,
            line=plain.line.line,
            facts=plain.facts,
            names=ServerNames(is_default=False, chooser="haproxy"),  # nobody gets TLS here
            is_in_clear=True,
        )
    for passed in upstreams(reading):
        yield Found(
            kind="upstream",
            id=unique_id(f"{passed.line.file}#{passed.name}", ids),
            name=passed.name,
            file=passed.line.file,
            line=passed.line.line,
            facts=passed.facts,
        )


def _listener(reading: Reading, each: Listener, ids: dict[str, int]) -> Found:
    return Found(
        kind="listener",
        id=unique_id(f"{each.line.file}#{each.name}", ids),
        name=each.name,
        file=each.line.file,
        line=each.line.line,
        facts=facts_of(each.terms, reading.assume.openssl),
        requested=requested_of(each.terms),
        names=each.names,
    )
