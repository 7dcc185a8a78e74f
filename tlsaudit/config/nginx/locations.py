"""Which location a request gets (ngx_http_core_find_location): exact, longest prefix, then expressions in order."""

from __future__ import annotations

from tlsaudit.config.nginx.scope import Scope
from tlsaudit.model.expression import finds
from tlsaudit.model.knowledge import Unknown, Why

_EXPRESSIONS = frozenset({"~", "~*"})


def location_of(scope: Scope, path: str) -> Scope | Unknown:
    """The location of a path in a server block; the server itself where none is for it."""
    found = _found(scope, path)
    return found if isinstance(found, Unknown) else found[0]


def named_location(scope: Scope, name: str) -> Scope | Unknown:
    """The location `@name` of a server block."""
    block = next((each for each in scope.blocks("location") if each.args == (name,)), None)
    if block is None:
        return Unknown(Why.UNRESOLVED, f"there is no location {name[:200]!r} ({scope.file}:{scope.line})")
    return scope.inner(block)


def _found(scope: Scope, path: str) -> tuple[Scope, bool] | Unknown:
    """The location, and whether an expression around it has no say any more."""
    hidden = scope.hidden() if not scope.words else None  # what a location includes is hardly ever a location
    if hidden is not None:
        return Unknown(Why.UNRESOLVED, f"a location for {path} may be in {hidden.args[0][:200]!r} ({hidden.at})")
    blocks = list(scope.blocks("location"))
    exact = next((each for each in blocks if each.args == ("=", path)), None)
    if exact is not None:
        return scope.inner(exact), True
    prefixes = [each for each in blocks if _is_prefix(each.args) and path.startswith(each.args[-1])]
    longest = max(prefixes, key=lambda each: len(each.args[-1]), default=None)
    best = scope
    if longest is not None:
        inside = _found(scope.inner(longest), path)
        if isinstance(inside, Unknown) or inside[1]:
            return inside
        best = inside[0]
    if longest is None or longest.args[0] != "^~":
        for each in blocks:
            if len(each.args) != 2 or each.args[0] not in _EXPRESSIONS:
                continue
            matches = finds(each.args[1], path, cased=each.args[0] == "~")
            if matches is None:
                reason = f"it cannot be told whether a location is for {path}: {each.args[1][:200]!r} ({each.at})"
                return Unknown(Why.UNRESOLVED, reason)
            if matches:
                inside = _found(scope.inner(each), path)
                return inside if isinstance(inside, Unknown) else (inside[0], True)
    return best, False


def _is_prefix(words: tuple[str, ...]) -> bool:
    return (len(words) == 1 and not words[0].startswith("@")) or (len(words) == 2 and words[0] == "^~")
