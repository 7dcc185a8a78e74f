"""Rules on revocation, as far as certificate and handshake show it: TLS-REVO-003 to 009."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from tlsaudit.model.certificate import Certificate, CertificateDeployment, OcspStatus, Staple
from tlsaudit.model.limits import Limits
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.deployments import (
    each_deployment,
    each_leaf,
    lifetime,
    listing,
    printable,
    serves_certificate,
    some,
)
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, asvs4, baseline, rfc
from tlsaudit.rules.status_age import OLD_WITHOUT_END, is_old_without_end

_SHOW_STAPLE = "openssl s_client -connect {connect} -servername {servername} -status </dev/null"
_SHOW_EXTENSIONS = (
    "openssl s_client -connect {connect} -servername {servername} </dev/null 2>/dev/null"
    " | openssl x509 -noout -dates -ext authorityInfoAccess,crlDistributionPoints"
)
_TEN_DAYS_FROM, _TEN_DAYS_UNTIL = date(2024, 3, 15), date(2026, 3, 15)
"""Certificates issued in this period were short-lived up to ten days (CA/B Forum Baseline Requirements)."""


def _is_short_lived(leaf: Certificate, limits: Limits) -> bool:
    issued = leaf.not_before.date()
    days = 10 if _TEN_DAYS_FROM <= issued < _TEN_DAYS_UNTIL else limits.short_lived_days
    return lifetime(leaf) <= timedelta(days=days)


def _can_be_revoked(case: Case, deployment: CertificateDeployment) -> bool:
    """Not short-lived, and there is an issuer who could revoke it."""
    leaf = deployment.leaf.need()
    return not leaf.self_signed and not _is_short_lived(leaf, case.limits)


def _should_staple(case: Case, deployment: CertificateDeployment) -> bool:
    return _can_be_revoked(case, deployment) and bool(deployment.leaf.need().ocsp_urls)


def _must_staple(_case: Case, deployment: CertificateDeployment) -> bool:
    return deployment.leaf.need().must_staple


def _has_staple(_case: Case, deployment: CertificateDeployment) -> bool:
    return deployment.staple.need() is not None


def _staple_problem(case: Case, staple: Staple) -> str | None:
    """Why a client cannot use the staple; None: it can. What it says of the certificate is another question.

    Raises Undecided where clients differ.
    """
    detail = f" ({printable(staple.detail)})" if staple.detail else ""
    starts, ends = staple.this_update, staple.next_update
    tolerance = timedelta(seconds=case.limits.clock_tolerance_seconds)
    problems = (
        (staple.status is OcspStatus.ERROR, f"the responder's error was stapled{detail}"),
        (staple.status is OcspStatus.UNREADABLE, f"the response cannot be read{detail}"),
        (staple.serial_matches is False, "the response is about another certificate"),
        (staple.verified is False, "the response is not signed by the issuer"),
        (starts is not None and starts - case.as_of > tolerance, f"the response is valid only from {_minute(starts)}"),
        (ends is not None and ends < case.as_of, f"the response expired on {_minute(ends)}"),
        (staple.status is OcspStatus.UNKNOWN, "the responder does not know the certificate"),
    )
    problem = next((words for applies, words in problems if applies), None)
    if problem is None and is_old_without_end(case, staple):
        OLD_WITHOUT_END.need()
    return problem


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


@rule(
    "TLS-REVO-003",
    title="Must-Staple certificate without a good staple",
    severity=Severity.HIGH,
    reads=("clock_tolerance_seconds", "status_without_end_days_max"),
    expected="a valid OCSP response in every handshake",
    why="The certificate tells clients to refuse the connection without one, and some do.",
    remedy="Turn on OCSP stapling and see that the server reaches the responder, or reissue without Must-Staple.",
    sources=(rfc(7633, verified=False), rfc(9325, "7.5")),
    applies=some(_must_staple),
    cap=Cap.C,
    cwe=(299,),
    reproduce=_SHOW_STAPLE,
)
@each_deployment
def must_staple_without_staple(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The TLS feature extension asks for a staple, and none or an unusable one was sent."""
    if not _must_staple(case, deployment):
        return
    staple = deployment.staple.need()
    problem = "no OCSP response was sent" if staple is None else _staple_problem(case, staple)
    if problem:
        yield Fail(f"Must-Staple, but {problem}")


