"""Rules on the chain as sent and the verdicts of the trust stores: TLS-CHAIN-001 to 018.

Those on the paths that lead to an anchor (008 to 013) are in `chain_paths`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from tlsaudit.model.certificate import (
    CertificateDeployment,
    ChainStatus,
)
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.chain_paths import (
    expired_extra,
    intermediate_expired,
    intermediate_expires_first,
    issuer_not_allowed,
    name_constraints_violated,
    purposes_not_nested,
)
from tlsaudit.rules.commands import SHOW_CHAIN, VERIFY
from tlsaudit.rules.deployments import (
    deciding_paths,
    each_deployment,
    has_expired,
    intermediates,
    listing,
    printable,
    serves_certificate,
    some,
    which,
)
from tlsaudit.rules.paths import is_unbroken
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, asvs4, cheat_sheet, pci, rfc, wstg

_RIGHT_CA = cheat_sheet("Use an Appropriate Certification Authority for the Application's User Base")
_REBUILD = "Build the file again from the CA's bundle: the server's certificate first, then each issuer, no root."


@rule(
    "TLS-CHAIN-001",
    title="Untrusted chain",
    severity=Severity.CRITICAL,
    enforces=("chain/trusted",),
    expected="a chain that ends in an anchor of the trust store",
    why="Clients refuse the connection; those that go on cannot tell this server from an impostor.",
    remedy="Use a certificate of a CA that the clients trust; for a private CA audit with --ca-file and its root.",
    sources=(asvs("12.2.2 (L1)"), asvs("12.3.4 (L2)"), asvs4("9.2.1"), wstg(), _RIGHT_CA),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cause="TRUST",
    cwe=(295,),
    reproduce=VERIFY,
)
@each_deployment
def untrusted(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """No path leads to an anchor of the trust store that decides."""
    if deciding_paths(deployment):
        return
    analysis = deployment.analysis.need()
    verdict = analysis.trust.get(analysis.deciding_store)
    reason = f": {verdict.reason}" if verdict is not None and verdict.reason else ""
    yield Fail(f'no path to an anchor of the trust store "{analysis.deciding_store}"{reason}')


@rule(
    "TLS-CHAIN-002",
    title="Self-signed certificate",
    severity=Severity.CRITICAL,
    enforces=("chain/of-an-authority",),
    expected="a certificate issued by a CA that clients trust",
    why="Anyone can make one like it, so clients cannot tell this server from an impostor.",
    remedy="Have a certificate issued by a CA; a public one for free by ACME, or the organisation's own.",
    sources=(asvs("12.3.4 (L2)"), asvs4("9.2.1"), pci("4.2.1"), Source("SSL Labs Server Rating Guide 2009k")),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cause="TRUST",
    cwe=(295,),
    reproduce=VERIFY,
)
@each_deployment
def self_signed(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The leaf signed itself, and the trust store that decides does not hold it."""
    leaf = deployment.leaf.need()
    if leaf.self_signed and not deciding_paths(deployment):
        yield Fail(f"issued by itself: {printable(leaf.subject) or 'empty subject'}")


