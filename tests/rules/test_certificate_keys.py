"""Rules on keys: for each a certificate that fails, forged where no library would make its key, and one that passes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from fixtures.forge import forge, rsa_spki
from tests.rules.served import (
    HOST,
    CaseTable,
    assert_complete,
    assert_fails,
    assert_passes,
    failures,
    issuing,
    only,
    serving,
    sound,
    unreadable,
)
from tlsaudit.demo.mint import ec_key, rsa_key
from tlsaudit.model.knowledge import Undecided
from tlsaudit.model.result import Cap, Severity
from tlsaudit.rules import certificate_keys as keys
from tlsaudit.rules.rule import Case, Rule

RFC_9500 = ec.derive_private_key(0xE6CB5BDD80AA45AE9C95E8C15476679FFEC953C16851E711E743939589C64FC1, ec.SECP256R1())
"""testECCP256 of RFC 9500 section 2.3, which is published so that nobody has to make a key for tests."""


@cache
def modulus(bits: int = 2048) -> int:
    """A sound modulus of this size."""
    return rsa_key(bits).public_key().public_numbers().n


def with_rsa(number: int, exponent: int = 65537, *, public: bool = False) -> Case:
    """A certificate for these RSA numbers, sound or not."""
    leaf = issuing().issue(HOST)
    return serving(leaf, forged=forge(leaf.certificate, issuing().key, spki=rsa_spki(number, exponent)), public=public)


def with_curve(curve: ec.EllipticCurve, *, public: bool = False) -> Case:
    """A certificate for a key on this curve."""
    return serving(issuing().issue(HOST, key=ec_key(curve)), public=public)


def sound_rsa(bits: int = 2048) -> Case:
    """A certificate for a sound RSA key."""
    return with_rsa(modulus(bits))


def roca_modulus() -> int:
    """A number that is a power of 65537 modulo every prime that the ROCA test looks at, as those moduli are."""
    primorial = 1
    for prime in range(3, 168, 2):
        if all(prime % below for below in range(3, prime, 2)):
            primorial *= prime
    residue = pow(65537, 12345, primorial)
    number = residue + primorial * ((1 << 2047) // primorial + 1)
    return number if number % 2 else number + primorial


def close_modulus() -> int:
    """The product of two odd numbers that differ by little."""
    half = (1 << 1023) + (1 << 1022) + 0x1234567
    return half * (half + 600)


def listing_p256(of: Case) -> Case:
    """The same server under a policy that lists P-256 alone."""
    return replace(of, limits=replace(of.limits, certificate_keys_allowed=frozenset({"secp256r1"})))


FAILS: CaseTable = {
    "TLS-CERT-041": lambda: serving(issuing().issue(HOST, key=RFC_9500)),
    "TLS-CERT-030": lambda: with_rsa(modulus() >> 1536 | 1),
    "TLS-CERT-031": lambda: sound_rsa(1024),
    "TLS-CERT-032": sound_rsa,
    "TLS-CERT-033": lambda: with_rsa(modulus() * 2),
    "TLS-CERT-034": lambda: with_rsa(modulus(), 3),
    "TLS-CERT-035": lambda: with_curve(ec.BrainpoolP256R1(), public=True),
    "TLS-CERT-036": lambda: with_curve(ec.SECP192R1()),
    "TLS-CERT-038": lambda: with_rsa(roca_modulus()),
    "TLS-CERT-039": lambda: with_rsa(close_modulus()),
    "TLS-CERT-042": lambda: listing_p256(sound_rsa()),
}
PASSES: CaseTable = {
    "TLS-CERT-041": sound,
    "TLS-CERT-030": lambda: sound_rsa(1024),
    "TLS-CERT-031": sound_rsa,
    "TLS-CERT-032": lambda: sound_rsa(3072),
    "TLS-CERT-033": sound_rsa,
    "TLS-CERT-034": sound_rsa,
    "TLS-CERT-035": lambda: sound(public=True),
    "TLS-CERT-036": lambda: with_curve(ec.SECP224R1()),
    "TLS-CERT-038": sound_rsa,
    "TLS-CERT-039": sound_rsa,
    "TLS-CERT-042": lambda: listing_p256(sound()),
}


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(keys.RULES, FAILS, PASSES)


@pytest.mark.parametrize("rule", keys.RULES, ids=lambda rule: rule.id)
def test_bad_key_fails(rule: Rule) -> None:
    assert_fails(rule, FAILS)


@pytest.mark.parametrize("rule", keys.RULES, ids=lambda rule: rule.id)
def test_sound_key_passes(rule: Rule) -> None:
    assert_passes(rule, PASSES)


def test_short_rsa_key_of_a_public_certificate_costs_the_trust() -> None:
    private, public = with_rsa(modulus(1024)), with_rsa(modulus(1024), public=True)
    assert only(keys.rsa_too_short, private).cap is None
    assert only(keys.rsa_too_short, public).cap is Cap.TRUST


@pytest.mark.parametrize(
    ("exponent", "severity"),
    [(1, Severity.CRITICAL), (65536, Severity.CRITICAL), (3, None), (65537, None), (1 << 65 | 1, None)],
)
def test_exponents(exponent: int, severity: Severity | None) -> None:
    found = failures(keys.unusual_exponent, with_rsa(modulus(), exponent))
    assert [each.severity for each in found] == ([] if exponent == 65537 else [severity])


def test_exponent_one_is_the_worst_letter() -> None:
    assert only(keys.unusual_exponent, with_rsa(modulus(), 1)).cap is Cap.F


@pytest.mark.parametrize("number", ["even", "small factor", "odd size"])
def test_each_defect_of_a_modulus_is_named(number: str) -> None:
    numbers = {"even": modulus() + 1, "small factor": modulus() * 3, "odd size": modulus() >> 3 | 1}
    words = {"even": "is even", "small factor": "small prime factor", "odd size": "no multiple of 8"}
    found = failures(keys.unusual_modulus, with_rsa(numbers[number]))
    assert any(words[number] in each.observed for each in found)


def test_curves_of_private_certificates_are_their_own_business() -> None:
    assert not keys.unusual_curve.applies(with_curve(ec.BrainpoolP256R1()))


def test_edwards_keys_are_judged_by_no_rule_on_rsa_or_curves() -> None:
    edwards = sound(key=ed25519.Ed25519PrivateKey.generate(), public=True)
    assert [rule.id for rule in keys.RULES if rule.applies(edwards)] == ["TLS-CERT-041"]


@pytest.mark.parametrize("rule", keys.RULES, ids=lambda rule: rule.id)
def test_unreadable_leaf_is_undecided(rule: Rule) -> None:
    with pytest.raises(Undecided):
        failures(rule, listing_p256(unreadable()))


def test_a_key_is_named_by_its_curve_or_its_type() -> None:
    p384, edwards = with_curve(ec.SECP384R1()), sound(key=ed25519.Ed25519PrivateKey.generate())
    named = [only(keys.key_outside_policy, listing_p256(each)).observed for each in (p384, edwards, sound_rsa())]
    assert named == ["kind of the key: secp384r1", "kind of the key: ed25519", "kind of the key: rsa"]


def test_a_policy_without_a_list_of_keys_judges_none() -> None:
    assert not keys.key_outside_policy.applies(sound())


def test_a_published_key_says_where_it_is_published() -> None:
    found = only(keys.published_key, FAILS["TLS-CERT-041"]())
    assert found.observed == "the private key is known: testECCP256 of RFC 9500 (public key b2b04340cfaee616)"
