"""Rules on chains and paths: one minted chain for each that fails and one that passes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from fixtures.certificates import CHAINS, NAME, authority_extensions
from fixtures.forge import forge
from tests.rules.served import (
    DAY,
    HOST,
    NOW,
    SECOND,
    CaseTable,
    assert_complete,
    assert_fails,
    assert_passes,
    case,
    deployment,
    der,
    failures,
    issuing,
    only,
    root,
    serving,
    sound,
    unreadable,
)
from tlsaudit.demo.mint import Authority, Leaf, ec_key, rsa_key, self_signed
from tlsaudit.model.knowledge import Undecided
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Severity
from tlsaudit.pki import TrustStore
from tlsaudit.rules import chain, chain_paths
from tlsaudit.rules.rule import Case, Rule


def recipe(key: str, *, versions: tuple[ProtocolVersion, ...] = (ProtocolVersion.TLS_1_3,)) -> Case:
    """A server that sends a chain of the test PKI."""
    minted = CHAINS[key]()
    return case(deployment(*minted.sent, anchors=minted.anchors, host=NAME, versions=versions))


def below(begin: datetime, end: datetime, *, leaf_end: datetime | None = None) -> Leaf:
    """A leaf below an intermediate with these dates."""
    return root().subordinate("Dated", not_before=begin, not_after=end).issue(HOST, not_after=leaf_end)


def in_stores(*holders: str) -> Case:
    """A chain whose root is in these stores, of "mozilla" and "system"."""
    leaf = issuing().issue(HOST)
    anchor = [der(root().certificate)]
    stores = {name: TrustStore.from_ders(name, anchor if name in holders else []) for name in ("mozilla", "system")}
    return case(deployment(*leaf.chain(), stores=stores))


def pair(rsa: Leaf, ecdsa: Leaf) -> Case:
    """A server with two certificates."""
    return case(deployment(*rsa.chain()), deployment(*ecdsa.chain()))


def rsa_leaf() -> Leaf:
    """A sound leaf with an RSA key."""
    return issuing().issue(HOST, key=rsa_key())


def expired_leaf() -> Leaf:
    """A leaf with an elliptic-curve key that has expired."""
    return issuing().issue(HOST, key=ec_key(), not_before=NOW - 90 * DAY, not_after=NOW - DAY)


def expired_beside_valid() -> Case:
    """An intermediate twice, once expired, the other one valid."""
    old = root().subordinate("Twin", not_before=NOW - 900 * DAY, not_after=NOW - DAY)
    new = root().subordinate("Twin", key=old.key)
    return case(deployment(old.issue(HOST).certificate, old.certificate, new.certificate))


def deep(levels: int) -> Case:
    """A leaf below this many intermediates."""
    authority = root()
    for level in range(levels):
        authority = authority.subordinate(f"Level {level}")
    return serving(authority.issue(HOST))


FAILS: CaseTable = {
    "TLS-CHAIN-001": lambda: recipe("unknown_root_sent"),
    "TLS-CHAIN-002": lambda: recipe("self_signed_leaf"),
    "TLS-CHAIN-003": lambda: recipe("missing_intermediate"),
    "TLS-CHAIN-004": lambda: recipe("misordered"),
    "TLS-CHAIN-005": lambda: case(deployment(*issuing().issue(HOST).chain(), leaf_signs=False)),
    "TLS-CHAIN-006": lambda: recipe("root_sent"),
    "TLS-CHAIN-007": lambda: recipe("unrelated"),
    "TLS-CHAIN-008": lambda: serving(below(NOW - 100 * DAY, NOW - DAY)),
    "TLS-CHAIN-009": expired_beside_valid,
    "TLS-CHAIN-010": lambda: serving(below(NOW - DAY, NOW + 89 * DAY)),
    "TLS-CHAIN-011": lambda: recipe("intermediate_is_no_ca"),
    "TLS-CHAIN-012": lambda: recipe("name_constraints_permitted_violated"),
    "TLS-CHAIN-013": lambda: recipe("purpose_excludes_servers"),
    "TLS-CHAIN-015": lambda: in_stores("system"),
    "TLS-CHAIN-017": lambda: pair(rsa_leaf(), expired_leaf()),
    "TLS-CHAIN-018": lambda: deep(3),
}
PASSES: CaseTable = {
    "TLS-CHAIN-001": sound,
    "TLS-CHAIN-002": lambda: recipe("self_signed_leaf_in_store"),
    "TLS-CHAIN-003": sound,
    "TLS-CHAIN-004": lambda: recipe("unrelated"),
    "TLS-CHAIN-005": sound,
    "TLS-CHAIN-006": lambda: recipe("self_signed_leaf_in_store"),
    "TLS-CHAIN-007": sound,
    "TLS-CHAIN-008": expired_beside_valid,
    "TLS-CHAIN-009": sound,
    "TLS-CHAIN-010": sound,
    "TLS-CHAIN-011": lambda: recipe("path_length_kept"),
    "TLS-CHAIN-012": lambda: recipe("name_constraints_kept"),
    "TLS-CHAIN-013": lambda: recipe("purpose_includes_servers"),
    "TLS-CHAIN-015": lambda: in_stores("mozilla", "system"),
    "TLS-CHAIN-017": lambda: pair(rsa_leaf(), issuing().issue(HOST)),
    "TLS-CHAIN-018": lambda: deep(2),
}


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(chain.RULES, FAILS, PASSES)


@pytest.mark.parametrize("rule", chain.RULES, ids=lambda rule: rule.id)
def test_bad_chain_fails(rule: Rule) -> None:
    assert_fails(rule, FAILS)


@pytest.mark.parametrize("rule", chain.RULES, ids=lambda rule: rule.id)
def test_sound_chain_passes(rule: Rule) -> None:
    assert_passes(rule, PASSES)


@pytest.mark.parametrize("rule", chain.RULES, ids=lambda rule: rule.id)
def test_unreadable_leaf_is_undecided(rule: Rule) -> None:
    if rule is chain.only_some_work:
        assert not rule.applies(unreadable())
    elif rule is not chain.leaf_not_first:  # which was seen without reading the certificate
        with pytest.raises(Undecided):
            failures(rule, unreadable())


def test_complete_chain_is_enforced_by_name() -> None:
    assert chain.incomplete.enforces == ("chain/complete",)


def test_incomplete_chain_names_the_issuer_that_is_missing() -> None:
    found = only(chain.incomplete, recipe("missing_intermediate"))
    assert "Issuing" in found.observed
    assert failures(chain.untrusted, recipe("missing_intermediate"))


def test_private_root_is_trusted_where_the_operator_gives_it() -> None:
    leaf = issuing().issue(HOST)
    assert failures(chain.untrusted, serving(leaf)) == []
    nowhere = {"mozilla": TrustStore("mozilla")}
    assert "mozilla" in only(chain.untrusted, case(deployment(*leaf.chain(), stores=nowhere))).observed


def test_order_matters_more_without_tls_1_3() -> None:
    assert only(chain.misordered, recipe("misordered")).severity is None
    old = recipe("misordered", versions=(ProtocolVersion.TLS_1_2,))
    assert only(chain.misordered, old).severity is Severity.MEDIUM


def test_repeated_certificates_are_named() -> None:
    assert "sent again" in only(chain.unrelated, recipe("duplicates")).observed


@pytest.mark.parametrize("key", ["complete", "directly_issued", "two_anchors", "intermediate_anchor"])
def test_sound_recipes_have_no_finding_beyond_a_remark(key: str) -> None:
    judged = recipe(key)
    found = [(rule.id, rule.evaluate(judged)) for rule in chain.RULES if rule.applies(judged)]
    assert [rule_id for rule_id, fails in found if fails] == []


def test_expired_cross_certificate_does_no_harm() -> None:
    judged = recipe("cross_signed_with_expired_twin")
    assert failures(chain_paths.intermediate_expired, judged) == []
    assert only(chain_paths.expired_extra, judged).observed


def test_an_expired_anchor_is_trusted_and_out_of_time() -> None:
    old = Authority.root("Old Root", days=10)
    leaf = old.subordinate("Issuing").issue(HOST)
    judged = case(deployment(*leaf.chain(), anchors=[old.certificate]), as_of=NOW + 20 * DAY)
    assert failures(chain.untrusted, judged) == []
    assert "Old Root" in only(chain_paths.intermediate_expired, judged).observed


def twins(*kinds: str) -> Case:
    """A leaf below an authority with one certificate of each of these kinds, sent in this order."""
    code_signing = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    no_names = x509.NameConstraints(None, [x509.DNSName("")])
    gone = {"not_before": NOW - 900 * DAY, "not_after": NOW - DAY}
    made: dict[str, dict[str, Any]] = {
        "valid": {},
        "expired": gone,
        "early": {"not_before": NOW + DAY},
        "no CA": {"extensions": authority_extensions(ca=False)},
        "code signing": {"extensions": authority_extensions((code_signing, False))},
        "no names": {"extensions": authority_extensions((no_names, True))},
        "expired, no CA": {**gone, "extensions": authority_extensions(ca=False)},
    }
    key = ec_key()
    issuers = [root().subordinate("Twin", key=key, **made[kind]) for kind in kinds]
    return case(deployment(issuers[0].issue(HOST).certificate, *(each.certificate for each in issuers)))


@pytest.mark.parametrize(
    ("kinds", "failing"),
    [
        (("valid",), ""),
        (("expired",), "008"),
        (("early",), "008"),
        (("no CA",), "011"),
        (("no names",), "012"),
        (("code signing",), "013"),
        (("expired, no CA",), "008 011"),
        (("expired", "code signing"), "008 013"),
        (("code signing", "expired"), "008 013"),
        (("no CA", "no names"), "011 012"),
        (("expired", "expired, no CA"), "008"),
        (("expired, no CA", "code signing"), "013"),
        (("expired", "valid"), "009"),
        (("valid", "expired, no CA"), "009"),
        (("code signing", "valid"), ""),
        (("valid", "no CA"), ""),
    ],
    ids=str,
)
def test_without_a_valid_path_the_faults_of_the_best_are_told(kinds: tuple[str, ...], failing: str) -> None:
    judged = twins(*kinds)
    assert len(judged.deployments()[0].analysis.need().paths) == len(kinds)
    found = [
        rule.id[-3:] for rule in chain.RULES if rule.id[-3:] in "008 009 010 011 012 013" and failures(rule, judged)
    ]
    assert found == failing.split()


def test_a_critical_extension_of_the_leaf_blames_no_issuer_of_another_path() -> None:
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    good = root().subordinate("Twin")
    bad = root().subordinate("Twin", key=good.key, extensions=authority_extensions(ca=False))
    leaf = good.issue(HOST, extra=[(strange, True)])
    judged = case(deployment(leaf.certificate, bad.certificate, good.certificate))
    assert failures(chain_paths.issuer_not_allowed, judged) == []


def test_intermediate_not_yet_valid_breaks_the_path() -> None:
    assert only(chain_paths.intermediate_expired, serving(below(NOW + DAY, NOW + 900 * DAY))).observed


@pytest.mark.parametrize(("left", "fails"), [(90 * DAY, True), (90 * DAY + SECOND, False)])
def test_window_of_intermediates(left: timedelta, fails: bool) -> None:
    judged = serving(below(NOW - DAY, NOW + left, leaf_end=NOW + 30 * DAY))
    assert bool(failures(chain_paths.intermediate_expires_first, judged)) is fails


def test_intermediate_that_ends_before_the_leaf() -> None:
    judged = serving(below(NOW - DAY, NOW + 200 * DAY, leaf_end=NOW + 300 * DAY))
    assert "the certificate on" in only(chain_paths.intermediate_expires_first, judged).observed


def test_expired_intermediate_is_reported_once() -> None:
    assert failures(chain_paths.intermediate_expires_first, FAILS["TLS-CHAIN-008"]()) == []


def test_leaf_below_the_anchor_has_no_intermediate_to_expire() -> None:
    assert failures(chain_paths.intermediate_expires_first, recipe("directly_issued")) == []


@pytest.mark.parametrize(
    "key",
    [
        "intermediate_is_no_ca",
        "intermediate_without_basic_constraints",
        "intermediate_of_version_1",
        "intermediate_without_cert_sign",
        "path_length_exceeded",
        "unknown_critical_extension",
    ],
)
def test_issuers_that_may_not_issue(key: str) -> None:
    judged = recipe(key)
    assert failures(chain_paths.issuer_not_allowed, judged)
    assert failures(chain.untrusted, judged) == []


@pytest.mark.parametrize("key", ["name_constraints_excluded_violated", "name_constraints_address_violated"])
def test_name_constraints(key: str) -> None:
    judged = recipe(key)
    assert failures(chain_paths.name_constraints_violated, judged)
    assert failures(chain_paths.issuer_not_allowed, judged) == []


def test_critical_extension_of_the_leaf_is_no_fault_of_its_issuer() -> None:
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    judged = serving(issuing().issue(HOST, extra=[(strange, True)]))
    assert failures(chain_paths.issuer_not_allowed, judged) == []


def test_path_rules_do_not_apply_without_a_path() -> None:
    lost = recipe("missing_intermediate")
    for rule in chain.RULES[7:13]:
        assert not rule.applies(lost), rule.id


def test_stores_are_compared_only_where_both_are_known() -> None:
    assert not chain.stores_differ.applies(sound())


def test_neither_store_trusts_is_no_difference() -> None:
    assert failures(chain.stores_differ, in_stores()) == []


def test_one_certificate_cannot_be_the_broken_one_of_two() -> None:
    assert not chain.only_some_work.applies(serving(expired_leaf()))


def test_two_broken_certificates_are_not_one_of_two() -> None:
    gone = issuing().issue(HOST, key=rsa_key(), not_before=NOW - 90 * DAY, not_after=NOW - DAY)
    assert failures(chain.only_some_work, pair(gone, expired_leaf())) == []


def test_broken_certificate_of_two_is_named_with_its_fault() -> None:
    self_made = self_signed(HOST, key=ec_key())
    lonely = issuing().issue(HOST, key=ec_key())
    early = issuing().issue(HOST, key=ec_key(), not_before=NOW + DAY)
    stale = root().subordinate("Stale", not_before=NOW - 9 * DAY, not_after=NOW - DAY).issue(HOST)
    good = deployment(*rsa_leaf().chain())
    faults = {
        "ECDSA certificate: not trusted": deployment(self_made.certificate),
        "ECDSA certificate: chain incomplete": deployment(lonely.certificate),
        "ECDSA certificate: valid only from": deployment(*early.chain()),
        "ECDSA certificate: no valid path": deployment(*stale.chain()),
    }
    for words, bad in faults.items():
        assert only(chain.only_some_work, case(good, bad)).observed.startswith(words)


def test_large_message_is_oversized() -> None:
    chain_of_one = issuing().issue(HOST).chain()
    for size, fails in ((10_000, False), (10_001, True)):
        judged = case(deployment(*chain_of_one, message_bytes=size))
        assert bool(failures(chain.oversized, judged)) is fails


def test_hostile_names_make_short_printable_sentences() -> None:
    leaf = issuing().issue(HOST)
    long = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "x\x1b[31m" * 5_000)])
    forged = forge(leaf.certificate, ec_key(), issuer=long.public_bytes())
    found = only(chain.incomplete, case(deployment(forged)))
    assert len(found.observed) < 1000
    assert found.observed.isprintable()
