"""What answers `/`: a file, whoever is behind, or an answer that is made before a file is looked for."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from fnmatch import fnmatchcase

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.rewrites import is_proxy, is_redirect, may_rewrite, unconditional
from tlsaudit.config.apache.scope import Level
from tlsaudit.config.tree import is_pattern
from tlsaudit.model.expression import finds

_REDIRECTS = ("redirect", "redirectpermanent", "redirecttemp", "redirectmatch")
_PASSES = ("proxypass", "proxypassmatch", "wsgiscriptalias", "rewriterule")


class Served(StrEnum):
    """What answers `/`."""

    FILE = "file"
    PROXY = "proxy"
    ERROR = "error"
    """A redirect, or any other answer with a status alone: mod_headers counts it among the errors."""


def served_root(level: Level) -> tuple[Served, Directive | None]:
    """What answers `/`, and the directive that says so."""
    around = [each for each in (level, level.around) if each is not None]
    redirect = next((each for inner in around for each in _own(inner, _REDIRECTS) if _redirects_root(each)), None)
    rules = (each for each in unconditional(level) if len(each.args) > 2 and matches(each.args[0], "/"))
    redirect = redirect or next((each for each in rules if is_redirect(each.args[2])), None)
    if redirect is not None:
        return Served.ERROR, redirect
    passes = _PASSES if may_rewrite(level) else tuple(each for each in _PASSES if each != "rewriterule")
    passed = next((each for inner in around for each in _own(inner, passes) if _passes_root(each)), None)
    if passed is None:
        passed = next(_passed_in_section(level), None)
    if passed is None or passed.args[1:2] == ("!",):
        return Served.FILE, None
    return Served.PROXY, passed


def unread(level: Level) -> Directive | None:
    """What may answer `/`, or send it elsewhere, by an expression that cannot be told to fit or not."""
    around = [each for each in (level, level.around) if each is not None]
    by_path = [each for inner in around for each in _own(inner, ("redirectmatch", "proxypassmatch", "aliasmatch"))]
    rules = [each for each in unconditional(level) if len(each.args) > 2]
    rules = [each for each in rules if is_redirect(each.args[2]) or is_proxy(each.args[2])]
    sections = [each for inner in around for each in inner.sections("location", "locationmatch")]
    passing = [each for each in sections if any(_passing(each))]
    found = (each for each in (*by_path, *rules) if any(matches(word, "/") is None for word in _expressions(each)))
    return next(found, None) or next((each for each in passing if matches_path(each, "/") is None), None)


def matches_path(section: Directive, path: str) -> bool | None:
    """Whether a Location section holds for a path (ap_location_walk); None: that cannot be told."""
    args = section.args
    if section.name == "locationmatch" or args[:1] == ("~",):
        return bool(args) and matches(args[-1], path)
    word = section.word
    if is_pattern(word):
        return fnmatchcase(path, word)
    return word == path or path.startswith(word.rstrip("/") + "/")


def matches(pattern: str, path: str) -> bool | None:
    """Whether a regular expression of the configuration fits; None: that cannot be told, or hangs on case (`[NC]`)."""
    found = finds(pattern, path, cased=True)
    return found if found is finds(pattern, path) else None


def _own(level: Level, names: tuple[str, ...]) -> Iterator[Directive]:
    return (each for name in names for each in level.own(name))


def _redirects_root(directive: Directive) -> bool:
    """`Redirect [status] path [URL]`, and the same with an expression."""
    if directive.name == "redirectmatch":
        return any(matches(word, "/") for word in _expressions(directive))
    return next((each for each in directive.args[:2] if each.startswith("/")), "") == "/"


def _passes_root(directive: Directive) -> bool:
    args = directive.args
    match directive.name:
        case "proxypassmatch":
            return bool(args) and matches(args[0], "/") is True
        case "rewriterule":
            return len(args) > 2 and is_proxy(args[2]) and matches(args[0], "/") is True
        case _:
            return args[:1] == ("/",)


def _passed_in_section(level: Level) -> Iterator[Directive]:
    for each in (level.around, level):
        for section in each.sections("location", "locationmatch") if each is not None else ():
            if matches_path(section, "/"):
                yield from _passing(section)


def _passing(section: Directive) -> Iterator[Directive]:
    """What passes requests on in a section."""
    inside = Level(section.block or ())
    yield from _own(inside, ("proxypass", "proxypassmatch"))
    yield from (each for each in inside.own("sethandler") if each.word.lower().startswith("proxy:"))


def _expressions(directive: Directive) -> tuple[str, ...]:
    """The words that are expressions: RedirectMatch may have a status before."""
    if directive.name == "redirectmatch":
        return tuple(word for word in directive.args[:2] if word.startswith(("/", "^", "(", ".")))
    return directive.args[:1]
