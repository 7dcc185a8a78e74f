"""Rules on form and extensions: one minted or forged certificate for each that fails and one that passes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from fixtures.forge import encode_extension, forge, tlv
from tests.rules.served import (
    BASIS,
    DAY,
    HOST,
    CaseTable,
    assert_complete,
    assert_fails,
    assert_passes,
    case,
    deployment,
    failures,
    issuing,
    only,
    serving,
    sound,
    unreadable,
)
from tlsaudit.demo.mint import PrivateKey, ec_key, key_usage, name, rsa_key
from tlsaudit.model.facts import KeyExchange
from tlsaudit.model.knowledge import Undecided
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Severity
from tlsaudit.rules import certificate_extensions as extensions
from tlsaudit.rules.rule import Case, Rule

SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
UNKNOWN_OID = "1.3.6.1.4.1.99999.1"
SAN = "2.5.29.17"


def with_extension(value: x509.ExtensionType, *, critical: bool = False, public: bool = False) -> Case:
    """A certificate with this extension, in place of the usual one of its kind."""
    return serving(issuing().issue(HOST, extra=[(value, critical)]), public=public)


def with_purposes(*purposes: x509.ObjectIdentifier, begin: datetime | None = None) -> Case:
    """A public certificate for these purposes; for none: without extendedKeyUsage."""
    end = None if begin is None else begin + 90 * DAY
    leaf = issuing().issue(HOST, purposes=purposes or None, not_before=begin, not_after=end)
    return serving(leaf, public=True)


def with_usages(*usages: str, key: PrivateKey | None = None) -> Case:
    """A certificate with this keyUsage."""
    return serving(issuing().issue(HOST, usages=usages, key=key))


def with_serial(content: bytes, *, public: bool = False) -> Case:
    """A certificate with these octets as its serial number."""
    leaf = issuing().issue(HOST)
    return serving(leaf, forged=forge(leaf.certificate, issuing().key, serial=content), public=public)


def of_version_1() -> Case:
    """A certificate without version and extensions."""
    leaf = issuing().issue(HOST)
    return serving(leaf, forged=forge(leaf.certificate, issuing().key, version=b"", no_extensions=True))


def with_extension_twice() -> Case:
    """A certificate with two subjectAltName extensions."""
    leaf = issuing().issue(HOST)
    again = encode_extension(SAN, tlv(0x30, tlv(0x82, HOST.encode())))
    return serving(leaf, forged=forge(leaf.certificate, issuing().key, add=(again,)))


def with_policy(*oids: str) -> Case:
    """A certificate under these policies."""
    listed = [x509.PolicyInformation(x509.ObjectIdentifier(each), None) for each in oids]
    return with_extension(x509.CertificatePolicies(listed))


def information_access(*methods: x509.ObjectIdentifier) -> x509.AuthorityInformationAccess:
    """authorityInfoAccess with these methods."""
    place = x509.UniformResourceIdentifier("http://ca.example/")
    return x509.AuthorityInformationAccess([x509.AccessDescription(method, place) for method in methods])


OCSP, ISSUERS = AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS


def unknown(data: bytes = b"\x05\x00") -> x509.UnrecognizedExtension:
    """An extension that nobody knows."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(UNKNOWN_OID), data)


FAILS: CaseTable = {
    "TLS-CERT-050": lambda: with_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True),
    "TLS-CERT-051": lambda: serving(issuing().issue(HOST, purposes=[CLIENT])),
    "TLS-CERT-052": with_purposes,
    "TLS-CERT-053": lambda: with_purposes(SERVER, CLIENT),
    "TLS-CERT-054": lambda: with_usages("key_encipherment", key=rsa_key()),
    "TLS-CERT-055": lambda: with_usages("digital_signature", "key_cert_sign"),
    "TLS-CERT-056": lambda: with_usages("digital_signature", "key_encipherment"),
    "TLS-CERT-057": of_version_1,
    "TLS-CERT-058": lambda: with_serial(b"\xff"),
    "TLS-CERT-060": lambda: with_extension(unknown(), critical=True),
    "TLS-CERT-061": with_extension_twice,
    "TLS-CERT-062": lambda: with_extension(x509.NameConstraints([x509.DNSName("example.com")], None), critical=True),
    "TLS-CERT-063": lambda: serving(issuing().issue(HOST, subject=name(None))),
    "TLS-CERT-064": lambda: sound(public=True),
    "TLS-CERT-065": lambda: with_policy("2.23.140.1.2.1"),
    "TLS-CERT-066": lambda: with_extension(x509.PrecertPoison(), critical=True),
}
PASSES: CaseTable = {
    "TLS-CERT-050": sound,
    "TLS-CERT-051": sound,
    "TLS-CERT-052": lambda: with_purposes(SERVER),
    "TLS-CERT-053": lambda: with_purposes(SERVER),
    "TLS-CERT-054": lambda: with_usages("digital_signature", "key_encipherment", key=rsa_key()),
    "TLS-CERT-055": sound,
    "TLS-CERT-056": lambda: with_usages("digital_signature", "key_encipherment", key=rsa_key()),
    "TLS-CERT-057": sound,
    "TLS-CERT-058": lambda: with_serial(b"\x01"),
    "TLS-CERT-060": lambda: with_extension(unknown()),
    "TLS-CERT-061": sound,
    "TLS-CERT-062": sound,
    "TLS-CERT-063": sound,
    "TLS-CERT-064": lambda: with_extension(information_access(OCSP, ISSUERS), public=True),
    "TLS-CERT-065": lambda: with_policy(UNKNOWN_OID),
    "TLS-CERT-066": sound,
}


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(extensions.RULES, FAILS, PASSES)


