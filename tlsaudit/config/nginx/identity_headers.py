"""Headers that tell the application about the client's certificate, and ways past them."""

from __future__ import annotations

from collections.abc import Iterator

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.scope import Scope
from tlsaudit.model.configuration import Said
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

_SETS = {"proxy_pass": "proxy_set_header", "grpc_pass": "grpc_set_header"}
_ABOUT_THE_CLIENT = "$ssl_client_"
_INNER = frozenset({"location", "if", "limit_except"})
_DEEPEST = 8


def forgeable(scope: Scope, place: Basis) -> Fact[tuple[Said, ...]]:
    """Where a header that other locations set for the same upstream goes on as the client sent it.

    `proxy_set_header` is inherited only where the inner level has none of its own. Unknown where none is found, and a
    file that is not here may set one, or pass on.
    """
    passes: list[tuple[Directive, list[Directive]]] = []
    unknown = _hidden(scope, 0)
    for level, each in _passes(scope, 0):
        headers = level.setting(_SETS[each.name])
        if isinstance(headers, Unknown):
            unknown = unknown or headers
        else:
            passes.append((each, [header for header in headers.directives if header.args] if headers else []))
    told: dict[str, set[str]] = {}
    for each, headers_here in passes:
        for header in headers_here:
            if any(_ABOUT_THE_CLIENT in word for word in header.args[1:]):
                told.setdefault(_upstream(each), set()).add(header.args[0].lower())
    found: list[Said] = []
    for each, headers_here in passes:
        here = {header.args[0].lower() for header in headers_here}
        for name in sorted(told.get(_upstream(each), set()) - here):
            what = f"{name} is passed on as the client sent it, to where other locations set it"
            found.append(Said(what, Basis(Origin.EXPLICIT, each.at)))
    return unknown if unknown is not None and not found else Known(tuple(found), place)


def _hidden(scope: Scope, depth: int) -> Unknown | None:
    """Why there may be more at a level, or in the locations there, than is seen."""
    include = scope.hidden()
    if include is not None:
        reason = f"headers may be set in {include.args[0][:200]!r}, which is not in the scanned tree"
        return Unknown(Why.UNRESOLVED, f"{reason} ({include.at})")
    inner = (scope.inner(each) for each in scope.directives if each.block is not None and each.name in _INNER)
    return next((found for each in inner if depth < _DEEPEST and (found := _hidden(each, depth + 1))), None)


def _passes(scope: Scope, depth: int) -> Iterator[tuple[Scope, Directive]]:
    for each in scope.directives:
        if each.name in _SETS and each.args:
            yield scope, each
        elif each.block is not None and depth < _DEEPEST and each.name in _INNER:
            yield from _passes(scope.inner(each), depth + 1)


def _upstream(passing: Directive) -> str:
    return passing.args[0].partition("://")[2].partition("/")[0] or passing.args[0]
