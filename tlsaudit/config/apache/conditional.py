"""RewriteCond: whether a rule behind conditions holds for `GET /` over TLS, by the server's own name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.rewrites import flags_of, inherits_rewrites
from tlsaudit.config.apache.scope import Level
from tlsaudit.config.apache.servers import server_name
from tlsaudit.model.expression import finds

_VARIABLE = re.compile(r"%\{([A-Za-z_]+|HTTP:[A-Za-z0-9-]+)\}")
_ORDINARY = {
    "HTTPS": "on",
    "REQUEST_SCHEME": "https",
    "SERVER_PORT": "443",
    "REQUEST_URI": "/",
    "REQUEST_METHOD": "GET",
    "QUERY_STRING": "",
    "THE_REQUEST": "GET / HTTP/1.1",
    "HTTP_USER_AGENT": "Mozilla/5.0",
    "HTTP_REFERER": "",
    "HTTP_COOKIE": "",
}
"""What an ordinary client sends that was never here; it speaks to the server itself, so that no header tells of TLS."""
_OF_THE_NAME = frozenset({"HTTP_HOST", "SERVER_NAME"})
_OF_SOME = frozenset({"REMOTE_ADDR", "REMOTE_HOST", "REMOTE_USER"})
"""What fits these is for some clients only."""


def conditional(level: Level) -> Iterator[Directive]:
    """The rules behind conditions that hold for `GET /`, or may; none where the engine is off."""
    if level.around is not None and inherits_rewrites(level):
        yield from conditional(level.around)
    if (level.written("rewriteengine") or "").lower() == "on":
        yield from _holding(level, server_name(level) or (server_name(level.around) if level.around else None))


def conditional_in(section: Directive, name: str | None) -> Iterator[Directive]:
    """The rules of a section that hold for `/`, or may, with conditions or without."""
    inside = Level(section.block or ())
    if (inside.written("rewriteengine") or "").lower() != "off":
        yield from _holding(inside, name, bare=True)


def _holding(level: Level, name: str | None, *, bare: bool = False) -> Iterator[Directive]:
    before: list[Directive] = []
    for each in level.directives:
        if each.name == "rewritecond":
            before.append(each)
        elif each.name == "rewriterule":
            if (before or bare or each.doubt is not None) and _holds(before, name) is not False:
                yield each
            before = []


def _holds(conditions: Sequence[Directive], name: str | None) -> bool | None:
    """All of them; those with the flag OR, and the one behind them, are one."""
    sure, either = True, False
    unsure = False
    for each in conditions:
        verdict = _fits(each, name)
        either, unsure = either or verdict is True, unsure or verdict is None
        if len(each.args) > 2 and {"or", "ornext"} & set(flags_of(each.args[2])):
            continue
        if not either and not unsure:
            return False
        sure = sure and either
        either = unsure = False
    return True if sure else None


def _fits(condition: Directive, name: str | None) -> bool | None:
    """Whether one condition holds; None: that cannot be told."""
    args = condition.args
    if len(args) < 2 or condition.doubt is not None or "${" in condition.raw:
        return None
    found = _VARIABLE.fullmatch(args[0])
    if found is None:
        return None
    negated, pattern = args[1].startswith("!"), args[1].removeprefix("!")
    variable = found[1].upper()
    if variable in _OF_SOME:
        return None if negated else False
    value = name if variable in _OF_THE_NAME else "" if variable.startswith("HTTP:") else _ORDINARY.get(variable)
    if value is None or pattern.startswith(("-", "<", ">")):
        return None
    verdict = value.lower() == pattern[1:].strip('"').lower() if pattern.startswith("=") else finds(pattern, value)
    return None if verdict is None else verdict is not negated
