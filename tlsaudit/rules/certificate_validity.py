"""Rules on the validity period of the leaf certificate: TLS-CERT-020 to 027.

notAfter is inclusive, to its second, and a day is 86,400 seconds; whatever goes beyond a whole number of days counts
as one more (CA/B Forum Baseline Requirements section 6.3.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tlsaudit.model.certificate import Certificate
from tlsaudit.model.limits import Limits
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.deployments import (
    each_leaf,
    each_public_leaf,
    has_expired,
    is_public,
    lifetime,
    serves_certificate,
    some,
)
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, baseline, pci, wstg, zlint

_SHOW_DATES = (
    "openssl s_client -connect {connect} -servername {servername} </dev/null 2>/dev/null | openssl x509 -noout -dates"
)
_DAY = timedelta(days=1)
_VALIDITY = wstg("Validity")
_RENEWAL = "Renew the certificate and find out why the automatic renewal did not."


def _days(certificate: Certificate) -> int:
    """Whole days of validity, rounded up."""
    return -(-lifetime(certificate) // _DAY)


def _span(duration: timedelta) -> str:
    """A duration for people: days, below two days hours, below two hours minutes."""
    if duration >= 2 * _DAY:
        return f"{duration // _DAY} days"
    if duration >= timedelta(hours=2):
        return f"{duration // timedelta(hours=1)} hours"
    return f"{duration // timedelta(minutes=1)} minutes"


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


@rule(
    "TLS-CERT-020",
    title="Certificate expired",
    severity=Severity.CRITICAL,
    enforces=("certificate/in-date",),
    expected="a certificate that is still valid",
    why="Clients refuse the connection: this is an outage, or it teaches people to click warnings away.",
    remedy=_RENEWAL,
    sources=(_VALIDITY, pci("4.2.1"), Source("SSL Labs Server Rating Guide 2009k")),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cause="EXPIRY",
    cwe=(298,),
    reproduce=_SHOW_DATES,
)
@each_leaf
def expired(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The time of the audit is after notAfter."""
    if has_expired(leaf, case.as_of):
        yield Fail(f"expired on {_day(leaf.not_after)}, {_span(case.as_of - leaf.not_after)} ago")


