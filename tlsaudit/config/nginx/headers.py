"""Strict-Transport-Security as nginx adds it: `add_header` is inherited only where the inner level has none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tlsaudit.config.nginx.scope import Scope, Setting, variable
from tlsaudit.config.nginx.values import possible
from tlsaudit.config.nginx.ways import HANDLERS, Way, ways
from tlsaudit.model.configuration import Said
from tlsaudit.model.facts import HttpAnswer
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why

_FIELD = "strict-transport-security"
_WITHOUT_ALWAYS = frozenset({200, 201, 204, 206, 301, 302, 303, 304, 307, 308})
"""The responses to which add_header adds (ngx_http_headers_module)."""
_DEEPEST = 8


def answer_of(scope: Scope, place: Basis) -> Fact[HttpAnswer | None]:
    """What `GET /` gets, as far as the text says: whoever is behind may add header fields of his own.

    Unknown where it hangs on a condition, or on files, which way is taken, and not all of them end alike.
    """
    found = ways(scope)
    if isinstance(found, Unknown):
        return found
    answers = [_answer(each, place) for each in found]
    unknown = next((each for each in answers if isinstance(each, Unknown) and each.why is not Why.NOT_ASKED), None)
    if unknown is not None or not answers:
        reason = f"which location answers for / cannot be told ({scope.file}:{scope.line})"
        return unknown or Unknown(Why.UNRESOLVED, reason)
    known = [each for each in answers if isinstance(each, Known)]
    sent = [each for each in known if each.value.hsts is not None]
    if sent and (len(sent) < len(answers) or len({each.value.hsts for each in sent}) > 1):
        other = next(way for way, each in zip(found, answers, strict=True) if each != sent[0])
        where = f"{other.level.file}:{other.level.line}"
        reason = f"some requests for / get another Strict-Transport-Security, or none, in the block at {where}"
        return Unknown(Why.UNRESOLVED, reason)
    if len(known) < len(answers):
        return next(each for each in answers if isinstance(each, Unknown))
    statuses = {each.value.status for each in known}
    return known[0] if len(statuses) == 1 else Known(replace(known[0].value, status=None), known[0].basis)


def _answer(way: Way, place: Basis) -> Fact[HttpAnswer]:
    level, status = way.level, way.status
    headers = level.setting("add_header")
    if isinstance(headers, Unknown):
        return headers
    fields: list[str] = []
    basis = place
    for each in headers.directives if headers is not None else ():
        if len(each.args) < 2 or each.args[0].lower() != _FIELD:
            continue
        values = possible(level, each.args[1])
        if isinstance(values, Unknown):
            return values
        if len(values) > 1 or "$" in values[0]:
            return variable(Setting((each,), Origin.EXPLICIT)) or NOT_ASKED
        if values[0] and ("always" in each.args[2:] or status is None or status in _WITHOUT_ALWAYS):
            fields.append(values[0])
            basis = Basis(headers.origin if headers is not None else Origin.EXPLICIT, each.at)
    more, more_at = _more_set(level)
    if more:
        fields, basis = [more], more_at
    if not fields and not way.answers:
        levels = (level, level.parent) if level.words[:1] and level.words[0].startswith("(") else (level,)  # an `if`
        behind = next((each for at in levels if at for name in HANDLERS for each in at.own(name)), None)
        if behind is not None:
            reason = f"{behind.name} at {behind.at}: what is behind may send Strict-Transport-Security itself"
            return Unknown(Why.NOT_ASKED, reason)
    return Known(HttpAnswer(status=status, hsts=parse_hsts(fields)), basis)


def _more_set(level: Scope) -> tuple[str, Basis]:
    """The field as `more_set_headers` sets it, for every status (headers-more-nginx-module); it is inherited."""
    at: Scope | None = level
    while at is not None:
        for each in reversed(at.own("more_set_headers")):
            if each.args and not each.args[0].startswith("-"):
                name, _, value = each.args[-1].partition(":")
                if name.strip().lower() == _FIELD and "$" not in value:
                    return value.strip(), Basis(Origin.EXPLICIT if at is level else Origin.INHERITED, each.at)
        at = at.parent
    return "", Basis(Origin.DEFAULT, "")


def lost(scope: Scope) -> tuple[Said, ...]:
    """Locations whose own add_header takes away the field that is set around them; fields without `always`."""
    return tuple(_lost(scope, around=False, depth=0))


def _lost(scope: Scope, *, around: bool, depth: int) -> Iterator[Said]:
    own = scope.own("add_header")
    fields = [each for each in own if each.args and each.args[0].lower() == _FIELD]
    if own and not fields and around and not _merges(scope):
        where = f"{scope.file}:{scope.line}"
        what = "add_header at this level takes Strict-Transport-Security away, which is set around it"
        yield Said(f"{what} (block at {where})", Basis(Origin.EXPLICIT, own[0].at))
    if depth == 0 and not own:
        inherited = scope.setting("add_header")
        theirs = inherited.directives if isinstance(inherited, Setting) else ()
        fields = [each for each in theirs if each.args and each.args[0].lower() == _FIELD]
        around = bool(fields)
    for each in fields:
        if "always" not in each.args[2:]:
            what = "without always the header field is not sent with errors (4xx, 5xx)"
            yield Said(what, Basis(Origin.EXPLICIT if own else Origin.INHERITED, each.at))
    around = bool(fields) or (around and (not own or _merges(scope)))
    if depth < _DEEPEST:
        for block in scope.blocks("location", "if", "limit_except"):
            yield from _lost(scope.inner(block), around=around, depth=depth + 1)


def _merges(scope: Scope) -> bool:
    """add_header_inherit merge (nginx 1.29.3)."""
    found = scope.setting("add_header_inherit")
    return isinstance(found, Setting) and found.word == "merge"
