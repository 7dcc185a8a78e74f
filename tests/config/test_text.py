"""The text of a file, or why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlsaudit.config.problem import SyntaxProblemError
from tlsaudit.config.text import text_of
from tlsaudit.config.tree import LARGEST, Tree


def test_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_bytes(b"listen 443;\xff\n")
    assert text_of(Tree(tmp_path), tmp_path / "a.conf") == "listen 443;\ufffd\n"


@pytest.mark.parametrize(
    ("content", "line", "code", "problem"),
    [
        (b"one\ntwo\0\n", 2, "syntax", "binary data"),
        (b"x" * (LARGEST + 1), 1, "unreadable", f"larger than {LARGEST // 1024} kB"),
    ],
)
def test_no_text(tmp_path: Path, content: bytes, line: int, code: str, problem: str) -> None:
    (tmp_path / "a.conf").write_bytes(content)
    with pytest.raises(SyntaxProblemError) as caught:
        text_of(Tree(tmp_path), tmp_path / "a.conf")
    assert (caught.value.file, caught.value.line, caught.value.code) == ("a.conf", line, code)
    assert problem in str(caught.value)
