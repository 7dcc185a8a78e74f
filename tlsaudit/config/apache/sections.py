"""Sections by path: which of them hold for `/`, in the order in which httpd merges them, and for which paths others do.

docs/manual/sections.xml: Directory (shortest first), then Files, then Location; the main server's before the virtual
host's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from tlsaudit.config.apache.parse import Directive
from tlsaudit.config.apache.scope import Level, Setting
from tlsaudit.config.apache.served import Served, matches, matches_path, served_root
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.model.knowledge import Origin, Unknown, Why

_BY_FOLDER = ("directory", "directorymatch")
_BY_FILE = ("files", "filesmatch")
_BY_PATH = ("location", "locationmatch")
_PER_REQUEST = ("if", "elseif", "else")
_BY_PROXY = ("proxy", "proxymatch")
_ALIASES = ("alias", "scriptalias", "aliasmatch", "scriptaliasmatch")
_PASSES = ("proxypass", "proxypassmatch")
_OF_HTTPD = ("/icons", "/icons/", "/error", "/error/")
"""Pictures and error pages that are shipped with httpd and mapped by its own files."""
_EVERY_PATH = frozenset({"/", "^/", "^", ".*", "^.*", "^.*$", "^/.*", "^/.*$", "/.*", "."})
_DEEPEST = 4
_MOST_FILES = 20
_LONGEST_PATTERN = 200


def root_sections(level: Level, served: Served, index: str | None = None) -> Iterator[Directive]:
    """The sections that hold for `/`, those that win last; `index`: for the file that is served in its place.

    At the end come those that hold or not with each request.
    """
    folder = document_root(level)
    by_folder: list[Directive] = []
    if served is Served.FILE:
        found = [each for each in _sections(level, _BY_FOLDER) if _matches_folder(each, folder)]
        by_folder = _by_length(found)
    elif served is Served.PROXY:
        by_folder = [each for each in _sections(level, ("proxy",)) if each.word == "*"]
    inside = (inner for each in by_folder for inner in Level(each.block or ()).sections(*_BY_FILE))
    by_file = [*_sections(level, _BY_FILE), *inside] if index is not None else []
    by_file = list(_holding((each, _matches_file(each, index or "")) for each in by_file))
    path = f"/{index or ''}"
    by_path = list(_holding((each, matches_path(each, path)) for each in _sections(level, _BY_PATH)))
    yield from (*by_folder, *by_file, *by_path)
    yield from _sections(level, _PER_REQUEST)
    for each in (*by_folder, *by_file, *by_path):
        yield from Level(each.block or ()).sections(*_PER_REQUEST)


def _holding(verdicts: Iterable[tuple[Directive, bool | None]]) -> Iterator[Directive]:
    """Sections that hold, and those of which that cannot be told, with the doubt."""
    for section, verdict in verdicts:
        if verdict is None:
            what = f"whether the expression of <{section.name} {section.raw[:80]}> fits cannot be told ({section.at})"
            yield replace(section, doubt=section.doubt or what)
        elif verdict:
            yield section


def index_files(level: Level, served: Served) -> tuple[str | None, ...]:
    """The files that may be served in place of `/`; None stands for the folder itself (mod_dir)."""
    if served is not Served.FILE or any(matches(each.word, "/") for each in _all(level, "aliasmatch")):
        return (None,)
    words = next((each.args for each in reversed(_all(level, "directoryindex"))), ("index.html",))
    return (None, *(each.lstrip("/") for each in words[:_MOST_FILES] if each != "disabled"))


def inner_sections(level: Level, depth: int = 0) -> Iterator[Directive]:
    """The sections of a virtual host and of the main server around it, and what is in them."""
    if level.around is not None:
        yield from inner_sections(level.around, depth)
    for each in level.others("virtualhost"):
        if each.block is not None:
            yield each
            if depth < _DEEPEST:
                yield from inner_sections(Level(each.block), depth + 1)


def late_sections(level: Level, name: str, most: int) -> dict[str, Setting | Unknown]:
    """What sections set, by the path that they are for: the last one that is merged wins.

    `/` where one holds for everything; of those before a Location for everything none is left.
    """
    found: dict[str, Setting | Unknown] = {}
    served, _ = served_root(level)
    root = {id(each) for each in root_sections(level, served)}
    folder = document_root(level)
    by_path = _sections(level, _BY_PATH)
    for section in (*_by_length(_sections(level, _BY_FOLDER)), *_sections(level, _BY_FILE), *by_path):
        for path, directive in _set_in(section, name, _path(section, folder), 0):
            whole = id(section) in root and path == _path(section, folder)
            if len(found) >= most and path not in found:
                what = f"more than {most} sections with {directive.name}"
                raise SyntaxProblemError(directive.file, directive.line, what, "excess")
            if whole and section.name in _BY_PATH:
                if is_for_all(section):
                    found.clear()
                else:
                    reason = f"{name} is set for / and perhaps for nothing else ({section.at})"
                    found["/"] = Unknown(Why.UNRESOLVED, reason)
                    continue
            found["/" if whole else path] = said(directive)
    for section in _sections(level, _PER_REQUEST):
        if Level(section.block or ()).own(name):
            reason = f"{name} is set in <{section.name}>, which is decided with each request ({section.at})"
            found["/"] = Unknown(Why.UNRESOLVED, reason)
    return found


def served_elsewhere(level: Level, name: str, most: int) -> dict[str, Setting | Unknown | None]:
    """Paths that are not served from the folder of `/`, and what sections set for them; None: nothing.

    A Directory section says nothing of what is passed on, nor of another folder.
    """
    found: dict[str, Setting | Unknown | None] = {}
    for path, target, directive in _mapped(level):
        if len(found) >= most:
            what = f"more than {most} paths that are mapped"
            raise SyntaxProblemError(directive.file, directive.line, what, "excess")
        if directive.name.endswith("match") or "${" in directive.raw:
            found[path] = Unknown(Why.UNRESOLVED, f"{directive.name} maps paths that are not known ({directive.at})")
            continue
        by_folder = [] if target is None else list(_by_length(_sections(level, _BY_FOLDER)))
        holding = [each for each in by_folder if _matches_folder(each, target)]
        by_path = [(each, matches_path(each, path)) for each in _sections(level, _BY_PATH)]
        open_ = next((each for each, holds in by_path if holds is None and Level(each.block or ()).own(name)), None)
        if open_ is not None:
            reason = f"whether <{open_.name}> holds for {path[:100]!r} cannot be told ({open_.at})"
            found[path] = Unknown(Why.UNRESOLVED, reason)
            continue
        holding += [each for each, holds in by_path if holds]
        setting = [each for section in holding for each in Level(section.block or ()).own(name)[-1:]]
        found[path] = said(setting[-1]) if setting else None
    return found


def _mapped(level: Level) -> Iterator[tuple[str, str | None, Directive]]:
    """Paths with the folder that they are served from, None where they are passed on, and what says so."""
    for around in (level.around, level):
        if around is None:
            continue
        for each in around.directives:
            path, target = (*each.args, "", "")[:2]
            if each.name in _ALIASES and path.strip("/") and target and not target.endswith(_OF_HTTPD):
                yield path, target.rstrip("/") or "/", each
            elif each.name in _PASSES and path.strip("/") and target != "!":
                yield path, None, each
        for section in around.sections(*_BY_PATH):
            inside = Level(section.block or ())
            for each in (*inside.own("alias"), *inside.own("scriptalias"), *inside.own("proxypass")):
                if section.word.strip("/") and each.word != "!":
                    yield section.args[-1], None if each.name == "proxypass" else each.word.rstrip("/") or "/", each


def _by_length(sections: Iterable[Directive]) -> list[Directive]:
    return sorted(sections, key=lambda each: (each.name == "directorymatch", each.word.count("/")))


def path_sections(level: Level) -> list[Directive]:
    """The Location sections that hold for a virtual host, in their order."""
    return list(_sections(level, _BY_PATH))


def is_for_all(section: Directive) -> bool:
    """Whether a Location section holds for every path."""
    if section.name == "locationmatch" or section.args[:1] == ("~",):
        return section.args[-1:] != () and section.args[-1] in _EVERY_PATH
    return section.word == "/"


def all_in_sections(level: Level, name: str) -> Iterator[tuple[str, Directive]]:
    """What each section says, whatever it hangs on, with the path that it is for."""
    folder = document_root(level)
    for section in _sections(level, (*_BY_FOLDER, *_BY_FILE, *_BY_PATH, *_BY_PROXY, *_PER_REQUEST)):
        path = f"/ (<{section.name}>)" if section.name in _PER_REQUEST else _path(section, folder)
        yield from _set_in(section, name, path, 0)


def document_root(level: Level) -> str | None:
    """DocumentRoot, None where it is not known."""
    word = level.written("documentroot")
    return word.rstrip("/") or "/" if word is not None and "${" not in word else None


def _sections(level: Level, names: tuple[str, ...]) -> Iterator[Directive]:
    if level.around is not None:
        yield from _sections(level.around, names)
    yield from level.sections(*names)


def _set_in(section: Directive, name: str, path: str, depth: int) -> Iterator[tuple[str, Directive]]:
    inside = Level(section.block or ())
    for each in inside.own(name)[-1:]:
        yield path, each
    if depth < _DEEPEST:
        for inner in inside.sections(*_BY_FILE, *_PER_REQUEST, "limit", "limitexcept"):
            below = f"{path.rstrip('/')}/{inner.word}" if inner.name in _BY_FILE else f"{path} (<{inner.name}>)"
            yield from _set_in(inner, name, below, depth + 1)


def said(directive: Directive) -> Setting | Unknown:
    """A directive of a section, where what it says is known."""
    if directive.doubt is not None:
        return Unknown(Why.UNRESOLVED, directive.doubt)
    if "${" in directive.raw:
        return Unknown(Why.UNRESOLVED, f"{directive.name} has a variable in it ({directive.at})")
    return Setting(directive, Origin.EXPLICIT)


def _path(section: Directive, folder: str | None) -> str:
    """The path of a section as reports write it; it begins with a slash."""
    word = next((each for each in section.args if each != "~"), "")[:_LONGEST_PATTERN]
    if section.name in _BY_FOLDER and folder is not None and PurePosixPath(word).is_relative_to(folder):
        word = str(PurePosixPath(word).relative_to(folder)).removeprefix(".")
    return "/" + word.removeprefix("^").lstrip("/")


def _all(level: Level, name: str) -> list[Directive]:
    """What the main server says, and the virtual host behind it, also in the sections for the folder of `/`."""
    outer = _all(level.around, name) if level.around is not None else []
    folder = document_root(level)
    inside = (each for each in level.sections(*_BY_FOLDER) if _matches_folder(each, folder))
    return [*outer, *level.own(name), *(each for section in inside for each in Level(section.block or ()).own(name))]


def _matches_file(section: Directive, name: str) -> bool | None:
    words = [each for each in section.args if each != "~"]
    if section.name == "filesmatch" or section.args[:1] == ("~",):
        return bool(words) and matches(words[0], name)
    return bool(words) and fnmatchcase(name, words[0])


def _matches_folder(section: Directive, folder: str | None) -> bool:
    """Whether a Directory section holds for the folder of `/`."""
    words = [each for each in section.args if each != "~"]
    word = words[0].rstrip("/") or "/" if words else ""
    if section.name == "directorymatch" or section.args[:1] == ("~",):
        # No expression is tried on what a file says: the two together may take for ever.
        return folder is not None and (folder + "/").startswith(word.removeprefix("^").removesuffix("$") or "?")
    if folder is None:
        return word == "/"
    around = [folder, *(str(each) for each in PurePosixPath(folder).parents)]
    return any(fnmatchcase(each, word) for each in around)
