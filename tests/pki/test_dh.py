"""Diffie-Hellman parameters, known and unknown."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import dh
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.pki import inspect_dh
from tlsaudit.pki.dh import is_probable_prime
from tlsaudit.pki.weak_rsa import primes_below

FFDHE2048 = int(
    "FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695A9E13641146433FBCC939DCE249B3EF97D2FE363630C75D8"
    "F681B202AEC4617AD3DF1ED5D5FD65612433F51F5F066ED0856365553DED1AF3B557135E7F57C935984F0C70E0E68B77E2A689DAF3EFE872"
    "1DF158A136ADE73530ACCA4F483A797ABC0AB182B324FB61D108A94BB2C8E3FBB96ADAB760D7F4681D4F42A3DE394DF4AE56EDE76372BB19"
    "0B07A7C8EE0A6D709E02FCE1CDF7E2ECC03404CD28342F619172FE9CE98583FF8E4F1232EEF28183C3FE3B1B4C6FAD733BB5FCBC2EC22005"
    "C58EF1837D1683B2C6F34A26C1B2EFFA886B423861285C97FFFFFFFFFFFFFFFF",
    16,
)
RFC5114_1024 = int(
    "B10B8F96A080E01DDE92DE5EAE5D54EC52C99FBCFB06A3C69A6A9DCA52D23B616073E28675A23D189838EF1E2EE652C013ECB4AEA9061123"
    "24975C3CD49B83BFACCBDD7D90C4BD7098488E9C219A73724EFFD6FAE5644738FAA31A4FF55BCCC0A151AF5F0DC8B4BD45BF37DF365C1A65"
    "E68CFDA76D4DA708DF1FB2BC2E4A4371",
    16,
)
SOCAT_1024 = int(
    "143319364394905942617148968085785991039146683740268996579566827015580969124702493833109074343879894586653465192222"
    "251909074832038151585448034731101690454685781999248641772509287801359980318348021809541131200479989220793925941518"
    "568143721972993251823166164933334796625008174851430377966394594186901123322297453"
)


def test_a_standard_group_is_named_and_not_tested_again() -> None:
    found = inspect_dh(FFDHE2048, 2)
    assert (found.bits, found.generator, found.name) == (2048, 2, "ffdhe2048")
    assert found.is_prime
    assert found.is_safe_prime
    assert found.well_known


def test_a_known_prime_that_is_not_safe_is_told_apart() -> None:
    found = inspect_dh(RFC5114_1024, 2)
    assert found.well_known
    assert found.is_prime
    assert not found.is_safe_prime


def test_a_fresh_safe_prime_is_recognised() -> None:
    numbers = dh.generate_parameters(generator=2, key_size=512).parameter_numbers()
    found = inspect_dh(numbers.p, numbers.g)
    assert found.is_prime
    assert found.is_safe_prime
    assert found.name is None
    assert not found.well_known


def test_the_composite_that_socat_shipped_is_no_prime() -> None:
    found = inspect_dh(SOCAT_1024, 2)
    assert (found.is_prime, found.is_safe_prime) == (False, False)


def test_a_prime_too_large_to_be_tested_is_only_tried_for_small_factors() -> None:
    assert inspect_dh((1 << 9000) + 1, 2).is_prime is is_probable_prime((1 << 9000) + 1)
    assert not inspect_dh((1 << 9000) + 2, 2).is_prime
    assert not inspect_dh(primes_below(1000)[-1] ** 2 * (1 << 9000), 2).is_safe_prime


@pytest.mark.parametrize("p", [-7, 0, 1, 4, 561, 3215031751, 318665857834031151167461])
def test_what_is_no_prime_is_not_called_one(p: int) -> None:
    assert not inspect_dh(p, 2).is_prime


@given(st.integers(-10, 9999))
def test_small_numbers_agree_with_the_sieve(number: int) -> None:
    assert is_probable_prime(number) is (number in SIEVE)
    assert inspect_dh(number, 2).is_safe_prime is (number > 4 and number in SIEVE and number // 2 in SIEVE)


SIEVE = frozenset(primes_below(10000))


def test_of_a_huge_modulus_without_small_factors_it_is_unknown_whether_it_is_safe() -> None:
    number = (1 << 9000) + 1
    while any(number % prime == 0 for prime in primes_below(1000)):
        number += 2
    found = inspect_dh(number, 2)
    assert (found.is_prime, found.is_safe_prime) == (True, None)