@rule(
    "TLS-CERT-021",
    title="Certificate not yet valid",
    severity=Severity.CRITICAL,
    reads=("clock_tolerance_seconds",),
    expected="a certificate that is already valid",
    why="Clients with a correct clock refuse the connection.",
    remedy="Serve the previous certificate until then, or correct the clock of the CA or of the machine that audits.",
    sources=(_VALIDITY, Source("SSL Labs Server Rating Guide 2009k")),
    applies=serves_certificate,
    cwe=(298,),
    reproduce=_SHOW_DATES,
)
@each_leaf
def not_yet_valid(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The time of the audit is before notBefore; within the tolerance it may be a clock."""
    early = leaf.not_before - case.as_of
    if early <= timedelta(0):
        return
    observed = f"valid only from {leaf.not_before:%Y-%m-%d %H:%M:%S} UTC, {_span(early)} from now"
    if early <= timedelta(seconds=case.limits.clock_tolerance_seconds):
        yield Fail(f"{observed}; so small a difference is likely a clock", severity=Severity.INFO)
    else:
        # The cap is not the rule's own: it must not meet a clock that is off by a minute.
        yield Fail(observed, cap=Cap.TRUST)


def _page_window(leaf: Certificate, limits: Limits) -> timedelta:
    return min(limits.expiry_page_days * _DAY, lifetime(leaf) * limits.expiry_page_fraction)


def _alert_window(leaf: Certificate, limits: Limits) -> timedelta:
    return min(limits.expiry_alert_days * _DAY, lifetime(leaf) * limits.expiry_alert_fraction)


@rule(
    "TLS-CERT-022",
    title="Certificate about to expire",
    severity=Severity.HIGH,
    reads=("expiry_page_days", "expiry_page_fraction"),
    expected="a certificate that was renewed well before its end",
    why="When it expires every client refuses the connection.",
    remedy=_RENEWAL,
    sources=(asvs("11.1.2"),),
    applies=serves_certificate,
    cause="EXPIRY",
    cwe=(298,),
    reproduce=_SHOW_DATES,
)
@each_leaf
def expires_within_page_window(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The time left is within the shorter of the days and the share of the lifetime that page somebody."""
    window = _page_window(leaf, case.limits)
    left = leaf.not_after - case.as_of
    if not has_expired(leaf, case.as_of) and left <= window:
        yield _expires_soon(leaf, left, window)


@rule(
    "TLS-CERT-023",
    title="Certificate expires soon",
    severity=Severity.MEDIUM,
    reads=("expiry_alert_days", "expiry_alert_fraction", "expiry_page_days", "expiry_page_fraction"),
    expected="a certificate that was renewed well before its end",
    why="Automatic renewal would have replaced it by now; when it expires every client refuses the connection.",
    remedy=_RENEWAL,
    sources=(asvs("11.1.2"),),
    applies=serves_certificate,
    cause="EXPIRY",
    cwe=(298,),
    reproduce=_SHOW_DATES,
)
@each_leaf
def expires_within_alert_window(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The time left is within the alert window, and not yet within the one that pages somebody."""
    window = _alert_window(leaf, case.limits)
    left = leaf.not_after - case.as_of
    if _page_window(leaf, case.limits) < left <= window:
        yield _expires_soon(leaf, left, window)


def _expires_soon(leaf: Certificate, left: timedelta, window: timedelta) -> Fail:
    left = max(left, timedelta(0))
    return Fail(
        f"expires on {_day(leaf.not_after)}, {_span(left)} left of {_span(leaf.not_after - leaf.not_before)}",
        expected=f"more than {_span(window)} left",
    )


def _public_limit(leaf: Certificate, limits: Limits) -> int | None:
    """The longest lifetime in days for a public certificate issued when this one was; None: no limit then."""
    applicable = [days for since, days in limits.public_lifetime_days if leaf.not_before.date() >= since]
    return applicable[-1] if applicable else None


@rule(
    "TLS-CERT-025",
    title="Lifetime above the limit for public certificates",
    severity=Severity.MEDIUM,
    reads=("public_lifetime_days",),
    expected="a lifetime within the CA/B Forum's limit at the date of issue",
    why="Browsers refuse public certificates that were issued for too long, and a stolen key stays useful for longer.",
    remedy="Reissue with a shorter lifetime, renewed automatically.",
    sources=(baseline("6.3.2"), _VALIDITY, zlint("e_server_cert_valid_time_longer_than_200_days")),
    applies=some(is_public),
    reproduce=_SHOW_DATES,
)
@each_public_leaf
def lifetime_above_public_limit(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """More days than allowed to a certificate issued then, or the very last day, which CAs should not use."""
    limit = _public_limit(leaf, case.limits)
    days = _days(leaf)
    if limit is None or days < limit:
        return
    observed = f"issued on {_day(leaf.not_before)} for {days} days"
    if days > limit:
        yield Fail(observed, expected=f"at most {limit} days")
    else:
        yield Fail(
            f"{observed}: allowed, but leaves no margin",
            expected=f"at most {limit - 1} days, as CAs should issue",
            severity=Severity.INFO,
        )


def _policy_limits_lifetime(case: Case) -> bool:
    return case.limits.lifetime_days_max is not None and serves_certificate(case)


@rule(
    "TLS-CERT-026",
    title="Lifetime above the policy's limit",
    severity=Severity.LOW,
    enforces=("certificate/lifetime",),
    reads=("lifetime_days_max",),
    expected="a lifetime within the limit of the policy",
    why="A stolen key stays useful until the certificate ends, and rare renewals are the ones that fail.",
    remedy="Issue shorter-lived certificates, renewed automatically.",
    sources=(
        Source("Mozilla TLS guideline 6.0, maximum_certificate_lifespan"),
        Source("NIST SP 800-52r2 section 3.2.1", verified=False),
    ),
    applies=_policy_limits_lifetime,
    reproduce=_SHOW_DATES,
)
@each_leaf
def lifetime_above_policy(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """More days than the policy allows to any certificate."""
    limit = case.limits.lifetime_days_max
    days = _days(leaf)
    if limit is not None and days > limit:
        yield Fail(f"issued on {_day(leaf.not_before)} for {days} days", expected=f"at most {limit} days")


@rule(
    "TLS-CERT-027",
    title="Certificate ends before it begins",
    severity=Severity.HIGH,
    expected="notAfter later than notBefore",
    why="Such a certificate is valid at no time, so clients refuse it.",
    remedy="Reissue with correct dates.",
    sources=(zlint("e_validity_time_not_positive"),),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cwe=(298,),
    reproduce=_SHOW_DATES,
)
@each_leaf
def ends_before_it_begins(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """notAfter is not later than notBefore."""
    if leaf.not_after <= leaf.not_before:
        yield Fail(f"notBefore {leaf.not_before:%Y-%m-%d %H:%M:%S}, notAfter {leaf.not_after:%Y-%m-%d %H:%M:%S}")


RULES: tuple[Rule, ...] = (
    expired,
    not_yet_valid,
    expires_within_page_window,
    expires_within_alert_window,
    lifetime_above_public_limit,
    lifetime_above_policy,
    ends_before_it_begins,
)
