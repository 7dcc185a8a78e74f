"""Rules on the paths that lead from the leaf to a trust anchor: TLS-CHAIN-008 to 013; `chain` lists them.

Trust, name and time are judged apart: a path counts here whether or not its certificates are within their validity,
and an anchor's own validity never matters, since many clients do not look at it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tlsaudit.model.certificate import Certificate, CertificateDeployment, DefectAt, Path, PathDefect
from tlsaudit.model.result import Cap, Fail, Severity
from tlsaudit.rules.deployments import (
    deciding_paths,
    each_deployment,
    has_expired,
    intermediates,
    listing,
    printable,
    some,
)
from tlsaudit.rules.rule import Case, rule
from tlsaudit.rules.sources import asvs, baseline, pci, rfc

_SHOW_CHAIN = "openssl s_client -connect {connect} -servername {servername} -showcerts </dev/null"
_VERIFY = "openssl s_client -connect {connect} -servername {servername} -verify_return_error </dev/null"


def _has_path(_case: Case, deployment: CertificateDeployment) -> bool:
    return bool(deciding_paths(deployment))


def _is_valid_now(certificate: Certificate, as_of: datetime) -> bool:
    return certificate.not_before <= as_of and not has_expired(certificate, as_of)


def is_unbroken(path: Path, as_of: datetime) -> bool:
    """Whether everything between leaf and anchor is within its validity."""
    return all(_is_valid_now(each, as_of) for each in intermediates(path))


@rule(
    "TLS-CHAIN-008",
    title="Expired intermediate on every path",
    severity=Severity.CRITICAL,
    expected="a path whose intermediates are all within their validity",
    why="Every client finds an expired certificate on its way to the root, and refuses.",
    remedy="Fetch the CA's current intermediate certificates and serve those.",
    sources=(pci("4.2.1"), rfc(5280, "6.1")),
    applies=some(_has_path),
    cap=Cap.TRUST,
    cause="TRUST",
    cwe=(298,),
    reproduce=_VERIFY,
)
@each_deployment
def intermediate_expired(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """Each path contains an intermediate that is expired or not yet valid."""
    paths = deciding_paths(deployment)
    if not paths or any(is_unbroken(path, case.as_of) for path in paths):
        return
    out = [each for each in intermediates(paths[0]) if not _is_valid_now(each, case.as_of)]
    yield Fail("outside of its validity: " + listing(_dated(each) for each in out))


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
    reproduce=_SHOW_CHAIN,
)
@each_deployment
def expired_extra(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """An expired certificate was sent above the leaf, and a valid path avoids it."""
    out = [each for each in deployment.chain[1:] if has_expired(each, case.as_of)]
    if out and any(is_unbroken(path, case.as_of) for path in deciding_paths(deployment)):
        yield Fail("expired, and not needed: " + listing(_dated(each) for each in out))


@rule(
    "TLS-CHAIN-010",
    title="Intermediate expires before the certificate, or soon",
    severity=Severity.MEDIUM,
    expected="intermediates that outlive the server's certificate",
    why="The chain breaks on that day, although the server's certificate looks valid.",
    remedy="Plan the switch to the CA's next intermediate before that date.",
    sources=(asvs("11.1.2 (L2)"),),
    applies=some(_has_path),
    cwe=(298,),
    reproduce=_SHOW_CHAIN,
)
@each_deployment
def intermediate_expires_first(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """Even on the path that lasts longest an intermediate ends before the leaf or within the policy's window."""
    paths = [path for path in deciding_paths(deployment) if is_unbroken(path, case.as_of)]
    ends = [min(intermediates(path), key=lambda each: each.not_after, default=None) for path in paths]
    firsts = [end for end in ends if end is not None]
    if not firsts or len(firsts) < len(ends):
        return  # none is valid (TLS-CHAIN-008), or the leaf hangs directly below an anchor
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


def _blocking(deployment: CertificateDeployment, *defects: PathDefect) -> tuple[DefectAt, ...]:
    """The issuers' defects of these kinds on the first path with one; none where some path has no defect at all."""
    paths = deciding_paths(deployment)
    leaf = deployment.leaf.need()
    if any(not path.defects for path in paths):
        return ()
    for path in paths:
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
    sources=(rfc(5280, "4.2.1.9"), rfc(5280, "6.1")),
    applies=some(_has_path),
    cap=Cap.TRUST,
    cwe=(295,),
    reproduce=_VERIFY,
)
@each_deployment
def issuer_not_allowed(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """On every path an issuer lacks cA or keyCertSign, exceeds its path length, or is not understood."""
    for each in _blocking(
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
    reproduce=_VERIFY,
)
@each_deployment
def name_constraints_violated(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """On every path a name lies outside of the permitted or inside of the excluded subtrees."""
    for each in _blocking(deployment, PathDefect.NAME_CONSTRAINTS):
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
    reproduce=_VERIFY,
)
@each_deployment
def purposes_not_nested(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """On every path an intermediate's extendedKeyUsage excludes serverAuth."""
    for each in _blocking(deployment, PathDefect.EXTENDED_KEY_USAGE):
        yield Fail(printable(each.detail, 300))
