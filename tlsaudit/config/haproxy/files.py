"""Files that a configuration of HAProxy names: found in the tree where the machine will have them elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from tlsaudit.config.haproxy.options import Option, Options
from tlsaudit.config.haproxy.words import is_unresolved
from tlsaudit.config.tree import Tree
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.knowledge import Unknown, Why

_PREFIXES = ("/etc/haproxy", "/usr/local/etc/haproxy")
"""Where packages put the folder of haproxy.cfg, which a repository keeps elsewhere."""
_NO_CERTIFICATES = frozenset({".issuer", ".ocsp", ".sctl", ".key"})


@dataclass(frozen=True, slots=True)
class Files:
    """What may be read; relative names start at the folder of the configuration, or at a base of `global`."""

    tree: Tree
    base: Path
    globals: Options

    def content(self, word: str, base: str = "") -> bytes | Unknown:
        """What is in a file; `base` is the keyword of `global` that relative names start from, if it is set."""
        if is_unresolved(word):
            return Unknown(Why.UNRESOLVED, f"the file name comes from the environment: {word[:200]!r}")
        path = self.find(word, base)
        if path is None:
            return Unknown(Why.NOT_ASKED, f"{word[:200]!r} is not in the scanned tree")
        try:
            return self.tree.read(path)
        except DecodeError as error:
            return Unknown(Why.UNRESOLVED, str(error))

    def find(self, word: str, base: str = "") -> Path | None:
        """Where the tree has the file or folder that is named."""
        if not word or "\0" in word:
            return None
        return next((each for each in self._places(word, base) if self.tree.inside(each) is not None), None)

    def in_folder(self, path: Path, most: int) -> tuple[Path, ...]:
        """The certificate files of a folder that `crt` names, in the order of their names."""
        try:
            with os.scandir(path) as entries:
                names = sorted(each.name for each in entries)
        except OSError:
            return ()
        found = (
            path / name
            for name in names
            if not name.startswith(".") and Path(name).suffix not in _NO_CERTIFICATES and not (path / name).is_dir()
        )
        return tuple(islice(found, most))

    def _places(self, word: str, base: str) -> Iterator[Path]:
        given = PurePosixPath(word)
        setting = self.globals.last(base) if base and not given.is_absolute() else None
        if isinstance(setting, Option):
            given = PurePosixPath(setting.value) / given
        if not given.is_absolute():
            yield self.base / given
            return
        yield Path(given)
        for prefix in _PREFIXES:
            if given.is_relative_to(prefix):
                yield self.base / given.relative_to(prefix)
        yield self.tree.root / given.relative_to("/")
