"""Rules on names: one minted certificate for each that fails and one that passes."""

from __future__ import annotations

import pytest

from fixtures.forge import forge, tlv
from tests.rules.served import (
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
from tlsaudit.demo.mint import ec_key, name, rsa_key
from tlsaudit.model.knowledge import Undecided
from tlsaudit.rules import certificate_names as names
from tlsaudit.rules.dns_names import is_bad_label, syntax_problem
from tlsaudit.rules.rule import Case, Rule

ADDRESS = "192.0.2.1"
SAN = "2.5.29.17"


def with_dns_names(*values: bytes) -> Case:
    """A certificate whose subjectAltName holds these dNSName bytes, sound or not."""
    leaf = issuing().issue(HOST)
    entries = tlv(0x30, *(tlv(0x82, value) for value in values))
    return serving(leaf, forged=forge(leaf.certificate, issuing().key, replace={SAN: entries}))


FAILS: CaseTable = {
    "TLS-CERT-001": lambda: serving(issuing().issue("other.example.com")),
    "TLS-CERT-002": lambda: serving(issuing().issue(subject=name(HOST))),
    "TLS-CERT-003": lambda: serving(issuing().issue(HOST, subject=name("Shop")), public=True),
    "TLS-CERT-004": lambda: serving(issuing().issue(HOST), host=ADDRESS),
    "TLS-CERT-005": lambda: with_dns_names(ADDRESS.encode()),
    "TLS-CERT-006": lambda: serving(issuing().issue("s*p.example.com")),
    "TLS-CERT-007": lambda: serving(issuing().issue("*.example.com")),
    "TLS-CERT-008": lambda: serving(issuing().issue("*.co.uk")),
    "TLS-CERT-009": lambda: serving(issuing().issue(HOST, "intranet"), public=True),
    "TLS-CERT-010": lambda: with_dns_names("bücher.example".encode()),
    "TLS-CERT-011": lambda: serving(issuing().issue("shop_1.example.com")),
    "TLS-CERT-013": lambda: serving(issuing().issue(HOST, "1.1.1.1"), public=True),
    "TLS-CERT-014": lambda: serving(issuing().issue(HOST, subject=name("TRAEFIK DEFAULT CERT"))),
    "TLS-CERT-015": lambda: serving(issuing().issue(*(f"h{number}.example.com" for number in range(101)))),
}
PASSES: CaseTable = {
    "TLS-CERT-001": sound,
    "TLS-CERT-002": sound,
    "TLS-CERT-003": lambda: sound(public=True),
    "TLS-CERT-004": lambda: sound(ADDRESS),
    "TLS-CERT-005": lambda: sound(HOST, ADDRESS),
    "TLS-CERT-006": lambda: sound("*.example.com"),
    "TLS-CERT-007": sound,
    "TLS-CERT-008": lambda: sound("*.example.co.uk"),
    "TLS-CERT-009": lambda: sound(HOST, "1.1.1.1", public=True),
    "TLS-CERT-010": lambda: sound("xn--bcher-kva.example"),
    "TLS-CERT-011": lambda: sound("*.example.com", "a-1.example.com"),
    "TLS-CERT-013": lambda: sound(public=True),
    "TLS-CERT-014": sound,
    "TLS-CERT-015": lambda: sound(*(f"h{number}.example.com" for number in range(100))),
}


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(names.RULES, FAILS, PASSES)


@pytest.mark.parametrize("rule", names.RULES, ids=lambda rule: rule.id)
def test_bad_certificate_fails(rule: Rule) -> None:
    assert_fails(rule, FAILS)


@pytest.mark.parametrize("rule", names.RULES, ids=lambda rule: rule.id)
def test_sound_certificate_passes(rule: Rule) -> None:
    assert_passes(rule, PASSES)


@pytest.mark.parametrize("rule", [names.no_subject_alternative_name, names.name_mismatch, names.wildcard_in_use])
def test_unreadable_leaf_is_undecided(rule: Rule) -> None:
    with pytest.raises(Undecided):
        failures(rule, unreadable())


@pytest.mark.parametrize(
    ("presented", "host", "fails"),
    [
        ("*.example.com", "shop.example.com", False),
        ("*.example.com", "example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("SHOP.example.COM", "shop.example.com", False),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", False),
    ],
)
def test_name_rule_follows_rfc_9525(presented: str, host: str, fails: bool) -> None:
    assert bool(failures(names.name_mismatch, serving(issuing().issue(presented), host=host))) is fails


def test_address_target_is_judged_by_addresses_only() -> None:
    on_address = serving(issuing().issue("2001:db8::1", HOST), host="2001:db8::1")
    assert not names.name_mismatch.applies(on_address)
    assert failures(names.address_not_covered, on_address) == []
    mapped = serving(issuing().issue("192.0.2.1"), host="::ffff:192.0.2.1")
    assert "192.0.2.1" in only(names.address_not_covered, mapped).observed


def test_address_with_sni_is_judged_by_the_name() -> None:
    for_other, good = (
        case(deployment(*issuing().issue(each).chain()), host=ADDRESS) for each in ("other.example", HOST)
    )
    assert not names.address_not_covered.applies(for_other)
    assert only(names.name_mismatch, for_other).observed.startswith(f"does not cover {HOST}")
    assert failures(names.name_mismatch, good) == []


def test_name_target_is_not_judged_by_addresses() -> None:
    assert not names.address_not_covered.applies(sound())


def test_two_deployments_are_told_apart() -> None:
    good = issuing().issue(HOST, key=ec_key())
    wrong = issuing().issue("other.example.com", key=rsa_key())
    both = case(deployment(*good.chain()), deployment(*wrong.chain()))
    assert only(names.name_mismatch, both).observed.startswith("RSA certificate: does not cover shop.example.com")


def test_deployments_of_one_type_are_told_apart_by_fingerprint() -> None:
    first, second = (deployment(*issuing().issue("other.example.com").chain()) for _ in range(2))
    labels = {found.observed.split(":")[0] for found in failures(names.name_mismatch, case(first, second))}
    assert labels == {f"ECDSA certificate {each.leaf.need().sha256[:8]}" for each in (first, second)}


def test_proof_in_one_deployment_counts_although_the_other_cannot_be_read() -> None:
    broken = deployment(b"\x30\x00")
    bad = deployment(*issuing().issue("other.example.com").chain())
    good = deployment(*issuing().issue(HOST).chain())
    assert failures(names.name_mismatch, case(broken, bad))
    with pytest.raises(Undecided):
        failures(names.name_mismatch, case(broken, good))


def test_no_certificate_at_all_is_not_applicable() -> None:
    assert not any(rule.applies(case()) for rule in names.RULES)


def test_public_rules_do_not_apply_to_private_certificates() -> None:
    private = sound(HOST, "intranet", ADDRESS)
    for rule in (names.common_name_not_in_san, names.internal_name, names.public_address):
        assert not rule.applies(private)


def test_reserved_address_is_internal() -> None:
    found = only(names.internal_name, serving(issuing().issue(HOST, "10.0.0.1"), public=True))
    assert "10.0.0.1" in found.observed


def test_wildcard_over_a_private_domain_is_no_public_suffix() -> None:
    assert failures(names.wildcard_over_public_suffix, sound("*.internal")) == []


def test_address_as_target_is_expected_in_a_public_certificate() -> None:
    on_address = serving(issuing().issue("1.1.1.1"), host="1.1.1.1", public=True)
    assert failures(names.public_address, on_address) == []


@pytest.mark.parametrize(
    "value", [b"a.example.com.", b"a b.example", b"a\0.example", b".example", b"", b"a" * 64 + b".example"]
)
def test_invalid_dns_names(value: bytes) -> None:
    found = only(names.invalid_dns_name, with_dns_names(value))
    assert found.observed.isprintable()


def test_many_long_names_make_a_short_sentence() -> None:
    bad = with_dns_names(*(b"_" * 5000 for _ in range(10)))
    assert len(only(names.invalid_dns_name, bad).observed) < 1000


@pytest.mark.parametrize(
    ("label", "bad"),
    [("xn--bcher-kva", False), ("xn--a", True), ("xn--", True), ("ab--cd", True), ("a--b", False), ("shop", False)],
)
def test_a_labels(label: str, bad: bool) -> None:
    assert is_bad_label(label) is bad


def test_longest_name_is_valid() -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert syntax_problem(longest) is None
    assert syntax_problem(longest + "d") == "is longer than 253 characters"
