"""What gate mode offers is what the rules find wrong, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from tlsaudit.data.suites import SUITES, suite_name
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Severity
from tlsaudit.policy import load_policy, what_is_forbidden
from tlsaudit.rules.registry import group_code, suite_code

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
OWASP = load_policy("owasp")


def names(codes: tuple[int, ...]) -> set[str]:
    return {suite_name(code) for code in codes}


def test_the_lists_of_a_version_go_from_grave_to_mild_and_share_nothing() -> None:
    grave, mild = what_is_forbidden(OWASP).suites[TLS_1_2]
    critical, high, low = (
        suite_code(f"TLS_{name}")
        for name in ("RSA_WITH_NULL_SHA256", "RSA_WITH_AES_128_GCM_SHA256", "ECDHE_RSA_WITH_AES_128_CBC_SHA")
    )
    assert critical is not None
    assert high is not None
    assert grave.index(critical) < grave.index(high)
    assert low in mild
    assert not set(grave) & set(mild)


def test_what_is_sound_is_in_no_list() -> None:
    forbidden = what_is_forbidden(OWASP)
    listed = {code for lists in forbidden.suites.values() for each in lists for code in each}
    sound = ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256")
    assert listed.isdisjoint(suite_code(name) for name in sound)
    assert listed < set(SUITES)
    for groups in forbidden.groups.values():
        assert {group_code("x25519"), group_code("secp256r1"), group_code("X25519MLKEM768")}.isdisjoint(groups)
    assert group_code("secp192r1") in forbidden.groups[TLS_1_2]


def test_a_short_list_is_not_split() -> None:
    (only,) = what_is_forbidden(OWASP).suites[TLS_1_3]
    assert "TLS_SHA256_SHA256" in names(only)
    assert "TLS_AES_128_CCM_8_SHA256" in names(only)


def test_a_policy_decides_what_is_worth_asking() -> None:
    milder = replace(OWASP, severities={**OWASP.severities, "TLS-CIPH-017": Severity.INFO}, forbidden={})
    listed = {code for each in what_is_forbidden(milder).suites[TLS_1_2] for code in each}
    assert suite_code("TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8") not in listed
    stricter = replace(OWASP, limits=replace(OWASP.limits, suites_allowed=frozenset({0x1301, 0x1303})))
    listed = {code for each in what_is_forbidden(stricter).suites[TLS_1_3] for code in each}
    assert 0x1302 in listed
    assert 0x1301 not in listed