@rule(
    "TLS-CHAIN-003",
    title="Incomplete chain",
    severity=Severity.MEDIUM,
    expected="every certificate up to the trust anchor, which itself may be left out",
    why="Browsers fetch or remember what is missing; programs do not, so the service fails for them only.",
    remedy=(
        "Append the CA's intermediate certificates to the server's certificate file. If what is missing is a root of "
        "your own, give it to the audit (--ca-file)."
    ),
    sources=(rfc(9846, "4.5.1"), Source("SSL Labs Server Rating Guide 2009i"), _RIGHT_CA),
    applies=serves_certificate,
    cap=Cap.B,
    cause="TRUST",
    cwe=(295,),
    enforces=("chain/complete",),
    reproduce=VERIFY,
)
@each_deployment
def incomplete(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The issuer of the last certificate was not sent and is no anchor."""
    analysis = deployment.analysis.need()
    if analysis.status is ChainStatus.INCOMPLETE:
        missing = printable(analysis.missing_issuer) if analysis.missing_issuer else "a certificate"
        yield Fail(f"{_certificates(len(deployment.chain))} sent; neither sent nor a known anchor: {missing}")


def _certificates(count: int) -> str:
    return "1 certificate" if count == 1 else f"{count} certificates"


@rule(
    "TLS-CHAIN-004",
    title="Chain in the wrong order",
    severity=Severity.LOW,
    expected="each certificate certified by the next one",
    why="Many clients sort the chain, but before TLS 1.3 they need not, and some refuse.",
    remedy=_REBUILD,
    sources=(rfc(9846, "4.5.1"),),
    applies=serves_certificate,
    reproduce=SHOW_CHAIN,
)
@each_deployment
def misordered(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """A path exists, and the certificates do not come in its order."""
    if deployment.analysis.need().status is not ChainStatus.MISORDERED:
        return
    order = listing((each.subject or "empty subject" for each in deployment.chain), most=6)
    sortable = ProtocolVersion.TLS_1_3 in deployment.versions
    yield Fail(f"sent in this order: {order}", severity=None if sortable else Severity.MEDIUM)


@rule(
    "TLS-CHAIN-005",
    title="First certificate is not the server's",
    severity=Severity.HIGH,
    expected="the server's own certificate first",
    why="Clients verify the handshake with the first certificate's key; it does not fit, so they abort.",
    remedy=_REBUILD,
    sources=(rfc(9846, "4.5.1"),),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cwe=(295,),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def leaf_not_first(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The key of the first certificate does not verify the handshake's signature."""
    if not deployment.leaf_signs.need():
        subject = printable(deployment.leaf.need().subject) or "empty subject"
        yield Fail(f"the handshake is not signed by the key of the first certificate ({subject})")


@rule(
    "TLS-CHAIN-006",
    title="Root certificate sent",
    severity=Severity.INFO,
    expected="no root: clients use the one they have",
    why="It costs bytes in every handshake and convinces nobody.",
    remedy="Remove the root from the file.",
    sources=(rfc(9846, "4.5.1"),),
    applies=serves_certificate,
    reproduce=SHOW_CHAIN,
)
@each_deployment
def root_sent(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """A self-signed anchor is part of the chain."""
    roots = _at(deployment, deployment.analysis.need().superfluous_root)
    if roots:
        yield Fail(f"root sent: {roots}")


def _at(deployment: CertificateDeployment, indices: Iterable[int]) -> str:
    return listing(deployment.chain[index].subject or "empty subject" for index in indices)


@rule(
    "TLS-CHAIN-007",
    title="Unrelated or repeated certificates sent",
    severity=Severity.LOW,
    expected="only certificates that lead from the server's to an anchor, once each",
    why="They cost bytes in every handshake, and clients that insist on order stumble over them.",
    remedy=_REBUILD,
    sources=(rfc(9846, "4.5.1"), rfc(9325, "3.3.1")),
    applies=serves_certificate,
    reproduce=SHOW_CHAIN,
)
@each_deployment
def unrelated(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """A certificate that no path uses, or one that is there twice."""
    analysis = deployment.analysis.need()
    if analysis.unrelated:
        yield Fail(f"leads nowhere: {_at(deployment, analysis.unrelated)}")
    if analysis.duplicates:
        yield Fail(f"sent again: {_at(deployment, analysis.duplicates)}")


def _knows_both_stores(_case: Case, deployment: CertificateDeployment) -> bool:
    return {"mozilla", "system"} <= deployment.analysis.need().trust.keys()


@rule(
    "TLS-CHAIN-015",
    title="Trusted by some clients only",
    severity=Severity.MEDIUM,
    expected="the same verdict of Mozilla's and of this machine's trust store",
    why="It works on one machine and fails on the next, which is hard to find out.",
    remedy="Use a CA that all clients trust, or a chain with a cross-signed intermediate.",
    sources=(_RIGHT_CA,),
    applies=some(_knows_both_stores),
    reproduce=VERIFY,
)
@each_deployment
def stores_differ(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The verdicts of the stores "mozilla" and "system" differ."""
    if not _knows_both_stores(case, deployment):
        return
    trust = deployment.analysis.need().trust
    if trust["mozilla"].trusted != trust["system"].trusted:
        good, bad = ("mozilla", "system") if trust["mozilla"].trusted else ("system", "mozilla")
        yield Fail(f'trusted by the store "{good}", not by "{bad}" ({printable(trust[bad].reason)})')


def _has_several(case: Case) -> bool:
    return len(case.deployments()) > 1


@rule(
    "TLS-CHAIN-017",
    title="Only some of the server's certificates work",
    severity=Severity.HIGH,
    reads=("clock_tolerance_seconds",),
    expected="every certificate of the server trusted, complete and within its validity",
    why="Which certificate a client meets depends on its algorithms: some clients fail, and a quick test sees nothing.",
    remedy="Renew and install both certificates together, each with its own chain.",
    sources=(Source("NIST SP 800-52r2 section 3.2", verified=False),),
    applies=_has_several,
    cause="TRUST",
    cwe=(295,),
    reproduce=VERIFY,
)
def only_some_work(case: Case) -> Iterable[Fail]:
    """Of several deployments one fails by trust, chain or time, while another passes all three."""
    deployments = case.deployments()
    faults = [(each, _fault(case, each)) for each in deployments]
    if all(fault for _, fault in faults):
        return
    for deployment, fault in faults:
        if fault:
            label = which(deployment, deployments)
            yield Fail(f"{label}{fault}; another certificate of this server is sound", at=(deployment.basis,))


def _fault(case: Case, deployment: CertificateDeployment) -> str | None:
    """What keeps a client from accepting this certificate, its name apart; None: nothing does."""
    leaf = deployment.leaf.need()
    analysis = deployment.analysis.need()
    if has_expired(leaf, case.as_of):
        return f"expired on {leaf.not_after.date()}"
    tolerance = timedelta(seconds=case.limits.clock_tolerance_seconds)
    if leaf.not_before - case.as_of > tolerance:
        return f"valid only from {leaf.not_before.date()}"
    if analysis.status is ChainStatus.INCOMPLETE:
        return "chain incomplete"
    paths = deciding_paths(deployment)
    if not paths:
        return "not trusted"
    if not any(is_unbroken(path, case.as_of) and not path.defects for path in paths):
        return "no valid path to the anchor"
    return None


@rule(
    "TLS-CHAIN-018",
    title="Oversized chain",
    severity=Severity.INFO,
    reads=("certificate_message_bytes_max", "path_depth_max"),
    expected="a short chain that fits into few packets",
    why="A long certificate message costs further round trips in every full handshake.",
    remedy="Remove what clients do not need, shorten the list of names, or choose a shorter chain of the CA.",
    sources=(rfc(9325, "3.3.1"),),
    applies=serves_certificate,
    reproduce=SHOW_CHAIN,
)
@each_deployment
def oversized(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """More bytes, or more certificates from the leaf to the anchor on the shortest path, than the policy wants."""
    most = case.limits.certificate_message_bytes_max
    if deployment.message_bytes > most:
        yield Fail(f"certificate message of {deployment.message_bytes} bytes", expected=f"at most {most} bytes")
    depths = [len(intermediates(path)) + 2 for path in deciding_paths(deployment) if path.certificates]
    if depths and min(depths) > case.limits.path_depth_max:
        yield Fail(
            f"{min(depths)} certificates from the server's to the anchor",
            expected=f"at most {case.limits.path_depth_max}",
        )


RULES: tuple[Rule, ...] = (
    untrusted,
    self_signed,
    incomplete,
    misordered,
    leaf_not_first,
    root_sent,
    unrelated,
    intermediate_expired,
    expired_extra,
    intermediate_expires_first,
    issuer_not_allowed,
    name_constraints_violated,
    purposes_not_nested,
    stores_differ,
    only_some_work,
    oversized,
)
