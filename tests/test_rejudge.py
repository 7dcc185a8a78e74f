"""A stored report under another policy: what the facts do not hold is never passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import strategies
from tests.rules.facts import TLS_1_2, TLS_1_3, groups, known, sound, suites, with_suites
from tests.rules.served import case, deployment, issuing
from tlsaudit.data.groups import groups_for
from tlsaudit.data.suites import suites_for
from tlsaudit.document import audited, declared_part
from tlsaudit.judge import judge
from tlsaudit.model import document as doc
from tlsaudit.model.certificate import CertificateDeployment, Unparsed
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode, DhParameters, Facts, KeyExchange
from tlsaudit.model.knowledge import NOT_ASKED, Tried, Unknown, Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Severity
from tlsaudit.model.target import Target
from tlsaudit.policy import Policy, load_policy, policy_ids, what_is_forbidden
from tlsaudit.rejudge import FROM_FACTS, rejudged
from tlsaudit.rules import SCAN_RULES

AS_OF = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
POLICIES = {each: load_policy(each) for each in policy_ids()}
OWASP = POLICIES["owasp"]
DECIDED = {"pass", "fail", "not_applicable"}


def report(
    facts: Facts, policy: Policy, mode: doc.Mode = "full", expect: Expectation | None = None, as_of: datetime = AS_OF
) -> doc.Document:
    """The report that a scan under `policy` would have written, through JSON."""
    expect = expect or Expectation()
    judgement = judge(facts, policy, as_of=as_of, expect=expect, mode=mode, subject_id="shop.example.com:443")
    subject = audited(Target(host="shop.example.com", port=443), facts, judgement, problem=None, seconds=1.0)
    subject = subject.model_copy(update={"declared": declared_part(expect)})
    document = doc.Document(
        tool=doc.Tool(name="tlsaudit", version="0"),
        mode=mode,
        policy=doc.PolicyReference(id=policy.id, version=policy.version, sha256=policy.sha256),
        data=doc.DataVersions(ruleset="x", scoring="x", registry="x", trust_stores={}),
        as_of=as_of,
        started_at=AS_OF,
        finished_at=AS_OF,
        subjects=[subject],
        summary=doc.Summary(subjects=1, by_status={}, failed_by_severity={}, worst_grade=None, exit_code=0),
    )
    return doc.Document.model_validate_json(document.to_json())


def outcomes(document: doc.Document) -> dict[str, str]:
    return {each.rule: each.outcome for each in document.subjects[0].results}


def again(facts: Facts, first: Policy, second: Policy, mode: doc.Mode = "full") -> dict[str, doc.ResultPart]:
    found = rejudged(report(facts, first, mode), second, first)
    return {each.rule: each for each in found.subjects[0].results}


def everything(**changes: Any) -> Facts:
    """The sound endpoint with a certificate."""
    deployments = case(deployment(issuing().issue("shop.example.com").certificate)).facts.certificate_deployments
    return sound(**({"certificate_deployments": deployments} | changes))


def gate(facts: Facts, policy: Policy) -> Facts:
    """What gate mode leaves of the facts: of suites and groups, only what `policy` forbids was asked."""
    forbidden = what_is_forbidden(policy)
    asked_suites = {(version, code) for version, lists in forbidden.suites.items() for codes in lists for code in codes}
    asked_groups = {(version, code) for version in (TLS_1_2, TLS_1_3) for code in forbidden.groups_to_ask(version)}
    return replace(
        facts,
        cipher_suites=only(facts.cipher_suites, asked_suites),
        groups=only(facts.groups, asked_groups),
        suite_order={},
        cipher_preference={},
    )


def only(tried: Tried[Any], asked: set[Any]) -> Tried[Any]:
    accepted = {item: basis for item, basis in tried.accepted.items() if item in asked}
    return Tried(accepted, frozenset(tried.refused & asked), Unknown(Why.NOT_ASKED, "permitted"))


# The same policy.


@pytest.mark.parametrize("policy_id", policy_ids())
@pytest.mark.parametrize("mode", ["full", "gate"])
def test_by_the_same_policy_nothing_changes(policy_id: str, mode: doc.Mode) -> None:
    policy = POLICIES[policy_id]
    facts = everything() if mode == "full" else gate(everything(), policy)
    first = report(facts, policy, mode)
    second = rejudged(first, policy, policy)
    assert second.subjects == first.subjects
    assert second.policy == first.policy


# Another policy, everything asked.


@pytest.mark.parametrize("first", ["owasp", "mozilla-old", "nist-800-52r2", "cnsa-2"])
@pytest.mark.parametrize("second", policy_ids())
def test_what_is_decided_again_is_decided_as_a_scan_would(first: str, second: str) -> None:
    facts = everything(cipher_suites=with_suites(0x9C, 0x9E, 0xC027).cipher_suites)
    direct = {each.rule: each for each in report(facts, POLICIES[second]).subjects[0].results}
    before = outcomes(report(facts, POLICIES[first]))
    found = again(facts, POLICIES[first], POLICIES[second])
    assert found.keys() == direct.keys()
    for rule, each in found.items():
        if each.outcome in DECIDED:
            assert (each.outcome, each.severity) == (direct[rule].outcome, direct[rule].severity), rule
            assert {*each.observed.split("; ")} == {*direct[rule].observed.split("; ")}, rule
        else:
            undecided = "inconclusive" if before[rule] in {"fail", "inconclusive"} else "not_tested"
            assert each.outcome in {direct[rule].outcome, undecided}, rule
    open_ = {rule for rule, each in found.items() if each.outcome != direct[rule].outcome}
    assert open_ <= {"TLS-SIG-003", "TLS-CERT-025", "TLS-MTLS-003"}  # no report holds each CertificateRequest


def test_a_stricter_policy_finds_what_the_first_one_passed() -> None:
    found = again(everything(), OWASP, POLICIES["cnsa-2"])
    assert (found["TLS-PROTO-017"].outcome, found["TLS-PROTO-017"].severity) == ("fail", "high")
    assert found["TLS-CIPH-019"].outcome == "fail"
    assert found["TLS-KEX-015"].outcome == "fail"
    assert found["TLS-CERT-042"].observed == "kind of the key: secp256r1"
    assert found["TLS-CERT-042"].sources[0].ref == "CNSA 2.0"
    assert {each.at for each in found["TLS-PROTO-017"].evidence} == {"probe:1"}


def test_a_milder_policy_costs_less() -> None:
    strict = POLICIES["owasp-l2"]
    first = report(with_suites(0xC0AE), strict)
    before, after = first.subjects[0].score, rejudged(first, OWASP, strict).subjects[0].score
    assert before is not None
    assert after is not None
    assert after.value > before.value


def test_severities_are_weighed_from_the_rules_own() -> None:
    """Under owasp-l2 the listed entry lifts what the rule itself finds to be mild; owasp says so again."""
    facts = with_suites(0xC0AE)
    found = again(facts, POLICIES["owasp-l2"], OWASP)["TLS-CIPH-017"]
    assert (found.outcome, found.severity) == ("fail", "low")
    back = again(facts, OWASP, POLICIES["owasp-l2"])["TLS-CIPH-017"]
    assert (back.outcome, back.severity, back.own_severity) == ("fail", "high", "low")


def test_diffie_hellman_is_measured_again() -> None:
    dh = DhParameters(bits=2048, generator=2, is_prime=True, is_safe_prime=True, name="ffdhe2048", well_known=True)
    basis = known(1).basis
    facts = with_suites(0x9E, key_exchanges=known((KeyExchange(version=TLS_1_2, suite=0x9E, basis=basis, dh=dh),)))
    found = again(facts, OWASP, POLICIES["bsi-tr-02102-2"])["TLS-KEX-003"]
    assert (found.outcome, found.severity, found.observed) == ("fail", "high", "2048 bits (ffdhe2048)")


def test_client_authentication_is_asked_for_by_the_policy() -> None:
    found = again(everything(), OWASP, POLICIES["internal-mtls"])
    assert (found["TLS-MTLS-001"].outcome, found["TLS-MTLS-001"].severity) == ("fail", "critical")


# What was declared.


def test_what_was_declared_is_what_it_is_judged_by() -> None:
    needed = Expectation(client_auth=ClientAuthMode.REQUIRED, names=("shop.example.com",))
    internal = POLICIES["internal-mtls"]
    first = report(everything(), internal, expect=needed)
    found = outcomes(rejudged(first, OWASP, internal))
    assert outcomes(first)["TLS-MTLS-001"] == "fail"
    assert found["TLS-MTLS-001"] == "fail"
    assert outcomes(rejudged(first, OWASP, None))["TLS-MTLS-001"] == "fail"
    open_to_all = report(everything(), OWASP, expect=Expectation(client_auth=ClientAuthMode.NONE))
    assert outcomes(rejudged(open_to_all, internal, OWASP))["TLS-MTLS-001"] == "not_applicable"


# What failed and cannot be decided again.


def test_a_failure_that_hangs_on_limits_is_never_dropped() -> None:
    """The policy that judged is not at hand, and the report does not hold what the rule looks at."""
    later = datetime(2027, 10, 1, tzinfo=UTC)
    first = report(everything(), OWASP, as_of=later)
    failed = {rule for rule, outcome in outcomes(first).items() if outcome == "fail"}
    found = rejudged(first, OWASP, None)
    for rule in failed:
        assert outcomes(found)[rule] in {"fail", "inconclusive"}, rule
    hanging = [each for each in found.subjects[0].results if each.rule in failed and each.outcome == "inconclusive"]
    assert hanging
    assert "it failed then: " in hanging[0].observed
    then = {each.rule: Severity(each.severity).rank for each in first.subjects[0].results}
    assert all(Severity(each.severity).rank >= then[each.rule] for each in hanging)


def test_what_was_inconclusive_stays_so() -> None:
    facts = everything(certificate_deployments=Unknown(Why.NO_ANSWER, "silence"))
    first = report(facts, OWASP)
    undecided = {rule for rule, outcome in outcomes(first).items() if outcome == "inconclusive"}
    assert undecided
    found = outcomes(rejudged(first, OWASP, None))
    assert {found[rule] for rule in undecided} == {"inconclusive"}


# What was never asked.


@pytest.mark.parametrize("first", ["owasp", "mozilla-old", "nist-800-52r2", "cnsa-2"])
@pytest.mark.parametrize("second", policy_ids())
def test_a_gate_report_passes_nothing_that_was_not_asked(first: str, second: str) -> None:
    """An endpoint that accepts every suite and group; in the report is what each policy's gate asks."""
    facts = everything(
        cipher_suites=suites({TLS_1_2: [0xC02F, 0xC027, 0x9C, 0xCCA8], TLS_1_3: [0x1301, 0x1303, 0x1304]}),
        groups=groups({TLS_1_2: [29, 23, 25], TLS_1_3: [29, 23, 25, 30, 4588]}),
    )
    truth = report(facts, POLICIES[second])
    found = again(gate(facts, POLICIES[first]), POLICIES[first], POLICIES[second], "gate")
    whole = outcomes(truth)
    for rule, each in found.items():
        if each.outcome in DECIDED:
            assert each.outcome == whole[rule], rule


