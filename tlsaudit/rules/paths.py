"""Which of the paths to a trust anchor a rule has to look at: what is wrong with a path, and which are the best.

A client needs one valid path, so a fault counts only where no path is free of faults. Then those of the paths nearest
to valid count: mending one of them mends the chain.

Trust, name and time are judged apart: a path exists whether or not its certificates are within their validity. The
anchor's counts as well: some clients do not look at it, but OpenSSL and Go refuse an expired one. A defect of the leaf
itself is no fault of a path: it is the same on all of them and has a rule of its own.
"""

from __future__ import annotations

from datetime import datetime

from tlsaudit.model.certificate import Certificate, CertificateDeployment, Path
from tlsaudit.rules.deployments import deciding_paths, has_expired, intermediates

_OUT_OF_TIME = "out_of_time"


def is_valid_now(certificate: Certificate, as_of: datetime) -> bool:
    """Whether this moment is within the validity."""
    return certificate.not_before <= as_of and not has_expired(certificate, as_of)


def issuers(path: Path) -> tuple[Certificate, ...]:
    """What stands above the leaf, the anchor included."""
    return (*intermediates(path), path.anchor) if path.anchor.sha256 != path.certificates[0].sha256 else ()


def is_unbroken(path: Path, as_of: datetime) -> bool:
    """Whether everything above the leaf is within its validity."""
    return all(is_valid_now(each, as_of) for each in issuers(path))


def best_paths(deployment: CertificateDeployment, as_of: datetime) -> tuple[Path, ...]:
    """The deciding paths with the fewest kinds of fault: the valid ones or, where none is, those nearest to it."""
    paths = [(len(_faults(deployment, path, as_of)), path) for path in deciding_paths(deployment)]
    fewest = min((count for count, _ in paths), default=0)
    return tuple(path for count, path in paths if count == fewest)


def valid_paths(deployment: CertificateDeployment, as_of: datetime) -> tuple[Path, ...]:
    """The deciding paths without any fault."""
    return tuple(path for path in deciding_paths(deployment) if not _faults(deployment, path, as_of))


def _faults(deployment: CertificateDeployment, path: Path, as_of: datetime) -> frozenset[str]:
    """The kinds of fault of a path, each once: the defects of its issuers, and that something is out of its time."""
    leaf = deployment.leaf.need()
    kinds = {each.defect.value for each in path.defects if each.sha256 != leaf.sha256}
    return frozenset(kinds if is_unbroken(path, as_of) else {*kinds, _OUT_OF_TIME})
