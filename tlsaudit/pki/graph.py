"""Who certified whom: the certificates of one chain and the anchors above them, joined by verified signatures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tlsaudit.model.certificate import Certificate
from tlsaudit.pki.names import NormalisedName, normalise
from tlsaudit.pki.outline import outline
from tlsaudit.pki.signatures import verify_issued
from tlsaudit.pki.store import TrustStore

VERIFICATIONS_MAX = 200
"""Signatures that are verified for one chain; a server that sends a labyrinth gets no more."""
DEPTH_MAX = 10
"""Certificates below the anchor in one path."""
ROUTES_MAX = 32
_STEPS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Route:
    """A way up from the leaf that ends in an anchor, or, where `anchor` is None, in a root that is none."""

    certificates: tuple[Certificate, ...]
    anchor: Certificate | None


@dataclass(frozen=True, slots=True)
class Graph:
    """What certifies what, by SHA-256; only what can be reached from the leaf is in it.

    `issuers` has an entry for each certificate that was sent and reached, in the order of their distance from the
    leaf. `stores` names the trust stores of each anchor. `unverifiable` are certificates with an issuer by name
    whose signature cannot be verified here. `cut_short`: VERIFICATIONS_MAX was reached.
    """

    leaf: Certificate
    sent: Mapping[str, Certificate]
    issuers: Mapping[str, tuple[Certificate, ...]]
    stores: Mapping[str, frozenset[str]]
    unverifiable: frozenset[str]
    cut_short: bool

    def ends(self) -> tuple[Certificate, ...]:
        """What was reached and leads nowhere, nearest first: no anchor, not self-signed, no issuer found."""
        return tuple(
            certificate
            for certificate in (self.sent[each] for each, above in self.issuers.items() if not above)
            if not certificate.self_signed and certificate.sha256 not in self.stores
        )

    def routes(self) -> tuple[Route, ...]:
        """Ways up from the leaf, the shortest first, at most ROUTES_MAX of them."""
        found: list[Route] = []
        for route in self._walk():
            found.append(route)
            if len(found) == ROUTES_MAX:
                break
        return tuple(found)

    def _walk(self) -> Iterator[Route]:
        partial: deque[tuple[Certificate, ...]] = deque([(self.leaf,)])
        for _ in range(_STEPS_MAX):
            if not partial:
                return
            way = partial.popleft()
            last = way[-1]
            if last.sha256 in self.stores:
                yield Route(way, last)
            elif last.self_signed:
                yield Route(way, None)
            for issuer in self.issuers[last.sha256]:
                if any(_is_same_entity(issuer, each) for each in way):
                    continue
                if issuer.sha256 not in self.sent:
                    yield Route(way, issuer)
                elif len(way) < DEPTH_MAX:
                    partial.append((*way, issuer))


@dataclass(slots=True)
class _Builder:
    stores: Mapping[str, TrustStore]
    sent: Mapping[str, Certificate]
    by_subject: dict[NormalisedName, list[Certificate]] = field(default_factory=dict)
    anchors: dict[NormalisedName, dict[str, Certificate]] = field(default_factory=dict)
    stores_of: dict[str, frozenset[str]] = field(default_factory=dict)
    unverifiable: set[str] = field(default_factory=set)
    verified: dict[tuple[str, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for certificate in self.sent.values():
            self.by_subject.setdefault(normalise(certificate.subject_der), []).append(certificate)
            self._note_stores(certificate)

    def issuers(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """Whatever bears the issuer's name and key; the likeliest is tried first."""
        if certificate.self_signed:
            return ()
        name = normalise(certificate.issuer_der)
        candidates = {**self._anchors(name), **{each.sha256: each for each in self.by_subject.get(name, ())}}
        candidates.pop(certificate.sha256, None)
        if certificate.self_issued:
            # Asked so that a root whose own signature cannot be verified here is not taken for one with no issuer.
            self._certifies(certificate, certificate)
        likely = sorted(candidates.values(), key=lambda each: not _key_ids_agree(certificate, each))
        return tuple(each for each in likely if self._certifies(each, certificate))

    def _anchors(self, name: NormalisedName) -> Mapping[str, Certificate]:
        if name not in self.anchors:
            found = {each.sha256: each for store in self.stores.values() for each in store.issuers(name)}
            for each in found.values():
                self._note_stores(each)
            self.anchors[name] = found
        return self.anchors[name]

    def _note_stores(self, certificate: Certificate) -> None:
        holding = frozenset(name for name, store in self.stores.items() if certificate in store)
        if holding:
            self.stores_of[certificate.sha256] = holding

    def _certifies(self, issuer: Certificate, certificate: Certificate) -> bool:
        """Whether the issuer's key made the signature; asked once for each key, however many certificates bear it."""
        question = (issuer.spki_sha256, certificate.sha256)
        if question not in self.verified:
            if len(self.verified) >= VERIFICATIONS_MAX:
                return False
            verdict = verify_issued(outline(certificate.der), outline(issuer.der).spki)
            if verdict is None:
                self.unverifiable.add(certificate.sha256)
            self.verified[question] = verdict is True
        return self.verified[question]


def build_graph(chain: Sequence[Certificate], stores: Mapping[str, TrustStore]) -> Graph:
    """Join the first certificate of the chain with all that was sent and with the anchors of the stores."""
    builder = _Builder(stores, {certificate.sha256: certificate for certificate in chain})
    issuers: dict[str, tuple[Certificate, ...]] = {}
    waiting = deque([chain[0]])
    while waiting:
        certificate = waiting.popleft()
        if certificate.sha256 in issuers:
            continue
        issuers[certificate.sha256] = builder.issuers(certificate)
        waiting += [each for each in issuers[certificate.sha256] if each.sha256 in builder.sent]
    return Graph(
        leaf=chain[0],
        sent=builder.sent,
        issuers=issuers,
        stores=builder.stores_of,
        unverifiable=frozenset(builder.unverifiable),
        cut_short=len(builder.verified) >= VERIFICATIONS_MAX,
    )


def certifies(issuer: Certificate, certificate: Certificate) -> bool:
    """Whether `issuer` bears the issuer's name of `certificate` and its key made the signature."""
    return (
        normalise(issuer.subject_der) == normalise(certificate.issuer_der)
        and verify_issued(outline(certificate.der), outline(issuer.der).spki) is True
    )


def _is_same_entity(one: Certificate, other: Certificate) -> bool:
    return one.spki_sha256 == other.spki_sha256 and one.subject_der == other.subject_der


def _key_ids_agree(certificate: Certificate, issuer: Certificate) -> bool:
    return certificate.authority_key_id is None or certificate.authority_key_id == issuer.subject_key_id