def test_a_gate_report_of_a_mild_policy_leaves_a_strict_one_open() -> None:
    facts = gate(everything(), OWASP)
    found = again(facts, OWASP, POLICIES["bsi-tr-02102-2"], "gate")
    assert found["TLS-CIPH-019"].outcome == "not_tested"
    assert found["TLS-KEX-012"].outcome == "not_tested"
    assert found["TLS-CIPH-024"].outcome == again(facts, OWASP, OWASP, "gate")["TLS-CIPH-024"].outcome


def test_a_gate_report_has_no_score_under_any_policy() -> None:
    assert (
        rejudged(report(gate(everything(), OWASP), OWASP, "gate"), POLICIES["pci-dss-4"], OWASP).subjects[0].score
        is None
    )


def test_without_the_first_policy_no_limits_are_taken_to_agree() -> None:
    before = report(everything(), OWASP)
    found = rejudged(before, OWASP, None)
    for rule in SCAN_RULES:
        if rule.reads and rule.id not in FROM_FACTS:
            failed = outcomes(before)[rule.id] in {"fail", "inconclusive"}
            assert outcomes(found)[rule.id] == ("inconclusive" if failed else "not_tested"), rule.id
    assert outcomes(found)["TLS-CIPH-001"] == "pass"
    assert outcomes(found)["TLS-KEX-012"] == "pass"


