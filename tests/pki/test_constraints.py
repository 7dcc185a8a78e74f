"""Name constraints of all kinds."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509

from fixtures.certificates import authority_extensions, constrained, der_of
from fixtures.forge import tlv
from tlsaudit.demo.mint import Authority, ec_key, name
from tlsaudit.model.certificate import DefectAt, Path
from tlsaudit.pki import TrustStore, analyse_chain, parse_certificate
from tlsaudit.pki.constraints import COMPARISONS_MAX

KEY = ec_key()


def violated(
    *,
    names: list[str],
    permitted: list[x509.GeneralName] | None = None,
    excluded: list[x509.GeneralName] | None = None,
    subject: x509.Name | None = None,
    san: list[x509.GeneralName] | None = None,
) -> tuple[DefectAt, ...]:
    extra = [(x509.SubjectAlternativeName(san), False)] if san else []
    case = constrained(permitted=permitted, excluded=excluded, names=names, subject=subject, extra=extra)
    (path,) = analyse_chain([parse_certificate(each) for each in case.sent], case.stores(), "custom").paths
    return path.defects


def dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(each) for each in names]


def network(text: str) -> list[x509.GeneralName]:
    return [x509.IPAddress(ipaddress.ip_network(text))]


@pytest.mark.parametrize(
    ("base", "presented", "permits"),
    [
        ("example.com", "example.com", True),
        ("example.com", "a.b.EXAMPLE.com", True),
        ("example.com", "*.example.com", True),
        ("example.com", "badexample.com", False),
        ("example.com", "example.com.evil", False),
        (".example.com", "a.example.com", True),
        (".example.com", "example.com", False),
        ("", "anything.example", True),
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("2001:db8::/32", "2001:db8:1::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
    ],
)
def test_permitted_subtrees(base: str, presented: str, permits: bool) -> None:
    bases = network(base) if "/" in base else dns(base)
    assert bool(violated(names=[presented], permitted=bases)) is not permits
    assert bool(violated(names=[presented], excluded=bases)) is permits


def test_a_wildcard_that_covers_an_excluded_name_is_excluded() -> None:
    assert violated(names=["*.example.com"], excluded=dns("secret.example.com"))
    assert not violated(names=["*.example.com"], excluded=dns("a.secret.example.com"))
    assert violated(names=["*.example.com"], permitted=dns("secret.example.com"))


def test_one_kind_of_name_does_not_limit_another() -> None:
    assert not violated(names=["192.0.2.1"], permitted=dns("example.com"))
    assert not violated(names=["a.example"], permitted=network("192.0.2.0/24"))


def test_an_address_of_the_other_family_is_in_no_permitted_network() -> None:
    assert violated(names=["2001:db8::1"], permitted=network("192.0.2.0/24"))


@pytest.mark.parametrize(
    ("base", "uri", "permits"),
    [
        ("host.example", "https://host.example/x", True),
        ("host.example", "https://a.host.example/x", False),
        (".example", "spiffe://host.example/x", True),
        ("host.example", "https://192.0.2.1/", False),
        ("host.example", "urn:x", False),
    ],
)
def test_hosts_of_uris(base: str, uri: str, permits: bool) -> None:
    san: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
    found = violated(names=["a.example"], san=san, permitted=[x509.UniformResourceIdentifier(base)])
    assert bool(found) is not permits


@pytest.mark.parametrize(
    ("base", "mailbox", "permits"),
    [
        ("a@host.example", "a@HOST.example", True),
        ("a@host.example", "A@host.example", False),
        ("host.example", "b@host.example", True),
        ("host.example", "b@a.host.example", False),
        (".example", "b@host.example", True),
        ("host.example", "nonsense", False),
    ],
)
def test_mailboxes(base: str, mailbox: str, permits: bool) -> None:
    san: list[x509.GeneralName] = [x509.RFC822Name(mailbox)]
    found = violated(names=["a.example"], san=san, permitted=[x509.RFC822Name(base)])
    assert bool(found) is not permits


def test_a_mailbox_in_the_subject_counts_where_the_alternative_names_have_none() -> None:
    subject = name("x", email_address="a@evil.example")
    assert violated(names=["a.example"], subject=subject, excluded=[x509.RFC822Name("evil.example")])


def test_directory_names_are_compared_part_by_part() -> None:
    base = x509.DirectoryName(name(None, organization_name="Good"))
    good, bad = name("x", organization_name="GOOD"), name("x", organization_name="Bad")
    assert not violated(names=["a.example"], subject=good, permitted=[base])
    assert violated(names=["a.example"], subject=bad, permitted=[base])
    assert not violated(names=["a.example"], permitted=[base])


def test_a_form_of_name_that_is_not_understood_is_a_violation_only_where_it_appears() -> None:
    other = x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))
    assert violated(names=["a.example"], san=[other], permitted=[other])
    assert not violated(names=["a.example"], permitted=[other])


def below(constraints: x509.ExtensionType, *names: str) -> tuple[DefectAt, ...]:
    root = Authority.root("Root")
    leaf = root.subordinate("Constrained", extensions=authority_extensions((constraints, True))).issue(*names)
    stores = {"custom": TrustStore.from_ders("custom", [der_of(root.certificate)])}
    (path,) = analyse_chain([parse_certificate(der_of(each)) for each in leaf.chain()], stores, "custom").paths
    return path.defects


def test_constraints_that_cannot_be_read_allow_nothing() -> None:
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), tlv(0x30, b"junk"))
    (defect,) = below(broken, "a.example")
    assert "cannot be checked" in defect.detail


def test_more_comparisons_than_are_made_are_a_violation() -> None:
    many = x509.NameConstraints(dns(*(f"n{number}.example" for number in range(1000))), None)
    (defect,) = below(many, *(f"n{number}.example" for number in range(200)))
    assert "too many names" in defect.detail
    assert not below(many, "n999.example")


def constraining(above: Authority, label: str, bases: int) -> Authority:
    """An authority that excludes so many names."""
    constraints = x509.NameConstraints(None, dns(*(f"n{number}.test" for number in range(bases))))
    return above.subordinate(label, extensions=authority_extensions((constraints, True)))


def paths_of(root: Authority, *sent: x509.Certificate) -> tuple[Path, ...]:
    stores = {"custom": TrustStore.from_ders("custom", [der_of(root.certificate)])}
    return analyse_chain([parse_certificate(der_of(each)) for each in sent], stores, "custom").paths


def test_names_are_compared_once_however_many_paths_lead_through_the_certificates() -> None:
    root = Authority.root("Root")
    upper = constraining(root, "Upper", COMPARISONS_MAX // 200)
    twins = [upper.subordinate("Twin", key=KEY) for _ in range(4)]
    leaf = twins[0].issue(*(f"h{number}.example" for number in range(150)))
    paths = paths_of(root, leaf.certificate, *(each.certificate for each in twins), upper.certificate)
    assert [path.defects for path in paths] == [()] * 4


def test_the_comparisons_of_a_chain_are_bounded_together() -> None:
    root = Authority.root("Root")
    upper = constraining(root, "Upper", COMPARISONS_MAX // 200)
    lower = constraining(upper, "Lower", COMPARISONS_MAX // 200)
    leaf = lower.issue(*(f"h{number}.example" for number in range(150)))
    (path,) = paths_of(root, leaf.certificate, lower.certificate, upper.certificate)
    (defect,) = path.defects
    assert "too many names" in defect.detail


@pytest.mark.parametrize("bases", [["example", "\xe9.test"], ["\xe9.test", "example"]])
def test_one_base_that_cannot_be_read_makes_its_form_incomparable(bases: list[str]) -> None:
    entries = [tlv(0x30, tlv(0x82, each.encode("latin-1"))) for each in bases]
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), tlv(0x30, tlv(0xA0, *entries)))
    (defect,) = below(broken, "a.example")
    assert "cannot be compared" in defect.detail
    assert not below(broken, "192.0.2.1")
