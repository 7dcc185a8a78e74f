"""Reads Strict-Transport-Security, wherever the field comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlsaudit.model.facts import Hsts

_LONGEST_FIELD = 4096
_PART = re.compile(r"""(?:[^;"]+|"[^"]*"|")+""")
"""What stands between two semicolons that are not in a quoted string."""
_DIRECTIVE = re.compile(
    r"""(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s;"]+)))?"""
)


def parse_hsts(fields: Sequence[str]) -> Hsts | None:
    """The Strict-Transport-Security fields of a response (RFC 6797 section 6.1); the first one counts (section 8.1)."""
    if not fields:
        return None
    raw = fields[0]
    directives, error = _directives(raw)
    age = directives.get("max-age")
    max_age = int(age) if age is not None and age.isascii() and age.isdecimal() and len(age) <= 18 else None
    if error is None and max_age is None:
        error = "max-age is missing" if age is None else f"max-age {age!r} is no number of seconds"
    return Hsts(
        raw=raw,
        count=len(fields),
        max_age=max_age,
        include_subdomains="includesubdomains" in directives,
        preload="preload" in directives,
        error=error,
    )


def _directives(raw: str) -> tuple[dict[str, str | None], str | None]:
    """The directives by lower-case name, and what is wrong with the field."""
    found: dict[str, str | None] = {}
    if len(raw) > _LONGEST_FIELD:
        return found, f"the field is longer than {_LONGEST_FIELD} characters"
    for part in (each.strip() for each in _PART.findall(raw)):
        if not part:
            continue
        match = _DIRECTIVE.fullmatch(part)
        if match is None:
            return found, f"{part!r} is no directive"
        name = match["name"].lower()
        if name in found:
            return found, f"{name} is repeated"
        found[name] = match["quoted"] if match["quoted"] is not None else match["plain"]
    return found, None
