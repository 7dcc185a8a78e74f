"""Strict-Transport-Security as mod_headers sends it: two tables, `always` for every answer, the other for good ones.

Header directives add up from the main server inwards, each changes its own table, and a response bears both
(modules/metadata/mod_headers.c, ap_http_header_filter): a field that is set in both is sent twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from tlsaudit.config.apache.conditional import conditional, conditional_in
from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.rewrites import flags_of, is_redirect, status_of
from tlsaudit.config.apache.scope import Level, not_here
from tlsaudit.config.apache.sections import index_files, inner_sections, root_sections
from tlsaudit.config.apache.served import Served, matches, served_root, unread
from tlsaudit.config.apache.servers import server_name
from tlsaudit.model.configuration import Said
from tlsaudit.model.facts import HttpAnswer
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

_FIELD = "strict-transport-security"
_TABLES = ("always", "onsuccess")
_ADDS = frozenset({"set", "add", "append", "merge", "setifempty"})
_EDITS = frozenset({"edit", "edit*"})
_OTHERS = frozenset({"unset", "note", "echo"})
_LIMITS = frozenset({"limit", "limitexcept"})
"""Sections by method, of which mod_headers takes no notice."""
_OVER_TLS = re.compile(
    r"env=HTTPS\Z|expr=\(?\s*%\{HTTPS\}\s*(?:==?|-eq)\s*['\"]?on['\"]?\s*\)?\Z"
    r"|expr=\(?\s*%\{REQUEST_SCHEME\}\s*==?\s*['\"]?https['\"]?\s*\)?\Z",
    re.IGNORECASE,
)
_IN_CLEAR = re.compile(
    r"env=!HTTPS\Z|expr=\(?\s*%\{HTTPS\}\s*(?:==?\s*['\"]?off|!=\s*['\"]?on)['\"]?\s*\)?\Z"
    r"|expr=\(?\s*%\{REQUEST_SCHEME\}\s*==?\s*['\"]?http['\"]?\s*\)?\Z",
    re.IGNORECASE,
)
_DEEPEST = 4
_MOST_STATES = 64
_MOST_LOST = 20
"""Places that are told of."""
_EARLY = "early"
_OPEN_VALUE = "\0"
"""Stands for a value that is decided with each request."""
_STATUS = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}

_Fields = tuple[str, ...]
_State = tuple[_Fields, _Fields]
"""The field in the table for every answer, and in that for good ones."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One Header directive on the field; `doubt` is why it may not hold."""

    directive: Directive
    always: bool
    action: str
    value: str
    condition: str
    doubt: str | None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What may be sent, the last place that adds to it, and why there may be several answers."""

    fields: frozenset[_Fields]
    adds: Directive | None
    doubt: str | None


def holds_over_tls(condition: str) -> bool:
    """Whether a condition holds for every request over TLS."""
    return _OVER_TLS.match(condition) is not None


def answer_of(level: Level, place: Basis) -> Fact[HttpAnswer | None]:
    """What `GET /` gets, as far as the text says: whoever is behind may add header fields of his own."""
    served, behind = served_root(level)
    outcomes = [_outcome(level, served, index) for index in index_files(level, served)]
    undecided = unread(level)
    if undecided is not None:
        what = f"whether the expression of {undecided.name} fits / cannot be told ({undecided.at})"
        outcomes += [replace(_outcome(level, each, None), doubt=what) for each in Served]
    redirects = _redirects(level, served)
    if redirects is not None:
        what = f"whether / is redirected is decided with each request ({redirects.at})"
        outcomes.append(replace(_outcome(level, Served.ERROR, None), doubt=what))
    found = {fields for each in outcomes for fields in each.fields}
    if len(found) > 1:
        elsewhere = "sections for files decide, and which file is served for / is not known here"
        return Unknown(Why.UNRESOLVED, next((each.doubt for each in outcomes if each.doubt), elsewhere))
    (fields,) = found
    if _OPEN_VALUE in fields:
        return Unknown(Why.UNRESOLVED, "the value of the header field is decided with each request")
    moved = _moved(level, served) if served is Served.FILE else None
    unsaid = _unsaid(level, behind if served is Served.PROXY else undecided) if not fields else None
    if (unknown := moved or unsaid) is not None:
        return unknown
    status = _status(behind) if served is Served.ERROR and behind is not None else None
    adds = outcomes[0].adds
    basis = place
    if adds is not None:
        own = adds in level.own("header") or level.around is None
        basis = Basis(Origin.EXPLICIT if own else Origin.INHERITED, adds.at)
    return Known(HttpAnswer(status=status, hsts=parse_hsts(list(fields))), basis)


def _unsaid(level: Level, behind: Directive | None) -> Unknown | None:
    """Why the field may be sent although nothing here says so; `behind` passes requests on, or may."""
    hidden = _hidden(level)
    if hidden is not None:
        return not_here("header", hidden)
    if behind is None:
        return None
    reason = f"{behind.name} at {behind.at}: what is behind may send Strict-Transport-Security itself"
    return Unknown(Why.NOT_ASKED, reason)


def lost(level: Level, place: Basis) -> tuple[Said, ...]:
    """Fields that errors and redirects go without, and sections that take the field away."""
    found: dict[tuple[str, str], Said] = {}
    served, _ = served_root(level)
    changes = list(_changes(level, served, None))
    sound = [each for each in changes if each.action in _ADDS and each.always]
    for change in changes:
        if change.action in _ADDS and not change.always and not sound:
            what = "without always the header field is not sent with errors and redirects"
            found[what, change.directive.at] = Said(what, Basis(Origin.EXPLICIT, change.directive.at))
    away = (each for section in inner_sections(level) for each in taken_away(section)) if sound else iter(())
    told = tuple(dict.fromkeys((*found.values(), *islice(away, _MOST_LOST))))
    if next(away, None) is None:
        return told
    return (*told, Said(f"more than {_MOST_LOST} places take Strict-Transport-Security away", place))


def taken_away(section: Directive) -> tuple[Said, ...]:
    """Where a section takes the field away from every answer, although it may be set around it."""
    what = f"<{section.name} {section.raw[:80]}> takes Strict-Transport-Security away"
    changes = (each for each in _in(section) if each.action == "unset" and each.always)
    return tuple(Said(what, Basis(Origin.EXPLICIT, each.directive.at)) for each in changes)


def changed_in(section: Directive) -> tuple[Directive, ...]:
    """What a section does to the field, also in sections inside of it."""
    inner = inner_sections(Level((section,)))
    return tuple(each.directive for block in inner for each in _in(block))


def answer_in(section: Directive, beyond: Unknown) -> Fact[HttpAnswer | None]:
    """What is sent because of a section alone; `beyond` where it adds nothing for certain."""
    states = _after(_in(section))[0]
    fields = {always + success for always, success in states}
    adds = [each for each in _in(section) if each.action in _ADDS]
    if len(fields) > 1 or not adds or not any(fields) or any(_OPEN_VALUE in each for each in fields):
        return beyond
    basis = Basis(Origin.EXPLICIT, adds[-1].directive.at)
    return Known(HttpAnswer(status=None, hsts=parse_hsts(list(fields.pop()))), basis)


def _outcome(level: Level, served: Served, index: str | None) -> _Outcome:
    """All that may come of it: a change that may not hold leaves both."""
    changes = list(_changes(level, served, index))
    states, doubt = _after(changes)
    adds = next((each.directive for each in reversed(changes) if each.action in _ADDS), None)
    good = served is not Served.ERROR
    return _Outcome(frozenset(always + (success if good else ()) for always, success in states), adds, doubt)


def _after(changes: Iterable[_Change]) -> tuple[set[_State], str | None]:
    """All that may come of changes, and why there may be more than one."""
    states: set[_State] = {((), ())}
    doubt: str | None = None
    for change in changes:
        after = {_applied(state, change) for state in states}
        if change.doubt is not None and after != states:
            doubt = doubt or change.doubt
            after |= states
        states = after if len(after) <= _MOST_STATES else {((), ()), ((_OPEN_VALUE,), ())}
    return states, doubt


def _moved(level: Level, served: Served) -> Unknown | None:
    """Where `/` may become another path inside, and a section changes the field there."""
    rules = [
        each for each in level.own("rewriterule") if len(each.args) > 2 and matches(each.args[0], "/") is not False
    ]
    inside = (each for section in root_sections(level, served) for each in Level(section.block or ()).directives)
    moving = next((each for each in rules if {"pt", "passthrough"} & set(flags_of(each.args[2]))), None)
    moving = moving or next((each for each in inside if each.name == "rewriterule"), None)
    used = {id(each) for each in root_sections(level, served)}
    others = (each for each in inner_sections(level) if id(each) not in used and any(_in(each)))
    section = next(others, None) if moving is not None else None
    if moving is None or section is None:
        return None
    what = f"<{section.name} {section.raw[:80]}> changes the header field ({section.at})"
    return Unknown(Why.UNRESOLVED, f"{what}, and / may become its path by RewriteRule ({moving.at})")


def _redirects(level: Level, served: Served) -> Directive | None:
    """A rule that may answer `/` by itself: behind conditions, or in a section for `/`."""
    if served is Served.ERROR:
        return None
    inside = (
        each
        for section in root_sections(level, served)
        for each in conditional_in(section, server_name(level))
        if matches(each.word, "" if section.name.startswith("directory") else "/") is not False
    )
    own = (each for each in conditional(level) if matches(each.word, "/") is not False)
    return next((each for each in (*own, *inside) if len(each.args) > 2 and is_redirect(each.args[2])), None)


def _changes(level: Level, served: Served, index: str | None) -> Iterator[_Change]:
    """What changes the field for `/`, in the order in which it is done."""
    around = level.around.directives if level.around is not None else ()
    everywhere = list(_of((*around, *level.directives), None))
    yield from (each for each in everywhere if each.condition == _EARLY)
    yield from (each for each in everywhere if each.condition != _EARLY)
    for section in root_sections(level, served, index):
        yield from _in(section)


def _in(section: Directive) -> Iterator[_Change]:
    """The changes of a section, some of which hold with some requests only."""
    doubt, condition = section.doubt, f"expr={section.word}"
    if section.name == "if" and _IN_CLEAR.match(condition):
        return
    if section.name in {"elseif", "else"} or (section.name == "if" and not holds_over_tls(condition)):
        doubt = f"whether <{section.name} {section.raw[:80]}> holds is decided with each request ({section.at})"
    yield from _of(section.block or (), doubt)


def _of(directives: Iterable[Directive], doubt: str | None, depth: int = 0) -> Iterator[_Change]:
    for each in directives:
        if each.name in _LIMITS and each.block is not None and depth < _DEEPEST:
            yield from _of(each.block, doubt, depth + 1)
        if each.name != "header" or each.block is not None:
            continue
        words = list(each.args)
        table = words.pop(0).lower() if words and words[0].lower() in _TABLES else "onsuccess"
        if len(words) > 1 and words[1].rstrip(":").lower() == _FIELD:
            action = words[0].lower()
            value, condition = (*words[2:4], "", "")[:2]
            if action in {"unset", "echo"}:
                value, condition = "", value
            elif action in _EDITS:
                condition = (*words[4:5], "")[0]
            if not _IN_CLEAR.match(condition):
                why = doubt or _doubt(each, action, condition)
                yield _Change(each, table == "always", action, value, condition, why)


def _doubt(directive: Directive, action: str, condition: str) -> str | None:
    """Why a change may not hold, or do something else."""
    if directive.doubt is not None:
        return directive.doubt
    if condition and condition != _EARLY and not holds_over_tls(condition):
        what = "whether the header field is sent is decided with each request"
        return f"{what}: {condition[:100]!r} ({directive.at})"
    if action not in _ADDS | _EDITS | _OTHERS:
        return f"header {action[:60]!r} is not known here ({directive.at})"
    return None


def _applied(state: _State, change: _Change) -> _State:
    always, success = state
    table = _changed(always if change.always else success, change)
    return (table, success) if change.always else (always, table)


def _changed(table: _Fields, change: _Change) -> _Fields:
    value = change.value.replace("%%", "%")
    if "${" in change.directive.raw or "%" in change.value.replace("%%", ""):
        value = _OPEN_VALUE
    match change.action:
        case "set":
            table = (value,)
        case "add":
            table = (*table, value)
        case "setifempty":
            table = table or (value,)
        case "append" | "merge":
            table = _joined(table, value, again=change.action == "append")
        case "unset":
            table = ()
        case "edit" | "edit*":
            table = tuple(_OPEN_VALUE for _ in table)
    return table


def _joined(table: _Fields, value: str, *, again: bool) -> _Fields:
    """A value behind those that are there, one that is among them only where it is to stand there `again`."""
    known = [part.strip() for each in table for part in each.split(",")]
    if not table or (not again and value in known):
        return table or (value,)
    return (*table[:-1], _OPEN_VALUE if _OPEN_VALUE in {value, table[-1]} else f"{table[-1]}, {value}")


def _hidden(level: Level) -> Directive | None:
    return level.hidden() or (level.around.hidden() if level.around is not None else None)


def _status(redirect: Directive) -> int:
    """The status of a redirect; 302 where it says none."""
    if redirect.name == "rewriterule":
        return status_of(redirect)
    word = redirect.word.lower()
    if redirect.name == "redirectpermanent":
        return 301
    return _STATUS.get(word, int(word) if word.isdigit() and len(word) == 3 else 302)
