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
from tlsaudit.config.recognise import LOOK_AT, TYPES, recognise
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
        if path.is_symlink() and path.exists():
            tree.leads_out.append(tree.shown(path))
        return
    try:
        content = tree.read(path)
    except DecodeError as error:
        content = tree.head(path, LOOK_AT) if error.problem.startswith("larger") else b""
    kind = recognise(path.name, content)
    if forced is not None and (kind is not None or path == tree.start):
        kind = forced
    if kind is not None:
        yield kind
    if secrets.holds_key(content):
        yield _KEYS


def read_tree(tree: Tree, recognised: Recognised, context: Context) -> Iterator[Found | Unparsable]:
    """What the recognised files of a tree say."""
    for kind, paths in recognised.items():
        yield from _READERS[kind](tree, paths, context)
