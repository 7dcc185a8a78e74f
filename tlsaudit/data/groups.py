"""Named groups (IANA TLS Supported Groups) and the drafts that were deployed before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from tlsaudit.data.table import records, table
from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedGroup:
    """One group: `kind` is ec (curves), ff (finite field), hybrid (classical and post-quantum) or pq.

    `bits` is the size of the field or modulus, for a hybrid that of its classical part; None for pure post-quantum.
    """

    code: int
    name: str
    kind: Literal["ec", "ff", "hybrid", "pq"]
    bits: int | None
    post_quantum: bool
    tls12: bool
    """May be used at TLS 1.2 and older."""
    tls13: bool
    recommended: str | None
    """IANA's Recommended: Y, N (not evaluated) or D (discouraged); None where the code is not in our registry copy."""
    obsolete: bool
    """A draft that was withdrawn: Kyber before ML-KEM, CECPQ2."""


EXPLICIT_CURVES = (0xFF01, 0xFF02)
"""arbitrary_explicit_prime_curves and arbitrary_explicit_char2_curves (deprecated by RFC 8422)."""

_RECORDS = tuple(records(table("groups.json"), "groups"))

GROUPS: Mapping[int, NamedGroup] = MappingProxyType(
    {record["code"]: NamedGroup(**record) for record in _RECORDS if record["code"] not in EXPLICIT_CURVES}
)
"""By code, without explicit curves and GREASE, in a client's order: hybrids first, obsolete drafts last."""
_NAMES: dict[int, str] = {record["code"]: record["name"] for record in _RECORDS}


_AT_1_3 = tuple(group for group in GROUPS.values() if group.tls13)
_BELOW = tuple(group for group in GROUPS.values() if group.tls12 and group.kind == "ec")


def groups_for(version: ProtocolVersion) -> tuple[NamedGroup, ...]:
    """The groups to offer at `version`, in a client's order.

    Below TLS 1.3 these are the curves only: a server that sees finite-field groups must choose among them for DHE
    (RFC 7919 section 4), which would hide the group that it uses with everyone else.
    """
    return _AT_1_3 if version is ProtocolVersion.TLS_1_3 else _BELOW


def group_name(code: int) -> str:
    """The IANA name, or the code in hexadecimal where there is none."""
    return _NAMES.get(code, f"0x{code:04X}")
