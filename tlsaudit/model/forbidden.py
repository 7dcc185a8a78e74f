"""What a policy forbids, as lists of what to offer: all that gate mode has to know of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """Cipher suites and named groups, by code, whose acceptance at a version is a finding above info.

    `suites` are lists that are offered apart from each other, the worst first, so that no mild finding keeps us from a
    grave one; `groups` is one list a version. Versions of which nothing is forbidden may be missing.
    """

    suites: Mapping[ProtocolVersion, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    groups: Mapping[ProtocolVersion, tuple[int, ...]] = field(default_factory=dict)
