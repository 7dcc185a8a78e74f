"""Stapled OCSP responses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from fixtures.certificates import NAME, der_of
from fixtures.forge import forge, tlv
from tlsaudit.demo.mint import Authority, Leaf, PrivateKey, rsa_key
from tlsaudit.model.certificate import Certificate, OcspStatus, Staple
from tlsaudit.pki import ocsp_request, parse_certificate, parse_staple
from tlsaudit.pki.ocsp import SIZE_MAX

THIS_UPDATE = datetime(2026, 1, 1, tzinfo=UTC)
NEXT_UPDATE = datetime(2026, 1, 8, tzinfo=UTC)
ISSUER = Authority.root("Issuing")
LEAF = ISSUER.issue(NAME)


def response(
    *,
    about: x509.Certificate = LEAF.certificate,
    issued_by: Authority = ISSUER,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    responder: x509.Certificate = ISSUER.certificate,
    key: PrivateKey = ISSUER.key,
    encoding: ocsp.OCSPResponderEncoding = ocsp.OCSPResponderEncoding.NAME,
    delegates: list[x509.Certificate] | None = None,
    next_update: datetime | None = NEXT_UPDATE,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about,
            issuer=issued_by.certificate,
            algorithm=digest or hashes.SHA1(),
            cert_status=status,
            this_update=THIS_UPDATE,
            next_update=next_update,
            revocation_time=THIS_UPDATE - timedelta(days=1) if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(encoding, responder)
    )
    if delegates:
        builder = builder.certificates(delegates)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def read(data: bytes, *, issuer: Certificate | None = None, alone: bool = False) -> Staple:
    known = None if alone else issuer or parse_certificate(der_of(ISSUER.certificate))
    return parse_staple(data, parse_certificate(der_of(LEAF.certificate)), known)


def delegate(**changes: object) -> Leaf:
    purposes = changes.pop("purposes", [ExtendedKeyUsageOID.OCSP_SIGNING])
    return ISSUER.issue("ocsp.example", purposes=purposes)  # type: ignore[arg-type]  # passed through


@pytest.mark.parametrize("status", [ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN])
@pytest.mark.parametrize("encoding", list(ocsp.OCSPResponderEncoding))
def test_an_answer_of_the_issuer(status: ocsp.OCSPCertStatus, encoding: ocsp.OCSPResponderEncoding) -> None:
    assert read(response(status=status, encoding=encoding)) == Staple(
        status=OcspStatus(status.name.lower()),
        serial_matches=True,
        this_update=THIS_UPDATE,
        next_update=NEXT_UPDATE,
        verified=True,
        revoked_at=THIS_UPDATE - timedelta(days=1) if status is ocsp.OCSPCertStatus.REVOKED else None,
        reason="keyCompromise" if status is ocsp.OCSPCertStatus.REVOKED else "",
    )


def test_the_next_update_may_be_left_out() -> None:
    assert read(response(next_update=None)).next_update is None


def test_sha256_may_identify_the_certificate() -> None:
    assert read(response(digest=hashes.SHA256())).serial_matches


@pytest.mark.parametrize("encoding", list(ocsp.OCSPResponderEncoding))
def test_an_issuer_whose_key_cannot_be_read_matches_nothing(encoding: ocsp.OCSPResponderEncoding) -> None:
    seven_bits = tlv(0x30, tlv(0x30, tlv(0x06, b"\x2a\x03")), tlv(0x03, b"\x01\x80"))
    odd = parse_certificate(forge(ISSUER.certificate, ISSUER.key, spki=seven_bits))
    staple = read(response(encoding=encoding), issuer=odd)
    assert (staple.status, staple.serial_matches, staple.verified) == (OcspStatus.GOOD, False, False)


def test_an_answer_about_another_certificate() -> None:
    staple = read(response(about=ISSUER.issue("other.example").certificate))
    assert staple.serial_matches is False
    assert staple.verified
    assert staple.detail == "the response is about another certificate"


def test_the_same_serial_number_of_another_issuer_is_another_certificate() -> None:
    stranger = Authority.root("Stranger")
    twin = stranger.issue(NAME, serial=LEAF.certificate.serial_number).certificate
    data = response(about=twin, issued_by=stranger)
    assert read(data).serial_matches is False
    assert read(data, alone=True).serial_matches is True


def test_without_the_issuer_nothing_is_verified() -> None:
    assert read(response(), alone=True).verified is None


def test_a_delegate_of_the_issuer_may_sign() -> None:
    responder = delegate()
    data = response(responder=responder.certificate, key=responder.key, delegates=[responder.certificate])
    assert read(data).verified is True


def test_a_delegate_needs_the_purpose_and_the_issuers_signature() -> None:
    other_purpose = delegate(purposes=[ExtendedKeyUsageOID.SERVER_AUTH])
    stranger = Authority.root("Issuing").issue("ocsp.example", purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    for responder in (other_purpose, stranger):
        data = response(responder=responder.certificate, key=responder.key, delegates=[responder.certificate])
        assert read(data).verified is False
    absent = delegate()
    assert read(response(responder=absent.certificate, key=absent.key)).verified is False


def test_a_damaged_signature_does_not_verify() -> None:
    issuer = Authority.root("Issuing", key=rsa_key())
    leaf = issuer.issue(NAME).certificate
    data = bytearray(response(about=leaf, issued_by=issuer, responder=issuer.certificate, key=issuer.key))
    known = parse_certificate(der_of(issuer.certificate))
    assert parse_staple(bytes(data), parse_certificate(der_of(leaf)), known).verified is True
    data[-1] ^= 1
    assert parse_staple(bytes(data), parse_certificate(der_of(leaf)), known).verified is False


def test_a_response_without_an_answer_says_why() -> None:
    later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    staple = read(later.public_bytes(serialization.Encoding.DER))
    assert (staple.status, staple.detail, staple.serial_matches) == (OcspStatus.ERROR, "tryLater", None)
    assert read(tlv(0x30, tlv(0x0A, b"\x09"))).detail == "response status 9"


@pytest.mark.parametrize("data", [b"", b"\x30\x00", response()[:-1], response() + b"\0", bytes(SIZE_MAX + 1)])
def test_what_cannot_be_read_is_unreadable(data: bytes) -> None:
    staple = read(data)
    assert staple.status is OcspStatus.UNREADABLE
    assert staple.detail
    assert "\n" not in staple.detail


@given(st.binary(max_size=200))
def test_any_bytes_are_unreadable_or_an_error(data: bytes) -> None:
    assert read(data).status in (OcspStatus.UNREADABLE, OcspStatus.ERROR)


SAMPLE = response(delegates=[delegate().certificate])


@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_mutated_response_gets_some_status(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SAMPLE)
    for at, octet in changes:
        data[at] = octet
    assert read(bytes(data)).status in OcspStatus


@pytest.mark.parametrize("serial", [1, 127, 128, 1 << 63, (1 << 159) - 1, None])
def test_the_request_is_the_one_that_the_library_makes(serial: int | None) -> None:
    leaf = ISSUER.issue(NAME, serial=serial).certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, ISSUER.certificate, hashes.SHA1())
    expected = builder.build().public_bytes(serialization.Encoding.DER)
    assert ocsp_request(parse_certificate(der_of(leaf)), parse_certificate(der_of(ISSUER.certificate))) == expected


def test_when_and_why_it_was_revoked() -> None:
    staple = read(response(status=ocsp.OCSPCertStatus.REVOKED))
    assert (staple.revoked_at, staple.reason) == (THIS_UPDATE - timedelta(days=1), "keyCompromise")
    assert (read(response()).revoked_at, read(response()).reason) == (None, "")


def test_a_delegate_whose_time_is_over_signs_nothing() -> None:
    delegate = ISSUER.issue(
        "Responder",
        purposes=(ExtendedKeyUsageOID.OCSP_SIGNING,),
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2020, 2, 1, tzinfo=UTC),
    )
    data = response(responder=delegate.certificate, key=delegate.key, delegates=[delegate.certificate])
    assert read(data).verified is False
