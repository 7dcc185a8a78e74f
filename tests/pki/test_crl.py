"""Revocation lists: what they say, and what they leave open; OpenSSL's reading of the same lists beside ours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.revocation import Extension, make_crl, points_at
from tlsaudit.demo.mint import Authority, ec_key, key_usage, rsa_key
from tlsaudit.model.certificate import Certificate, OcspStatus, Staple
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown
from tlsaudit.pki import parse_certificate, parse_crl, read_crl_file, status_in

BASIS = Basis(Origin.EXPLICIT, "a.crl")
CA = Authority.root("Revoking CA")
URL = "http://crl.example/1.crl"
LEAF = CA.issue("a.example", extra=points_at(crl=URL)).certificate
SERIAL = LEAF.serial_number


def parsed(certificate: x509.Certificate) -> Certificate:
    return parse_certificate(certificate.public_bytes(Encoding.DER))


def status(data: bytes, certificate: x509.Certificate = LEAF, issuer: Authority = CA) -> Fact[Staple]:
    return status_in(parse_crl(data), parsed(certificate), parsed(issuer.certificate), BASIS)


def known(data: bytes, certificate: x509.Certificate = LEAF, issuer: Authority = CA) -> Staple:
    found = status(data, certificate, issuer)
    assert isinstance(found, Known)
    return found.value


def reach(**given_: object) -> Extension:
    """An issuingDistributionPoint."""
    plain: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(plain | given_)), True  # type: ignore[arg-type]


def named(url: str) -> Extension:
    return reach(full_name=[x509.UniformResourceIdentifier(url)])


def test_a_certificate_that_is_listed_and_one_that_is_not() -> None:
    data = make_crl(CA, 5, SERIAL, SERIAL + 1, reason=x509.ReasonFlags.superseded)
    listed = known(data)
    library = x509.load_der_x509_crl(data)
    entry = library.get_revoked_certificate_by_serial_number(SERIAL)
    assert entry is not None
    assert listed.status is OcspStatus.REVOKED
    assert (listed.revoked_at, listed.reason) == (entry.revocation_date_utc, "superseded")
    assert (listed.this_update, listed.next_update) == (library.last_update_utc, library.next_update_utc)
    assert listed.verified is listed.serial_matches is True
    clean = known(make_crl(CA, 5, SERIAL + 1))
    assert (clean.status, clean.verified, clean.revoked_at) == (OcspStatus.GOOD, True, None)
    assert known(make_crl(CA)).status is OcspStatus.GOOD


@pytest.mark.parametrize("serial", [1, 127, 128, 255, 256, 1 << 63, (1 << 159) - 1])
def test_serial_numbers_of_every_shape(serial: int) -> None:
    certificate = CA.issue("a.example", serial=serial).certificate
    assert known(make_crl(CA, serial), certificate).status is OcspStatus.REVOKED
    assert known(make_crl(CA, serial ^ 2, (serial & 0xFFFF) << 8 | 3), certificate).status is OcspStatus.GOOD


def test_a_list_that_somebody_else_signed() -> None:
    assert known(make_crl(CA, SERIAL, key=ec_key())).verified is False
    assert known(make_crl(CA, SERIAL, key=rsa_key())).verified is False
    broken = bytearray(make_crl(CA, SERIAL))
    broken[-1] ^= 1
    assert known(bytes(broken)).verified is False


def test_another_key_of_the_issuer_is_not_a_forgery() -> None:
    new = ec_key()
    ids = [(x509.AuthorityKeyIdentifier.from_issuer_public_key(new.public_key()), False)]
    middle = CA.subordinate("middle")
    data = make_crl(middle, key=new, extensions=ids)
    assert known(data, middle.issue("a.example").certificate, middle).verified is None


def test_an_authority_that_may_not_sign_lists() -> None:
    usage = key_usage("key_cert_sign")
    middle = CA.subordinate(
        "no lists", extensions=[(x509.BasicConstraints(ca=True, path_length=None), True), (usage, True)]
    )
    assert known(make_crl(middle), middle.issue("a.example").certificate, middle).verified is False


@pytest.mark.parametrize(
    ("extension", "words"),
    [
        (reach(indirect_crl=True), "indirect"),
        ((x509.DeltaCRLIndicator(1), True), "delta"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True), "1.2.3.4"),
    ],
)
def test_lists_that_decide_nothing(extension: Extension, words: str) -> None:
    for data in (make_crl(CA, SERIAL, extensions=[extension]), make_crl(CA, extensions=[extension])):
        found = status(data)
        assert isinstance(found, Unknown)
        assert words in found.detail


@pytest.mark.parametrize(
    ("extension", "words"),
    [
        (reach(only_contains_ca_certs=True), "authorities only"),
        (reach(only_contains_attribute_certs=True), "attribute"),
        (reach(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), "some reasons"),
        (named("http://crl.example/2.crl"), "one part of several"),
    ],
)
def test_lists_that_convict_but_do_not_clear(extension: Extension, words: str) -> None:
    found = status(make_crl(CA, extensions=[extension]))
    assert isinstance(found, Unknown)
    assert words in found.detail
    assert known(make_crl(CA, SERIAL, extensions=[extension])).status is OcspStatus.REVOKED


def test_lists_for_the_right_certificates_clear() -> None:
    middle = CA.subordinate("middle").certificate
    assert known(make_crl(CA, extensions=[reach(only_contains_user_certs=True)])).status is OcspStatus.GOOD
    assert known(make_crl(CA, extensions=[reach(only_contains_ca_certs=True)]), middle).status is OcspStatus.GOOD
    assert known(make_crl(CA, extensions=[named(URL)])).status is OcspStatus.GOOD
    assert isinstance(status(make_crl(CA, extensions=[reach(only_contains_user_certs=True)]), middle), Unknown)


def test_a_list_of_another_issuer_says_nothing() -> None:
    assert isinstance(status(make_crl(Authority.root("Somebody else"), SERIAL)), Unknown)


def test_old_lists_are_read_as_well() -> None:
    old = known(make_crl(CA, age=timedelta(days=400), lasts=timedelta(days=1)))
    assert old.next_update is not None


def test_files_in_pem_and_der() -> None:
    one, two = make_crl(CA, 1), make_crl(CA, 2)
    pem = [x509.load_der_x509_crl(each).public_bytes(Encoding.PEM) for each in (one, two)]
    assert read_crl_file(one) == (parse_crl(one),)
    assert read_crl_file(b"# lists\n" + b"words\n".join(pem)) == (parse_crl(one), parse_crl(two))
    for bad in (
        b"",
        b"words",
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN X509 CRL-----\nAAA\n-----END X509 CRL-----",
    ):
        with pytest.raises(DecodeError):
            read_crl_file(bad)


SAMPLE = make_crl(CA, 5, SERIAL, extensions=[named(URL)], reason=x509.ReasonFlags.superseded)


@given(st.integers(0, len(SAMPLE) - 1), st.binary(min_size=1, max_size=4))
def test_broken_lists_never_raise_anything_else(at: int, noise: bytes) -> None:
    data = SAMPLE[:at] + noise + SAMPLE[at + len(noise) :]
    try:
        crl = parse_crl(data)
    except DecodeError:
        return
    found = status_in(crl, parsed(LEAF), parsed(CA.certificate), BASIS)
    assert data == SAMPLE or isinstance(found, Unknown) or found.value.verified is not True
