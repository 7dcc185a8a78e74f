"""The well-known primes, computed anew from their definitions."""

from __future__ import annotations

import pytest

from tlsaudit.data.dh_primes import lookup

GUARD = 64


def _pi(bits: int) -> int:
    """floor(pi * 2**bits), by Machin's formula."""
    one = 1 << (bits + GUARD)

    def arctan_of_inverse(x: int) -> int:
        term, total, divisor, sign = one // x, 0, 1, 1
        while term:
            total += sign * (term // divisor)
            term //= x * x
            divisor += 2
            sign = -sign
        return total

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) >> GUARD


def _e(bits: int) -> int:
    """floor(e * 2**bits), by its series."""
    term = total = 1 << (bits + GUARD)
    divisor = 1
    while term:
        term //= divisor
        total += term
        divisor += 1
    return total >> GUARD


@pytest.mark.parametrize(
    ("bits", "offset", "standard"),
    [
        (768, 149686, False),
        (1024, 129093, False),
        (1536, 741804, True),
        (2048, 124476, True),
        (3072, 1690314, True),
        (4096, 240904, True),
        (6144, 929484, True),
        (8192, 4743158, True),
    ],
)
def test_modp_groups_of_rfc_2409_and_3526(bits: int, offset: int, standard: bool) -> None:
    prime = lookup(2**bits - 2 ** (bits - 64) - 1 + 2**64 * (_pi(bits - 130) + offset))
    assert prime is not None
    assert (prime.name, prime.standard) == (f"modp{bits}", standard)


@pytest.mark.parametrize(
    ("bits", "offset"), [(2048, 560316), (3072, 2625351), (4096, 5736041), (6144, 15705020), (8192, 10965728)]
)
def test_ffdhe_groups_of_rfc_7919(bits: int, offset: int) -> None:
    prime = lookup(2**bits - 2 ** (bits - 64) + (_e(bits - 130) + offset) * 2**64 - 1)
    assert prime is not None
    assert (prime.name, prime.standard, prime.reference) == (f"ffdhe{bits}", True, "RFC 7919")


def test_other_moduli_are_unknown() -> None:
    assert lookup(0) is None
    assert lookup(2**2048 - 1) is None
