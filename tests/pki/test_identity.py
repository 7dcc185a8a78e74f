"""Name matching (RFC 9525 section 6)."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_lowercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.certificates import NAME, der_of
from tlsaudit.demo.mint import Authority
from tlsaudit.model.certificate import Certificate, GeneralName
from tlsaudit.pki import match_name, parse_certificate

BASE = parse_certificate(der_of(Authority.root("Root").issue(NAME).certificate))
LABEL = st.text(ascii_lowercase + digits, min_size=1, max_size=12)


def presenting(*san: tuple[str, str]) -> Certificate:
    return replace(BASE, san=tuple(GeneralName(kind, value) for kind, value in san))


@pytest.mark.parametrize(
    ("reference", "presented", "matches"),
    [
        ("shop.example.com", "shop.example.com", True),
        ("SHOP.example.COM", "shop.EXAMPLE.com", True),
        ("shop.example.com.", "shop.example.com", True),
        ("shop.example.com", "shop.example.com.", False),
        ("shop.example.com..", "shop.example.com", False),
        ("shop.example.com", "*.example.com", True),
        ("example.com", "*.example.com", False),
        ("a.b.example.com", "*.example.com", False),
        (".example.com", "*.example.com", False),
        ("shop.example.com", "s*.example.com", False),
        ("shop.example.com", "*p.example.com", False),
        ("a.shop.example.com", "*.*.example.com", False),
        ("a.shop.example.com", "a.*.example.com", False),
        ("*.example.com", "*.example.com", False),
        ("shop", "*", False),
        ("com", "*.", False),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", True),
        ("xn--bcher-kva.example", "b\\xfccher.example", False),
        ("shop.example.com", "shop.example.com\0.evil.example", False),
        ("shop.example.com", "\u212ashop.example.com", False),
        ("kiosk.example.com", "\u212aiosk.example.com", False),
        ("", "", False),
        ("192.0.2.1", "*.0.2.1", False),
        ("192.0.2.1", "192.0.2.1", False),
    ],
)
def test_dns_names(reference: str, presented: str, matches: bool) -> None:
    result = match_name(reference, presenting(("dns", presented)))
    assert result.matches is matches
    assert result.matched == (presented if matches else None)
    assert result.reference == reference
    assert result.reason


@pytest.mark.parametrize(
    ("reference", "presented", "matches"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("2001:DB8:0::1", "2001:db8::1", True),
        ("[2001:db8::1]", "2001:db8::1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:c000:201", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", False),
        ("192.0.2.2", "192.0.2.1", False),
    ],
)
def test_addresses_match_by_their_octets(reference: str, presented: str, matches: bool) -> None:
    certificate = parse_certificate(der_of(Authority.root("Root").issue(presented).certificate))
    assert match_name(reference, certificate).matches is matches


def test_the_common_name_never_counts() -> None:
    assert BASE.common_names == (NAME,)
    without = match_name(NAME, replace(BASE, san=None))
    assert not without.matches
    assert without.reason == "the certificate has no subjectAltName"
    assert match_name(NAME, replace(BASE, san=())).reason == "the certificate has no dNSName"


def test_other_kinds_of_names_never_match_a_host() -> None:
    assert not match_name(NAME, presenting(("uri", NAME), ("email", NAME), ("directory", NAME), ("ip", NAME))).matches


def test_the_reason_shows_a_few_of_many_names_without_control_characters() -> None:
    names = [("dns", f"h{number}.example\n") for number in range(9)]
    reason = match_name(NAME, presenting(*names)).reason
    assert reason.endswith(r"h0.example\n, h1.example\n, h2.example\n and 6 more")


@given(st.lists(LABEL, min_size=1, max_size=5), st.lists(LABEL, min_size=1, max_size=4))
def test_a_wildcard_stands_for_exactly_one_label(labels: list[str], parent: list[str]) -> None:
    host, suffix = ".".join(labels), ".".join(parent)
    matches = match_name(host, presenting(("dns", f"*.{suffix}"))).matches
    assert matches is (labels[1:] == parent)


@given(st.lists(LABEL, min_size=1, max_size=5), st.data())
def test_case_never_matters(labels: list[str], data: st.DataObject) -> None:
    host = ".".join(labels)
    flips = data.draw(st.lists(st.booleans(), min_size=len(host), max_size=len(host)))
    mixed = "".join(char.upper() if flip else char for char, flip in zip(host, flips, strict=True))
    assert match_name(mixed, presenting(("dns", host))).matches == match_name(host, presenting(("dns", mixed))).matches


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_texts_get_an_answer_and_only_ascii_matches(reference: str, presented: str) -> None:
    result = match_name(reference, presenting(("dns", presented)))
    assert not result.matches or (reference.isascii() and presented.isascii())
