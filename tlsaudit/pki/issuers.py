"""Who issued what: the certificates of all paths with an issuer that signed them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlsaudit.model.certificate import Certificate, Path
from tlsaudit.pki.graph import certifies

_CANDIDATES_MAX = 8

Issued = tuple[Certificate, Certificate]
"""A certificate and one that holds the key which signed it."""


def issued(chain: Sequence[Certificate], paths: Iterable[Path]) -> tuple[Issued, ...]:
    """Every certificate below the anchors with its issuer, the leaf first; roots have none.

    Where no path leads to an anchor, the leaf alone, if its issuer was sent.
    """
    found: dict[str, Issued] = {}
    for path in paths:
        for certificate, issuer in zip(path.certificates, (*path.certificates[1:], path.anchor), strict=True):
            if certificate.sha256 != issuer.sha256:
                found.setdefault(certificate.sha256, (certificate, issuer))
    leaf = chain[0]
    if leaf.sha256 not in found and not leaf.self_signed:
        above = next((each for each in chain[1 : _CANDIDATES_MAX + 1] if certifies(each, leaf)), None)
        if above is not None:
            found[leaf.sha256] = (leaf, above)
    return tuple(found.values())
