"""Reads deployment configurations: text in, facts of every TLS listener and upstream out.

A system is a module that turns files into `Found` and `Unparsable`, and one entry in `_READERS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tlsaudit.config import apache, haproxy, nginx, secrets
from tlsaudit.config.assume import Assumptions, parse_assumptions
from tlsaudit.config.ciphers import Evaluator
from tlsaudit.config.found import Anchors, Context, Found, Unparsable
from tlsaudit.config.keys import find_key
from tlsaudit.config.recognise import TYPES, is_backup, may_be_one, quoted, recognise
from tlsaudit.config.tree import Tree
from tlsaudit.model.errors import DecodeError

__all__ = [
    "TYPES",
    "Anchors",
    "Assumptions",
    "Context",
    "Evaluator",
    "Found",
    "Recognised",
    "Tree",
    "Unparsable",
    "parse_assumptions",
    "read_tree",
    "recognise_files",
]

_KEYS: Final = "private keys"
_READERS: Final = {"nginx": nginx.read, "haproxy": haproxy.read, "apache": apache.read, _KEYS: secrets.read}

Recognised = Mapping[str, tuple[Path, ...]]


def recognise_files(tree: Tree, forced: str | None) -> Recognised:
    """The files of a tree by their type; `forced` is the type of all that are text."""
    found: dict[str, list[Path]] = {}
    for path in tree.files():
        for kind in _kinds(tree, path, forced):
            found.setdefault(kind, []).append(path)
    return {kind: tuple(paths) for kind, paths in found.items()}


def _kinds(tree: Tree, path: Path, forced: str | None) -> Iterator[str]:
    """What is in a file: a configuration, and perhaps a private key."""
    if tree.inside(path) is None:
        problem = _unfollowed(tree, path)
        content = b""
        if problem is None:
            return
    else:
        content, problem = _content(tree, path)
    kind = recognise(path.name, content)
    if forced is not None and (kind is not None or path == tree.start):
        kind = forced
    if kind is not None and path != tree.start and is_backup(path.name):
        tree.set_aside[tree.inside(path) or path] = tree.shown(path)
    elif kind is not None:
        yield kind
    elif (held := quoted(path.name, content)) is not None:
        tree.quoted[tree.shown(path)] = held
    elif problem is not None and (may_be_one(path.name) or tree.is_repository):
        # Where certificates and keys are deployed, others than their owner are not meant to read them.
        tree.unread[tree.shown(path)] = problem
    key = find_key(content)
    if key is not None and key.locked:
        tree.locked.append(tree.shown(path))
    elif key is not None:
        yield _KEYS


def _content(tree: Tree, path: Path) -> tuple[bytes, str | None]:
    """What is in a file, of a long one the start; and why it cannot be read, where that may hide something."""
    try:
        return secrets.read_start(tree, path), None
    except DecodeError as error:
        return b"", None if error.problem == "not a regular file" else error.problem


def _unfollowed(tree: Tree, path: Path) -> str | None:
    """Why nobody can tell where a path leads; links that lead out of the tree are noted, those to nothing are not."""
    try:
        path.stat()
    except PermissionError as error:
        return error.strerror
    except OSError:
        return None
    if path.is_symlink():
        tree.leads_out.append(tree.shown(path))
    return None


def read_tree(tree: Tree, recognised: Recognised, context: Context) -> Iterator[Found | Unparsable]:
    """What the recognised files of a tree say."""
    for kind, paths in recognised.items():
        yield from _READERS[kind](tree, paths, context)
    for file, problem in tree.unread.items():
        yield Unparsable(file=file, line=1, code="unreadable", message=problem)
