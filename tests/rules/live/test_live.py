"""Every rule that a server can break fails on one that does, and passes on one that does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.rules.live.audits import Audits, assert_proves, result
from tests.rules.live.proofs import PROVEN, Proof
from tlsaudit.data.suites import SUITES
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.policy import Policy, load_policy
from tlsaudit.policy import policy as policies
from tlsaudit.rules import cipher_exchange

_TLS_1_3 = ProtocolVersion.TLS_1_3


@pytest.mark.parametrize("rule", PROVEN)
def test_rule_fails_where_the_flaw_is(audits: Audits, rule: str) -> None:
    proof = PROVEN[rule]
    subject = audits.subject(proof.fails)
    found = result(subject, rule)
    assert (found.outcome, found.severity) == ("fail", proof.severity), found
    assert proof.observed in found.observed
    assert_proves(subject, found)


@pytest.mark.parametrize("rule", PROVEN)
def test_rule_passes_where_it_is_not(audits: Audits, rule: str) -> None:
    assert result(audits.subject(PROVEN[rule].passes), rule).outcome == "pass"


def test_a_suite_outside_of_a_policys_list_fails(audits: Audits, tmp_path: Path) -> None:
    passes, fails = (
        result(audits.judged(posture, owasp_with_suites(tmp_path)), "TLS-CIPH-019") for posture in ("h2", "left-overs")
    )
    assert passes.outcome == "pass"
    assert (fails.outcome, fails.severity) == ("fail", "low")
    assert "TLS_RSA_WITH_AES_128_GCM_SHA256 at TLSv1.2" in fails.observed
    assert_proves(audits.subject("left-overs"), fails)


_LISTED: Mapping[str, tuple[dict[str, Any], Proof]] = {
    "TLS-PROTO-017": (
        {"versions_allowed": frozenset({_TLS_1_3})},
        Proof("modern", "mutual TLS at TLS 1.3", "medium", "TLSv1.2 is accepted"),
    ),
    "TLS-PROTO-018": (
        {"versions_required": frozenset({_TLS_1_3})},
        Proof("TLS 1.2 only", "modern", "medium", "TLSv1.3 is refused"),
    ),
    "TLS-KEX-015": (
        {"groups_required": frozenset({4588})},
        Proof("modern", "post-quantum", "medium", "no group of the policy's"),
    ),
}


@pytest.mark.parametrize("rule", _LISTED)
def test_what_a_policy_lists_is_asked_for(audits: Audits, rule: str) -> None:
    limits, proof = _LISTED[rule]
    owasp = load_policy("owasp")
    listing = replace(owasp, limits=replace(owasp.limits, **limits))
    subject = audits.judged(proof.fails, listing)
    found = result(subject, rule)
    assert (found.outcome, found.severity) == ("fail", proof.severity), found
    assert proof.observed in found.observed
    assert_proves(subject, found)
    assert result(audits.judged(proof.passes, listing), rule).outcome == "pass"


def owasp_with_suites(folder: Path) -> Policy:
    """`owasp`, which has no list of cipher suites, with the list of Mozilla's guidelines."""
    profile = Path(policies.__file__).parent / "profiles" / "owasp.yaml"
    names = sorted(suite.name for suite in SUITES.values() if suite.recommended == "Y")
    file = folder / "owasp-with-suites.yaml"
    file.write_text(profile.read_text().replace("limits:\n", f"limits:\n  suites_allowed: [{', '.join(names)}]\n", 1))
    return load_policy(str(file))


def test_a_suite_that_the_registry_comes_to_discourage_fails(audits: Audits, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that IANA discourages today has a rule of its own; so one suite more is discouraged here."""
    assert result(audits.subject("left-overs"), "TLS-CIPH-018").outcome == "pass"
    camellia = frozenset({(ProtocolVersion.TLS_1_2, 0xC076)})
    monkeypatch.setattr(cipher_exchange, "_DISCOURAGED", camellia)
    subject = audits.judged("left-overs", load_policy("owasp"))
    found = result(subject, "TLS-CIPH-018")
    assert (found.outcome, found.severity) == ("fail", "medium")
    assert "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 at TLSv1.2" in found.observed
    assert_proves(subject, found)
    assert result(audits.judged("h2", load_policy("owasp")), "TLS-CIPH-018").outcome == "pass"
