"""What OpenSSL makes of what a text asks for, by version; the wire says the same where Debian's is at hand."""

from __future__ import annotations

from typing import Any

import pytest

from tlsaudit.config.assume import Version
from tlsaudit.config.ciphers import TLS_1_3_DEFAULT, Evaluator
from tlsaudit.config.groups import default_groups, read_groups
from tlsaudit.config.library import Effect, Request, effect
from tlsaudit.data.groups import group_name
from tlsaudit.data.suites import openssl_name
from tlsaudit.model.knowledge import Basis, Origin
from tlsaudit.model.protocol import ProtocolVersion

AT = Basis(Origin.EXPLICIT, "nginx.conf:1")
V = ProtocolVersion
EVALUATOR = Evaluator()


def asked(text: str, openssl: Version | None, *versions: ProtocolVersion, **changes: Any) -> Effect:
    string = EVALUATOR.evaluate(text)
    given: dict[str, Any] = {
        "versions": dict.fromkeys(versions or (V.TLS_1_2,), AT),
        "suites": string.suites,
        "suites_basis": AT,
        "suites_1_3": TLS_1_3_DEFAULT,
        "suites_1_3_basis": AT,
        "keys": frozenset({"rsa"}),
        "dh_bits": 0,
        "level": string.security_level,
    }
    return effect(Request(**(given | changes)), openssl)


def names(found: Effect) -> list[str]:
    return [openssl_name(code) for _, code in found.suites]


@pytest.mark.parametrize(
    ("text", "openssl", "versions"),
    [
        ("ALL", None, {V.SSL_3, V.TLS_1_0, V.TLS_1_1, V.TLS_1_2, V.TLS_1_3}),
        ("ALL", (1, 0, 2), {V.SSL_3, V.TLS_1_0, V.TLS_1_1, V.TLS_1_2}),
        ("ALL", (1, 1, 1), {V.TLS_1_0, V.TLS_1_1, V.TLS_1_2, V.TLS_1_3}),
        ("ALL:@SECLEVEL=3", (1, 1, 1), {V.TLS_1_1, V.TLS_1_2, V.TLS_1_3}),
        ("ALL", (3, 0), {V.TLS_1_2, V.TLS_1_3}),
        ("ALL:@SECLEVEL=0", (3, 0), {V.TLS_1_0, V.TLS_1_1, V.TLS_1_2, V.TLS_1_3}),
    ],
)
def test_versions(text: str, openssl: Version | None, versions: set[ProtocolVersion]) -> None:
    found = asked(text, openssl, V.SSL_3, V.TLS_1_0, V.TLS_1_1, V.TLS_1_2, V.TLS_1_3)
    assert set(found.versions) == versions
    assert bool(found.refused) == (openssl is not None)


@pytest.mark.parametrize(
    ("text", "openssl", "changes", "expected"),
    [
        ("RC4-SHA:AES128-SHA", None, {}, ["RC4-SHA", "AES128-SHA"]),
        ("RC4-SHA:AES128-SHA", (1, 1, 1), {}, ["AES128-SHA"]),
        ("SEED-SHA:AES128-SHA", (3, 0), {}, ["AES128-SHA"]),
        ("NULL-SHA:AES128-SHA", (3, 0), {}, ["AES128-SHA"]),
        ("NULL-SHA:AES128-SHA:@SECLEVEL=0", (3, 0), {}, ["NULL-SHA", "AES128-SHA"]),
        ("AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=3", (3, 0), {}, ["ECDHE-RSA-AES128-SHA"]),
        ("AES128-SHA", None, {"keys": frozenset({"ec"})}, []),
        ("AES128-SHA", None, {"keys": None}, ["AES128-SHA"]),
        ("DHE-RSA-AES128-SHA", None, {}, []),
        ("DHE-RSA-AES128-SHA", None, {"dh_bits": None}, ["DHE-RSA-AES128-SHA"]),
        ("DHE-RSA-AES128-SHA:@SECLEVEL=2", (3, 0), {"dh_bits": 1024}, []),
        ("DHE-RSA-AES128-SHA", (3, 2), {"dh_bits": 1024}, []),
        ("DHE-RSA-AES128-SHA", (3, 2), {"dh_bits": 2048}, ["DHE-RSA-AES128-SHA"]),
        ("PSK-AES128-CBC-SHA:AES128-SHA", None, {}, ["AES128-SHA"]),
    ],
)
def test_suites(text: str, openssl: Version | None, changes: dict[str, Any], expected: list[str]) -> None:
    assert names(asked(text, openssl, **changes)) == expected


def test_a_gap_in_the_versions_can_end_everything() -> None:
    found = asked("ECDHE+AESGCM", (3, 0), V.TLS_1_0, V.TLS_1_2)
    assert not found.versions
    assert "no suite fits TLSv1.0" in found.refused[-1][0]
    assert V.TLS_1_2 in asked("ECDHE+AES", (3, 0), V.TLS_1_0, V.TLS_1_2).versions
    assert V.TLS_1_2 in asked("ECDHE+AESGCM", None, V.TLS_1_0, V.TLS_1_2).versions


@pytest.mark.parametrize(("openssl", "has"), [(None, True), ((3, 5), True), ((3, 4), False), ((1, 1, 1), False)])
def test_default_groups(openssl: Version | None, has: bool) -> None:
    assert ("X25519MLKEM768" in [group_name(code) for code in default_groups(openssl)]) is has


@pytest.mark.parametrize(
    ("text", "expected", "unknown"),
    [
        ("X25519:prime256v1", ["x25519", "secp256r1"], ()),
        ("?X25519MLKEM768:DEFAULT:-x448", ["X25519MLKEM768", "x25519", "secp256r1", "secp384r1", "secp521r1"], ()),
        ("*X25519/P-384", ["x25519", "secp384r1"], ()),
        ("P-257", [], ("P-257",)),
    ],
)
def test_group_lists(text: str, expected: list[str], unknown: tuple[str, ...]) -> None:
    groups, wrong = read_groups(text, None)
    assert [group_name(code) for code in groups if not group_name(code).startswith("ffdhe")] == expected
    assert wrong == unknown
