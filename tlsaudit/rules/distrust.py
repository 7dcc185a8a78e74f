"""TLS-CHAIN-014: authorities whose new certificates a browser no longer accepts.

Distrust begins with a day: what was issued later is refused, what is older goes on until it expires. Chrome goes by the
timestamps in the certificate, Mozilla by its notBefore.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tlsaudit.data.distrusted import EndOfTrust, ends_of_trust
from tlsaudit.model.certificate import Certificate, CertificateDeployment, Path
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.commands import SHOW_CHAIN
from tlsaudit.rules.deployments import each_deployment, is_public, printable, some
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import cheat_sheet

_PUBLIC = "mozilla"
_CHROME = "Chrome"


def _issued(leaf: Certificate, program: str) -> datetime:
    """When the certificate was issued, as the program sees it."""
    if program == _CHROME and leaf.scts:
        return min(each.at for each in leaf.scts)
    return leaf.not_before


def _refusals(leaf: Certificate, path: Path) -> dict[str, EndOfTrust]:
    """The programs that accept no certificate of this age on the path, with the root that is the reason."""
    roots = (path.anchor, *path.certificates[1:])
    ends = (end for root in roots for end in ends_of_trust(root.sha256))
    return {end.program: end for end in ends if _issued(leaf, end.program) > end.after}


@rule(
    "TLS-CHAIN-014",
    title="Distrusted authority",
    severity=Severity.HIGH,
    expected="an authority whose new certificates all root programs accept",
    why="That browser refuses the connection: for its users the certificate is as good as none.",
    remedy="Have the certificate issued by another CA, or below another root of this one.",
    sources=(
        Source("Chrome Root Store, sct_not_after, in Chromium 156"),
        Source("Mozilla's roots, CKA_NSS_SERVER_DISTRUST_AFTER, in NSS 3.132"),
        cheat_sheet("Use an Appropriate Certification Authority for the Application's User Base"),
    ),
    applies=some(is_public),
    cap=Cap.TRUST,
    cwe=(295,),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def distrusted(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """A program refuses every path to a public root, since the certificate is younger than its end of trust."""
    leaf = deployment.leaf.need()
    paths = [path for path in deployment.analysis.need().paths if _PUBLIC in path.stores]
    refused = [_refusals(leaf, path) for path in paths]
    for program in sorted(set().union(*refused)):
        if all(program in each for each in refused):
            end = next(each[program] for each in refused)
            issued = _issued(leaf, program)
            yield Fail(
                f"{program} accepts certificates below {printable(end.name)} up to {end.after:%Y-%m-%d}, "
                f"and this one is of {issued:%Y-%m-%d}"
            )


RULES: tuple[Rule, ...] = (distrusted,)