@pytest.mark.parametrize("rule", extensions.RULES, ids=lambda rule: rule.id)
def test_bad_certificate_fails(rule: Rule) -> None:
    assert_fails(rule, FAILS)


@pytest.mark.parametrize("rule", extensions.RULES, ids=lambda rule: rule.id)
def test_sound_certificate_passes(rule: Rule) -> None:
    assert_passes(rule, PASSES)


def test_unreadable_leaf_is_malformed_and_leaves_the_others_undecided() -> None:
    assert "certificate 1 as sent cannot be read" in only(extensions.malformed, unreadable()).observed
    for rule in extensions.RULES:
        if rule is not extensions.malformed:
            with pytest.raises(Undecided):
                failures(rule, unreadable())


def test_unreadable_intermediate_is_malformed_and_leaves_the_leaf_judged() -> None:
    broken_above = case(deployment(issuing().issue(HOST).certificate, b"\x30\x00"))
    assert "certificate 2 as sent" in only(extensions.malformed, broken_above).observed
    assert failures(extensions.leaf_is_a_ca, broken_above) == []


@pytest.mark.parametrize("purposes", [[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], [CLIENT]])
def test_purposes_without_server_auth_fail(purposes: Sequence[x509.ObjectIdentifier]) -> None:
    assert failures(extensions.server_auth_missing, serving(issuing().issue(HOST, purposes=purposes)))


def test_absent_purposes_allow_servers() -> None:
    assert failures(extensions.server_auth_missing, serving(issuing().issue(HOST, purposes=None))) == []


@pytest.mark.parametrize(
    "purpose",
    [
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ],
)
def test_foreign_purposes_of_public_certificates(purpose: x509.ObjectIdentifier) -> None:
    assert only(extensions.purposes_too_wide, with_purposes(SERVER, purpose)).observed


@pytest.mark.parametrize(
    ("issued", "severity"),
    [
        (datetime(2027, 3, 14, 23, 59, 59, tzinfo=UTC), None),
        (datetime(2027, 3, 15, tzinfo=UTC), Severity.LOW),
    ],
)
def test_client_auth_is_worse_from_the_day_on_that_browsers_forbid_it(
    issued: datetime, severity: Severity | None
) -> None:
    found = only(extensions.client_auth_in_public_leaf, with_purposes(SERVER, CLIENT, begin=issued))
    assert found.severity is severity


def below_tls_1_3(key_exchanges: tuple[KeyExchange, ...] | None) -> Case:
    """A TLS 1.2 server whose RSA key may only encipher."""
    leaf = issuing().issue(HOST, usages=["key_encipherment"], key=rsa_key())
    served = deployment(*leaf.chain(), versions=(ProtocolVersion.TLS_1_2,))
    return case(served, key_exchanges=key_exchanges)


def test_static_rsa_needs_no_signature() -> None:
    rule = extensions.digital_signature_missing
    ecdhe = KeyExchange(version=ProtocolVersion.TLS_1_2, suite=0xC02F, basis=BASIS, signature_scheme=0x0401)
    assert failures(rule, below_tls_1_3(())) == []
    assert failures(rule, below_tls_1_3((ecdhe,)))
    with pytest.raises(Undecided):
        failures(rule, below_tls_1_3(None))


def test_ecdsa_always_needs_signatures() -> None:
    leaf = issuing().issue(HOST, usages=["key_agreement"], key=ec_key())
    old = case(deployment(*leaf.chain(), versions=(ProtocolVersion.TLS_1_2,)), key_exchanges=None)
    assert failures(extensions.digital_signature_missing, old)


@pytest.mark.parametrize("usage", ["key_encipherment", "data_encipherment", "key_agreement"])
def test_edwards_keys_only_sign(usage: str) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    assert only(extensions.usage_does_not_fit_key, with_usages("digital_signature", usage, key=key)).observed


@pytest.mark.parametrize(
    ("content", "public", "severity", "fails"),
    [
        (b"\x00", False, None, True),
        (b"\x7f" + b"\xff" * 19, False, None, False),
        (b"\x00\x80" + b"\x00" * 19, False, None, True),
        (b"\x01", False, None, False),
        (b"\x01", True, Severity.MEDIUM, True),
        (b"\x00" + b"\xff" * 7, True, Severity.MEDIUM, True),
        (b"\x01" + b"\x00" * 7, True, None, False),
    ],
)
def test_serial_numbers(content: bytes, public: bool, severity: Severity | None, fails: bool) -> None:
    found = failures(extensions.unsound_serial, with_serial(content, public=public))
    assert [each.severity for each in found] == ([severity] if fails else [])


def test_poison_is_reported_once() -> None:
    assert failures(extensions.unknown_critical_extension, FAILS["TLS-CERT-066"]()) == []


def test_critical_san_needs_an_empty_subject() -> None:
    san = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    rule = extensions.san_criticality
    assert failures(rule, with_extension(san, critical=True))
    empty = issuing().issue(HOST, subject=name(None), extra=[(san, True)])
    assert failures(rule, serving(empty)) == []


def test_information_access_without_issuers_is_a_remark() -> None:
    found = only(extensions.issuer_hard_to_find, with_extension(information_access(OCSP), public=True))
    assert found.severity is Severity.INFO


def test_ca_certificate_may_have_name_constraints() -> None:
    both = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (x509.NameConstraints([x509.DNSName("example.com")], None), True),
    ]
    assert failures(extensions.name_constraints_on_leaf, serving(issuing().issue(HOST, extra=both))) == []


def test_usages_of_a_sound_ca_are_wrong_on_a_leaf() -> None:
    leaf = issuing().issue(HOST, extra=[(key_usage("key_cert_sign", "crl_sign"), True)])
    assert "cRLSign, keyCertSign" in only(extensions.ca_key_usage, serving(leaf)).observed
