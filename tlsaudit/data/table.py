"""Reads the JSON tables of this package; `python -m tools.data` writes them.

`pkgutil` finds them as importlib.resources would, and costs a tenth to import.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator
from typing import Any


def table(name: str) -> dict[str, Any]:
    """One table by its file name."""
    content = pkgutil.get_data(__package__, name)
    assert content is not None, "only loaders without files have none"
    loaded: dict[str, Any] = json.loads(content)
    return loaded


def records(loaded: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The records of the list `name`, whose keys stand in `<name>_columns`."""
    columns = loaded[f"{name}_columns"]
    return (dict(zip(columns, row, strict=True)) for row in loaded[name])
