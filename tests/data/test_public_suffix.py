"""Our reading of the Public Suffix List against the package that ships it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from tlsaudit.data.public_suffix import is_known_tld, is_public_suffix

ORACLE = PublicSuffixList(only_icann=True)
LABELS = st.one_of(
    st.sampled_from(
        [
            "com",
            "uk",
            "co",
            "jp",
            "kobe",
            "city",
            "ck",
            "www",
            "bd",
            "np",
            "no",
            "oslo",
            "xn--p1ai",
            "k12",
            "ma",
            "us",
            "internal",
        ]
    ),
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True),
)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


@given(NAMES)
@example("city.kobe.jp")
@example("a.kobe.jp")
@example("www.ck")
@example("a.b.ck")
@settings(max_examples=300)
def test_agrees_with_the_reference_implementation(name: str) -> None:
    assert is_public_suffix(name) == (ORACLE.publicsuffix(name) == name)


@pytest.mark.parametrize("name", ["com", "co.uk", "CO.UK", "co.uk.", "anything.ck", "xn--p1ai", "unheard-of"])
def test_public_suffixes(name: str) -> None:
    assert is_public_suffix(name)


@pytest.mark.parametrize(
    "name", ["example.com", "www.ck", "city.kobe.jp", "github.io", "", ".", "..", "a..com", ".com"]
)
def test_names_that_are_no_icann_suffix(name: str) -> None:
    assert not is_public_suffix(name)


def test_top_level_domains() -> None:
    assert is_known_tld("com")
    assert is_known_tld("COM")
    assert is_known_tld("ck")
    assert not any(is_known_tld(label) for label in ("internal", "local", "corp", "lan", "localhost", ""))
