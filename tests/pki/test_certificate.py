"""Reading certificates: sound ones as `cryptography` reads them, broken ones as far as they go."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.certificates import CHAINS, NAME, der_of
from fixtures.forge import encode_extension, forge, tlv
from tlsaudit.data import trust
from tlsaudit.demo.mint import Authority, name, rsa_key, self_signed
from tlsaudit.model.certificate import Certificate, GeneralName
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import analyse_chain, match_name, parse_certificate
from tlsaudit.pki.outline import SIZE_MAX

ROOT = Authority.root("Root")
LEAF = ROOT.issue(NAME, "192.0.2.1", "https://a.example/x")
SAN = "2.5.29.17"


def forged(**changes: object) -> Certificate:
    return parse_certificate(forge(LEAF.certificate, ROOT.key, **changes))  # type: ignore[arg-type]  # passed through


def with_san(*entries: tuple[int, bytes]) -> Certificate:
    return forged(replace={SAN: tlv(0x30, *(tlv(tag, content) for tag, content in entries))})


def with_validity(not_before: bytes, not_after: bytes) -> Certificate:
    return forged(validity=tlv(0x30, not_before, not_after))


def test_every_public_root_reads_as_the_library_reads_it() -> None:
    for each in trust.mozilla().ders:
        ours = parse_certificate(each)
        with warnings.catch_warnings():
            # Some public roots have the serial number 0, which the library frowns upon.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            theirs = x509.load_der_x509_certificate(each)
            serial, extensions = theirs.serial_number, theirs.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        assert (ours.serial, ours.version) == (serial, 3)
        assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
        assert (ours.subject_der, ours.issuer_der) == (theirs.subject.public_bytes(), theirs.issuer.public_bytes())
        assert (ours.is_ca, ours.path_length) == (basic.ca, basic.path_length)
        assert ours.signature_hash == getattr(theirs.signature_hash_algorithm, "name", None)
        common_names = theirs.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert ours.common_names == tuple(attribute.value for attribute in common_names)


def test_every_field_of_a_rich_certificate() -> None:
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://o/")),
            x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://i/")
            ),
        ]
    )
    points = x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier("http://c/")], None, None, None)]
    )
    policy = x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)
    root = Authority.root("Root", key=rsa_key())
    certificate = root.issue(
        NAME,
        "2001:db8::1",
        purposes=[ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.2.3.4")],
        usages=["digital_signature", "decipher_only", "key_agreement"],
        extra=[
            (access, False),
            (points, False),
            (x509.CertificatePolicies([policy]), False),
            (x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
            (x509.PrecertPoison(), True),
        ],
        serial=77,
    ).certificate
    data = der_of(certificate)
    read = parse_certificate(data)
    assert read.der == data
    assert read.sha256 == hashlib.sha256(data).hexdigest()
    assert read.subject == f"CN={NAME}"
    assert read.issuer == "CN=Root,O=tlsaudit demo"
    assert read.serial == 77
    assert read.san == (GeneralName("dns", NAME), GeneralName("ip", "2001:db8::1"))
    assert not read.san_critical
    assert read.is_ca is False
    assert read.key_usage == frozenset({"digitalSignature", "keyAgreement", "decipherOnly"})
    assert read.extended_key_usage == ("serverAuth", "1.2.3.4")
    assert read.authority_info_access
    assert (read.ocsp_urls, read.ca_issuer_urls, read.crl_urls) == (("http://o/",), ("http://i/",), ("http://c/",))
    assert read.policies == ("2.23.140.1.2.1",)
    assert read.must_staple
    assert read.has_ct_poison
    assert read.unknown_critical == ("1.3.6.1.4.1.11129.2.4.3",)
    assert read.authority_key_id == parse_certificate(der_of(root.certificate)).subject_key_id
    assert (read.signature_algorithm, read.signature_hash) == ("sha256WithRSAEncryption", "sha256")
    assert read.signature_matches_tbs
    assert not read.self_issued
    assert read.defects == ()


def test_what_is_absent_is_none() -> None:
    read = forged(version=b"", no_extensions=True)
    assert read.version == 1
    absent = (read.san, read.is_ca, read.path_length, read.key_usage, read.extended_key_usage, read.subject_key_id)
    assert absent == (None,) * 6
    assert read.defects == ()


def test_self_signed_is_more_than_self_issued() -> None:
    own = parse_certificate(der_of(self_signed(NAME).certificate))
    impostor = parse_certificate(der_of(ROOT.issue(NAME, subject=ROOT.certificate.subject).certificate))
    assert (own.self_issued, own.self_signed) == (True, True)
    assert (impostor.self_issued, impostor.self_signed) == (True, False)


@pytest.mark.parametrize(
    ("key", "algorithm", "digest"),
    [
        (rsa_key(1024), "sha256WithRSAEncryption", "sha256"),
        (dsa.generate_private_key(1024), "dsa-with-sha256", "sha256"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", None),
    ],
    ids=["rsa", "dsa", "ed25519"],
)
def test_signature_algorithms_have_their_names(
    key: dsa.DSAPrivateKey | ed25519.Ed25519PrivateKey, algorithm: str, digest: str | None
) -> None:
    read = parse_certificate(der_of(Authority.root("Root", key=key).certificate))
    assert (read.signature_algorithm, read.signature_hash) == (algorithm, digest)
    assert read.self_signed


def test_weak_digests_are_named() -> None:
    root = Authority.root("Root", key=rsa_key(1024))
    certificate = root.issue(NAME).certificate
    for digest in ("md5", "sha1"):
        read = parse_certificate(forge(certificate, root.key, digest=digest))
        assert (read.signature_algorithm, read.signature_hash) == (f"{digest}WithRSAEncryption", digest)


def test_an_outer_algorithm_that_differs_is_noticed() -> None:
    other = tlv(0x30, bytes.fromhex("06082a8648ce3d040303"))
    read = forged(outer_algorithm=other)
    assert not read.signature_matches_tbs
    assert read.signature_algorithm == "ecdsa-with-SHA384"


@pytest.mark.parametrize(
    ("read", "defect"),
    [
        (lambda: forged(serial=b"\xff"), "the serial number is not positive"),
        (lambda: forged(serial=b"\0"), "the serial number is not positive"),
        (lambda: forged(serial=b"\0\x01"), "the serial number is not encoded in the fewest octets"),
        (lambda: forged(serial=b"\x01" * 21), "the serial number is longer than 20 octets"),
        (lambda: forged(version=b""), "extensions are there, though the version is v1"),
        (lambda: forged(version=tlv(0xA0, b"\x02\x01\x00"), no_extensions=True), "version v1 is spelled out"),
        (lambda: forged(version=tlv(0xA0, b"\x02\x01\x04")), "version 5 does not exist"),
        (lambda: forged(add=(encode_extension(SAN, b"\x30\x00"),)), f"extension {SAN} is there 2 times"),
        (lambda: forged(replace={SAN: b"junk"}), "extension subjectAltName cannot be read"),
        (lambda: forged(replace={"2.5.29.19": b"\x30\x03\x02\x01\xff"}), "extension basicConstraints cannot be read"),
        (lambda: with_san((0x82, b"b\xfccher.example")), "subjectAltName: a dns entry is not ASCII"),
        (lambda: with_san((0x87, b"\x01\x02\x03")), "subjectAltName: an iPAddress has 3 octets"),
        (lambda: with_san((0xA4, b"junk")), "subjectAltName: a directoryName cannot be read"),
        (
            lambda: with_validity(tlv(0x18, b"20240101000000Z"), tlv(0x17, b"250101000000Z")),
            "notBefore is a GeneralizedTime before 2050",
        ),
        (
            lambda: with_validity(tlv(0x17, b"240101000000Z"), tlv(0x18, b"20600101000000.5Z")),
            "notAfter has a fraction of a second",
        ),
        (
            lambda: forged(subject=tlv(0x30, tlv(0x31, tlv(0x30, bytes.fromhex("0603550403"), tlv(0x13, b"a*"))))),
            "subject: the PrintableString of CN has characters outside its alphabet",
        ),
        (
            lambda: forged(subject=tlv(0x30, tlv(0x31, tlv(0x30, bytes.fromhex("0603550403"), tlv(0x0C, b"\xff"))))),
            "subject: the value of CN is not what its string type allows",
        ),
    ],
)
def test_what_breaks_the_rules_but_can_be_read_is_a_defect(read: Callable[[], Certificate], defect: str) -> None:
    certificate = read()
    assert any(each.startswith(defect) for each in certificate.defects)
    assert certificate.subject_der


def test_a_negative_serial_number_keeps_its_sign() -> None:
    assert forged(serial=b"\xff").serial == -1


def test_a_broken_extension_never_allows_more_than_a_sound_one() -> None:
    junk = dict.fromkeys((SAN, "2.5.29.15", "2.5.29.19", "2.5.29.37"), b"junk")
    read = forged(replace=junk)
    assert (read.san, read.is_ca, read.key_usage, read.extended_key_usage) == ((), False, frozenset(), ())
    assert not match_name(NAME, read).matches


def test_names_are_kept_exactly_as_encoded() -> None:
    read = with_san((0x82, b"good.example\0.evil.example"), (0x82, b"b\xfccher.example"), (0x82, b" x_y."))
    assert read.san == (
        GeneralName("dns", "good.example\0.evil.example"),
        GeneralName("dns", "b\\xfccher.example"),
        GeneralName("dns", " x_y."),
    )
    assert not match_name("good.example", read).matches


def test_names_of_all_kinds() -> None:
    directory = name("x").public_bytes()
    read = with_san((0x81, b"a@b.example"), (0x86, b"spiffe://x/y"), (0xA4, directory), (0x88, b"*\x03"), (0xA0, b""))
    assert read.san == (
        GeneralName("email", "a@b.example"),
        GeneralName("uri", "spiffe://x/y"),
        GeneralName("directory", "CN=x"),
        GeneralName("other", "[8]#2a03"),
        GeneralName("other", "[0]#"),
    )


def test_embedded_timestamps_are_counted() -> None:
    oid = "1.3.6.1.4.1.11129.2.4.2"
    sct = b"\0\3abc"
    good = tlv(0x04, b"\0\x0a" + sct + sct)
    assert forged(add=(encode_extension(oid, good),)).sct_count == 2
    broken = forged(add=(encode_extension(oid, tlv(0x04, b"\0\4" + sct[:4])),))
    assert broken.sct_count == 0
    assert len(broken.defects) == 1


def test_the_turn_of_the_century_of_a_two_digit_year() -> None:
    read = with_validity(tlv(0x17, b"500101000000Z"), tlv(0x17, b"491231235959Z"))
    assert read.not_before == datetime(1950, 1, 1, tzinfo=UTC)
    assert read.not_after == datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("time", [b"240230000000Z", b"2402010000Z", b"240101000000+0100", b"", b"999999999999Z"])
def test_a_date_that_is_none_cannot_be_read(time: bytes) -> None:
    with pytest.raises(DecodeError, match="notBefore"):
        with_validity(tlv(0x17, time), tlv(0x17, b"250101000000Z"))


def test_thousands_of_defects_are_not_listed_one_by_one() -> None:
    strange = tuple(encode_extension(f"1.2.3.{number % 500}", b"") for number in range(1000))
    defects = forged(add=strange).defects
    assert len(defects) == 21
    assert defects[-1] == "and 480 defects more"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        b"\x30\x80\x00\x00",
        der_of(LEAF.certificate)[:-1],
        der_of(LEAF.certificate) + b"\0",
        b"\x30\x84" + (SIZE_MAX + 1).to_bytes(4, "big") + bytes(SIZE_MAX + 1),
    ],
)
def test_what_is_no_certificate_raises_one_line(data: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_certificate(data)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=300))
@example(b"\x30\x03\x30\x01\x30")
def test_any_bytes_raise_a_decode_error_and_nothing_else(data: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_certificate(data)


RECIPES = ("root_sent", "purpose_excludes_servers", "sha1_intermediate")
SAMPLES = [each for recipe in RECIPES for each in CHAINS[recipe]().sent] + list(trust.mozilla().ders[:10])


@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_mutated_certificate_is_read_or_refused(sample: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(sample)
    for at, octet in changes:
        data[at % len(data)] = octet
    try:
        certificate = parse_certificate(bytes(data))
    except DecodeError:
        return
    assert not any("\n" in defect for defect in certificate.defects)
    analysis = analyse_chain([certificate], CHAINS["complete"]().stores(), "custom")
    assert analysis.trust["custom"].reason