def test_rules_that_are_judged_by_the_report_read_limits() -> None:
    rules = {rule.id: rule for rule in SCAN_RULES}
    assert all(rules[each].reads for each in FROM_FACTS)


def test_a_silent_endpoint_stays_as_it_was() -> None:
    document = report(everything(), OWASP)
    silent = document.subjects[0].model_copy(update={"results": [], "facts": None, "score": None})
    found = rejudged(document.model_copy(update={"subjects": [silent]}), POLICIES["cnsa-2"], OWASP)
    assert found.subjects == [silent]


def test_a_rule_that_the_report_does_not_know_is_open() -> None:
    document = report(everything(), OWASP)
    results = [each for each in document.subjects[0].results if each.rule != "TLS-CIPH-001"]
    older = document.model_copy(update={"subjects": [document.subjects[0].model_copy(update={"results": results})]})
    assert outcomes(rejudged(older, OWASP, OWASP))["TLS-CIPH-001"] == "not_tested"


def test_what_a_baseline_waived_fails_again_where_it_is_worse_now() -> None:
    document = report(with_suites(0x9C), OWASP)
    known = doc.Suppression(by="baseline", reason="was there", owner=None, expires=None)
    results = [
        each.model_copy(update={"outcome": "waived", "suppression": known, "severity": "low", "own_severity": None})
        if each.rule == "TLS-CIPH-010"
        else each
        for each in document.subjects[0].results
    ]
    waived = document.model_copy(update={"subjects": [document.subjects[0].model_copy(update={"results": results})]})
    found = {each.rule: each for each in rejudged(waived, OWASP, OWASP).subjects[0].results}
    assert (found["TLS-CIPH-010"].severity, found["TLS-CIPH-010"].outcome) == ("high", "fail")
    assert found["TLS-CIPH-010"].suppression is None


