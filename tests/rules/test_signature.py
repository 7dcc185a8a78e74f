"""Rules on signatures: forged certificates, handshakes as facts, one that fails and one that passes for each."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519

from fixtures.certificates import CHAINS, NAME
from fixtures.forge import SIGNATURE_OIDS, encode_oid, forge, tlv
from tests.rules.served import (
    BASIS,
    DAY,
    HOST,
    NOW,
    CaseTable,
    assert_complete,
    assert_fails,
    assert_passes,
    case,
    deployment,
    failures,
    issuing,
    only,
    root,
    serving,
    sound,
    unreadable,
)
from tlsaudit.data.signatures import SCHEMES
from tlsaudit.demo.mint import Authority, rsa_key, self_signed
from tlsaudit.model.facts import KeyExchange, SchemeAt
from tlsaudit.model.knowledge import Tried, Undecided, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Severity
from tlsaudit.rules import signature
from tlsaudit.rules.rule import Case, Rule


@cache
def rsa_root() -> Authority:
    """A root with an RSA key, which also signs with old digests."""
    return Authority.root("RSA Root", key=rsa_key())


def recipe(key: str) -> Case:
    """A server that sends a chain of the test PKI."""
    minted = CHAINS[key]()
    return case(deployment(*minted.sent, anchors=minted.anchors, host=NAME))


def signed_with(digest: str) -> Case:
    """A leaf that its issuer signed with this digest."""
    leaf = rsa_root().issue(HOST)
    return case(deployment(forge(leaf.certificate, rsa_root().key, digest=digest), anchors=[rsa_root().certificate]))


def handshake(scheme: int | None, version: ProtocolVersion = ProtocolVersion.TLS_1_2, *, times: int = 1) -> Case:
    """A server whose handshakes were signed with this scheme, and that refuses all others."""
    exchange = KeyExchange(version=version, suite=0xC02F, basis=BASIS, signature_scheme=scheme)
    seen = case(deployment(*issuing().issue(HOST).chain()), key_exchanges=(exchange,) * times)
    refused = frozenset((at, code) for at in (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3) for code in SCHEMES)
    return replace(seen, facts=replace(seen.facts, signature_schemes=Tried(refused=refused)))


@cache
def dsa_key() -> dsa.DSAPrivateKey:
    """A DSA key of an allowed size."""
    return dsa.generate_private_key(2048)


def two_algorithms() -> Case:
    """A certificate whose outer algorithm says SHA-1."""
    leaf = rsa_root().issue(HOST)
    sha1 = tlv(0x30, encode_oid(SIGNATURE_OIDS["rsa", "sha1"]), tlv(0x05))
    forged = forge(leaf.certificate, rsa_root().key, outer_algorithm=sha1)
    return case(deployment(forged, anchors=[rsa_root().certificate]))


def edwards_root() -> Case:
    """A public certificate that was signed with Ed25519."""
    authority = Authority.root("Edwards Root", key=ed25519.Ed25519PrivateKey.generate())
    leaf = authority.issue(HOST)
    return case(deployment(leaf.certificate, anchors=[authority.certificate], public=True))


def listing_ecdsa(of: Case) -> Case:
    """The same server under a policy that lists ECDSA with SHA-256 alone."""
    listed = frozenset({"ecdsa-with-SHA256"})
    return replace(of, limits=replace(of.limits, certificate_signatures_allowed=listed))


FAILS: CaseTable = {
    "TLS-SIG-001": lambda: recipe("md5_leaf"),
    "TLS-SIG-002": lambda: recipe("sha1_intermediate"),
    "TLS-SIG-003": lambda: serving(issuing().issue(HOST, signature_hash=hashes.SHA224())),
    "TLS-SIG-004": lambda: handshake(0x0201),
    "TLS-SIG-005": lambda: handshake(0x0401, ProtocolVersion.TLS_1_3),
    "TLS-SIG-006": lambda: serving(issuing().issue(HOST, key=dsa_key())),
    "TLS-SIG-007": edwards_root,
    "TLS-SIG-008": two_algorithms,
    "TLS-SIG-009": lambda: listing_ecdsa(signed_with("sha256")),
}
PASSES: CaseTable = {
    "TLS-SIG-001": lambda: signed_with("sha256"),
    "TLS-SIG-002": lambda: signed_with("sha256"),
    "TLS-SIG-003": sound,
    "TLS-SIG-004": lambda: handshake(0x0401),
    "TLS-SIG-005": lambda: handshake(0x0804, ProtocolVersion.TLS_1_3),
    "TLS-SIG-006": sound,
    "TLS-SIG-007": lambda: sound(public=True),
    "TLS-SIG-008": sound,
    "TLS-SIG-009": lambda: listing_ecdsa(sound()),
}


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(signature.RULES, FAILS, PASSES)


@pytest.mark.parametrize("rule", signature.RULES, ids=lambda rule: rule.id)
def test_bad_signature_fails(rule: Rule) -> None:
    assert_fails(rule, FAILS)


@pytest.mark.parametrize("rule", signature.RULES, ids=lambda rule: rule.id)
def test_sound_signature_passes(rule: Rule) -> None:
    assert_passes(rule, PASSES)


def test_each_old_digest_has_its_own_rule() -> None:
    by_digest = {"md5": signature.md5_signature, "sha1": signature.sha1_signature}
    for digest, rule in by_digest.items():
        judged = signed_with(digest)
        others = {signature.md5_signature, signature.sha1_signature, signature.short_digest} - {rule}
        assert only(rule, judged).observed
        assert all(failures(other, judged) == [] for other in others)


@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_signature_of_the_anchor_never_counts(digest: str) -> None:
    anchor = forge(rsa_root().certificate, rsa_root().key, digest=digest)
    leaf = rsa_root().issue(HOST)
    judged = case(deployment(leaf.certificate, anchor, anchors=[anchor]))
    assert failures(signature.md5_signature, judged) == []
    assert failures(signature.sha1_signature, judged) == []


def test_signature_of_an_unknown_root_never_counts() -> None:
    private = forge(rsa_root().certificate, rsa_root().key, digest="sha1")
    judged = case(deployment(rsa_root().issue(HOST).certificate, private))
    assert failures(signature.sha1_signature, judged) == []


def test_signature_of_a_self_signed_leaf_never_counts() -> None:
    leaf = self_signed(HOST, key=rsa_key())
    judged = case(deployment(forge(leaf.certificate, leaf.key, digest="sha1")))
    assert failures(signature.sha1_signature, judged) == []


def test_old_cross_certificate_that_another_path_avoids_does_not_count() -> None:
    other = root().subordinate("RSA Root", key=rsa_root().key)
    cross = forge(rsa_root().subordinate("RSA Root", key=rsa_root().key).certificate, rsa_root().key, digest="sha1")
    leaf = rsa_root().issue(HOST)
    judged = case(deployment(leaf.certificate, other.certificate, cross))
    assert failures(signature.sha1_signature, judged) == []


def test_sha1_counts_where_the_path_that_avoids_it_has_expired() -> None:
    anchor, key = rsa_root(), rsa_key()
    gone = anchor.subordinate("Twin", key=key, not_before=NOW - 90 * DAY, not_after=NOW - DAY)
    valid = anchor.subordinate("Twin", key=key)
    old = forge(valid.certificate, anchor.key, digest="sha1")
    leaf = valid.issue(HOST)
    judged = case(deployment(leaf.certificate, gone.certificate, old, anchors=[anchor.certificate]))
    assert "Twin" in only(signature.sha1_signature, judged).observed
    avoided = case(deployment(leaf.certificate, old, valid.certificate, anchors=[anchor.certificate]))
    assert failures(signature.sha1_signature, avoided) == []


def test_chain_without_an_anchor_is_judged_as_sent() -> None:
    leaf = rsa_root().issue(HOST)
    assert only(
        signature.sha1_signature, case(deployment(forge(leaf.certificate, rsa_root().key, digest="sha1")))
    ).observed


def test_md5_handshake_is_worse_than_sha1() -> None:
    assert only(signature.weak_handshake_signature, handshake(0x0101)).severity is Severity.HIGH
    assert only(signature.weak_handshake_signature, handshake(0x0203)).severity is None


def test_many_handshakes_signed_alike_are_one_finding() -> None:
    assert only(signature.weak_handshake_signature, handshake(0x0201, times=9)).observed


@pytest.mark.parametrize("scheme", [None, 0xFEFE])
def test_unsigned_or_unknown_schemes_are_no_proof(scheme: int | None) -> None:
    assert failures(signature.weak_handshake_signature, handshake(scheme)) == []


def test_pkcs1_is_fine_at_tls_1_2() -> None:
    assert failures(signature.pkcs1_in_tls_1_3, handshake(0x0401)) == []


def test_handshakes_that_nobody_saw_are_undecided() -> None:
    unseen = case(deployment(*issuing().issue(HOST).chain()), key_exchanges=None)
    for rule in (signature.weak_handshake_signature, signature.pkcs1_in_tls_1_3):
        with pytest.raises(Undecided):
            failures(rule, unseen)


def test_unreadable_leaf_leaves_certificate_signatures_undecided() -> None:
    for rule in (*signature.RULES[:3], *signature.RULES[5:]):
        with pytest.raises(Undecided):
            failures(rule, listing_ecdsa(unreadable()))


def test_private_authorities_choose_their_algorithms() -> None:
    leaf = Authority.root("Edwards Root", key=ed25519.Ed25519PrivateKey.generate()).issue(HOST)
    assert not signature.unusual_public_algorithm.applies(serving(leaf))


def _trying(tried: Tried[SchemeAt]) -> Case:
    seen = handshake(0x0804)
    return replace(seen, facts=replace(seen.facts, signature_schemes=tried))


@pytest.mark.parametrize(
    ("scheme", "severity", "cap"), [(0x0201, Severity.LOW, Cap.A_MINUS), (0x0101, Severity.MEDIUM, Cap.B)]
)
def test_a_broken_scheme_for_clients_with_nothing_better_is_milder(scheme: int, severity: Severity, cap: Cap) -> None:
    fail = only(signature.weak_handshake_signature, _trying(Tried({(ProtocolVersion.TLS_1_2, scheme): BASIS})))
    assert (fail.severity, fail.cap) == (severity, cap)
    assert "where nothing better is offered" in fail.observed


def test_pkcs1_for_clients_with_nothing_better_is_found_too() -> None:
    judged = _trying(Tried({(ProtocolVersion.TLS_1_3, 0x0401): BASIS}))
    assert "where nothing better is offered" in only(signature.pkcs1_in_tls_1_3, judged).observed


def test_broken_schemes_that_got_no_answer_are_undecided() -> None:
    judged = _trying(Tried(rest=Unknown(Why.NO_ANSWER, "no answer")))
    with pytest.raises(Undecided):
        failures(signature.weak_handshake_signature, judged)


def test_broken_schemes_that_were_not_asked_for_are_no_pass() -> None:
    with pytest.raises(Undecided):
        failures(signature.weak_handshake_signature, _trying(Tried()))