@rule(
    "TLS-REVO-004",
    title="Bad OCSP staple",
    severity=Severity.MEDIUM,
    reads=("clock_tolerance_seconds", "status_without_end_days_max"),
    expected="a current response for this certificate, signed by its issuer",
    why="Clients refuse the connection or go on without knowing whether the certificate was revoked.",
    remedy="Repair stapling: let the server reach the responder, give it the issuer's certificate, check its clock.",
    sources=(rfc(9325, "7.5"), baseline("4.9.9")),
    applies=some(_has_staple),
    cap=Cap.B,
    cwe=(299,),
    reproduce=_SHOW_STAPLE,
)
@each_deployment
def bad_staple(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The staple is expired, about another certificate, badly signed, an error, or cannot be read."""
    staple = deployment.staple.need()
    problem = _staple_problem(case, staple) if staple is not None else None
    if problem:
        yield Fail(problem)


@rule(
    "TLS-REVO-005",
    title="OCSP stapling off",
    severity=Severity.LOW,
    enforces=("revocation/stapling",),
    reads=("short_lived_days",),
    expected="an OCSP response stapled to the handshake",
    why="Clients have to ask the responder, which tells it who visits what, or skip the check.",
    remedy="Turn on OCSP stapling (nginx: ssl_stapling on; Apache: SSLUseStapling on).",
    sources=(
        asvs("12.1.4 (L3)"),
        asvs4("9.2.4"),
        rfc(9325, "7.5"),
        Source("Mozilla TLS guideline 6.0, ocsp_staple"),
    ),
    applies=some(_should_staple),
    cause="NOREV",
    cwe=(299,),
    reproduce=_SHOW_STAPLE,
)
@each_deployment
def stapling_off(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The certificate names a responder, and no handshake had a staple."""
    if _should_staple(case, deployment) and deployment.staple.need() is None:
        yield Fail(f"no OCSP response, although the certificate names {listing(deployment.leaf.need().ocsp_urls, 2)}")


@rule(
    "TLS-REVO-006",
    title="Certificate cannot be revoked",
    severity=Severity.MEDIUM,
    reads=("short_lived_days",),
    expected="an OCSP responder or a CRL in the certificate, or a lifetime of a few days",
    why="If the key is stolen no client will learn of it until the certificate expires.",
    remedy="Let the CA add CRL distribution points, or issue short-lived certificates.",
    sources=(baseline("7.1.2.11.2"), Source("testssl.sh 3.3dev")),
    applies=some(_can_be_revoked),
    cause="NOREV",
    cwe=(299,),
    reproduce=_SHOW_EXTENSIONS,
)
@each_deployment
def no_revocation_pointer(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """Neither an OCSP responder nor a CRL is named. The clause binds public CAs; for a private one it is advice."""
    leaf = deployment.leaf.need()
    if _can_be_revoked(case, deployment) and not leaf.ocsp_urls and not leaf.crl_urls:
        days = lifetime(leaf) // timedelta(days=1)
        severity = None if deployment.analysis.need().public else Severity.LOW
        yield Fail(f"names neither an OCSP responder nor a CRL, and is valid for {days} days", severity=severity)


@rule(
    "TLS-REVO-009",
    title="Short-lived certificate",
    severity=Severity.INFO,
    reads=("short_lived_days",),
    expected="any lifetime; a short one takes the place of revocation",
    why="It expires before a revocation would reach the clients, so stapling and CRLs are not needed.",
    remedy="Nothing to do, as long as the renewal is watched.",
    sources=(baseline("1.6.1"),),
    applies=serves_certificate,
    reproduce=_SHOW_EXTENSIONS,
)
@each_leaf
def short_lived(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The lifetime is that of a short-lived certificate: recorded, never scored."""
    if _is_short_lived(leaf, case.limits):
        yield Fail(f"valid for {lifetime(leaf) / timedelta(days=1):.1f} days")


RULES: tuple[Rule, ...] = (
    must_staple_without_staple,
    bad_staple,
    stapling_off,
    no_revocation_pointer,
    short_lived,
)
