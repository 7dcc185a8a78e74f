"""Client certificates that the configuration itself asks for: `if` on $ssl_client_verify, or on a map of it.

The directives of ngx_http_rewrite_module run in their order, those of the server first and then those of a location;
locations inside do not inherit them. Here they run for a client without a certificate that verifies. What hangs on
more than the text goes both ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tlsaudit.config.nginx.parse import Directive
from tlsaudit.config.nginx.refusals import undone
from tlsaudit.config.nginx.scope import Scope
from tlsaudit.model.expression import finds
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why

NONE: Final = "NONE"
FAILED: Final = "FAILED:unable to verify the first certificate"
"""Values of $ssl_client_verify: no certificate was shown, and one that does not verify."""
_SUCCESS: Final = "SUCCESS"
_VERIFY: Final = "$ssl_client_verify"
_OF_CERTIFICATES: Final = (
    "s_dn", "i_dn", "s_dn_legacy", "i_dn_legacy", "serial", "fingerprint", "cert", "raw_cert", "escaped_cert",
    "v_start", "v_end", "v_remain",
)  # fmt: skip
"""Variables behind $ssl_client_ that are empty where there is no certificate."""
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_ABSOLUTE: Final = ("http://", "https://", "$scheme://")
_FIRST_REFUSAL: Final = 300
_DEEPEST: Final = 8
_MOST_STEPS: Final = 20_000
_STEPS_OF_A_PAGE: Final = 200

_REFUSED, _PASSED, _ANSWERED, _ON = "refused", "passed", "answered", "on"
_Ends = frozenset[str]
"""How rewriting can end at a level: `passed`, it was cut short; `on`, at the last directive."""
_Values = dict[str, str | None]
"""Of variables; None: not known."""


class _TooManyError(Exception):
    """More directives than are followed."""


def requires(server: Scope, verdicts: tuple[str, ...]) -> Fact[bool]:
    """Whether the configuration refuses clients with these values of $ssl_client_verify, whatever they ask for.

    False where it treats some of them as it treats those with a certificate that verifies.
    """
    place = Basis(Origin.EXPLICIT, f"{server.file}:{server.line}")
    try:
        good = _Run(server, _SUCCESS, tls=True).ends()
        bad = [_Run(server, each, tls=True).ends() for each in verdicts]
    except _TooManyError:
        return _cannot_tell(place)
    if good in bad:
        return Known(False, place)
    if all(_is_refused(server, each) for each in bad):
        return Known(True, place)
    return _cannot_tell(place)


def without_tls(server: Scope) -> Fact[bool]:
    """Whether a client that comes in clear is refused, or sent elsewhere, whatever it asks for."""
    place = Basis(Origin.EXPLICIT, f"{server.file}:{server.line}")
    try:
        ends = _Run(server, "", tls=False).ends()
    except _TooManyError:
        return _cannot_tell(place)
    if _is_refused(server, ends):
        return Known(True, place)
    return Known(False, place) if not any(_REFUSED in each for each in ends) else _cannot_tell(place)


def _cannot_tell(place: Basis) -> Unknown:
    reason = "whether all clients without a certificate that verifies are refused cannot be told"
    return Unknown(Why.UNRESOLVED, f"{reason} ({place.at})")


def _is_refused(server: Scope, ends: tuple[_Ends, ...]) -> bool:
    """Whether all requests are refused: by the server, or by each of its locations, one of which is for the rest."""
    first, *inside = ends
    if first == {_REFUSED}:
        return True
    rest = any(each.args == ("/",) for each in server.blocks("location"))
    return rest and server.hidden() is None and _ANSWERED not in first and all(each == {_REFUSED} for each in inside)


def _locations(scope: Scope, depth: int = 0) -> Iterator[Scope]:
    """Those that a client can ask for."""
    for block in scope.blocks("location"):
        inner = scope.inner(block)
        if not block.args[-1:] or not block.args[-1].startswith("@"):
            if not inner.own("internal"):
                yield inner
            if depth < _DEEPEST:
                yield from _locations(inner, depth + 1)


class _Run:
    """The rewriting of a server block and its locations for one kind of client."""

    def __init__(self, server: Scope, verdict: str, *, tls: bool) -> None:
        self._server = server
        self._steps = 0
        self._known: _Values = {_VERIFY: verdict, "$scheme": "https" if tls else "http", "$https": "on" if tls else ""}
        if verdict in {NONE, ""}:
            self._known |= {f"$ssl_client_{each}": "" for each in _OF_CERTIFICATES}

    def ends(self) -> tuple[_Ends, ...]:
        """Of the server, and of each location."""
        values = dict(self._known)
        first = self._follow(self._server, values)
        return (first, *(self._follow(each, dict(values)) for each in _locations(self._server)))

    def _follow(self, level: Scope, values: _Values) -> _Ends:
        ends: set[str] = set()
        for each in level.directives:
            self._count(1)
            if each.name == "set" and len(each.args) == 2:
                values[each.args[0]] = self._text(level, each.args[1], values)
            elif each.name == "return":
                return frozenset({*ends, self._returned(level, each)})
            elif each.name == "break":
                return frozenset({*ends, _PASSED})
            elif each.name == "include":  # not here
                ends.add(_PASSED)
            elif each.name == "rewrite" and len(each.args) > 1:
                ends |= _rewritten(each.args)
            elif each.name == "if":
                inside = self._inside(level, each, values)
                ends |= inside - {_ON}
                if inside and _ON not in inside:
                    return frozenset(ends)
        return frozenset({*ends, _ON})

    def _inside(self, level: Scope, block: Directive, values: _Values) -> _Ends:
        """Of an `if`, with `on` where the request may go on behind it."""
        holds = self._holds(level, block.args, values)
        if holds is False:
            return frozenset()
        inner = dict(values)
        ends = self._follow(level.inner(block), inner)
        for name, value in inner.items():
            if holds:
                values[name] = value
            elif values.get(name) != value:
                values[name] = None
        return ends if holds else ends | {_ON}

    def _returned(self, level: Scope, directive: Directive) -> str:
        first = directive.args[0] if directive.args else ""
        status = int(first) if first.isdigit() else 302 if first.startswith(_ABSOLUTE) else 0
        self._count(_STEPS_OF_A_PAGE)
        refused = status >= _FIRST_REFUSAL and undone(self._server, level, status) is None
        return _REFUSED if refused else _ANSWERED

    def _holds(self, level: Scope, args: tuple[str, ...], values: _Values) -> bool | None:
        words = list(args)
        if words:
            words[0] = words[0].removeprefix("(")
            words[-1] = words[-1].removesuffix(")")
            words = words[args[0] == "(" : len(words) - (args[-1] == ")")]
        value = self._value(level, words[0], values) if words and words[0].startswith("$") else None
        if value is None:
            return None
        if len(words) == 1:
            return value not in {"", "0"}
        sign, wanted = (words[1], words[2]) if len(words) == 3 else ("", "")
        if sign in {"=", "!="}:
            text = self._text(level, wanted, values)
            return None if text is None else (value == text) is (sign == "=")
        if sign.lstrip("!") not in {"~", "~*"}:
            return None
        found = finds(wanted, value, cased=not sign.endswith("*"))
        return None if found is None else found is not sign.startswith("!")

    def _text(self, level: Scope, word: str, values: _Values) -> str | None:
        """A word with its variables in it."""
        parts: list[str] = []
        end = 0
        for found in _VARIABLE.finditer(word):
            value = self._value(level, f"${found[1] or found[2]}", values)
            if value is None:
                return None
            parts += (word[end : found.start()], value)
            end = found.end()
        text = "".join((*parts, word[end:]))
        return text if len(text) <= 1000 else None

    def _value(self, level: Scope, word: str, values: _Values, depth: int = 0) -> str | None:
        name = f"${word[1:].strip('{}')}"
        if name not in values:
            values[name] = self._mapped(level, name, values, depth) if depth < _DEEPEST else None
        return values[name]

    def _mapped(self, level: Scope, name: str, values: _Values, depth: int) -> str | None:
        """The value of a map: a string, whatever the case of letters, then the first expression, then the default."""
        at: Scope | None = level
        maps: list[Directive] = []
        while at is not None:
            here = list(at.blocks("map"))
            self._count(len(here))
            maps += (each for each in here if each.args[-1:] == (name,))
            at = at.parent
        if len(maps) != 1 or len(maps[0].args) != 2 or not _VARIABLE.fullmatch(maps[0].args[0]):
            return None
        source = self._value(level, maps[0].args[0], values, depth + 1)
        return None if source is None else self._looked_up(maps[0], source)

    def _looked_up(self, block: Directive, source: str) -> str | None:
        entries = {each.name: each.args[0] if len(each.args) == 1 else None for each in block.block or ()}
        self._count(len(entries))
        if {"include", "hostnames"} & entries.keys():
            return None
        found = next((key for key in entries if key.removeprefix("\\").lower() == source.lower()), None)
        for key in entries if found is None else ():
            if key.startswith("~"):
                matches = finds(key[1:].removeprefix("*"), source, cased=not key.startswith("~*"))
                if matches is None:
                    return None
                if matches:
                    found = key
                    break
        value = entries.get(found if found is not None else "default", "")
        return None if value is None or "$" in value else value

    def _count(self, steps: int) -> None:
        self._steps += steps
        if self._steps > _MOST_STEPS:
            raise _TooManyError


def _rewritten(words: tuple[str, ...]) -> set[str]:
    """A rewrite may send the client elsewhere, or cut short what is behind it."""
    flag = words[2] if words[2:] else ""
    if words[1].startswith(_ABSOLUTE) or flag in {"redirect", "permanent"}:
        return {_REFUSED}
    return {_PASSED} if flag in {"last", "break"} else set()
