"""What a rule of HAProxy makes of the header field Strict-Transport-Security."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.words import is_unresolved
from tlsaudit.model.knowledge import Unknown, Why

FIELD: Final = "strict-transport-security"
THEIRS: Final = ""
"""What the server behind may send: a field or none."""
_CHANGES = frozenset({"set-header", "add-header", "del-header", "replace-header", "replace-value"})
_LITERAL = re.compile(r"[A-Za-z0-9=; -]*")
_EVERYTHING = frozenset({".*", "(.*)", "^.*$", "^(.*)$", ".+", "(.+)", "^.+$", "^(.+)$"})
_NAME_PATTERN = re.compile(r"(?P<start>\^?)(?P<text>[A-Za-z0-9-]*)(?:\.\*)?(?P<end>\$?)")
_NAMED_BY: dict[str, Callable[[str], bool]] = {
    "str": FIELD.__eq__,
    "beg": FIELD.startswith,
    "end": FIELD.endswith,
    "sub": FIELD.__contains__,
}

Fields = tuple[str, ...] | Unknown
"""The fields so far, or why they are not known."""


def changed(line: Line, fields: Fields) -> Fields:
    """What a rule on the response makes of the fields."""
    action, *rest = line.args or ("",)
    if action.startswith("lua."):
        return Unknown(Why.UNRESOLVED, f"Lua may change Strict-Transport-Security ({line.at})")
    names = _names(action, rest) if action in _CHANGES and rest else False
    if not names:
        return variable(line) if names is None else fields
    if action == "del-header":
        return ()
    if action.startswith("replace"):
        return _replaced(line, fields, rest)
    value = _value(rest[1])
    if value is None:
        return variable(line)
    return (value,) if action == "set-header" else fields if isinstance(fields, Unknown) else (*fields, value)


def _names(action: str, words: Sequence[str]) -> bool | None:
    """Whether a rule is about the field; None: nobody can tell."""
    if is_unresolved(words[0]):
        return None
    return _deletes(words) if action == "del-header" else words[0].lower() == FIELD and len(words) > 1


def added(line: Line) -> Fields:
    """The fields that an answer of HAProxy's own gets from its rule: `hdr NAME VALUE`."""
    found: list[str] = []
    for place, word in enumerate(line.args[:-2]):
        if word == "hdr" and line.args[place + 1].lower() == FIELD:
            value = _value(line.args[place + 2])
            if value is None:
                return variable(line)
            found.append(value)
    return tuple(found)


def variable(line: Line) -> Unknown:
    """Why the field is not known behind a rule."""
    return Unknown(Why.UNRESOLVED, f"Strict-Transport-Security hangs on a variable or a pattern ({line.at})")


def _value(text: str) -> str | None:
    """What is sent; None where it is made only then."""
    return None if is_unresolved(text) or "%" in text.replace("%%", "") else text.replace("%%", "%")


def _deletes(words: Sequence[str]) -> bool | None:
    """Whether `del-header NAME [-m METHOD]` takes the field; names are in lower case by then, patterns are as given."""
    name = words[0]
    method = words[2] if words[1:2] == ["-m"] and len(words) > 2 else "str"
    if method in _NAMED_BY:
        return _NAMED_BY[method](name.lower())
    pattern = _NAME_PATTERN.fullmatch(name)
    if method != "reg" or pattern is None:
        return None
    text, start, end = pattern["text"], bool(pattern["start"]), bool(pattern["end"]) and ".*" not in name
    if start and end:
        return text == FIELD
    return FIELD.startswith(text) if start else FIELD.endswith(text) if end else text in FIELD


def _replaced(line: Line, fields: Fields, words: Sequence[str]) -> Fields:
    """Values that match are replaced as a whole; `replace-value` looks at the parts between commas."""
    if isinstance(fields, Unknown) or not fields:
        return fields
    pattern, made = words[1], words[2] if len(words) > 2 else ""
    known = pattern in _EVERYTHING or _LITERAL.fullmatch(pattern) is not None
    if not known or _value(made) is None or "\\" in made or any(not each or "," in each for each in fields):
        return variable(line)
    return tuple(made if pattern in _EVERYTHING or pattern in each else each for each in fields)
