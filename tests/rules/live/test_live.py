"""Every rule that a server can break fails on one that does, and passes on one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.live.audits import Audits, assert_proves, result
from tests.rules.live.proofs import PROVEN
from tlsaudit.data.suites import SUITES
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.policy import Policy, load_policy
from tlsaudit.policy import policy as policies
from tlsaudit.rules import cipher_exchange


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
