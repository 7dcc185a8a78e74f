"""Headers that tell the application about the client's certificate, and ways past them (RequestHeader)."""

from __future__ import annotations

from collections.abc import Iterator

from tlsaudit.config.apache.headers import holds_over_tls
from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.scope import Level, not_here
from tlsaudit.config.apache.served import matches_path
from tlsaudit.model.configuration import Said
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin

_ABOUT_THE_CLIENT = "%{SSL_CLIENT_"
_REPLACES = frozenset({"set", "unset"})
_TELLS = frozenset({"set", "add", "append", "merge", "setifempty"})
_PASSES = frozenset({"proxypass", "proxypassmatch", "rewriterule", "sethandler", "wsgiscriptalias"})
_DEEPEST = 8


def forgeable(level: Level, place: Basis) -> Fact[tuple[Said, ...]]:
    """Headers that are added to what the client sent, or set for some requests only.

    Unknown where none is found, and a file that is not here may have one.
    """
    outer = level.around.own("requestheader") if level.around is not None else ()
    everywhere = (*outer, *level.own("requestheader"))
    cleared: set[str] = set()
    found: list[Said] = []
    for each in everywhere:
        found += _left_open(each, cleared)
    for section, header in _in_sections(level, 0):
        where = f"for <{section.name} {section.raw[:80]}> only"
        before = set(cleared)
        open_ = _left_open(header, before)
        found += open_
        if not open_ and _tells(header) and _name(header) not in cleared and _passes_elsewhere(level, section):
            found.append(_said(header, f"is set {where}, and elsewhere goes on as the client sent it"))
    hidden = next((each for each in (_hidden(level, 0), _hidden(level.around, 0)) if each is not None), None)
    if hidden is not None and not found:
        return not_here("headers", hidden)
    return Known(tuple(found), place)


def _hidden(level: Level | None, depth: int) -> Directive | None:
    """What is taken in from a file that is not here, at a level or in the sections there."""
    if level is None:
        return None
    if level.hidden() is not None:
        return level.hidden()
    inner = (Level(each.block) for each in level.others("virtualhost") if each.block is not None and depth < _DEEPEST)
    return next((found for each in inner if (found := _hidden(each, depth + 1))), None)


def _left_open(header: Directive, cleared: set[str]) -> list[Said]:
    """What a directive leaves of the client's own; what it clears is added to `cleared`."""
    action, name = header.word.lower(), _name(header)
    condition = next((each for each in header.args[2:] if each.startswith(("env=", "expr="))), "")
    always = header.doubt is None and (not condition or holds_over_tls(condition))
    if always and action in _REPLACES:
        cleared.add(name)
    elif name not in cleared and _tells(header):
        how = "set under a condition only, beside" if action == "set" else "added to"
        return [_said(header, f"is {how} what the client sent")]
    return []


def _tells(header: Directive) -> bool:
    return header.word.lower() in _TELLS and any(_ABOUT_THE_CLIENT in word for word in header.args[2:3])


def _name(header: Directive) -> str:
    return header.args[1].rstrip(":").lower() if len(header.args) > 1 else ""


def _said(header: Directive, what: str) -> Said:
    return Said(f"{_name(header)[:100]} {what}", Basis(Origin.EXPLICIT, header.at))


def _in_sections(level: Level, depth: int) -> Iterator[tuple[Directive, Directive]]:
    for each in level.others("virtualhost"):
        if each.block is not None and depth < _DEEPEST:
            inside = Level(each.block)
            yield from ((each, header) for header in inside.own("requestheader"))
            yield from _in_sections(inside, depth + 1)


def _passes_elsewhere(level: Level, section: Directive) -> bool:
    """Whether requests that are none of the section's go to an application; a section for `/` has them all."""
    if section.name in {"location", "locationmatch"} and matches_path(section, "/"):
        return False
    others = [each for each in level.directives if each is not section]
    return any(_is_passing(each, 0) for each in others)


def _is_passing(directive: Directive, depth: int) -> bool:
    if directive.block is not None:
        return depth < _DEEPEST and any(_is_passing(each, depth + 1) for each in directive.block)
    return directive.name in _PASSES and "!" not in directive.args[:2]
