"""Finite-field Diffie-Hellman parameters as served (RFC 5246 section 7.4.3)."""

from __future__ import annotations

from hashlib import shake_256
from math import gcd, prod

from tlsaudit.data.dh_primes import lookup
from tlsaudit.model.facts import DhParameters
from tlsaudit.pki.weak_rsa import primes_below

_ROUNDS = ((2048, 8), (4096, 2), (8192, 1))
"""Up to so many bits, so many rounds of Miller and Rabin: an exponentiation takes 17 ms, 0.13 s and 0.9 s."""
_SMALL_PRIMES = primes_below(1000)
_SMALL_PRIMES_PRODUCT = prod(_SMALL_PRIMES)


def inspect_dh(p: int, g: int) -> DhParameters:
    """Name the prime where it is known, else test it.

    A composite passes for a prime with a chance of at most 4**-rounds; the bases follow from the number itself, so
    that the verdict is always the same and cannot be aimed at. Above 8192 bits nothing is proved within reason:
    `is_prime` then says that there is no factor below 1000, and `is_safe_prime` is unknown. Known primes are not
    tested; those of RFC 3526 and RFC 7919 are safe by construction.
    """
    known = lookup(p)
    is_prime = known is not None or is_probable_prime(p)
    return DhParameters(
        bits=p.bit_length(),
        generator=g,
        is_prime=is_prime,
        is_safe_prime=_is_safe(p, is_prime=is_prime, is_standard=known is not None and known.standard),
        name=None if known is None else known.name,
        well_known=known is not None,
    )


def _is_safe(p: int, *, is_prime: bool, is_standard: bool) -> bool | None:
    if is_standard or not is_prime or p <= 4:
        return is_standard
    return is_probable_prime(p >> 1) if p.bit_length() <= _ROUNDS[-1][0] else None


def is_probable_prime(number: int) -> bool:
    """Whether a number is a prime, as far as its size allows to say; see `inspect_dh`."""
    if number <= _SMALL_PRIMES[-1]:
        return number in _SMALL_PRIMES
    if gcd(number, _SMALL_PRIMES_PRODUCT) != 1:
        return False
    size = number.bit_length()
    rounds = next((rounds for limit, rounds in _ROUNDS if size <= limit), 0)
    return all(_passes(number, _base(number, turn)) for turn in range(rounds))


def _base(number: int, turn: int) -> int:
    octets = -(-number.bit_length() // 8)
    seed = number.to_bytes(octets, "big") + bytes([turn])
    return 2 + int.from_bytes(shake_256(seed).digest(octets + 8), "big") % (number - 3)


def _passes(number: int, base: int) -> bool:
    """One round of the test of Miller and Rabin (FIPS 186-5 appendix B.3.1)."""
    twos = ((number - 1) & (1 - number)).bit_length() - 1
    power = pow(base, (number - 1) >> twos, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False
