"""Rules on revocation: one minted certificate and staple for each that fails and one that passes."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

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
    serving,
    unreadable,
)
from tlsaudit.demo.mint import Leaf, self_signed
from tlsaudit.model.certificate import OcspStatus, Staple
from tlsaudit.model.knowledge import Known, Undecided, Unknown, Why
from tlsaudit.model.result import Severity
from tlsaudit.rules import revocation
from tlsaudit.rules.rule import Case, Rule

GOOD = Staple(
    status=OcspStatus.GOOD,
    serial_matches=True,
    this_update=NOW - DAY,
    next_update=NOW + 3 * DAY,
    verified=True,
)


def leaf(
    *,
    ocsp: bool = False,
    crl: bool = False,
    must_staple: bool = False,
    lifetime: timedelta = 90 * DAY,
    begin: datetime = NOW,
) -> Leaf:
    """A leaf with these pointers."""
    extra: list[tuple[x509.ExtensionType, bool]] = []
    place = x509.UniformResourceIdentifier("http://status.example/")
    if ocsp:
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        extra.append((x509.AuthorityInformationAccess([access]), False))
    if crl:
        points = [x509.DistributionPoint([place], None, None, None)]
        extra.append((x509.CRLDistributionPoints(points), False))
    if must_staple:
        extra.append((x509.TLSFeature([x509.TLSFeatureType.status_request]), False))
    return issuing().issue(HOST, extra=extra, not_before=begin, not_after=begin + lifetime - SECOND)


def stapling(of: Leaf, staple: Staple | None) -> Case:
    """A server that staples this response, or none."""
    return case(deployment(*of.chain(), staple=Known(staple, BASIS)))


FAILS: CaseTable = {
    "TLS-REVO-003": lambda: stapling(leaf(ocsp=True, must_staple=True), None),
    "TLS-REVO-004": lambda: stapling(leaf(ocsp=True), replace(GOOD, next_update=NOW - SECOND)),
    "TLS-REVO-005": lambda: stapling(leaf(ocsp=True), None),
    "TLS-REVO-006": lambda: serving(leaf()),
    "TLS-REVO-009": lambda: serving(leaf(lifetime=6 * DAY)),
}
PASSES: CaseTable = {
    "TLS-REVO-003": lambda: stapling(leaf(ocsp=True, must_staple=True), GOOD),
    "TLS-REVO-004": lambda: stapling(leaf(ocsp=True), GOOD),
    "TLS-REVO-005": lambda: stapling(leaf(ocsp=True), GOOD),
    "TLS-REVO-006": lambda: serving(leaf(crl=True)),
    "TLS-REVO-009": lambda: serving(leaf()),
}


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(revocation.RULES, FAILS, PASSES)


@pytest.mark.parametrize("rule", revocation.RULES, ids=lambda rule: rule.id)
def test_bad_certificate_fails(rule: Rule) -> None:
    assert_fails(rule, FAILS)


@pytest.mark.parametrize("rule", revocation.RULES, ids=lambda rule: rule.id)
def test_sound_certificate_passes(rule: Rule) -> None:
    assert_passes(rule, PASSES)


@pytest.mark.parametrize(
    ("staple", "words"),
    [
        (Staple(status=OcspStatus.ERROR, detail="tryLater"), "tryLater"),
        (Staple(status=OcspStatus.UNREADABLE, detail="truncated"), "truncated"),
        (replace(GOOD, serial_matches=False), "another certificate"),
        (replace(GOOD, verified=False), "not signed by the issuer"),
        (replace(GOOD, this_update=NOW + timedelta(minutes=5, seconds=1)), "valid only from"),
        (replace(GOOD, next_update=NOW - SECOND), "expired on"),
        (replace(GOOD, status=OcspStatus.UNKNOWN), "does not know the certificate"),
    ],
)
def test_staples_that_no_client_can_use(staple: Staple, words: str) -> None:
    assert words in only(revocation.bad_staple, stapling(leaf(ocsp=True), staple)).observed
    assert words in only(revocation.must_staple_without_staple, stapling(leaf(must_staple=True), staple)).observed


@pytest.mark.parametrize(
    "staple",
    [
        replace(GOOD, this_update=NOW + timedelta(minutes=5)),
        replace(GOOD, next_update=NOW),
        replace(GOOD, next_update=None),
        replace(GOOD, verified=None),
        replace(GOOD, status=OcspStatus.REVOKED),
    ],
)
def test_staples_that_a_client_can_use(staple: Staple) -> None:
    assert failures(revocation.bad_staple, stapling(leaf(ocsp=True), staple)) == []


def test_an_old_staple_without_an_end_is_neither_good_nor_bad() -> None:
    for age, is_open in ((10 * DAY, False), (10 * DAY + SECOND, True)):
        staple = replace(GOOD, this_update=NOW - age, next_update=None)
        for rule, of in (
            (revocation.bad_staple, leaf(ocsp=True)),
            (revocation.must_staple_without_staple, leaf(must_staple=True)),
        ):
            with pytest.raises(Undecided, match="nextUpdate") if is_open else nullcontext():
                assert failures(rule, stapling(of, staple)) == []


def test_missing_staple_means_nothing_without_a_responder() -> None:
    assert not revocation.stapling_off.applies(stapling(leaf(crl=True), None))


def test_short_lived_certificate_needs_no_revocation() -> None:
    short = stapling(leaf(ocsp=True, lifetime=7 * DAY), None)
    assert not revocation.stapling_off.applies(short)
    assert not revocation.no_revocation_pointer.applies(short)


@pytest.mark.parametrize(
    ("begin", "days", "short"),
    [
        (datetime(2024, 3, 14, 23, 59, 59, tzinfo=UTC), 10, False),
        (datetime(2024, 3, 15, tzinfo=UTC), 10, True),
        (datetime(2026, 3, 14, 23, 59, 59, tzinfo=UTC), 10, True),
        (datetime(2026, 3, 15, tzinfo=UTC), 10, False),
        (datetime(2026, 3, 15, tzinfo=UTC), 7, True),
        (datetime(2026, 3, 15, tzinfo=UTC), 8, False),
    ],
)
def test_short_lived_depends_on_the_day_of_issue(begin: datetime, days: int, short: bool) -> None:
    judged = serving(leaf(begin=begin, lifetime=days * DAY))
    assert bool(failures(revocation.short_lived, judged)) is short


def test_one_second_more_than_seven_days_is_not_short_lived() -> None:
    assert failures(revocation.short_lived, serving(leaf(lifetime=7 * DAY + SECOND))) == []


def test_nobody_can_revoke_a_self_signed_certificate() -> None:
    assert not revocation.no_revocation_pointer.applies(serving(self_signed(HOST)))


def test_unknown_staple_is_undecided() -> None:
    unasked = case(deployment(*leaf(ocsp=True).chain(), staple=Unknown(Why.NOT_ASKED)))
    for rule in (revocation.bad_staple, revocation.stapling_off):
        with pytest.raises(Undecided):
            failures(rule, unasked)


@pytest.mark.parametrize("rule", revocation.RULES, ids=lambda rule: rule.id)
def test_unreadable_leaf_is_undecided(rule: Rule) -> None:
    if rule is revocation.bad_staple:  # a staple says enough by itself
        assert not rule.applies(unreadable())
        return
    with pytest.raises(Undecided):
        failures(rule, unreadable())


def test_each_of_two_certificates_has_its_own_staple() -> None:
    with_staple = deployment(*leaf(ocsp=True).chain(), staple=Known(GOOD, BASIS))
    without = deployment(*leaf(ocsp=True).chain())
    prefix = f"ECDSA certificate {without.leaf.need().sha256[:8]}: no OCSP response"
    assert only(revocation.stapling_off, case(with_staple, without)).observed.startswith(prefix)


def test_a_private_certificate_without_revocation_is_milder_than_a_public_one() -> None:
    (private,) = revocation.no_revocation_pointer.evaluate(serving(leaf()))
    (public,) = revocation.no_revocation_pointer.evaluate(serving(leaf(), public=True))
    assert (private.severity, public.severity) == (Severity.LOW, None)
