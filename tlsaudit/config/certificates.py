"""Certificates before they are deployed: the files that a configuration names, as the deployments of its listener."""

from __future__ import annotations

from collections.abc import Sequence

from tlsaudit.config.found import Anchors
from tlsaudit.config.pem import Bundle
from tlsaudit.model.certificate import Certificate, CertificateDeployment, NameMatch, Staple
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.pki import analyse_chain, match_name

_NO_NAME = Unknown(Why.NOT_ASKED, "the listener is for no name in particular")
_ENTRY_OCTETS = 3


def deployment(
    bundle: Bundle,
    basis: Basis,
    *,
    names: Sequence[str],
    versions: Sequence[ProtocolVersion],
    staple: Fact[Staple | None],
    anchors: Anchors,
) -> CertificateDeployment:
    """One chain as it will be sent; `names` are those that clients will ask for."""
    chain = bundle.certificates
    length = _ENTRY_OCTETS + sum(_ENTRY_OCTETS + len(each.der) for each in chain)
    bad = next((each for each in bundle.unparsed if each.index == 0), None)
    if bad is not None or not chain:
        problem = bad.error if bad is not None else "no certificate in the file"
        unknown = Unknown(Why.UNSUPPORTED, f"the certificate cannot be read: {problem}")
        return CertificateDeployment(
            leaf=unknown,
            chain=chain,
            unparsed=bundle.unparsed,
            analysis=unknown,
            name=unknown,
            staple=unknown,
            leaf_signs=NOT_ASKED,
            versions=tuple(versions),
            message_bytes=length,
            basis=basis,
        )
    derived = Basis(Origin.DERIVED, basis.at)
    return CertificateDeployment(
        leaf=Known(chain[0], basis),
        chain=chain,
        unparsed=bundle.unparsed,
        analysis=Known(analyse_chain(chain, anchors.stores, anchors.deciding), derived),
        name=Known(_match(names, chain[0]), derived) if names else _NO_NAME,
        staple=staple,
        leaf_signs=NOT_ASKED,
        versions=tuple(versions),
        message_bytes=length,
        basis=basis,
    )


def unread_deployment(unknown: Unknown, basis: Basis, versions: Sequence[ProtocolVersion]) -> CertificateDeployment:
    """A chain that could not be read, and so is there without anything being known of it."""
    return CertificateDeployment(
        leaf=unknown,
        chain=(),
        unparsed=(),
        analysis=unknown,
        name=unknown,
        staple=unknown,
        leaf_signs=unknown,
        versions=tuple(versions),
        message_bytes=0,
        basis=basis,
    )


def _match(names: Sequence[str], leaf: Certificate) -> NameMatch:
    """The first name that the certificate does not cover, else the first of all."""
    matches = [match_name(each, leaf) for each in names]
    return next((each for each in matches if not each.matches), matches[0])
