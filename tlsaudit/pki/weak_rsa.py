"""Defects of an RSA public key that its two numbers give away.

`badkeys` has the same checks and is the oracle of our tests; importing one of its modules loads all of it, so these
few lines stand here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from math import gcd, isqrt, prod

from tlsaudit.model.certificate import KeyWeakness

MODULUS_BITS_MAX = 16384
"""Moduli beyond this are not examined: nobody serves them, and examining them costs."""
FERMAT_ROUNDS = 100


def primes_below(limit: int) -> tuple[int, ...]:
    """All primes below `limit`, by the sieve."""
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\0\0"
    for number in range(2, isqrt(limit) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return tuple(compress(range(limit), sieve))


_SMALL_PRIMES_PRODUCT = prod(primes_below(752)[1:])
_ROCA_PRIMES = primes_below(168)[1:]
_ROCA_RESIDUES = tuple(frozenset(pow(65537, power, prime) for power in range(prime)) for prime in _ROCA_PRIMES)


def weaknesses(modulus: int, exponent: int) -> Iterator[KeyWeakness]:
    """What is wrong with a key; the modulus is positive and has at most MODULUS_BITS_MAX bits.

    CA/B Forum Baseline Requirements sections 6.1.1.3 and 6.1.6; NIST SP 800-89 section 5.3.3.
    """
    if exponent == 1:
        yield KeyWeakness.EXPONENT_ONE
    elif exponent % 2 == 0:
        yield KeyWeakness.EXPONENT_EVEN
    if modulus.bit_length() % 8:
        yield KeyWeakness.ODD_SIZE
    if modulus % 2 == 0:
        yield KeyWeakness.EVEN_MODULUS
        return
    if gcd(modulus, _SMALL_PRIMES_PRODUCT) != 1:
        yield KeyWeakness.SMALL_FACTOR
    if has_close_primes(modulus):
        yield KeyWeakness.CLOSE_PRIMES
    if is_roca(modulus):
        yield KeyWeakness.ROCA


def has_close_primes(modulus: int) -> bool:
    """Whether Fermat's method splits an odd modulus within FERMAT_ROUNDS (CVE-2022-26320)."""
    half_sum = isqrt(modulus)
    if half_sum * half_sum == modulus:
        return True
    for candidate in range(half_sum + 1, half_sum + 1 + FERMAT_ROUNDS):
        square = candidate * candidate - modulus
        # A square is 0, 1, 4, 9, 16, 17, 25, 33, 36, 41, 49 or 57 modulo 64: this spares most of the roots.
        if 0x0202021202030213 >> (square & 63) & 1 and isqrt(square) ** 2 == square:
            return True
    return False


def is_roca(modulus: int) -> bool:
    """Whether the modulus has the form that Infineon's library gave its keys (CVE-2017-15361).

    Their primes are k * M + 65537**a mod M, M a product of small primes; so modulo each of these the key is a power of
    65537, which chance would not make it for all of them.
    """
    return all(modulus % prime in residues for prime, residues in zip(_ROCA_PRIMES, _ROCA_RESIDUES, strict=True))
