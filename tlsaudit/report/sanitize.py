"""Makes text that came from outside safe to show.

Everything a server sent is hostile: a subject, a header field or an alert may carry terminal escapes, bidirectional
overrides or line breaks that forge a report. What cannot be seen is shown as an escape (`\\x1b`, `\\u202e`), never
dropped: it is part of the finding. So is the beginning of what a build server would obey in its log (`::error::`,
`##vso[...]`). HTML is escaped by the template engine on top of this, and rich is given plain text, never markup. JSON
keeps every character, spelt in ASCII.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, Final

from tlsaudit.model.document import Document

LONGEST: Final = 20_000
"""Characters of one value in reports for people, whatever it is; most are cut shorter where shown. JSON is whole."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5") | frozenset(
    map(chr, range(0xFE00, 0xFE10))
)
_MARKS: Final = frozenset({"Mn", "Me"})
_STACKED: Final = 2
_NOT_PLAIN: Final = re.compile(r"[^ -~]")
_COMMAND: Final = re.compile(r"(#)#(?=\w*\[)|(:):(?=[A-Za-z][A-Za-z-]*(?: .*?)?::)")
"""What GitHub Actions, Azure Pipelines and TeamCity obey in a line of a log (GitHub: actions/runner, ActionCommand)."""


def visible(text: str, limit: int | None = None) -> str:
    """`text` on one line, with every character that is unseen or steers a display or a build server as an escape.

    Controls (C0, C1, DEL), formats (bidirectional controls, zero-width characters), spaces other than U+0020 and
    combining marks stacked higher than two are escaped. `limit` cuts the text first and says by how much.
    """
    kept = text if limit is None else text[:limit]
    note = _cut(len(text) - len(kept))
    if kept.isascii() and kept.isprintable():
        return _obeyed_by_none(kept) + note
    shown: list[str] = []
    marks = 0
    for character in kept:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        unseen = (category in _UNSEEN and character != " ") or character in _BLANK or marks > _STACKED
        shown.append(_escape(character) if unseen else character)
    return _obeyed_by_none("".join(shown)) + note


def shorten(text: str, limit: int) -> str:
    """`text` cut to `limit` characters, with a note of how many are missing."""
    return text[:limit] + _cut(len(text) - limit)


def presentable(document: Document) -> Document:
    """The document with every text in it made visible and bounded: what writers for people draw from.

    Done once for the whole document, so that no writer can forget a field.
    """
    return Document.model_validate(visible_texts(document.model_dump(by_alias=True)))


def ascii_json(document: Document) -> str:
    """The document as compact JSON on one line, all of it ASCII: the same values, harmless on a terminal.

    A lone surrogate, which is no character and which JSON readers refuse, becomes U+FFFD.
    """
    return ascii_text(document.model_dump(mode="json", by_alias=True))


def ascii_text(value: object) -> str:
    """Any JSON value as `ascii_json` writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("##", "#\\u0023")
    return _NOT_PLAIN.sub(_json_escape, whole)


def visible_texts(value: Any) -> Any:
    """`value` with every text in it, keys too, made visible."""
    match value:
        case str():
            return visible(value, LONGEST)
        case dict():
            return {visible_texts(key): visible_texts(item) for key, item in value.items()}
        case list():
            return [visible_texts(item) for item in value]
        case _:
            return value


def _obeyed_by_none(text: str) -> str:
    """A reader may fold a text anywhere, so that a line can begin with any part of it."""
    if "##" not in text and "::" not in text:
        return text
    return _COMMAND.sub(lambda found: "#\\x23" if found[1] else ":\\x3a", text)


def _escape(character: str) -> str:
    names = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(character)
    if character in names:
        return names[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if found[0] != "\x7f" else "\\u007f"


def _cut(missing: int) -> str:
    return f"… (+{missing:,} characters)" if missing > 0 else ""
