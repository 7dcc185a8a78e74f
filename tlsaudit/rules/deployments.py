"""How a rule about certificates looks at every certificate deployment of an endpoint.

Such a rule is written for one deployment, or for one leaf. The decorators here run it over all of them, put the
deployment's basis into what it found and, where an endpoint has several, say which certificate is meant. A proof in
one deployment counts although another is unknown; without a proof, what is unknown leaves the rule undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps

from tlsaudit.model.certificate import Certificate, CertificateDeployment, Path
from tlsaudit.model.knowledge import Known, Undecided
from tlsaudit.model.result import Fail
from tlsaudit.rules.rule import Applies, Case, Evaluate

DeploymentCheck = Callable[[Case, CertificateDeployment], Iterable[Fail]]
LeafCheck = Callable[[Case, Certificate], Iterable[Fail]]
DeploymentTest = Callable[[Case, CertificateDeployment], bool]

_KINDS = {"rsa": "RSA", "ec": "ECDSA", "dsa": "DSA", "ed25519": "Ed25519", "ed448": "Ed448"}
_SECOND = timedelta(seconds=1)


def each_deployment(check: DeploymentCheck) -> Evaluate:
    """Run `check` on every deployment."""

    @wraps(check)
    def evaluate(case: Case) -> Iterable[Fail]:
        deployments = case.deployments()
        fails: list[Fail] = []
        unknown: Undecided | None = None
        for deployment in deployments:
            try:
                found = tuple(check(case, deployment))
            except Undecided as undecided:
                unknown = undecided
                continue
            label = which(deployment, deployments)
            fails += [replace(fail, observed=label + fail.observed, at=(deployment.basis,)) for fail in found]
        if unknown is not None and not fails:
            raise unknown
        return fails

    return evaluate


def each_leaf(check: LeafCheck) -> Evaluate:
    """Run `check` on the leaf of every deployment."""

    @wraps(check)
    def on_leaf(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
        return check(case, deployment.leaf.need())

    return each_deployment(on_leaf)


def each_public_leaf(check: LeafCheck) -> Evaluate:
    """Run `check` on the leaf of every deployment whose chain ends in a publicly trusted root."""

    @wraps(check)
    def on_public_leaf(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
        return check(case, deployment.leaf.need()) if is_public(case, deployment) else ()

    return each_deployment(on_public_leaf)


def some(test: DeploymentTest) -> Applies:
    """The rule makes sense where `test` holds for one deployment or more."""

    def applies(case: Case) -> bool:
        unknown: Undecided | None = None
        for deployment in case.deployments():
            try:
                if test(case, deployment):
                    return True
            except Undecided as undecided:
                unknown = undecided
        if unknown is not None:
            raise unknown
        return False

    return applies


def is_public(_case: Case, deployment: CertificateDeployment) -> bool:
    """Whether some path of the chain ends in a publicly trusted root."""
    return deployment.analysis.need().public


def serves_certificate(case: Case) -> bool:
    """The rule makes sense wherever a certificate is served."""
    return bool(case.deployments())


def deciding_paths(deployment: CertificateDeployment) -> tuple[Path, ...]:
    """The paths that end in an anchor of the trust store whose verdict counts."""
    analysis = deployment.analysis.need()
    return tuple(path for path in analysis.paths if analysis.deciding_store in path.stores)


def intermediates(path: Path) -> tuple[Certificate, ...]:
    """What stands between the leaf and the anchor."""
    return tuple(each for each in path.certificates[1:] if each.sha256 != path.anchor.sha256)


def lifetime(certificate: Certificate) -> timedelta:
    """The validity period; the second of notAfter belongs to it (RFC 5280 section 4.1.2.5)."""
    return certificate.not_after - certificate.not_before + _SECOND


def has_expired(certificate: Certificate, as_of: datetime) -> bool:
    """Whether notAfter has passed; its own second is still within the validity."""
    # A difference has no end, where a moment after 9999-12-31T23:59:59Z (RFC 5280 section 4.1.2.5) would.
    return as_of - certificate.not_after >= _SECOND


def listing(values: Iterable[str], most: int = 5) -> str:
    """Some of the values for a sentence, the rest as a number; what a certificate holds may be long or unprintable."""
    every = tuple(values)
    shown = ", ".join(printable(value) for value in every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most} more"


def printable(value: str, most: int = 100) -> str:
    """Text from a certificate, shortened, with control characters escaped."""
    kept = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in value[:most])
    return kept if len(value) <= most else kept + "..."


def which(deployment: CertificateDeployment, among: tuple[CertificateDeployment, ...]) -> str:
    """ "RSA certificate: " where there are several deployments, else nothing; with a fingerprint where types repeat."""
    if len(among) < 2:
        return ""
    kind = _kind(deployment)
    if sum(_kind(each) == kind for each in among) < 2:
        return f"{kind} certificate: "
    return f"{kind} certificate {_fingerprint(deployment)[:8]}: "


def _kind(deployment: CertificateDeployment) -> str:
    if not isinstance(deployment.leaf, Known):
        return "unreadable"
    key_type = deployment.leaf.value.key.type
    return _KINDS.get(key_type, key_type)


def _fingerprint(deployment: CertificateDeployment) -> str:
    if isinstance(deployment.leaf, Known):
        return deployment.leaf.value.sha256
    return deployment.unparsed[0].sha256 if deployment.unparsed else ""
