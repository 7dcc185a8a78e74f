"""Rules on validity: one minted certificate for each that fails and one that passes, and the edges of every date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fixtures.forge import forge, tlv
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
    failures,
    issuing,
    only,
    owasp,
    serving,
    sound,
)
from tlsaudit.demo.mint import ec_key, rsa_key
from tlsaudit.model.result import Cap, Severity
from tlsaudit.rules import certificate_validity as validity
from tlsaudit.rules.rule import Case, Rule

_UNTIL_YEAR_2050 = "%y%m%d%H%M%SZ"


def valid(begin: datetime, end: datetime, *, as_of: datetime = NOW, public: bool = False) -> Case:
    """A server whose certificate has these dates."""
    return serving(issuing().issue(HOST, not_before=begin, not_after=end), as_of=as_of, public=public)


def days(count: int, *, extra: timedelta = timedelta(0), begin: datetime = NOW, public: bool = True) -> Case:
    """A certificate issued at `begin` for exactly this long, the second of notAfter included."""
    return valid(begin, begin + count * DAY - SECOND + extra, as_of=begin + DAY, public=public)


def backwards() -> Case:
    """A certificate that ends a day before it begins."""
    leaf = issuing().issue(HOST)
    times = (tlv(0x17, each.strftime(_UNTIL_YEAR_2050).encode()) for each in (NOW, NOW - DAY))
    return serving(leaf, forged=forge(leaf.certificate, issuing().key, validity=tlv(0x30, *times)))


def with_policy_limit(of: Case, limit: int = 90) -> Case:
    """The same server under a policy that limits the lifetime of every certificate."""
    return replace(of, limits=replace(owasp(), lifetime_days_max=limit))


FAILS: CaseTable = {
    "TLS-CERT-020": lambda: valid(NOW - 90 * DAY, NOW - DAY),
    "TLS-CERT-021": lambda: valid(NOW + DAY, NOW + 90 * DAY),
    "TLS-CERT-022": lambda: valid(NOW - 80 * DAY, NOW + 6 * DAY),
    "TLS-CERT-023": lambda: valid(NOW - 80 * DAY, NOW + 20 * DAY),
    "TLS-CERT-025": lambda: valid(NOW - DAY, NOW + 500 * DAY, public=True),
    "TLS-CERT-026": lambda: with_policy_limit(days(91)),
    "TLS-CERT-027": backwards,
}
PASSES: CaseTable = {
    "TLS-CERT-020": sound,
    "TLS-CERT-021": sound,
    "TLS-CERT-022": sound,
    "TLS-CERT-023": sound,
    "TLS-CERT-025": lambda: sound(public=True),
    "TLS-CERT-026": lambda: with_policy_limit(days(90)),
    "TLS-CERT-027": sound,
}


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(validity.RULES, FAILS, PASSES)


@pytest.mark.parametrize("rule", validity.RULES, ids=lambda rule: rule.id)
def test_bad_certificate_fails(rule: Rule) -> None:
    assert_fails(rule, FAILS)


@pytest.mark.parametrize("rule", validity.RULES, ids=lambda rule: rule.id)
def test_sound_certificate_passes(rule: Rule) -> None:
    assert_passes(rule, PASSES)


@pytest.mark.parametrize(
    ("after", "expired"),
    [
        (timedelta(0), False),
        (timedelta(milliseconds=999), False),
        (SECOND, True),
    ],
)
def test_second_of_not_after_is_still_valid(after: timedelta, expired: bool) -> None:
    end = NOW + 5 * DAY
    judged = valid(NOW - 85 * DAY, end, as_of=end + after)
    assert bool(failures(validity.expired, judged)) is expired
    assert bool(failures(validity.expires_within_page_window, judged)) is not expired


def test_expiry_names_the_day_and_how_long_ago() -> None:
    end = datetime(2026, 3, 1, 12, tzinfo=UTC)
    judged = valid(end - 90 * DAY, end, as_of=end + 12 * DAY)
    assert only(validity.expired, judged).observed == "expired on 2026-03-01, 12 days ago"


@pytest.mark.parametrize(
    ("early", "severity"),
    [(timedelta(0), None), (SECOND, Severity.INFO), (timedelta(minutes=5), Severity.INFO)],
)
def test_small_difference_of_clocks_is_tolerated(early: timedelta, severity: Severity | None) -> None:
    found = failures(validity.not_yet_valid, valid(NOW + early, NOW + 90 * DAY))
    assert [(each.severity, each.cap) for each in found] == ([] if severity is None else [(severity, None)])


def test_more_than_the_tolerance_is_not_yet_valid() -> None:
    found = only(validity.not_yet_valid, valid(NOW + timedelta(minutes=5, seconds=1), NOW + 90 * DAY))
    assert (found.severity, found.cap) == (None, Cap.TRUST)
    assert validity.not_yet_valid.cap is None


@pytest.mark.parametrize(
    ("lifetime", "left", "page", "alert"),
    [
        # 90 days: the absolute windows of 7 and 30 days count.
        (90 * DAY, 30 * DAY + SECOND, False, False),
        (90 * DAY, 30 * DAY, False, True),
        (90 * DAY, 7 * DAY + SECOND, False, True),
        (90 * DAY, 7 * DAY, True, False),
        (90 * DAY, timedelta(0), True, False),
        # 47 days: a third of the lifetime, and still 7 days.
        (47 * DAY, 16 * DAY, False, False),
        (47 * DAY, 15 * DAY, False, True),
        (47 * DAY, 7 * DAY, True, False),
        # 6 days: a third and a sixth of the lifetime.
        (6 * DAY, 2 * DAY + SECOND, False, False),
        (6 * DAY, 2 * DAY, False, True),
        (6 * DAY, DAY + SECOND, False, True),
        (6 * DAY, DAY, True, False),
    ],
)
def test_windows_scale_with_the_lifetime(lifetime: timedelta, left: timedelta, page: bool, alert: bool) -> None:
    end = NOW + left
    judged = valid(end - lifetime + SECOND, end)
    assert bool(failures(validity.expires_within_page_window, judged)) is page
    assert bool(failures(validity.expires_within_alert_window, judged)) is alert


def test_an_expired_certificate_is_not_about_to_expire() -> None:
    gone = FAILS["TLS-CERT-020"]()
    assert failures(validity.expires_within_page_window, gone) == []
    assert failures(validity.expires_within_alert_window, gone) == []


@pytest.mark.parametrize(
    ("issued", "limit"),
    [
        (datetime(2026, 3, 14, 23, 59, 59, tzinfo=UTC), 398),
        (datetime(2026, 3, 15, tzinfo=UTC), 200),
        (datetime(2027, 3, 14, 23, 59, 59, tzinfo=UTC), 200),
        (datetime(2027, 3, 15, tzinfo=UTC), 100),
        (datetime(2029, 3, 14, 23, 59, 59, tzinfo=UTC), 100),
        (datetime(2029, 3, 15, tzinfo=UTC), 47),
    ],
)
def test_public_limit_follows_the_day_of_issue(issued: datetime, limit: int) -> None:
    rule = validity.lifetime_above_public_limit
    assert failures(rule, days(limit - 1, begin=issued)) == []
    assert only(rule, days(limit, begin=issued)).severity is Severity.INFO
    beyond = only(rule, days(limit, extra=SECOND, begin=issued))
    assert beyond.severity is None
    assert beyond.expected == f"at most {limit} days"
    assert f"{limit + 1} days" in beyond.observed


def test_public_limit_does_not_bind_private_authorities() -> None:
    assert not validity.lifetime_above_public_limit.applies(days(3650, public=False))


def test_policy_without_a_limit_does_not_judge_lifetimes() -> None:
    assert not validity.lifetime_above_policy.applies(days(3650))


def test_policy_limit_counts_a_further_second_as_a_day() -> None:
    assert only(validity.lifetime_above_policy, with_policy_limit(days(90, extra=SECOND))).observed


def test_each_of_two_certificates_is_judged_by_its_own_dates() -> None:
    good = issuing().issue(HOST, key=rsa_key())
    gone = issuing().issue(HOST, key=ec_key(), not_before=NOW - 90 * DAY, not_after=NOW - 2 * DAY)
    found = only(validity.expired, case(deployment(*good.chain()), deployment(*gone.chain())))
    assert found.observed.startswith("ECDSA certificate: expired on ")


def test_a_certificate_that_ends_as_it_begins_fails() -> None:
    assert failures(validity.ends_before_it_begins, valid(NOW, NOW))
