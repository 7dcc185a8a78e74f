"""Signature schemes (IANA TLS SignatureScheme) and the hash and signature pairs of TLS 1.2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tlsaudit.data.table import records, table


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureScheme:
    """One scheme: `algorithm` is rsa_pkcs1, rsa_pss, ecdsa, dsa, eddsa, ml-dsa, slh-dsa, sm2, gost or ibs.

    `hash` is None where the algorithm brings its own digest.
    """

    code: int
    name: str
    algorithm: str
    hash: str | None
    recommended: str | None
    """IANA's Recommended, for pairs of TLS 1.2 that of the hash; None where the code is not registered."""


SCHEMES: Mapping[int, SignatureScheme] = MappingProxyType(
    {record["code"]: SignatureScheme(**record) for record in records(table("signatures.json"), "schemes")}
)
"""By code, ascending."""


def scheme_name(code: int) -> str:
    """The name, or the code in hexadecimal where there is none."""
    scheme = SCHEMES.get(code)
    return scheme.name if scheme else f"0x{code:04X}"