def test_a_waiver_stays() -> None:
    document = report(with_suites(0x9C), OWASP)
    waiver = doc.Suppression(by="waiver", reason="old clients", owner="ops", expires="2027-01-01")
    results = [
        each.model_copy(update={"outcome": "waived", "suppression": waiver}) if each.rule == "TLS-CIPH-010" else each
        for each in document.subjects[0].results
    ]
    waived = document.model_copy(update={"subjects": [document.subjects[0].model_copy(update={"results": results})]})
    found = {each.rule: each for each in rejudged(waived, POLICIES["mozilla-old"], OWASP).subjects[0].results}
    assert (found["TLS-CIPH-010"].outcome, found["TLS-CIPH-010"].suppression) == ("waived", waiver)


def test_a_code_that_is_none_is_our_input() -> None:
    document = report(everything(), OWASP)
    subject = document.subjects[0]
    assert subject.facts is not None
    forged = {"TLSv1.2": [doc.Suite(code="many", name="x", openssl_name=None)]}
    facts = subject.facts.model_copy(update={"cipher_suites": forged})
    with pytest.raises(InputError, match="'many' is no hexadecimal number"):
        rejudged(document.model_copy(update={"subjects": [subject.model_copy(update={"facts": facts})]}), OWASP, OWASP)


def _as_probed(facts: Facts) -> Facts:
    """The facts without what no probe says: a version that is refused refuses all that there is at it.

    Of groups at TLS 1.2 `unsupported` is said only where all the others are known, and the leaf is the first
    certificate that was sent.
    """
    refused = facts.protocols.refused
    rest = facts.groups.rest if facts.groups.rest.why is not Why.UNSUPPORTED else NOT_ASKED
    every_suite = {(version, suite.code) for version in refused for suite in suites_for(version)}
    every_group = {(version, group.code) for version in refused for group in groups_for(version)}
    return replace(
        facts,
        cipher_suites=_refusing(facts.cipher_suites, every_suite, facts.cipher_suites.rest),
        groups=_refusing(facts.groups, every_group, rest),
        certificate_deployments=facts.certificate_deployments
        if isinstance(facts.certificate_deployments, Unknown)
        else replace(
            facts.certificate_deployments,
            value=tuple(_leaf_first(each) for each in facts.certificate_deployments.value),
        ),
    )


def _leaf_first(deployment: CertificateDeployment) -> CertificateDeployment:
    if isinstance(deployment.leaf, Unknown):
        return replace(deployment, unparsed=(Unparsed(index=0, sha256="aa", error="unreadable"),))
    later = tuple(each for each in deployment.unparsed if each.index)
    return replace(deployment, chain=(deployment.leaf.value, *deployment.chain[1:]), unparsed=later)


def _refusing(tried: Tried[Any], refused: set[Any], rest: Unknown) -> Tried[Any]:
    accepted = {item: basis for item, basis in tried.accepted.items() if item not in refused}
    return Tried(accepted, tried.refused | refused, rest)


@settings(max_examples=40, deadline=None)
@given(
    facts=strategies.facts().map(_as_probed),
    first=st.sampled_from(policy_ids()),
    second=st.sampled_from(policy_ids()),
    mode=st.sampled_from(["full", "inventory", "gate"]),
)
def test_whatever_was_seen_a_pass_is_a_pass(facts: Facts, first: str, second: str, mode: doc.Mode) -> None:
    direct = outcomes(report(facts, POLICIES[second], mode))
    for rule, each in again(facts, POLICIES[first], POLICIES[second], mode).items():
        if each.outcome in {"pass", "not_applicable"}:
            assert each.outcome == direct[rule], rule
        if each.outcome == "fail":
            assert direct[rule] == "fail", rule


@pytest.mark.parametrize("unknown", [NOT_ASKED, Unknown(Why.NO_ANSWER, "silence")])
def test_what_was_unknown_stays_unknown_in_its_way(unknown: Unknown) -> None:
    facts = everything(cipher_suites=Tried(rest=unknown), groups=Tried(rest=unknown))
    found = again(facts, OWASP, POLICIES["bsi-tr-02102-2"])
    expected = "not_tested" if unknown is NOT_ASKED else "inconclusive"
    assert (found["TLS-CIPH-019"].outcome, found["TLS-KEX-012"].outcome) == (expected, expected)


def test_severity_of_every_outcome_is_the_new_policys() -> None:
    found = again(everything(), OWASP, POLICIES["mozilla-old"])
    rules = {rule.id: rule for rule in SCAN_RULES}
    for rule, each in found.items():
        if each.outcome != "fail":
            assert Severity(each.severity) is POLICIES["mozilla-old"].severity_of(rules[rule])
    assert TLS_1_3 in everything().protocols.accepted
