"""Rules on the paths that lead from the leaf to a trust anchor: TLS-CHAIN-008 to 013; `chain` lists them.

Where one path is valid, none of these but 009 and 010 finds anything; else each looks at the best paths (see `paths`),
so that at least one of 008, 011, 012 and 013 says why clients refuse.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from tlsaudit.model.certificate import Certificate, CertificateDeployment, DefectAt, PathDefect
from tlsaudit.model.result import Cap, Fail, Severity
from tlsaudit.rules.commands import SHOW_CHAIN, VERIFY
from tlsaudit.rules.deployments import (
    deciding_paths,
    each_deployment,
    has_expired,
    intermediates,
    listing,
    printable,
    some,
)
from tlsaudit.rules.paths import best_paths, is_valid_now, issuers, valid_paths
from tlsaudit.rules.rule import Case, rule
from tlsaudit.rules.sources import asvs, baseline, pci, rfc


def _has_path(_case: Case, deployment: CertificateDeployment) -> bool:
    return bool(deciding_paths(deployment))


@rule(
    "TLS-CHAIN-008",
    title="No path within its validity",
    severity=Severity.CRITICAL,
    expected="a path whose intermediates and anchor are all within their validity",
    why="Clients find a certificate outside of its validity on their way to the root and no better way, and refuse.",
    remedy="Fetch the CA's current intermediate certificates and serve those; clients replace an expired anchor.",
    sources=(pci("4.2.1"), rfc(5280, "6.1", verified=False)),
    applies=some(_has_path),
    cap=Cap.TRUST,
    cause="TRUST",
    cwe=(298,),
    reproduce=VERIFY,
)
@each_deployment
def intermediate_expired(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """No path is valid, and on one of the best an intermediate or the anchor is expired or not yet valid."""
    for path in best_paths(deployment, case.as_of):
        out = [each for each in issuers(path) if not is_valid_now(each, case.as_of)]
        if out:
            yield Fail("outside of its validity: " + listing(_dated(each) for each in out))
            return


def _dated(certificate: Certificate) -> str:
    subject = printable(certificate.subject, 60) or "empty subject"
    return f"{subject} ({certificate.not_before.date()} to {certificate.not_after.date()})"


@rule(
    "TLS-CHAIN-009",
    title="Expired certificate sent beside a valid path",
    severity=Severity.LOW,
    expected="no expired certificates",
    why="Old clients follow the expired certificate and refuse, although another path exists.",
    remedy="Build the file again from the CA's current bundle, without the expired certificate.",
    sources=(rfc(9846, "4.5.1"),),
    applies=some(_has_path),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def expired_extra(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """An expired certificate was sent above the leaf, and a valid path avoids it."""
    out = [each for each in deployment.chain[1:] if has_expired(each, case.as_of)]
    if out and valid_paths(deployment, case.as_of):
        yield Fail("expired, and not needed: " + listing(_dated(each) for each in out))


@rule(
    "TLS-CHAIN-010",
    title="Intermediate expires before the certificate, or soon",
    severity=Severity.MEDIUM,
    reads=("intermediate_expiry_days",),
    expected="intermediates that outlive the server's certificate",
    why="The chain breaks on that day, although the server's certificate looks valid.",
    remedy="Plan the switch to the CA's next intermediate before that date.",
    sources=(asvs("11.1.2 (L2)"),),
    applies=some(_has_path),
    cwe=(298,),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def intermediate_expires_first(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """Even on the path that lasts longest an intermediate ends before the leaf or within the policy's window."""
    paths = valid_paths(deployment, case.as_of)
    ends = [min(intermediates(path), key=lambda each: each.not_after, default=None) for path in paths]
    firsts = [end for end in ends if end is not None]
    if not firsts or len(firsts) < len(ends):
        return  # none is valid (TLS-CHAIN-008, 011 to 013), or the leaf hangs directly below an anchor
    first = max(firsts, key=lambda each: each.not_after)
    window = timedelta(days=case.limits.intermediate_expiry_days)
    leaf = deployment.leaf.need()
    left = first.not_after - case.as_of
    subject = printable(first.subject) or "empty subject"
    if left <= window:
        yield Fail(
            f"{subject} expires on {first.not_after.date()}, {left.days} days left",
            expected=f"more than {window.days} days left",
        )
    elif first.not_after < leaf.not_after:
        yield Fail(f"{subject} expires on {first.not_after.date()}, the certificate on {leaf.not_after.date()}")


def _blocking(case: Case, deployment: CertificateDeployment, *defects: PathDefect) -> tuple[DefectAt, ...]:
    """The issuers' defects of these kinds on the first of the best paths with one; none where a path is valid."""
    leaf = deployment.leaf.need()
    for path in best_paths(deployment, case.as_of):
        found = tuple(each for each in path.defects if each.defect in defects and each.sha256 != leaf.sha256)
        if found:
            return found
    return ()


@rule(
    "TLS-CHAIN-011",
    title="Issuer is not allowed to issue",
    severity=Severity.CRITICAL,
    expected="issuers with cA, keyCertSign and a path length that suffices",
    why="A certificate that is no CA's has issued another: a sign of forgery, and clients refuse the chain.",
    remedy="Find out who issued the certificate and how; replace it with one from a proper CA.",
    sources=(rfc(5280, "4.2.1.9"), rfc(5280, "6.1", verified=False)),
    applies=some(_has_path),
    cap=Cap.TRUST,
    cwe=(295,),
    reproduce=VERIFY,
)
@each_deployment
def issuer_not_allowed(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """On one of the best paths an issuer lacks cA or keyCertSign, exceeds its path length, or is not understood."""
    for each in _blocking(
        case,
        deployment,
        PathDefect.NOT_A_CA,
        PathDefect.NO_CERT_SIGN,
        PathDefect.PATH_LENGTH,
        PathDefect.UNKNOWN_CRITICAL,
    ):
        yield Fail(printable(each.detail, 300))


@rule(
    "TLS-CHAIN-012",
    title="Name constraints violated",
    severity=Severity.CRITICAL,
    expected="names within what the issuing CA may certify",
    why="The CA was not allowed to issue for this name; clients refuse the chain.",
    remedy="Have the certificate issued by a CA that may issue for this name.",
    sources=(rfc(5280, "4.2.1.10"), baseline("7.1.2.5.2")),
    applies=some(_has_path),
    cap=Cap.TRUST,
    cwe=(295,),
    reproduce=VERIFY,
)
@each_deployment
def name_constraints_violated(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """On one of the best paths a name lies outside of the permitted or inside of the excluded subtrees."""
    for each in _blocking(case, deployment, PathDefect.NAME_CONSTRAINTS):
        yield Fail(printable(each.detail, 300))


@rule(
    "TLS-CHAIN-013",
    title="Issuer is not meant for TLS servers",
    severity=Severity.HIGH,
    expected="serverAuth in the extendedKeyUsage of intermediates that have one",
    why="The CA was limited to other purposes; most clients refuse the chain.",
    remedy="Have the certificate issued below an intermediate for TLS servers.",
    sources=(baseline("7.1.2.6", verified=False), rfc(5280, "4.2.1.12")),
    applies=some(_has_path),
    cap=Cap.TRUST,
    cwe=(295,),
    reproduce=VERIFY,
)
@each_deployment
def purposes_not_nested(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """On one of the best paths an intermediate's extendedKeyUsage excludes serverAuth."""
    for each in _blocking(case, deployment, PathDefect.EXTENDED_KEY_USAGE):
        yield Fail(printable(each.detail, 300))
