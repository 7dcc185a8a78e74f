"""SPIFFE IDs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsaudit.model.errors import InputError
from tlsaudit.model.spiffe import SpiffeId, is_spiffe, parse, parse_expected, problem_of


def test_trust_domain_and_path() -> None:
    assert parse("spiffe://prod.example/ns/pay/sa/api") == SpiffeId("prod.example", "/ns/pay/sa/api")
    assert parse("spiffe://prod.example") == SpiffeId("prod.example", "")


@pytest.mark.parametrize(
    "uri",
    [
        "spiffe://",
        "spiffe:///path",
        "spiffe://Prod.example/x",
        "spiffe://prod.example:8443/x",
        "spiffe://user@prod.example/x",
        "spiffe://prod.example/",
        "spiffe://prod.example//x",
        "spiffe://prod.example/x/",
        "spiffe://prod.example/./x",
        "spiffe://prod.example/x/..",
        "spiffe://prod.example/x?q",
        "spiffe://prod.example/x#f",
        "spiffe://prod.example/%41",
        "spiffe://" + "x" * 256 + "/x",
        "spiffe://x/" + "y" * 2048,
        "https://prod.example/x",
        "SPIFFE://prod.example/x",
    ],
)
def test_what_is_none(uri: str) -> None:
    assert parse(uri) is None
    assert problem_of(uri)
    with pytest.raises(InputError, match="no SPIFFE ID"):
        parse_expected(uri)


def test_a_trust_domain_stands_for_all_of_its_workloads() -> None:
    domain, workload, other = (
        parse_expected(f"spiffe://{text}") for text in ("a.example", "a.example/x", "b.example/x")
    )
    assert domain.covers(workload)
    assert workload.covers(workload)
    assert not workload.covers(domain)
    assert not domain.covers(other)


@given(st.text(max_size=40))
def test_any_text_is_an_id_or_has_a_problem(text: str) -> None:
    for uri in (text, f"spiffe://{text}"):
        found = parse(uri)
        assert (found is None) == (problem_of(uri) is not None)
        assert found is None or (found.text == uri and is_spiffe(uri))
