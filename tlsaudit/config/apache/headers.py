"""Strict-Transport-Security as mod_headers sends it: two tables, `always` for every answer, the other for good ones.

Header directives add up from the main server inwards, each changes its own table, and a response bears both
(modules/metadata/mod_headers.c, ap_http_header_filter): a field that is set in both is sent twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.scope import Level
from tlsaudit.config.apache.sections import root_sections
from tlsaudit.config.apache.served import Served, served_root
from tlsaudit.model.configuration import Said
from tlsaudit.model.facts import HttpAnswer
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

_FIELD = "strict-transport-security"
_CONDITIONS = ("always", "onsuccess")
_ADDS = frozenset({"set", "add", "append", "merge", "setifempty"})
_OVER_TLS = re.compile(
    r"env=HTTPS\Z|expr=\(?\s*%\{HTTPS\}\s*(?:==?|-eq)\s*['\"]?on['\"]?\s*\)?\Z"
    r"|expr=\(?\s*%\{REQUEST_SCHEME\}\s*==?\s*['\"]?https['\"]?\s*\)?\Z",
    re.IGNORECASE,
)
_DEEPEST = 4
_STATUS = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}


@dataclass(frozen=True, slots=True)
class _Change:
    """One Header directive on the field."""

    directive: Directive
    always: bool
    action: str
    value: str
    condition: str


def holds_over_tls(condition: str) -> bool:
    """Whether a condition holds for every request over TLS."""
    return _OVER_TLS.match(condition) is not None


def answer_of(level: Level, place: Basis) -> Fact[HttpAnswer | None]:
    """What `GET /` gets, as far as the text says: whoever is behind may add header fields of his own."""
    served, behind = served_root(level)
    hidden = _hidden(level)
    tables: dict[bool, list[str]] = {True: [], False: []}
    basis = place
    for change in _changes(level, served):
        unknown = _open(change)
        if unknown is not None:
            return unknown
        _apply(tables[change.always], change)
        if change.action in _ADDS:
            own = change.directive in level.own("header") or level.around is None
            basis = Basis(Origin.EXPLICIT if own else Origin.INHERITED, change.directive.at)
    fields = tables[True] + (tables[False] if served is not Served.ERROR else [])
    if hidden is not None and not fields:
        reason = f"header may be set by {hidden.name} {hidden.word[:200]!r}, which is not in the scanned tree"
        return Unknown(Why.UNRESOLVED, f"{reason} ({hidden.at})")
    if not fields and served is Served.PROXY and behind is not None:
        reason = f"{behind.name} at {behind.at}: what is behind may send Strict-Transport-Security itself"
        return Unknown(Why.NOT_ASKED, reason)
    status = _status(behind) if served is Served.ERROR and behind is not None else None
    return Known(HttpAnswer(status=status, hsts=parse_hsts(fields)), basis)


def lost(level: Level) -> tuple[Said, ...]:
    """Fields that errors and redirects go without, and sections that take the field away."""
    found: dict[tuple[str, str], Said] = {}
    served, _ = served_root(level)
    sound = [each for each in _changes(level, served) if each.action in _ADDS and each.always]
    for change in _changes(level, served):
        if change.action in _ADDS and not change.always and not sound:
            what = "without always the header field is not sent with errors and redirects"
            found[what, change.directive.at] = Said(what, Basis(Origin.EXPLICIT, change.directive.at))
    if sound:
        for section in _inner(level, 0):
            for change in _of(Level(section.block or ()).own("header")):
                if change.action == "unset" and change.always:
                    what = f"<{section.name} {section.raw[:80]}> takes Strict-Transport-Security away"
                    found[what, change.directive.at] = Said(what, Basis(Origin.EXPLICIT, change.directive.at))
    return tuple(found.values())


def _changes(level: Level, served: Served) -> Iterator[_Change]:
    """What changes the field for `/`, in the order in which it is done."""
    if level.around is not None:
        yield from _of(level.around.own("header"))
    yield from _of(level.own("header"))
    for section in root_sections(level, served):
        yield from _of(Level(section.block or ()).own("header"))


def _of(directives: Iterable[Directive]) -> Iterator[_Change]:
    for each in directives:
        words = list(each.args)
        table = words.pop(0).lower() if words and words[0].lower() in _CONDITIONS else "onsuccess"
        if len(words) > 1 and words[1].rstrip(":").lower() == _FIELD:
            value, condition = (*words[2:4], "", "")[:2]
            if words[0].lower() == "unset":
                value, condition = "", value
            yield _Change(each, table == "always", words[0].lower(), value, condition)


def _open(change: _Change) -> Unknown | None:
    """Why a change cannot be followed."""
    directive = change.directive
    if directive.doubt is not None:
        return Unknown(Why.UNRESOLVED, directive.doubt)
    if "${" in directive.raw or "%" in change.value.replace("%%", ""):
        return Unknown(Why.UNRESOLVED, f"header has a variable in it: {directive.raw[:100]!r} ({directive.at})")
    if change.condition and not holds_over_tls(change.condition):
        reason = f"whether the header field is sent is decided with each request: {change.condition[:100]!r}"
        return Unknown(Why.UNRESOLVED, f"{reason} ({directive.at})")
    if change.action not in _ADDS | {"unset", "edit", "edit*", "note", "echo"}:
        return Unknown(Why.UNSUPPORTED, f"header {change.action[:60]!r} ({directive.at})")
    if change.action in {"edit", "edit*"}:
        return Unknown(Why.UNRESOLVED, f"the header field is edited with each request ({directive.at})")
    return None


def _apply(table: list[str], change: _Change) -> None:
    value = change.value.replace("%%", "%")
    match change.action:
        case "set":
            table[:] = [value]
        case "add":
            table.append(value)
        case "setifempty" if not table:
            table.append(value)
        case "append" | "merge":
            known = [part.strip() for each in table for part in each.split(",")]
            if change.action == "append" or value not in known:
                table[:] = [*table[:-1], f"{table[-1]}, {value}"] if table else [value]
        case "unset":
            table.clear()
        case _:
            pass


def _hidden(level: Level) -> Directive | None:
    return level.hidden() or (level.around.hidden() if level.around is not None else None)


def _inner(level: Level, depth: int) -> Iterator[Directive]:
    """The sections of a virtual host, and what is in them."""
    for each in level.directives:
        if each.block is not None and each.name != "virtualhost":
            yield each
            if depth < _DEEPEST:
                yield from _inner(Level(each.block), depth + 1)


def _status(redirect: Directive) -> int:
    """The status of a redirect; 302 where it says none."""
    word = redirect.word.lower()
    if redirect.name == "redirectpermanent":
        return 301
    return _STATUS.get(word, int(word) if word.isdigit() and len(word) == 3 else 302)
