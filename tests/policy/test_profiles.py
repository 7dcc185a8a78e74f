"""The policies that come with tlsaudit: their values, and that what they forbid is what gate mode asks for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tlsaudit.data.groups import GROUPS, groups_for
from tlsaudit.data.suites import SUITES, CipherSuite, suites_for
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Severity
from tlsaudit.policy import Policy, load_policy, policy_ids, what_is_forbidden
from tlsaudit.rules import ALL_RULES, CATALOGUE

SSL_2, SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = ProtocolVersion
_RULES = {rule.id: rule for rule in CATALOGUE}
_THREE = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
_MOZILLA_GROUPS = {"X25519MLKEM768", "x25519", "secp256r1", "secp384r1"}
_ECDSA = frozenset({"ecdsa-with-SHA256", "ecdsa-with-SHA384", "ecdsa-with-SHA512"})
_ML_DSA_87 = "2.16.840.1.101.3.4.3.19"

each_policy = pytest.mark.parametrize("policy_id", policy_ids())
with_suites = pytest.mark.parametrize(
    "policy_id", [each for each in policy_ids() if load_policy(each).limits.suites_allowed is not None]
)


def suites(policy: Policy) -> set[str]:
    return {SUITES[code].name for code in policy.limits.suites_allowed or ()}


def groups(policy: Policy) -> set[str]:
    return {GROUPS[code].name for code in policy.limits.groups_allowed or ()}


def severities(policy: Policy, *areas_and_numbers: str) -> list[str]:
    return [policy.severity_of(_RULES[f"TLS-{each}"]).value for each in areas_and_numbers]


def test_every_policy_of_the_design_is_there() -> None:
    assert set(policy_ids()) == {
        "owasp", "owasp-l2", "owasp-l3", "mozilla-modern", "mozilla-intermediate", "mozilla-old", "nist-800-52r2",
        "pci-dss-4", "bsi-tr-02102-2", "fips-140-3", "cnsa-2", "internal-mtls", "smtp-opportunistic",
    }  # fmt: skip


# What holds for all of them.


@each_policy
def test_it_says_where_it_comes_from_and_what_to_beware_of(policy_id: str) -> None:
    policy = load_policy(policy_id)
    assert policy.sources
    assert policy.cautions
    assert policy.description.endswith(".")
    assert all(caution.endswith(".") for caution in policy.cautions)


@each_policy
def test_what_is_forbidden_or_required_is_at_least_high(policy_id: str) -> None:
    policy = load_policy(policy_id)
    listed = {*policy.forbidden, *policy.required}
    enforcing = [rule for rule in ALL_RULES if listed & {*rule.enforces}]
    assert listed == {name for rule in enforcing for name in rule.enforces} & listed
    for rule in enforcing:
        assert all(policy.severity_of(rule, found).rank >= Severity.HIGH.rank for found in (None, *Severity)), rule.id


@each_policy
def test_what_is_listed_as_unlisted_has_a_list(policy_id: str) -> None:
    policy = load_policy(policy_id)
    lists = {
        "protocol/unlisted": policy.limits.versions_allowed,
        "protocol/required": policy.limits.versions_required,
        "suite/unlisted": policy.limits.suites_allowed,
        "group/unlisted": policy.limits.groups_allowed,
        "group/required": policy.limits.groups_required,
        "key/unlisted": policy.limits.certificate_keys_allowed,
        "signature/unlisted": policy.limits.certificate_signatures_allowed,
        "certificate/lifetime": policy.limits.lifetime_days_max,
        "client/required": policy.expect.client_auth,
    }
    for name in {*policy.forbidden, *policy.required} & lists.keys():
        assert lists[name], name


@each_policy
def test_a_version_outside_of_the_list_is_forbidden(policy_id: str) -> None:
    policy = load_policy(policy_id)
    for version in {*ProtocolVersion} - (policy.limits.versions_allowed or {*ProtocolVersion}):
        assert {f"protocol/{version}", "protocol/unlisted"} & policy.forbidden.keys(), version


@each_policy
def test_what_it_requires_it_allows(policy_id: str) -> None:
    limits = load_policy(policy_id).limits
    if limits.versions_allowed is not None:
        assert (limits.versions_required or frozenset()) <= limits.versions_allowed
    if limits.groups_allowed is not None:
        assert (limits.groups_required or frozenset()) <= limits.groups_allowed


def _never(_suite: CipherSuite) -> bool:
    return False


def _needs_encrypt_then_mac(suite: CipherSuite) -> bool:
    return suite.mode == "CBC"


def _needs_it_or_is_open_to_raccoon(suite: CipherSuite) -> bool:
    return suite.mode == "CBC" or suite.kx == "DH"


_ON_A_CONDITION: dict[str, Callable[[CipherSuite], bool]] = {
    "bsi-tr-02102-2": _needs_encrypt_then_mac,
    "fips-140-3": _needs_encrypt_then_mac,
    "nist-800-52r2": _needs_it_or_is_open_to_raccoon,
}
"""Suites that are allowed, and a finding all the same where the server lacks something that goes with them."""


@with_suites
def test_gate_mode_asks_for_exactly_what_the_list_of_suites_lacks(policy_id: str) -> None:
    policy = load_policy(policy_id)
    allowed = policy.limits.suites_allowed
    assert allowed is not None
    asked = what_is_forbidden(policy).suites
    conditional = _ON_A_CONDITION.get(policy_id, _never)
    for version in policy.limits.versions_allowed or ():
        unlisted = {suite.code for suite in suites_for(version) if suite.code not in allowed}
        beside = {suite.code for suite in suites_for(version) if suite.code in allowed and conditional(suite)}
        found = {code for each in asked.get(version, ()) for code in each}
        assert unlisted <= found, version
        assert found - unlisted == (beside if version is TLS_1_2 else set()), version


@with_suites
def test_gate_mode_asks_for_exactly_what_the_list_of_groups_lacks(policy_id: str) -> None:
    policy = load_policy(policy_id)
    allowed = policy.limits.groups_allowed
    assert allowed is not None
    asked = what_is_forbidden(policy)
    for version in {TLS_1_2, TLS_1_3} & (policy.limits.versions_allowed or set()):
        there = {each.code for each in groups_for(version)}
        assert set(asked.groups.get(version, ())) == there - allowed, version
        required = there & (policy.limits.groups_required or frozenset())
        assert set(asked.groups_to_ask(version)) == (there - allowed) | required, version


@with_suites
def test_what_the_list_of_suites_lacks_is_asked_for_as_something_grave(policy_id: str) -> None:
    policy = load_policy(policy_id)
    assert "suite/unlisted" in policy.forbidden
    assert severities(policy, "CIPH-019") == ["high"]


def test_what_is_from_memory_says_so() -> None:
    fips, cnsa, pci = (load_policy(each) for each in ("fips-140-3", "cnsa-2", "pci-dss-4"))
    assert {"suites_allowed", "groups_allowed", "certificate_keys_allowed"} <= fips.from_memory
    assert {"suites_allowed", "groups_required", "certificate_keys_allowed"} <= cnsa.from_memory
    assert "symmetric_bits_broken" in pci.from_memory
    assert not any(source.verified for sources in cnsa.required.values() for source in sources if "CNSA" in source.ref)
    for policy_id in ("owasp", "mozilla-modern", "mozilla-intermediate", "mozilla-old"):
        assert not load_policy(policy_id).from_memory


# Their values, as the documents behind them have them.


def test_owasp_levels_add_to_each_other() -> None:
    one, two, three = (load_policy(each) for each in ("owasp", "owasp-l2", "owasp-l3"))
    assert (two.parent, three.parent) == ("owasp", "owasp-l2")
    assert one.forbidden.keys() < two.forbidden.keys() == three.forbidden.keys()
    assert one.required.keys() < two.required.keys() < three.required.keys()
    assert two.forbidden.keys() - one.forbidden.keys() == {"suite/short-tag"}
    assert severities(one, "CERT-032", "HTTP-003", "CIPH-017", "CIPH-009") == ["info", "info", "low", "low"]
    assert severities(two, "CERT-032", "HTTP-003", "CIPH-017", "CIPH-009") == ["high", "high", "high", "medium"]
    assert two.limits.rsa_bits_wanted == 3072
    assert three.required.keys() - two.required.keys() == {"suite/forward-secrecy"}
    assert (severities(two, "REVO-005"), severities(three, "REVO-005")) == (["low"], ["medium"])


def test_mozilla_modern() -> None:
    policy = load_policy("mozilla-modern")
    assert policy.limits.versions_allowed == policy.limits.versions_required == frozenset({TLS_1_3})
    assert suites(policy) == _THREE
    assert groups(policy) == _MOZILLA_GROUPS
    assert policy.limits.certificate_keys_allowed == frozenset({"secp256r1", "secp384r1"})
    assert policy.limits.certificate_signatures_allowed == _ECDSA
    assert (policy.limits.lifetime_days_max, policy.limits.hsts_seconds_min) == (90, 63072000)
    assert severities(policy, "PROTO-017", "PROTO-018", "CERT-042", "SIG-009", "CERT-026") == ["high"] * 5
    assert severities(policy, "KEX-012", "HTTP-001", "HTTP-002") == ["low", "high", "high"]


def test_mozilla_intermediate_is_6_0() -> None:
    policy = load_policy("mozilla-intermediate")
    assert policy.version == "6.0"
    assert policy.limits.versions_allowed == frozenset({TLS_1_2, TLS_1_3})
    ecdhe = ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
    assert suites(policy) == _THREE | {f"TLS_ECDHE_{key}_WITH_{each}" for key in ("RSA", "ECDSA") for each in ecdhe}
    assert groups(policy) == _MOZILLA_GROUPS
    assert policy.limits.certificate_keys_allowed == frozenset({"secp256r1", "secp384r1", "rsa"})
    assert policy.limits.certificate_signatures_allowed == _ECDSA | frozenset({"sha256WithRSAEncryption"})
    assert policy.limits.lifetime_days_max == 366
    assert policy.limits.rsa_bits_min == 2048


def test_mozilla_old_is_5_8_and_allows_what_all_others_forbid() -> None:
    policy = load_policy("mozilla-old")
    assert policy.version == "5.8"
    assert policy.limits.versions_allowed == frozenset({TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3})
    assert len(suites(policy)) == 24
    assert {"TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"} < suites(policy)
    assert not any("DHE_RSA" in name and "ECDHE" not in name for name in suites(policy))
    assert policy.limits.certificate_keys_allowed == frozenset({"rsa"})
    assert severities(policy, "PROTO-002", "PROTO-003", "PROTO-004", "CIPH-010") == ["high", "info", "info", "info"]


def test_nist() -> None:
    policy = load_policy("nist-800-52r2")
    assert policy.limits.versions_required == frozenset({TLS_1_2, TLS_1_3})
    assert len(suites(policy)) == 4 + 56
    assert not any("CHACHA20" in name or "CAMELLIA" in name or "3DES" in name for name in suites(policy))
    assert not any(name.startswith("TLS_RSA_WITH") for name in suites(policy))
    assert {"secp224r1", "sect571r1", "ffdhe8192"} < groups(policy)
    assert "x25519" not in groups(policy)
    assert policy.limits.groups_required == frozenset({23, 24})
    assert (policy.limits.signature_hash_bits_min, policy.limits.lifetime_days_max) == (224, 1095)
    assert severities(policy, "PROTO-018", "SESS-002", "SESS-007", "CIPH-009", "SESS-005") == ["high"] * 4 + ["medium"]


def test_pci() -> None:
    policy = load_policy("pci-dss-4")
    assert policy.limits.suites_allowed is None
    assert policy.limits.groups_allowed is None
    assert severities(policy, "PROTO-003", "PROTO-004", "CIPH-006", "CIPH-007") == ["high", "high", "high", "critical"]
    assert severities(policy, "CERT-020", "CHAIN-001") == ["critical", "critical"]
    assert any("never says" in caution for caution in policy.cautions)


def test_bsi() -> None:
    policy = load_policy("bsi-tr-02102-2")
    assert len(suites(policy)) == 3 + 20
    assert not any("CHACHA20" in name for name in suites(policy))
    assert groups(policy) == {
        "secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "ffdhe3072",
        "ffdhe4096",
    }  # fmt: skip
    limits = policy.limits
    assert (limits.rsa_bits_wanted, limits.dh_bits_wanted, limits.certificate_curve_bits_min) == (3000, 3000, 250)
    assert severities(policy, "CERT-032", "KEX-003", "SESS-003", "SESS-005", "SESS-013", "SESS-014") == ["high"] * 6


def test_fips() -> None:
    policy = load_policy("fips-140-3")
    assert {"X25519MLKEM768", "SecP384r1MLKEM1024", "secp256r1"} < groups(policy)
    assert "x25519" not in groups(policy)
    assert not any("CHACHA20" in name for name in suites(policy))
    assert severities(policy, "KEX-012", "SESS-007", "CERT-042") == ["high"] * 3


def test_cnsa() -> None:
    policy = load_policy("cnsa-2")
    assert policy.limits.versions_allowed == frozenset({TLS_1_3})
    assert suites(policy) == {"TLS_AES_256_GCM_SHA384"}
    assert groups(policy) == {"MLKEM1024", "SecP384r1MLKEM1024"}
    assert (
        policy.limits.certificate_keys_allowed
        == policy.limits.certificate_signatures_allowed
        == frozenset({_ML_DSA_87})
    )
    assert severities(policy, "KEX-015", "KEX-012", "CERT-042") == ["high"] * 3


def test_internal_mtls() -> None:
    policy = load_policy("internal-mtls")
    assert policy.expect.client_auth is ClientAuthMode.REQUIRED
    assert policy.limits.versions_allowed == frozenset({TLS_1_3})
    assert policy.limits.groups_required == frozenset({4588})
    assert policy.limits.lifetime_days_max == 90
    assert (policy.limits.client_lifetime_hours_max, policy.limits.workload_lifetime_hours_max) == (720, 24)
    assert severities(policy, "MTLS-001", "MTLS-002", "KEX-015", "SESS-005") == ["critical", "critical", "high", "high"]


def test_smtp_is_milder_where_the_alternative_is_clear_text() -> None:
    policy = load_policy("smtp-opportunistic")
    assert severities(policy, "CIPH-002", "CHAIN-001", "CERT-001") == ["info"] * 3
    assert severities(policy, "PROTO-003", "CIPH-010") == ["low", "low"]
    assert severities(policy, "CIPH-001", "CIPH-003", "CIPH-007", "PROTO-001") == ["critical"] * 4
