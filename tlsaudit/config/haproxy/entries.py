"""The certificates of a bind line: `crt` files and folders, crt-lists, `ssl-f-use`, and names of a crt-store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tlsaudit.config.haproxy.files import Files
from tlsaudit.config.haproxy.options import BIND_VALUES, Option, Options, read_options
from tlsaudit.config.haproxy.parse import Line
from tlsaudit.config.haproxy.sections import Config, Proxy
from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.knowledge import Basis, Origin, Unknown, Why

_BUNDLED = (".rsa", ".ecdsa", ".dsa")
MOST_ENTRIES = 2000
_STORE_VALUES = frozenset({"crt", "key", "alias", "ocsp", "issuer", "sctl", "ocsp-update", "acme", "domains"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One certificate. `names` are the filters of a crt-list; `options` what a crt-list says of it alone.

    `excluded` are names that no wildcard of the line is for. With any filter the certificate's own names do not count
    (`filtered`; measured: 2.6). `default`: with the filter `*`, which means something since 3.0 only.
    """

    crt: str
    basis: Basis
    key: str | None = None
    base: str = "crt-base"
    names: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    filtered: bool = False
    default: bool = False
    options: Options = field(default_factory=Options)
    path: Path | None = None
    """Where it was found, if it was found as one of a folder or bundle."""


@dataclass(frozen=True, slots=True)
class Entries:
    """All of them, in their order; `unknown` where a list is not there, so that there may be more."""

    found: tuple[Entry, ...]
    unknown: Unknown | None


def entries(config: Config, proxy: Proxy, bind: Options, files: Files) -> Entries:
    """The certificates of a bind line, in the order in which HAProxy loads them."""
    found: list[Entry] = []
    unknown: Unknown | None = bind.hidden
    for option in bind.all("default-crt", "crt", "crt-list"):
        if option.name == "crt-list":
            listed = _list(config, option, files)
            unknown = listed if isinstance(listed, Unknown) else unknown
            found += () if isinstance(listed, Unknown) else listed
        else:
            found += _of(config, files, Entry(crt=option.value, basis=option.basis))
        if len(found) > MOST_ENTRIES:
            file, _, number = option.basis.at.rpartition(":")
            raise SyntaxProblemError(
                file, int(number), f"more than {MOST_ENTRIES} certificates at a bind line", "excess"
            )
    for line in proxy.own("ssl-f-use"):
        options = read_options(line.args, BIND_VALUES, line)
        crt = options.last("crt")
        if isinstance(crt, Option):
            found += _of(config, files, Entry(crt=crt.value, basis=crt.basis, options=options))
    return Entries(tuple(found), unknown)


def _of(config: Config, files: Files, named: Entry) -> Iterator[Entry]:
    """The certificates that a word stands for: a file, a folder, a bundle, or one of a store."""
    word = named.crt
    stored = _stored(config, word)
    if stored is not None:
        crt, key, base = stored
        yield replace(named, crt=crt, key=key, base=base)
        return
    path = files.find(word, "crt-base")
    many: tuple[Path, ...] = ()
    if path is not None and files.tree.inside(path) is not None and path.is_dir():
        many = files.in_folder(path, MOST_ENTRIES + 1)
    elif path is None:
        bundle = (files.find(f"{word}{suffix}", "crt-base") for suffix in _BUNDLED)
        many = tuple(each for each in bundle if each is not None)
    yield from (replace(named, path=each) for each in many)
    if not many:
        yield named


def _stored(config: Config, word: str) -> tuple[str, str | None, str] | None:
    """Certificate, key and base of `@store/name`; a name without a store may be that of one as well."""
    found = re.fullmatch(r"@([^/]*)/(.+)", word)
    for store in config.stores:
        if found is not None and store.title != found[1]:
            continue
        base = next((each.args[0] for each in store.all("crt-base") if each.args), "")
        key_base = next((each.args[0] for each in store.all("key-base") if each.args), "")
        for line in store.all("load"):
            options = read_options(line.args, _STORE_VALUES, line)
            crt, key, alias = (options.last(name) for name in ("crt", "key", "alias"))
            if not isinstance(crt, Option):
                continue
            names = {crt.value, alias.value if isinstance(alias, Option) else crt.value}
            if (found[2] if found is not None else word) in names:
                own_key = _below(key_base, key.value) if isinstance(key, Option) else None
                return _below(base, crt.value), own_key, "" if base else "crt-base"
    return None


def _below(base: str, word: str) -> str:
    return f"{base.rstrip('/')}/{word}" if base and not word.startswith("/") else word


def _list(config: Config, option: Option, files: Files) -> list[Entry] | Unknown:
    """The lines of a crt-list: a file, options in brackets, and the names that it is for."""
    content = files.content(option.value)
    if isinstance(content, Unknown):
        return content
    shown = files.tree.shown(files.find(option.value) or files.base)
    found: list[Entry] = []
    for number, row in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        if len(found) > MOST_ENTRIES:
            break
        words = row.replace("[", " [ ").replace("]", " ] ").split()
        if not words or words[0].startswith("#"):
            continue
        line = Line(tuple(words), shown, number)
        inside = words[words.index("[") + 1 : words.index("]")] if "[" in words and "]" in words else []
        behind = words[words.index("]") + 1 :] if "]" in words else words[1:]
        filters = [each for each in behind if not each.startswith("#")]  # no comment: the next word is one again
        options = read_options(inside, BIND_VALUES, line)
        entry = Entry(
            crt=words[0],
            basis=Basis(Origin.EXPLICIT, line.at),
            names=tuple(each for each in filters if each[0] != "!" and each != "*"),
            excluded=tuple(each[1:].lower() for each in filters if each[0] == "!" and each[1:2] != "*"),
            filtered=bool(filters),
            default="*" in filters,
            options=options,
        )
        found += _of(config, files, entry)
    return found


def read_entry(files: Files, entry: Entry) -> bytes | Unknown:
    """What is in the file of a certificate."""
    if entry.path is None:
        return files.content(entry.crt, entry.base)
    try:
        return files.tree.read(entry.path)
    except DecodeError as error:
        return Unknown(Why.UNRESOLVED, str(error))
