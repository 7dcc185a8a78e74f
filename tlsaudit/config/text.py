"""The text of a configuration file."""

from __future__ import annotations

from pathlib import Path

from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.tree import Tree
from tlsaudit.model.errors import DecodeError


def text_of(tree: Tree, path: Path) -> str:
    """What is in a file. Raises SyntaxProblemError where it cannot be read, or holds no text."""
    shown = tree.shown(path)
    try:
        content = tree.read(path)
    except DecodeError as error:
        raise SyntaxProblemError(shown, 1, error.problem, "unreadable") from None
    if b"\0" in content:
        raise SyntaxProblemError(shown, content[: content.index(b"\0")].count(b"\n") + 1, "binary data")
    return content.decode("utf-8", "replace")
