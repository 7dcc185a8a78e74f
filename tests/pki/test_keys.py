"""Public keys and their weaknesses, with badkeys as second opinion."""

from __future__ import annotations

import math

import pytest
from badkeys.checks import fermat, roca, smallfactors  # type: ignore[import-untyped]  # it ships no types
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from fixtures.certificates import der_of
from fixtures.forge import encode_oid, forge, rsa_spki, spki_of, tlv
from tlsaudit.demo.mint import Authority, PrivateKey, ec_key, rsa_key
from tlsaudit.model.certificate import Certificate, KeyWeakness, PublicKey
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, parse_certificate
from tlsaudit.pki.dh import is_probable_prime
from tlsaudit.pki.keys import read_public_key
from tlsaudit.pki.weak_rsa import primes_below


def next_prime(number: int) -> int:
    number |= 1
    while not is_probable_prime(number):
        number += 2
    return number


def read(spki: bytes) -> PublicKey:
    return read_public_key(spki)[0]


def weak(modulus: int, exponent: int = 65537) -> frozenset[KeyWeakness]:
    return read(rsa_spki(modulus, exponent)).weaknesses


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (ec_key(), PublicKey(type="ec", bits=256, curve="secp256r1")),
        (ec_key(ec.SECP192R1()), PublicKey(type="ec", bits=192, curve="secp192r1")),
        (ec_key(ec.SECP224R1()), PublicKey(type="ec", bits=224, curve="secp224r1")),
        (ec_key(ec.SECP384R1()), PublicKey(type="ec", bits=384, curve="secp384r1")),
        (ec_key(ec.SECP521R1()), PublicKey(type="ec", bits=521, curve="secp521r1")),
        (ec_key(ec.BrainpoolP256R1()), PublicKey(type="ec", bits=256, curve="brainpoolP256r1")),
        (ed25519.Ed25519PrivateKey.generate(), PublicKey(type="ed25519", bits=256)),
        (ed448.Ed448PrivateKey.generate(), PublicKey(type="ed448", bits=456)),
        (rsa_key(1024), PublicKey(type="rsa", bits=1024, exponent=65537)),
        (rsa_key(2048, 3), PublicKey(type="rsa", bits=2048, exponent=3)),
        (dsa.generate_private_key(1024), PublicKey(type="dsa", bits=1024)),
    ],
    ids=lambda value: value.type + (value.curve or "") if isinstance(value, PublicKey) else "key",
)
def test_keys_of_all_kinds(key: PrivateKey, expected: PublicKey) -> None:
    leaf = parse_certificate(der_of(Authority.root("Root").issue("a.example", key=key).certificate))
    assert leaf.key == expected


def test_a_key_of_an_unknown_kind_keeps_its_number() -> None:
    spki = tlv(der.SEQUENCE, tlv(der.SEQUENCE, encode_oid("2.16.840.1.101.3.4.3.18")), tlv(der.BIT_STRING, b"\0abc"))
    assert read(spki) == PublicKey(type="2.16.840.1.101.3.4.3.18")


def test_a_curve_that_is_spelled_out_is_a_defect() -> None:
    prime = tlv(der.INTEGER, b"\0" + b"\xff" * 32)
    field = tlv(der.SEQUENCE, encode_oid("1.2.840.10045.1.1"), prime)
    parameters = tlv(der.SEQUENCE, tlv(der.INTEGER, b"\1"), field)
    algorithm = tlv(der.SEQUENCE, encode_oid("1.2.840.10045.2.1"), parameters)
    key, defects = read_public_key(tlv(der.SEQUENCE, algorithm, tlv(der.BIT_STRING, b"\0\4")))
    assert key == PublicKey(type="ec", bits=256, curve="explicit")
    assert defects == ("subjectPublicKeyInfo: the curve is spelled out, not named",)


def test_sound_keys_have_no_weakness() -> None:
    assert weak(rsa_key(2048).public_key().public_numbers().n) == frozenset()


def test_close_primes_are_found() -> None:
    prime = next_prime(rsa_key(2048).private_numbers().p)
    modulus = prime * next_prime(prime + 2)
    assert weak(modulus) == {KeyWeakness.CLOSE_PRIMES}
    assert fermat(modulus)
    assert weak(prime * prime) == {KeyWeakness.CLOSE_PRIMES}


def test_keys_of_infineons_form_are_found() -> None:
    product = math.prod(primes_below(168))
    primes: list[int] = []
    factor = 1 << (512 - product.bit_length())
    power = 1000
    while len(primes) < 2:
        candidate = factor * product + pow(65537, power, product)
        power += 1
        factor += 1 << 20 if is_probable_prime(candidate) else 1
        if is_probable_prime(candidate):
            primes.append(candidate)
    modulus = primes[0] * primes[1]
    assert KeyWeakness.ROCA in weak(modulus)
    assert roca(modulus)


def test_small_factors_and_odd_sizes_are_found() -> None:
    prime = rsa_key(2048).private_numbers().p
    assert weak(751 * prime) == {KeyWeakness.SMALL_FACTOR, KeyWeakness.ODD_SIZE}
    assert smallfactors(751 * prime)
    assert KeyWeakness.SMALL_FACTOR not in weak(757 * prime)
    assert KeyWeakness.EVEN_MODULUS in weak(2 * prime)


def test_bad_exponents_are_found() -> None:
    modulus = rsa_key(2048).public_key().public_numbers().n
    assert weak(modulus, 1) == {KeyWeakness.EXPONENT_ONE}
    assert weak(modulus, 65536) == {KeyWeakness.EXPONENT_EVEN}
    assert weak(modulus, 3) == frozenset()


def test_an_exponent_beyond_64_bits_reads_as_minus_one() -> None:
    assert read(rsa_spki((1 << 2047) + 12345, (1 << 64) + 1)).exponent == -1


def test_a_huge_modulus_is_not_examined_and_says_so() -> None:
    key, defects = read_public_key(rsa_spki((1 << 20000) + 1, 65537))
    assert (key.bits, key.weaknesses) == (20001, frozenset())
    assert "too large" in defects[0]


def test_a_modulus_that_is_not_positive_is_a_defect() -> None:
    for modulus in (0, -5):
        assert "not positive" in read_public_key(rsa_spki(modulus, 65537))[1][0]


def test_a_key_that_is_broken_inside_keeps_its_type() -> None:
    algorithm = tlv(der.SEQUENCE, encode_oid("1.2.840.113549.1.1.1"), tlv(der.NULL))
    key, defects = read_public_key(tlv(der.SEQUENCE, algorithm, tlv(der.BIT_STRING, b"\0garbage")))
    assert key == PublicKey(type="rsa")
    assert len(defects) == 1
    with pytest.raises(DecodeError):
        read_public_key(b"\x30\x00")


def test_a_certificate_around_a_key_that_no_library_loads_is_still_read() -> None:
    root = Authority.root("Root")
    leaf = root.issue("a.example")
    for spki in (rsa_spki(1 << 2047, 2), rsa_spki(15, 1), rsa_spki(0, 0)):
        certificate = parse_certificate(forge(leaf.certificate, root.key, spki=spki))
        assert isinstance(certificate, Certificate)
        assert certificate.key.type == "rsa"
    assert spki_of(leaf.key) in der_of(leaf.certificate)
    assert isinstance(rsa_key(1024), rsa.RSAPrivateKey)
