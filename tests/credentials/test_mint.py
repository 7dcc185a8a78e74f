"""What the mint makes is what it says, and names itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tlsaudit.credentials import ClientCa, Credential, Mint, TrialPlan, Unavailable
from tlsaudit.demo import mint
from tlsaudit.model.facts import TrialKind

_AUTHORITY = mint.Authority.root("Lab Clients")
_CA = ClientCa(certificate=_AUTHORITY.certificate, key=_AUTHORITY.key)  # type: ignore[arg-type] # no DSA
_NAME = _AUTHORITY.certificate.subject.public_bytes()
_MADE = [kind for kind in TrialKind if kind not in {TrialKind.NONE, TrialKind.REVOKED}]
_UNSIGNED_BY_THE_CA = {TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA, TrialKind.IMPOSTOR_CA}


def make(kind: TrialKind, *, ca: ClientCa | None = _CA, use_rsa: bool = False) -> Credential:
    return Mint(run="cafe0123", ca=ca).make(kind, ca_names=(_NAME,), use_rsa=use_rsa)


@pytest.mark.parametrize("kind", _MADE)
def test_each_names_itself_and_the_run(kind: TrialKind) -> None:
    """In a comment; the name is the same for all, so that nobody is refused for it who would not be otherwise."""
    certificate = make(kind).certificate
    assert certificate.subject.rfc4514_string() == "CN=tlsaudit-probe cafe0123,O=tlsaudit probe"
    assert f"tlsaudit-probe {kind.value} cafe0123".encode() in certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize("kind", [TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA, TrialKind.IMPOSTOR_CA])
def test_what_no_ca_signs_bears_the_names_of_the_good_one(kind: TrialKind) -> None:
    leaf = _AUTHORITY.issue("client.lab.test")
    good = Credential(certificate=leaf.certificate, key=leaf.key)  # type: ignore[arg-type] # no DSA
    plan = TrialPlan(mint=Mint(run="x", ca=_CA), given={TrialKind.GOOD: good})
    found = plan.credential(kind, ca_names=(_NAME,), use_rsa=False)
    origin = plan.provenance(kind, found)
    assert origin.names == plan.provenance(TrialKind.GOOD, good).names
    assert (origin.made_here, origin.authority) == (True, None)
    other = plan.credential(TrialKind.EXPIRED, ca_names=(_NAME,), use_rsa=False)
    assert plan.provenance(TrialKind.EXPIRED, other).names != origin.names


@pytest.mark.parametrize("kind", _MADE)
def test_only_those_of_the_ca_bear_its_signature(kind: TrialKind) -> None:
    certificate = make(kind).certificate
    if kind in _UNSIGNED_BY_THE_CA:
        with pytest.raises((ValueError, InvalidSignature)):
            certificate.verify_directly_issued_by(_AUTHORITY.certificate)
    else:
        certificate.verify_directly_issued_by(_AUTHORITY.certificate)


def test_each_has_its_fault() -> None:
    now = datetime.now(UTC)
    assert make(TrialKind.EXPIRED).certificate.not_valid_after_utc < now
    assert make(TrialKind.NOT_YET_VALID).certificate.not_valid_before_utc > now
    usage = make(TrialKind.SERVER_AUTH_ONLY).certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(usage.value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    weak = make(TrialKind.WEAK_KEY).key
    assert isinstance(weak, rsa.RSAPrivateKey)
    assert weak.key_size == 1024
    own = make(TrialKind.SELF_SIGNED).certificate
    assert own.subject == own.issuer


def test_the_impostor_bears_the_name_byte_for_byte_and_no_key_identifier() -> None:
    printable = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Old CA", x509.name._ASN1Type.PrintableString)])
    found = Mint(run="x").make(TrialKind.IMPOSTOR_CA, ca_names=(printable.public_bytes(),), use_rsa=False)
    assert found.certificate.issuer.public_bytes() == printable.public_bytes()
    with pytest.raises(x509.ExtensionNotFound):
        found.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)


def test_a_long_name_can_be_borne() -> None:
    long = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"unit {n:050}") for n in range(20)])
    found = Mint(run="x").make(TrialKind.IMPOSTOR_CA, ca_names=(long.public_bytes(),), use_rsa=False)
    assert found.certificate.issuer == long


def named(tag: int, value: bytes) -> bytes:
    """A distinguished name with a common name of any type."""
    attribute = bytes.fromhex("0603550403") + bytes((tag, len(value))) + value
    size = len(attribute)
    return bytes((0x30, size + 4, 0x31, size + 2, 0x30, size)) + attribute


@pytest.mark.parametrize(
    "name",
    [
        named(3, b"\0abc"),
        named(0x30, b""),
        named(12, b"a" * 100),
        named(20, b"\xe9"),
        named(12, b""),
    ],
)
def test_names_that_nobody_would_write_can_be_borne(name: bytes) -> None:
    """No warning, which would be an error here, and none of the exceptions of whoever looks into them."""
    found = Mint(run="x").make(TrialKind.IMPOSTOR_CA, ca_names=(name,), use_rsa=False)
    assert name in found.certificate.tbs_certificate_bytes
    assert found.certificate.signature_hash_algorithm is not None


def test_a_name_that_cannot_be_borne_is_passed_over() -> None:
    junk = b"\x30\x05junk"
    found = Mint(run="x", ca=_CA).make(TrialKind.IMPOSTOR_CA, ca_names=(junk,), use_rsa=False)
    assert found.certificate.issuer.public_bytes() == _NAME
    found = Mint(run="x").make(TrialKind.IMPOSTOR_CA, ca_names=(junk, _NAME), use_rsa=False)
    assert found.certificate.issuer.public_bytes() == _NAME


def test_a_key_as_the_server_wants_it() -> None:
    assert isinstance(make(TrialKind.GOOD).key, ec.EllipticCurvePrivateKey)
    assert isinstance(make(TrialKind.GOOD, use_rsa=True).key, rsa.RSAPrivateKey)


def test_a_ca_with_an_edwards_key_signs_too() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    authority = mint.Authority.root("Edwards", key=key)
    certificate = make(TrialKind.GOOD, ca=ClientCa(certificate=authority.certificate, key=key)).certificate
    certificate.verify_directly_issued_by(authority.certificate)


@pytest.mark.parametrize("kind", [kind for kind in _MADE if kind not in _UNSIGNED_BY_THE_CA])
def test_without_the_ca_what_it_takes_is_said(kind: TrialKind) -> None:
    with pytest.raises(Unavailable, match="--client-ca-key, or --trial KIND=FILE"):
        make(kind, ca=None)


def test_what_cannot_be_made() -> None:
    with pytest.raises(Unavailable, match="--trial revoked=FILE"):
        make(TrialKind.REVOKED)
    with pytest.raises(Unavailable):
        make(TrialKind.NONE)
    plain = Mint(run="x")
    with pytest.raises(Unavailable, match="not known to name a CA"):
        plain.make(TrialKind.IMPOSTOR_CA, ca_names=(), use_rsa=False)
    with pytest.raises(Unavailable, match="can be borne"):
        plain.make(TrialKind.IMPOSTOR_CA, ca_names=(b"\x30\x05junk", named(2, b"\x05")), use_rsa=False)


def test_given_credentials_come_first_and_a_wrong_identity_needs_a_right_one() -> None:
    good = make(TrialKind.GOOD)
    plan = TrialPlan(mint=Mint(run="x", ca=_CA), given={TrialKind.GOOD: good})
    assert plan.credential(TrialKind.GOOD, ca_names=(), use_rsa=False) is good
    assert plan.credential(TrialKind.WRONG_IDENTITY, ca_names=(), use_rsa=False).certificate.subject
    with pytest.raises(Unavailable, match="which identity is right"):
        TrialPlan(mint=plan.mint).credential(TrialKind.WRONG_IDENTITY, ca_names=(), use_rsa=False)
