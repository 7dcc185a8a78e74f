"""Strict-Transport-Security as nginx adds it: `add_header` is inherited only where the inner level has none."""

from __future__ import annotations

from collections.abc import Iterator

from tlsaudit.config.nginx.scope import Scope, Setting, variable
from tlsaudit.config.nginx.values import possible
from tlsaudit.model.configuration import Said
from tlsaudit.model.expression import finds
from tlsaudit.model.facts import HttpAnswer
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why

_FIELD = "strict-transport-security"
_WITHOUT_ALWAYS = frozenset({200, 201, 204, 206, 301, 302, 303, 304, 307, 308})
"""The responses to which add_header adds (ngx_http_headers_module)."""
_BEHIND = (
    "proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass", "js_content", "perl",
    "content_by_lua", "content_by_lua_block", "content_by_lua_file",
)  # fmt: skip
_DEEPEST = 8


def answer_of(scope: Scope, place: Basis) -> Fact[HttpAnswer | None]:
    """What `GET /` gets, as far as the text says: whoever is behind may add header fields of his own."""
    level = _level_of_root(scope)
    if isinstance(level, Unknown):
        return level
    status, redirected = _status(level)
    headers = level.setting("add_header")
    if isinstance(headers, Unknown):
        return headers
    fields: list[str] = []
    basis = place
    for each in headers.directives if headers is not None else ():
        if len(each.args) < 2 or each.args[0].lower() != _FIELD:
            continue
        values = possible(level, each.args[1])
        if len(values) > 1 or "$" in values[0]:
            return variable(Setting((each,), Origin.EXPLICIT)) or NOT_ASKED
        if values[0] and ("always" in each.args[2:] or status is None or status in _WITHOUT_ALWAYS):
            fields.append(values[0])
            basis = Basis(headers.origin if headers is not None else Origin.EXPLICIT, each.at)
    more, more_at = _more_set(level)
    if more:
        fields, basis = [more], more_at
    if not fields and not redirected:
        behind = next((each for name in _BEHIND for each in level.own(name)), None)
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
    for each in fields:
        if "always" not in each.args[2:]:
            what = "without always the header field is not sent with errors (4xx, 5xx)"
            yield Said(what, Basis(Origin.EXPLICIT, each.at))
    if depth == 0 and not own:
        inherited = scope.setting("add_header")
        around = isinstance(inherited, Setting) and any(
            each.args and each.args[0].lower() == _FIELD for each in inherited.directives
        )
    around = bool(fields) or (around and (not own or _merges(scope)))
    if depth < _DEEPEST:
        for block in scope.blocks("location", "if", "limit_except"):
            yield from _lost(scope.inner(block), around=around, depth=depth + 1)


def _merges(scope: Scope) -> bool:
    """add_header_inherit merge (nginx 1.29.3)."""
    found = scope.setting("add_header_inherit")
    return isinstance(found, Setting) and found.word == "merge"


def _level_of_root(scope: Scope) -> Scope | Unknown:
    """The location that `/` gets, or the server itself."""
    if scope.own("return"):
        return scope
    hidden = scope.hidden()
    if hidden is not None:
        return Unknown(Why.UNRESOLVED, f"a location for / may be in {hidden.args[0][:200]!r} ({hidden.at})")
    locations = list(scope.blocks("location"))
    exact = next((each for each in locations if each.args == ("=", "/")), None)
    prefix = next((each for each in locations if each.args in {("/",), ("^~", "/")}), None)
    if exact is not None:
        return scope.inner(exact)
    if prefix is None or prefix.args[0] != "^~":
        for each in locations:
            if len(each.args) != 2 or each.args[0] not in {"~", "~*"}:
                continue
            found = finds(each.args[1], "/")
            if found is None:
                reason = f"it cannot be told whether a location is for /: {each.args[1][:200]!r} ({each.at})"
                return Unknown(Why.UNRESOLVED, reason)
            if found:
                return scope.inner(each)
    return scope.inner(prefix) if prefix is not None else scope


def _status(level: Scope) -> tuple[int | None, bool]:
    """The status that `return` fixes, and whether nobody behind is asked."""
    found = level.own("return")
    if not found:
        return None, False
    word = found[0].args[0] if found[0].args else ""
    return (int(word) if word.isdigit() and len(word) == 3 else 302), True
