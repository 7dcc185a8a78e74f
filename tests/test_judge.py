"""The judge: outcomes, evidence, what implies what, and that no facts whatever make a rule raise."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.rules import served
from tests.rules.facts import (
    AS_OF,
    ENDPOINT,
    OWASP,
    TLS_1_0,
    TLS_1_3,
    answers,
    at,
    known,
    only_suites,
    sound,
    with_suites,
)
from tests.strategies import facts as any_facts
from tlsaudit.judge import fingerprint, judge
from tlsaudit.model.certificate import OcspStatus, Staple
from tlsaudit.model.facts import ClientAuthMode, Endpoint, Facts
from tlsaudit.model.knowledge import Undecided, Unknown, Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Cap, Fail, Judgement, Outcome, Result, Severity, Source
from tlsaudit.pki import parse_certificate
from tlsaudit.rules import CATALOGUE
from tlsaudit.rules.rule import Case, Rule, rule

_ID = "shop.example.com:443"


def _judged(facts: Facts, *rules: Rule, mode: str = "full") -> Judgement:
    return judge(facts, OWASP, as_of=AS_OF, expect=Expectation(), mode=mode, subject_id=_ID, rules=rules or CATALOGUE)


def _rule(rule_id: str, *fails: Fail, severity: Severity = Severity.MEDIUM, **more: Any) -> Rule:
    """A rule that fails with these proofs on any facts."""

    def evaluate(_case: Case) -> tuple[Fail, ...]:
        return fails

    plain = rule(
        rule_id,
        title="Something wrong",
        severity=severity,
        expected="something right",
        why="It matters to somebody.",
        remedy="Make it right again.",
        sources=(Source("RFC 1"),),
    )(evaluate)
    return replace(plain, **more)


def _results(judgement: Judgement) -> dict[str, Result]:
    return {result.rule: result for result in judgement.results}


def test_every_rule_has_one_result_in_catalogue_order() -> None:
    assert [result.rule for result in _judged(sound()).results] == [rule.id for rule in CATALOGUE]


def test_a_sound_endpoint_has_no_failures() -> None:
    assert [result.rule for result in _judged(sound()).results if result.outcome is Outcome.FAIL] == []


def test_what_passes_says_little_and_what_fails_says_all() -> None:
    results = _results(_judged(with_suites(0xC013, version=TLS_1_0)))
    passed, failed = results["TLS-PROTO-001"], results["TLS-PROTO-003"]
    assert passed == Result(rule="TLS-PROTO-001", outcome=Outcome.PASS, severity=Severity.CRITICAL)
    assert failed.severity is Severity.HIGH
    assert failed.observed == "TLSv1.0 is accepted"
    assert failed.sources
    assert failed.remedy
    assert failed.fingerprint == fingerprint("TLS-PROTO-003", _ID)


@pytest.mark.parametrize("why", Why)
def test_what_is_unknown_gives_the_outcome_of_its_reason(why: Why) -> None:
    facts = sound(http=Unknown(why, "because"))
    result = _results(_judged(facts))["TLS-HTTP-001"]
    assert result.outcome is (Outcome.NOT_TESTED if why is Why.NOT_ASKED else Outcome.INCONCLUSIVE)
    assert result.reason == "because"


def test_a_bug_in_a_rule_is_not_hidden() -> None:
    def broken(_case: Case) -> tuple[Fail, ...]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _judged(sound(), replace(_rule("TLS-CERT-998"), evaluate=broken))


def test_a_proof_counts_although_what_comes_after_is_unknown() -> None:
    def half(_case: Case) -> Iterator[Fail]:
        yield Fail("seen", (at(1),))
        raise Undecided(Unknown(Why.NO_ANSWER, "the rest is not"))

    result = _judged(sound(), replace(_rule("TLS-CERT-998"), evaluate=half)).results[0]
    assert (result.outcome, result.observed) == (Outcome.FAIL, "seen")


def test_the_worst_proof_decides_severity_and_cap() -> None:
    mild, bad = Fail("a", (at(1),)), Fail("b", (at(2),), severity=Severity.CRITICAL, cap=Cap.F, expected="no b")
    result = _judged(sound(), _rule("TLS-CERT-998", mild, bad, cap=Cap.B)).results[0]
    assert (result.severity, result.cap) == (Severity.CRITICAL, Cap.F)
    assert (result.observed, result.expected) == ("a; b", "something right; no b")


def test_much_evidence_is_cut_short_and_says_so() -> None:
    fails = [Fail(f"suite {n}", (at(n),)) for n in range(105)]
    result = _judged(sound(), _rule("TLS-CIPH-998", *fails)).results[0]
    assert len(result.evidence) == 101
    assert result.evidence[-1].observed == "and 5 more"
    assert result.observed.endswith("suite 7 and 97 more")


def test_a_failure_by_absence_is_its_own_evidence() -> None:
    result = _judged(sound(), _rule("TLS-CERT-998", Fail("nothing there"))).results[0]
    assert [(proof.observed, proof.at) for proof in result.evidence] == [("nothing there", "")]


def test_a_fingerprint_is_of_rule_and_subject_only() -> None:
    one, two = (_judged(with_suites(code), *CATALOGUE) for code in (0x0005, 0xC011))
    assert _results(one)["TLS-CIPH-004"].fingerprint == _results(two)["TLS-CIPH-004"].fingerprint
    assert fingerprint("TLS-CIPH-004", "a:443") != fingerprint("TLS-CIPH-004", "b:443")
    assert len(fingerprint("TLS-CIPH-004", "a:443")) == 32


def _command(endpoint: Endpoint, template: str) -> str | None:
    failing = _rule("TLS-CERT-998", Fail("x"), reproduce=template)
    return _judged(sound(endpoint=endpoint), failing).results[0].reproduce


_OPENSSL = "openssl s_client -connect {connect} -servername {servername}"


def test_a_command_names_the_endpoint() -> None:
    assert _command(ENDPOINT, _OPENSSL) == "openssl s_client -connect 192.0.2.1:443 -servername shop.example.com"
    v6 = Endpoint(host="2001:db8::1", port=8443)
    assert _command(v6, _OPENSSL) == "openssl s_client -connect '[2001:db8::1]:8443' -noservername"
    assert _command(v6, "curl https://{servername}/ --connect-to ::{connect}") == (
        "curl https://'[2001:db8::1]'/ --connect-to ::'[2001:db8::1]:8443'"
    )


def test_a_command_asks_for_tls_as_the_audit_did() -> None:
    database = replace(ENDPOINT, starttls="postgres")
    assert _command(database, _OPENSSL) == (
        "openssl s_client -starttls postgres -connect 192.0.2.1:443 -servername shop.example.com"
    )
    assert _command(database, "curl https://{servername}/") is None


@given(st.text(min_size=1, max_size=40))
def test_a_command_cannot_be_broken_out_of(name: str) -> None:
    endpoint = Endpoint(host="h", port=443, sni=name)
    command = _command(endpoint, _OPENSSL)
    assert command is not None
    assert shlex.split(command) == ["openssl", "s_client", "-connect", "h:443", "-servername", name]


def test_only_the_worst_of_a_cause_stands_for_itself() -> None:
    facts = only_suites([0x002F], TLS_1_0)
    results = _results(_judged(facts))
    assert results["TLS-CIPH-010"].outcome is results["TLS-CIPH-012"].outcome is Outcome.FAIL
    assert results["TLS-CIPH-010"].implied_by is None
    assert results["TLS-CIPH-012"].implied_by == "TLS-CIPH-010"
    both = _results(_judged(with_suites(0xC013, version=TLS_1_0)))
    assert both["TLS-PROTO-003"].implied_by is None


def _chain(of: tuple[int, ...] = (1,), untrusted: tuple[int, ...] = (1,)) -> Judgement:
    """CHAIN-003 and CHAIN-001 as the deployments seen by these probes prove them."""
    incomplete = _rule(
        "TLS-CHAIN-003",
        *(Fail("stops short", (at(n),)) for n in of),
        cap=Cap.B,
        cause="TRUST",
        enforces=("chain/complete",),
    )
    no_path = _rule(
        "TLS-CHAIN-001",
        *(Fail("no path", (at(n),)) for n in untrusted),
        severity=Severity.CRITICAL,
        cap=Cap.TRUST,
        cause="TRUST",
    )
    return _judged(sound(), no_path, incomplete)


def test_an_incomplete_chain_explains_that_it_is_not_trusted() -> None:
    """The finding to act on is the missing certificate: it pays for the other, which only follows and says T."""
    judgement = _chain()
    results = _results(judgement)
    assert results["TLS-CHAIN-001"].outcome is Outcome.FAIL
    assert results["TLS-CHAIN-001"].severity is Severity.CRITICAL
    assert results["TLS-CHAIN-001"].implied_by == "TLS-CHAIN-003"
    assert results["TLS-CHAIN-003"].implied_by is None
    assert judgement.score is not None
    assert (judgement.score.value, judgement.score.grade, judgement.score.letter_if_trusted) == (60, "T", "B")
    assert {row.rule for row in judgement.score.caps} == {"TLS-CHAIN-001", "TLS-CHAIN-003"}


def test_an_untrusted_second_certificate_still_costs_trust() -> None:
    judgement = _chain(of=(1,), untrusted=(1, 2))
    assert _results(judgement)["TLS-CHAIN-001"].implied_by is None
    assert judgement.score is not None
    assert (judgement.score.value, judgement.score.grade, judgement.score.letter_if_trusted) == (60, "T", "B")


def test_without_an_incomplete_chain_no_path_means_no_trust() -> None:
    judgement = _chain(of=())
    assert judgement.score is not None
    assert judgement.score.grade == "T"


def test_gate_mode_has_results_and_no_score() -> None:
    judgement = _judged(sound(), mode="gate")
    assert judgement.score is None
    assert judgement.results


def test_worked_check_a_on_facts() -> None:
    """Legacy versions, static RSA, CBC and no HSTS under owasp: two causes are high, so 62 and C."""
    plain = with_suites(0xC013, 0x002F)
    legacy = {(version, code) for version in (TLS_1_0,) for code in (0xC013, 0x002F)}
    suites = replace(
        plain.cipher_suites,
        accepted={**plain.cipher_suites.accepted, **dict.fromkeys(legacy, at(9))},
        refused=plain.cipher_suites.refused - legacy,
    )
    protocols = replace(
        plain.protocols,
        accepted={**plain.protocols.accepted, TLS_1_0: at(9)},
        refused=plain.protocols.refused - {TLS_1_0},
    )
    facts = replace(
        plain,
        protocols=protocols,
        cipher_suites=suites,
        suite_order={**plain.suite_order, TLS_1_0: (0xC013, 0x002F)},
        alpn_chosen={**plain.alpn_chosen, TLS_1_0: known(None)},
        session=replace(plain.session, encrypt_then_mac=known(False)),
        http=answers(hsts=None),
    )
    judgement = _judged(facts)
    assert judgement.score is not None
    assert {row.cause: row.points for row in judgement.score.deductions} == {
        "LEGACY": 15,
        "NOFS": 15,
        "HSTS": 6,
        "CBC": 2,
    }
    assert (judgement.score.value, judgement.score.grade) == (62, "C")


def test_worked_check_b_on_facts() -> None:
    plain = sound()
    groups = replace(
        plain.groups,
        accepted={pair: basis for pair, basis in plain.groups.accepted.items() if pair[1] != 4588},
        refused=plain.groups.refused | {(TLS_1_3, 4588)},
    )
    found = _judged(replace(plain, groups=groups)).score
    assert found is not None
    assert (found.value, found.grade) == (100, "A")


def test_worked_check_d_on_facts() -> None:
    judgement = judge(
        sound(),
        OWASP,
        as_of=AS_OF,
        expect=Expectation(client_auth=ClientAuthMode.REQUIRED),
        mode="full",
        subject_id=_ID,
    )
    assert judgement.score is not None
    assert (judgement.score.value, judgement.score.grade) == (39, "F")


def _endless() -> Facts:
    """Leaf and intermediate have no end that is well defined: 99991231235959Z (RFC 5280 section 4.1.2.5)."""
    begin, end = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    certificates = [
        replace(parse_certificate(served.der(each)), not_before=begin, not_after=end)
        for each in served.issuing().issue(served.HOST).chain()
    ]
    deployed = served.deployment(*(each.der for each in certificates))
    analysis = deployed.analysis.need()
    paths = tuple(replace(path, certificates=tuple(certificates)) for path in analysis.paths)
    staple = Staple(status=OcspStatus.GOOD, this_update=begin, next_update=end)
    deployed = replace(
        deployed,
        leaf=known(certificates[0]),
        chain=tuple(certificates),
        analysis=known(replace(analysis, paths=paths)),
        staple=known(staple),
    )
    return sound(certificate_deployments=known((deployed,)))


_EXPECTATIONS = st.builds(Expectation, client_auth=st.none() | st.sampled_from(ClientAuthMode))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_facts(), _EXPECTATIONS, st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds
@example(_endless(), Expectation(), AS_OF)
@example(_endless(), Expectation(), datetime.max.replace(tzinfo=UTC))
def test_no_facts_make_a_rule_raise(facts: Facts, expect: Expectation, as_of: datetime) -> None:
    judgement = judge(facts, OWASP, as_of=as_of, expect=expect, mode="full", subject_id=_ID, rules=CATALOGUE)
    assert len(judgement.results) == len(CATALOGUE)
    assert judgement == judge(facts, OWASP, as_of=as_of, expect=expect, mode="full", subject_id=_ID, rules=CATALOGUE)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_facts())
def test_every_implied_failure_names_one_that_stands(facts: Facts) -> None:
    fails = {each.rule: each for each in _judged(facts).results if each.outcome is Outcome.FAIL}
    for each in fails.values():
        if each.implied_by is not None:
            assert each.implied_by in fails
            assert fails[each.implied_by].implied_by in {None, *fails} - {each.rule}
