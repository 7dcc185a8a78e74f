"""What a policy forbids, as lists of what to offer: all that gate mode has to know of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """Cipher suites and named groups, by code, whose acceptance at a version is a finding above info.

    `suites` are lists that are offered apart from each other, the worst first, so that no mild finding keeps us from a
    grave one; `groups` is one list a version. Versions of which nothing is forbidden may be missing. `required_groups`
    are permitted ones of which one has to be accepted. `with_parameters` are permitted suites of TLS 1.2 of which one
    is asked for, where there are any, since what they are served with may be forbidden. `renegotiation`: that a client
    can renegotiate is.
    """

    suites: Mapping[ProtocolVersion, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    groups: Mapping[ProtocolVersion, tuple[int, ...]] = field(default_factory=dict)
    required_groups: Mapping[ProtocolVersion, tuple[int, ...]] = field(default_factory=dict)
    with_parameters: tuple[int, ...] = ()
    renegotiation: bool = False

    def groups_to_ask(self, version: ProtocolVersion) -> tuple[int, ...]:
        """The groups to offer at a version: the forbidden ones, then the required ones."""
        return (*self.groups.get(version, ()), *self.required_groups.get(version, ()))
