"""Rules on the status of certificates: what each answer decides, and what it leaves open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.rules.served import (
    BASIS,
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
    failures,
    issuing,
    only,
    root,
)
from tests.rules.test_revocation import GOOD, leaf
from tlsaudit.demo.mint import Authority, Leaf, self_signed
from tlsaudit.model.certificate import (
    Certificate,
    CertificateDeployment,
    OcspStatus,
    RevocationCheck,
    Staple,
    StatusSource,
)
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known, Undecided, Unknown, Why
from tlsaudit.model.result import Severity
from tlsaudit.rules import revocation_status as rules
from tlsaudit.rules.rule import Case, Rule

REVOKED = replace(GOOD, status=OcspStatus.REVOKED, revoked_at=NOW - DAY, reason="keyCompromise")
URL = "http://status.example/"
DEAD = Unknown(Why.NO_ANSWER, "it answers with HTTP status 500")
REFUSED = Unknown(Why.NOT_ASKED, "its address is not public")
PARTIAL = Unknown(Why.UNSUPPORTED, "the CRL lists some reasons of revocation only")


def told(
    of: Leaf,
    *answers: tuple[StatusSource, Staple | Unknown],
    about: Certificate | None = None,
    staple: Staple | None = None,
) -> CertificateDeployment:
    """A server with this certificate, of which these answers came."""
    served = deployment(*of.chain(), staple=Known(staple, BASIS))
    certificate = about or served.leaf.need()

    def fact(answer: Staple | Unknown) -> Fact[Staple]:
        return answer if isinstance(answer, Unknown) else Known(answer, BASIS)

    checks = tuple(
        RevocationCheck(
            sha256=certificate.sha256, subject=certificate.subject, source=source, place=URL, answer=fact(answer)
        )
        for source, answer in answers
    )
    return replace(served, revocation=Known(checks, BASIS))


def crl(answer: Staple | Unknown, staple: Staple | None = None) -> Case:
    """A certificate with a CRL that gives this answer."""
    return case(told(leaf(crl=True), (StatusSource.CRL, answer), staple=staple))


def ocsp(answer: Staple | Unknown) -> Case:
    """A certificate with a responder that gives this answer."""
    return case(told(leaf(ocsp=True), (StatusSource.OCSP, answer)))


def below(revoked: Authority, *others: Authority, status: Staple = REVOKED) -> CertificateDeployment:
    """A server whose intermediate has this status, with others for the same key or without."""
    issued = revoked.issue(HOST)
    served = deployment(issued.certificate, revoked.certificate, *(each.certificate for each in others))
    middle = served.chain[1]
    check = RevocationCheck(
        sha256=middle.sha256, subject=middle.subject, source=StatusSource.CRL, place=URL, answer=Known(status, BASIS)
    )
    return replace(served, revocation=Known((check,), BASIS))


FAILS: CaseTable = {
    "TLS-REVO-001": lambda: crl(REVOKED),
    "TLS-REVO-002": lambda: case(below(root().subordinate("Revoked"))),
    "TLS-REVO-007": lambda: crl(DEAD),
    "TLS-REVO-008": lambda: ocsp(DEAD),
    "TLS-REVO-010": lambda: crl(GOOD),
}
PASSES: CaseTable = {
    "TLS-REVO-001": lambda: crl(GOOD),
    "TLS-REVO-002": lambda: case(below(root().subordinate("Sound"), status=GOOD)),
    "TLS-REVO-007": lambda: crl(GOOD),
    "TLS-REVO-008": lambda: ocsp(GOOD),
    "TLS-REVO-010": lambda: ocsp(GOOD),
}


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(rules.RULES, FAILS, PASSES)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.id)
def test_bad_status_fails_and_a_sound_one_passes(rule: Rule) -> None:
    assert_fails(rule, FAILS)
    assert_passes(rule, PASSES)


def test_revoked_says_who_says_so() -> None:
    words = f"revoked on {NOW - DAY:%Y-%m-%d} (keyCompromise), says "
    assert only(rules.leaf_revoked, crl(REVOKED)).observed == f"{words}the CRL {URL}"
    assert only(rules.leaf_revoked, ocsp(REVOKED)).observed == f"{words}the OCSP responder {URL}"
    stapled = case(deployment(*leaf(ocsp=True).chain(), staple=Known(REVOKED, BASIS)))
    assert only(rules.leaf_revoked, stapled).observed == f"{words}the stapled OCSP response"


def test_a_fresh_answer_clears() -> None:
    for made in (crl(GOOD), ocsp(GOOD), crl(DEAD, staple=GOOD)):
        assert failures(rules.leaf_revoked, made) == []


def test_one_revocation_counts_whatever_else_is_said() -> None:
    contradicted = case(told(leaf(crl=True, ocsp=True), (StatusSource.OCSP, GOOD), (StatusSource.CRL, REVOKED)))
    assert "the CRL" in only(rules.leaf_revoked, contradicted).observed


OLD = replace(GOOD, this_update=NOW - 2000 * DAY, next_update=None)
OPEN = [
    OLD,
    replace(GOOD, this_update=None, next_update=None),
    replace(GOOD, next_update=NOW - SECOND),
    replace(GOOD, this_update=NOW + DAY),
    replace(GOOD, verified=False),
    replace(GOOD, verified=None),
    replace(GOOD, serial_matches=False),
    replace(GOOD, status=OcspStatus.UNKNOWN),
    Staple(status=OcspStatus.UNREADABLE),
    replace(REVOKED, verified=None),
    replace(REVOKED, verified=False),
    replace(REVOKED, serial_matches=False),
    replace(REVOKED, this_update=NOW + DAY),
    replace(REVOKED, next_update=NOW - SECOND, reason="certificateHold"),
    DEAD,
    PARTIAL,
]


@pytest.mark.parametrize("answer", OPEN)
def test_what_is_not_sure_is_neither(answer: Staple | Unknown) -> None:
    for made in (crl(answer), ocsp(answer)):
        with pytest.raises(Undecided) as caught:
            failures(rules.leaf_revoked, made)
        assert caught.value.unknown.why is not Why.NOT_ASKED


def test_a_revocation_is_final_though_the_answer_is_old() -> None:
    for answer in (replace(REVOKED, next_update=NOW - 30 * DAY), replace(REVOKED, reason="certificateHold")):
        assert "revoked on" in only(rules.leaf_revoked, crl(answer)).observed


@pytest.mark.parametrize("rule", [rules.leaf_revoked, rules.crl_unusable], ids=lambda rule: rule.id)
def test_what_nobody_wanted_to_ask_is_not_tested(rule: Rule) -> None:
    for made in (case(deployment(*leaf(crl=True).chain())), crl(REFUSED)):
        with pytest.raises(Undecided) as caught:
            failures(rule, made)
        assert caught.value.unknown.why is Why.NOT_ASKED


def test_a_refused_place_and_a_dead_one_are_inconclusive() -> None:
    both = case(told(leaf(crl=True, ocsp=True), (StatusSource.OCSP, REFUSED), (StatusSource.CRL, DEAD)))
    with pytest.raises(Undecided) as caught:
        failures(rules.leaf_revoked, both)
    assert caught.value.unknown is DEAD


def test_without_its_issuer_nothing_is_known() -> None:
    alone = replace(deployment(leaf(crl=True).certificate), revocation=Known((), BASIS))
    for rule in (rules.leaf_revoked, rules.crl_unusable):
        with pytest.raises(Undecided, match="issuer was not sent"):
            failures(rule, case(alone))


def test_who_cannot_be_asked_about_has_no_status() -> None:
    for made in (case(deployment(*leaf().chain())), case(deployment(self_signed(HOST).certificate))):
        assert not rules.leaf_revoked.applies(made)
        assert not rules.crl_unusable.applies(made)
        assert not rules.responder_dead.applies(made)


def beside(answer: Staple | Unknown | None) -> Case:
    """A revoked intermediate, and another for the same key of which this answer came, or none."""
    one = root().subordinate("Twin")
    other = root().subordinate("Twin", key=one.key)
    served = below(one, other)
    if answer is None:
        return case(served)
    twin = served.chain[2]
    said: Fact[Staple] = answer if isinstance(answer, Unknown) else Known(answer, BASIS)
    check = RevocationCheck(sha256=twin.sha256, subject=twin.subject, source=StatusSource.CRL, place=URL, answer=said)
    assert isinstance(served.revocation, Known)
    return case(replace(served, revocation=Known((*served.revocation.value, check), BASIS)))


def test_a_revoked_intermediate_is_milder_where_a_cleared_path_remains() -> None:
    alone = case(below(root().subordinate("Twin")))
    assert only(rules.intermediate_revoked, alone).severity is None
    assert only(rules.intermediate_revoked, alone).observed.startswith("CN=Twin")
    assert only(rules.intermediate_revoked, beside(GOOD)).severity is Severity.MEDIUM


@pytest.mark.parametrize("answer", [None, REFUSED, DEAD, replace(GOOD, next_update=NOW - SECOND)])
def test_a_path_of_which_nobody_knows_makes_nothing_milder(answer: Staple | Unknown | None) -> None:
    assert only(rules.intermediate_revoked, beside(answer)).severity is None


def test_intermediates_that_name_nothing_are_not_asked_about() -> None:
    assert not rules.intermediate_revoked.applies(case(deployment(*leaf(crl=True).chain())))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (DEAD, "HTTP status 500"),
        (Staple(status=OcspStatus.UNREADABLE, detail="CertificateList: is empty"), "cannot be read (CertificateList"),
        (Staple(status=OcspStatus.ERROR, detail="tryLater"), "answers with an error (tryLater)"),
        (replace(GOOD, verified=False), "not signed by the issuer"),
        (replace(GOOD, next_update=NOW - SECOND), "out of date since"),
        (replace(GOOD, this_update=NOW + timedelta(hours=1)), "valid only from"),
        (replace(GOOD, serial_matches=False), "another certificate"),
        (replace(GOOD, status=OcspStatus.UNKNOWN), "does not know"),
    ],
)
def test_what_nobody_can_use(answer: Staple | Unknown, words: str) -> None:
    assert words in only(rules.crl_unusable, crl(answer)).observed
    assert words in only(rules.responder_dead, ocsp(answer)).observed


@pytest.mark.parametrize("answer", [GOOD, REVOKED, replace(GOOD, next_update=None), replace(GOOD, verified=None)])
def test_what_clients_can_use(answer: Staple) -> None:
    assert failures(rules.crl_unusable, crl(answer)) == []
    assert failures(rules.responder_dead, ocsp(answer)) == []


def test_an_old_answer_without_an_end_decides_nothing_of_who_gave_it() -> None:
    for rule, made in ((rules.crl_unusable, crl(OLD)), (rules.responder_dead, ocsp(OLD))):
        with pytest.raises(Undecided, match="nextUpdate"):
            failures(rule, made)


def test_what_we_do_not_understand_is_not_the_publishers_fault() -> None:
    with pytest.raises(Undecided, match="some reasons"):
        failures(rules.crl_unusable, crl(PARTIAL))


def test_no_ocsp_is_recorded() -> None:
    assert only(rules.no_ocsp, crl(GOOD)).observed == "a CRL and no OCSP responder"
    assert failures(rules.no_ocsp, ocsp(GOOD)) == []
    assert failures(rules.no_ocsp, case(deployment(*issuing().issue(HOST).chain()))) == []


def test_not_asked_is_the_default() -> None:
    assert deployment(*leaf().chain()).revocation == NOT_ASKED
