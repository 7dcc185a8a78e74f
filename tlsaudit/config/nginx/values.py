"""What a word with variables in it can be: `set` and `map` give their values, and over TLS `$scheme` is https."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.scope import Scope

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z0-9_]+)\}|(?P<bare>[A-Za-z0-9_]+))")
_KNOWN = {"scheme": "https", "https": "on"}
_MAPS = ("map", "geo", "split_clients")
_OPTIONS = frozenset({"hostnames", "volatile", "ranges", "delete", "proxy", "proxy_recursive"})
_MOST = 50
_DEEPEST = 4


def possible(scope: Scope, word: str) -> tuple[str, ...]:
    """Every value that the word can have; a variable of which nothing is known stays in it."""
    words = [word]
    for _ in range(_DEEPEST):
        replaced = list(dict.fromkeys(new for each in words for new in _replaced(scope, each)))[:_MOST]
        if replaced == words:
            break
        words = replaced
    return tuple(words)


def _replaced(scope: Scope, word: str) -> Iterator[str]:
    """The word with its first variable that is known replaced by each of its values."""
    for found in _VARIABLE.finditer(word):
        values = _values(scope, found["braced"] or found["bare"])
        if values:
            for value in values:
                yield word[: found.start()] + value + word[found.end() :]
            return
    yield word


def _values(scope: Scope, name: str) -> list[str]:
    if name in _KNOWN:
        return [_KNOWN[name]]
    found: dict[str, None] = {}
    level: Scope | None = scope
    while level is not None:
        found |= {each.args[1]: None for each in level.own("set") if each.args[:1] == (f"${name}",) and each.args[1:]}
        for block in level.blocks(*_MAPS):
            if block.args[-1:] == (f"${name}",):
                found |= dict.fromkeys(_mapped(block))
        level = level.parent
    return [value for value in found if f"${name}" not in value][:_MOST]


def _mapped(block: Directive) -> Iterator[str]:
    """The values of a map; of one over a variable that is known, the one for it."""
    entries = {each.name: each.args[0] if each.args else "" for each in block.block or () if each.name not in _OPTIONS}
    if "include" in entries:
        yield f"${{{entries['include']}}}"  # nobody knows what is in it
    source = block.args[0].lstrip("$").strip("{}") if block.name == "map" and len(block.args) == 2 else ""
    if source in _KNOWN:
        yield entries.get(_KNOWN[source], entries.get("default", ""))
        return
    if block.name == "map" and "default" not in entries:
        yield ""
    yield from (value for key, value in entries.items() if key != "include")
