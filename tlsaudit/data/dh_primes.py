"""Diffie-Hellman moduli that many servers share: of RFC 2409, 3526, 5114, 7919, and built into products."""

from __future__ import annotations

from dataclasses import dataclass

from tlsaudit.data.table import records, table


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPrime:
    """A well-known modulus: `reference` is its RFC or the product that ships it.

    `standard`: a group of RFC 7919 or RFC 3526, which nobody needs to distrust for being shared.
    """

    name: str
    reference: str
    standard: bool


_PRIMES = {
    int(record.pop("p"), 16): KnownPrime(**record) for record in list(records(table("dh_primes.json"), "primes"))
}


def lookup(p: int) -> KnownPrime | None:
    """The well-known group with the modulus `p`, or None."""
    return _PRIMES.get(p)
