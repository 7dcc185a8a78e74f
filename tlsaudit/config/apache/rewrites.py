"""RewriteRule: its flags, for whom it holds, and where in its address the host ends (mod_rewrite)."""

from __future__ import annotations

import re

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.scope import Level
from tlsaudit.model.knowledge import Unknown

_STATUS = re.compile(r"\b(?:r|redirect)=(?P<status>[0-9]{3}|[a-z]+)", re.IGNORECASE)
_URI = "%{REQUEST_URI}"
_SLASH = re.compile(r"\^?\(\^?/")
_ALL = re.compile(r"\^?\(\^?\.[*+]")
"""Expressions whose first group begins with the slash of a path; the second does where the whole path is looked at."""
_HOST_AND_GROUP = re.compile(
    r"(?P<host>[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[^/?#$%{}]+))\$1(?P<rest>.*)", re.IGNORECASE
)


def is_proxy(flags: str) -> bool:
    """Whether the flags of a RewriteRule, such as `[P,L]`, pass requests on."""
    return bool({"p", "proxy"} & set(flags_of(flags)))


def flags_of(flags: str) -> tuple[str, ...]:
    """The names of flags in small letters, without their values."""
    return tuple(each.partition("=")[0].strip().lower() for each in flags.strip("[]").split(","))


def is_redirect(flags: str) -> bool:
    """Whether an answer is made at once: a redirect, `forbidden` or `gone`."""
    return bool({"r", "redirect", "f", "forbidden", "g", "gone"} & set(flags_of(flags)))


def status_of(rule: Directive) -> int:
    """The status of the answer that a rule makes."""
    flags = rule.args[2] if len(rule.args) > 2 else ""
    if {"f", "forbidden"} & set(flags_of(flags)):
        return 403
    if {"g", "gone"} & set(flags_of(flags)):
        return 410
    found = _STATUS.search(flags)
    word = found["status"].lower() if found is not None else "302"
    return int(word) if word.isdigit() else {"permanent": 301, "seeother": 303}.get(word, 302)


def unconditional(level: Level) -> tuple[Directive, ...]:
    """The rules that hold without RewriteCond, in order; none where the engine is off."""
    outer = unconditional(level.around) if level.around is not None and inherits_rewrites(level) else ()
    if (level.written("rewriteengine") or "").lower() != "on":
        return outer
    found: list[Directive] = []
    before = ""
    for each in level.directives:
        if each.name == "rewriterule" and before != "rewritecond" and each.doubt is None and len(each.args) > 1:
            found.append(each)
        if each.name in {"rewriterule", "rewritecond"}:
            before = each.name
    return (*outer, *found)


def may_rewrite(level: Level) -> bool:
    """Whether rules outside of sections count: RewriteEngine is on, or it may be in a file that is not here."""
    engine = level.setting("rewriteengine")
    return isinstance(engine, Unknown) or (engine is not None and engine.word.lower() != "off")


def inherits_rewrites(level: Level) -> bool:
    """Whether the rules of the main server hold for a virtual host: only if one of them says so."""
    own = [word.lower() for each in level.own("rewriteoptions") for word in each.args]
    around = level.around.own("rewriteoptions") if level.around is not None else ()
    down = [word.lower() for each in around for word in each.args]
    return any(each.startswith("inherit") for each in own) or any(each.startswith("inheritdown") for each in down)


def before_path(url: str, pattern: str, *, whole: bool) -> str:
    """An address with a slash in place of the variables that begin with one: they never change the host.

    `whole`: the pattern is held against the whole path, as it is outside of sections.
    """
    settled = url.replace(_URI, "/")
    found = _HOST_AND_GROUP.fullmatch(settled)
    if found is None or not (_SLASH.match(pattern) or (whole and _ALL.match(pattern))):
        return settled
    return f"{found['host']}/{found['rest']}"
