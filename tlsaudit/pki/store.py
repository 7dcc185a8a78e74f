"""Trust stores: named sets of trust anchors."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from tlsaudit.model.certificate import Certificate
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki.certificate import parse_certificate
from tlsaudit.pki.names import NormalisedName, normalise
from tlsaudit.pki.outline import outline


class TrustStore:
    """A named set of trust anchors, found by the subject that certificates name as their issuer.

    Making one of all public roots costs a few milliseconds: members are only taken apart, and read when they are
    asked for. `skipped` counts members that are no certificates.
    """

    def __init__(self, name: str, certificates: Iterable[Certificate] = ()) -> None:
        self.name = name
        self.skipped = 0
        self._by_subject: dict[NormalisedName, list[bytes]] = {}
        self._fingerprints: set[str] = set()
        for certificate in certificates:
            self._add(certificate.der)

    @classmethod
    def from_ders(cls, name: str, ders: Iterable[bytes]) -> TrustStore:
        """A store of DER certificates; what cannot be taken apart is skipped and counted."""
        store = cls(name)
        for each in ders:
            store._add(each)
        return store

    def __len__(self) -> int:
        return len(self._fingerprints)

    def __contains__(self, certificate: Certificate) -> bool:
        """Whether this very certificate is an anchor."""
        return certificate.sha256 in self._fingerprints

    def issuers(self, name: NormalisedName) -> tuple[Certificate, ...]:
        """The anchors with this subject; one whose inside turns out to be broken is none."""
        found = []
        for each in self._by_subject.get(name, ()):
            try:
                found.append(parse_certificate(each))
            except DecodeError:
                continue
        return tuple(found)

    def _add(self, certificate: bytes) -> None:
        fingerprint = sha256(certificate).hexdigest()
        if fingerprint in self._fingerprints:
            return
        try:
            subject = normalise(outline(certificate).subject)
        except DecodeError:
            self.skipped += 1
            return
        self._fingerprints.add(fingerprint)
        self._by_subject.setdefault(subject, []).append(certificate)
