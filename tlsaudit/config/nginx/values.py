"""What a word with variables in it can be: `set` and `map` give their values, and `$scheme` is https over TLS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.scope import Scope
from tlsaudit.model.knowledge import Unknown, Why

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z0-9_]+)\}|(?P<bare>[A-Za-z0-9_]+))")
_OVER_TLS = {"scheme": "https", "https": "on"}
_IN_CLEAR = {"scheme": "http", "https": ""}
_PATHS = frozenset({"request_uri", "uri", "document_uri", "is_args"})
_GROUP = re.compile(r"(?<!\\)\((?P<option>\?(?:P?<(?P<name>[A-Za-z]\w*)>)?)?(?P<next>.?)")
_MAPS = ("map", "geo", "split_clients")
_OPTIONS = frozenset({"hostnames", "volatile", "ranges", "delete", "proxy", "proxy_recursive"})
_MOST = 1000
"""Values of a word, and lines of a map."""
_DEEPEST = 4


class _TooManyError(Exception):
    """There are more values than are looked at."""


def possible(scope: Scope, word: str, *, tls: bool | None = True) -> tuple[str, ...] | Unknown:
    """Every value that the word can have; a variable of which nothing is known stays in it. Unknown: they are too many.

    `tls`: whether the request came over TLS; None: nobody knows.
    """
    known = {} if tls is None else _OVER_TLS if tls else _IN_CLEAR
    words = {word: None}
    try:
        for _ in range(_DEEPEST):
            replaced = _bounded(new for each in words for new in _replaced(scope, each, known))
            if replaced == words:
                break
            words = replaced
    except _TooManyError:
        reason = f"what variables stand for can be more than {_MOST} values ({scope.file}:{scope.line})"
        return Unknown(Why.UNSUPPORTED, reason)  # not the word itself: it may hold a password
    return tuple(words)


def _bounded(values: Iterable[str]) -> dict[str, None]:
    """Different values in their order. Raises _TooManyError."""
    found: dict[str, None] = {}
    for each in values:
        found[each] = None
        if len(found) > _MOST:
            raise _TooManyError
    return found


def before_path(scope: Scope, address: str) -> str:
    """An address up to its first variable that is a path: what nginx connects to ends there."""
    for found in _VARIABLE.finditer(address):
        if _is_path(scope, found["braced"] or found["bare"]):
            return address[: found.start()]
    return address


def _is_path(scope: Scope, name: str) -> bool:
    """Whether a variable begins with a slash or a question mark, or is empty where it does not.

    A capture does where its location says so, as long as nothing in it captures anew.
    """
    if name in _PATHS:
        return True
    if scope.words[:1] not in {("~",), ("~*",)} or scope.own("rewrite") or scope.own("if"):
        return False
    groups = [each for each in _GROUP.finditer(scope.words[-1]) if each["name"] or not each["option"]]
    named = next((each for each in groups if each["name"] == name), None)
    if name.isdigit() and 0 < int(name) <= len(groups):
        named = groups[int(name) - 1]
    return named is not None and named["next"] == "/"


def _replaced(scope: Scope, word: str, known: Mapping[str, str]) -> Iterator[str]:
    """The word with its first variable that is known replaced by each of its values."""
    for found in _VARIABLE.finditer(word):
        values = _values(scope, found["braced"] or found["bare"], known)
        if values:
            for value in values:
                yield word[: found.start()] + value + word[found.end() :]
            return
    yield word


def _values(scope: Scope, name: str, known: Mapping[str, str]) -> list[str]:
    if name in known:
        return [known[name]]
    found: dict[str, None] = {}
    level: Scope | None = scope
    while level is not None:
        for at in (level, *map(level.inner, level.blocks("if"))):
            found |= {each.args[1]: None for each in at.own("set") if each.args[:1] == (f"${name}",) and each.args[1:]}
        for block in level.blocks(*_MAPS):
            if block.args[-1:] == (f"${name}",):
                found |= dict.fromkeys(_mapped(block, known))
        level = level.parent
    return [value for value in found if f"${name}" not in value]


def _mapped(block: Directive, known: Mapping[str, str]) -> Iterator[str]:
    """The values of a map; of one over a variable that is known, the one for it. Raises _TooManyError."""
    if len(block.block or ()) > _MOST:
        raise _TooManyError
    entries = {each.name: each.args[0] if each.args else "" for each in block.block or () if each.name not in _OPTIONS}
    if "include" in entries:
        yield f"${{{entries['include']}}}"  # nobody knows what is in it
    source = block.args[0].lstrip("$").strip("{}") if block.name == "map" and len(block.args) == 2 else ""
    if source in known and not any(key.startswith("~") for key in entries):
        yield entries.get(known[source], entries.get("default", ""))
        return
    if block.name == "map" and "default" not in entries:
        yield ""
    yield from (value for key, value in entries.items() if key != "include")
