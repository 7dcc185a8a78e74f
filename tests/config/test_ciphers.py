"""Cipher strings: what they mean, compared with what openssl on this machine says."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.servers import requires
from tlsaudit.config.ciphers import Evaluator, tls_1_3_suites
from tlsaudit.data.suites import SUITES, openssl_name

EVALUATOR = Evaluator()
_NOT_IN_3_0 = frozenset({"RC4", "3DES", "SEED", "IDEA", "DES", "DES40", "RC2"})
_TOKENS = (
    "HIGH", "MEDIUM", "ALL", "DEFAULT", "ECDHE", "DHE", "kRSA", "aECDSA", "aNULL", "eNULL", "AESGCM", "AESCCM",
    "AES128", "AES256", "CHACHA20", "CAMELLIA", "ARIA", "SHA1", "SHA256", "SHA384", "PSK", "SRP", "ECDHE+AESGCM",
    "kRSA+AES", "ECDHE-RSA-AES128-GCM-SHA256", "AES256-SHA", "TLSv1.2", "SSLv3",
)  # fmt: skip


def names(text: str) -> list[str]:
    return [openssl_name(code) for code in EVALUATOR.evaluate(text).suites]


def openssl(text: str) -> list[str]:
    """What the openssl command lists for TLS 1.2 and older."""
    done = subprocess.run(["openssl", "ciphers", text], capture_output=True, text=True, check=False)
    return [name for name in done.stdout.strip().split(":") if name and not name.startswith("TLS_")]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("HIGH:!aNULL:!MD5", 125),
        ("DEFAULT", 57),
        ("HIGH:MEDIUM:+3DES:!aNULL", 149),
        ("ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA", 2),
        ("NOSUCH:AES128-SHA", 1),
        ("EXP", 7),
        ("kECDH+AESGCM", 4),
        ("AES128-SHA AES256-SHA,DES-CBC3-SHA", 3),
    ],
)
def test_meaning(text: str, number: int) -> None:
    assert len(names(text)) == number


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(("", "", "!", "-", "+")), st.sampled_from(_TOKENS)), min_size=1, max_size=6))
def test_the_same_as_openssl_here(words: list[tuple[str, str]]) -> None:
    requires("openssl")
    text = ":".join((words[0][1], *(sign + token for sign, token in words[1:])))
    ours = [name for name in names(text) if not _is_gone(name)]
    assert ours == openssl(text)


def _is_gone(name: str) -> bool:
    return any(suite.openssl_name == name and suite.enc in _NOT_IN_3_0 for suite in SUITES.values())


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("ECDHE-RSA-AES256-GCM-SHA348:ECDHE+AESGCM", ("ECDHE-RSA-AES256-GCM-SHA348",)),
        ("HIGH:!aNUL:!MD5", ("aNUL",)),
        ("ECDHE+AESGMC:ECDHE+AESGCM", ("ECDHE+AESGMC",)),
        ("HIGH:!KRB5-DES-CBC3-SHA:!EXP-KRB5-RC4-MD5:!KRB5:!kKRB5:!aKRB5", ()),
        ("HIGH:!KRB5-DES-CBC4-SHA", ("KRB5-DES-CBC4-SHA",)),
        ("HIGH:!EXPORT56:!SSLv2:!kDHd:!CBC:@STRENGTH:@SECLEVEL=2", ()),
    ],
)
def test_words_that_no_openssl_knows(text: str, unknown: tuple[str, ...]) -> None:
    assert EVALUATOR.evaluate(text).unknown == unknown


@pytest.mark.parametrize("text", ["", ":", "NOSUCH", "!ALL", "é", "A" * 9000, "a\0b"])
def test_strings_that_mean_nothing(text: str) -> None:
    found = EVALUATOR.evaluate(text)
    assert found.suites == ()
    assert found.problem


@pytest.mark.parametrize("text", ["PROFILE=SYSTEM", "@SYSTEM"])
def test_what_is_up_to_the_machine(text: str) -> None:
    assert EVALUATOR.evaluate(text).system


def test_the_security_level_is_set_apart() -> None:
    found = EVALUATOR.evaluate("ECDHE+AESGCM:@SECLEVEL=0")
    assert found.security_level == 0
    assert found.suites == EVALUATOR.evaluate("ECDHE+AESGCM").suites


def test_tls_1_3_suites_are_set_apart() -> None:
    assert tls_1_3_suites("TLS_AES_128_GCM_SHA256:TLS_NOSUCH") == ((0x1301,), ("TLS_NOSUCH",))
