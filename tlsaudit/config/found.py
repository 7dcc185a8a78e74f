"""What readers give: listeners, upstreams, and files that could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tlsaudit.config.assume import Assumptions
from tlsaudit.config.ciphers import Evaluator
from tlsaudit.model.configuration import ServerNames
from tlsaudit.model.facts import Facts
from tlsaudit.pki import TrustStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A listener, an upstream, or a file with a key: its `name` for people, `file` and `line` where it comes to be.

    `id` is made of the file and the logical address, not of the line, so that it stays the same when lines move.
    """

    kind: Literal["listener", "upstream", "certificate"]
    id: str
    name: str
    file: str
    line: int
    facts: Facts
    requested: Mapping[str, object] = field(default_factory=dict)
    names: ServerNames | None = None
    """Of a listener: whom it answers for; None: anyone."""
    is_in_clear: bool = False
    """Of a listener: TLS seems to be meant there, and as far as known nobody speaks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparsable:
    """A file that breaks its grammar, at a line; `code` is one stable word."""

    file: str
    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every reader is given besides files."""

    assume: Assumptions
    evaluator: Evaluator
    anchors: Anchors


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """The trust stores by name, and the one whose verdict counts."""

    stores: Mapping[str, TrustStore]
    deciding: str


def unique_id(wanted: str, ids: dict[str, int]) -> str:
    """The same logical address twice in one file gets a number; `ids` counts what was given."""
    ids[wanted] = ids.get(wanted, 0) + 1
    return wanted if ids[wanted] == 1 else f"{wanted}~{ids[wanted]}"
