"""Headers that tell the application about the client's certificate, and ways past them."""

from __future__ import annotations

from collections.abc import Iterator

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.scope import Scope, Setting
from tlsaudit.model.configuration import Said
from tlsaudit.model.knowledge import Basis, Origin

_SETS = {"proxy_pass": "proxy_set_header", "grpc_pass": "grpc_set_header"}
_ABOUT_THE_CLIENT = "$ssl_client_"
_DEEPEST = 8


def forgeable(scope: Scope) -> tuple[Said, ...]:
    """Where a header that other locations set for the same upstream goes on as the client sent it.

    `proxy_set_header` is inherited only where the inner level has none of its own.
    """
    passes = list(_passes(scope, 0))
    told: dict[str, set[str]] = {}
    for level, each in passes:
        for header in _headers(level, each):
            if any(_ABOUT_THE_CLIENT in word for word in header.args[1:]):
                told.setdefault(_upstream(each), set()).add(header.args[0].lower())
    found: list[Said] = []
    for level, each in passes:
        here = {header.args[0].lower() for header in _headers(level, each)}
        for name in sorted(told.get(_upstream(each), set()) - here):
            what = f"{name} is passed on as the client sent it, to where other locations set it"
            found.append(Said(what, Basis(Origin.EXPLICIT, each.at)))
    return tuple(found)


def _passes(scope: Scope, depth: int) -> Iterator[tuple[Scope, Directive]]:
    for each in scope.directives:
        if each.name in _SETS and each.args:
            yield scope, each
        elif each.block is not None and depth < _DEEPEST and each.name in {"location", "if", "limit_except"}:
            yield from _passes(scope.inner(each), depth + 1)


def _headers(level: Scope, passing: Directive) -> list[Directive]:
    setting = level.setting(_SETS[passing.name])
    return [each for each in setting.directives if each.args] if isinstance(setting, Setting) else []


def _upstream(passing: Directive) -> str:
    return passing.args[0].partition("://")[2].partition("/")[0] or passing.args[0]
