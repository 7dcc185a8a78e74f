"""Why a path whose signatures all verify may still be no valid path (RFC 5280 section 6.1), time and target apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlsaudit.model.certificate import Certificate, DefectAt, PathDefect
from tlsaudit.pki.constraints import NameConstraints
from tlsaudit.pki.names import shorten

_PURPOSES = frozenset({"serverAuth", "anyExtendedKeyUsage"})


def path_defects(
    below: Sequence[Certificate], anchor: Certificate, constraints: NameConstraints
) -> tuple[DefectAt, ...]:
    """The defects of the path from the leaf, `below[0]`, up to `anchor`; `below` may end in the anchor itself.

    `constraints` remembers what it compared; it is one for all paths of a chain.

    The anchor is held to its own extensions like any issuer, as OpenSSL, Go and the browsers do, except that it need
    not have any: an anchor of version 1 is one.
    """
    path = tuple(below) if below[-1].sha256 == anchor.sha256 else (*below, anchor)
    return tuple(
        defect
        for height, certificate in enumerate(path)
        for defect in (
            *_unknown_critical(certificate, is_anchor=certificate is path[-1]),
            *(_as_issuer(path, height, constraints) if height else ()),
        )
    )


def _unknown_critical(certificate: Certificate, *, is_anchor: bool) -> Iterator[DefectAt]:
    if certificate.unknown_critical and not is_anchor:
        listed = shorten(", ".join(certificate.unknown_critical))
        detail = f"'{shorten(certificate.subject)}' has a critical extension that is not understood: {listed}"
        yield DefectAt(PathDefect.UNKNOWN_CRITICAL, certificate.sha256, detail)


def _as_issuer(path: Sequence[Certificate], height: int, constraints: NameConstraints) -> Iterator[DefectAt]:
    issuer, is_anchor = path[height], height == len(path) - 1

    def defect(kind: PathDefect, detail: str) -> DefectAt:
        return DefectAt(kind, issuer.sha256, f"the issuer '{shorten(issuer.subject)}' {detail}")

    if not issuer.is_ca and not (is_anchor and issuer.is_ca is None):
        yield defect(PathDefect.NOT_A_CA, "is no CA")
    if issuer.key_usage is not None and "keyCertSign" not in issuer.key_usage:
        yield defect(PathDefect.NO_CERT_SIGN, "may not sign certificates: its keyUsage lacks keyCertSign")
    intermediates = sum(not each.self_issued for each in path[1:height])
    if issuer.path_length is not None and intermediates > issuer.path_length:
        limit = f"allows {issuer.path_length} intermediate CAs below it and has {intermediates}"
        yield defect(PathDefect.PATH_LENGTH, limit)
    if issuer.extended_key_usage is not None and not _PURPOSES.intersection(issuer.extended_key_usage):
        yield defect(PathDefect.EXTENDED_KEY_USAGE, "is limited to purposes other than serverAuth")
    for depth, certificate in enumerate(path[:height]):
        # Self-issued certificates are spared, so that an authority can roll its key over; the leaf never is.
        broken = None if certificate.self_issued and depth else constraints.violation(issuer, certificate)
        if broken is not None:
            yield defect(PathDefect.NAME_CONSTRAINTS, f"has name constraints that do not allow what is below: {broken}")
