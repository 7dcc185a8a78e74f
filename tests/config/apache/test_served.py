"""Whether the expressions of a configuration fit a path."""

from __future__ import annotations

import pytest

from tlsaudit.config.apache.served import matches


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("^/index", "/index.html", True),
        ("^/app", "/index.html", False),
        ("^/INDEX", "/index.html", None),  # [NC] may be said beside it
        ("(?i)^/INDEX", "/index.html", True),
        ("^/(?<x>.*)$", "/", True),
        ("^/[[:graph:]]", "/", None),
    ],
)
def test_expressions(pattern: str, path: str, fits: bool | None) -> None:
    assert matches(pattern, path) is fits
