"""What can be said of a chain as sent: its order, its gaps, the paths it opens, and which trust stores accept it.

Trust, name and time are verdicts of their own, so neither names nor validity are looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tlsaudit.model.certificate import Certificate, ChainAnalysis, ChainStatus, Path, Trust
from tlsaudit.pki.constraints import NameConstraints
from tlsaudit.pki.graph import DEPTH_MAX, Graph, Route, build_graph
from tlsaudit.pki.names import shorten
from tlsaudit.pki.path import path_defects
from tlsaudit.pki.store import TrustStore

PUBLIC_STORE = "mozilla"


def analyse_chain(chain: Sequence[Certificate], stores: Mapping[str, TrustStore], deciding: str) -> ChainAnalysis:
    """Analyse the certificates that a server sent, the leaf first.

    `chain` has at least one certificate; `stores` are trust stores by name, and `deciding` is the name of the one
    whose verdict counts. All paths are considered, within bounds: DEPTH_MAX certificates, ROUTES_MAX paths,
    VERIFICATIONS_MAX signatures, COMPARISONS_MAX comparisons of names. Nothing but what was sent and the anchors is
    used.
    """
    graph = build_graph(chain, stores)
    routes = graph.routes()
    constraints = NameConstraints()
    paths = tuple(
        Path(
            certificates=route.certificates,
            anchor=route.anchor,
            stores=graph.stores[route.anchor.sha256],
            defects=path_defects(route.certificates, route.anchor, constraints),
        )
        for route in routes
        if route.anchor is not None
    )
    status = _status(chain, graph, routes)
    ends = graph.ends()
    missing = ends[-1].issuer if ends and not routes else None
    first_seen: dict[str, int] = {}
    for index, certificate in enumerate(chain):
        first_seen.setdefault(certificate.sha256, index)
    return ChainAnalysis(
        status=status,
        superfluous_root=tuple(
            index
            for index, certificate in enumerate(chain)
            if index and certificate.self_signed and certificate.sha256 in graph.stores
        ),
        unrelated=tuple(index for index, each in enumerate(chain) if each.sha256 not in graph.issuers),
        duplicates=tuple(index for index, each in enumerate(chain) if first_seen[each.sha256] != index),
        missing_issuer=missing,
        paths=paths,
        trust={name: _trust(name, graph, routes, paths, missing) for name in stores},
        deciding_store=deciding,
        public=any(PUBLIC_STORE in path.stores for path in paths),
    )


def _status(chain: Sequence[Certificate], graph: Graph, routes: Sequence[Route]) -> ChainStatus:
    leaf = chain[0]
    if leaf.self_signed and leaf.sha256 not in graph.stores:
        return ChainStatus.SELF_SIGNED
    if routes:
        in_order = any(_is_in_order(route.certificates, chain) for route in routes)
        return ChainStatus.COMPLETE if in_order else ChainStatus.MISORDERED
    ends = graph.ends()
    if graph.cut_short or (ends and ends[-1].sha256 in graph.unverifiable):
        return ChainStatus.UNKNOWN
    # Without an end there is a ring of authorities that certify each other, or a path too long to follow.
    return ChainStatus.INCOMPLETE if ends else ChainStatus.COMPLETE


def _is_in_order(way: Iterable[Certificate], chain: Sequence[Certificate]) -> bool:
    """Whether the way up meets its certificates in the order in which they were sent, others between them or not."""
    sent = iter([each.sha256 for each in chain])
    return all(certificate.sha256 in sent for certificate in way)


def _trust(store: str, graph: Graph, routes: Sequence[Route], paths: Sequence[Path], missing: str | None) -> Trust:
    leading = [path for path in paths if store in path.stores]
    sound = next((path for path in leading if not path.defects), None)
    if sound is not None:
        anchor = sound.anchor.subject
        return Trust(True, f"a path leads to the anchor '{shorten(anchor)}'", anchor)
    if leading:
        return Trust(False, leading[0].defects[0].detail, leading[0].anchor.subject)
    return Trust(False, _why_no_path(graph, routes, missing))


def _why_no_path(graph: Graph, routes: Sequence[Route], missing: str | None) -> str:
    if graph.leaf.self_signed:
        return "the certificate is self-signed and not in the store"
    if routes:
        root = routes[0].anchor or routes[0].certificates[-1]
        return f"the chain leads to '{shorten(root.subject)}', which is not in the store"
    if graph.cut_short:
        return "the chain is a labyrinth: the search for a path was cut short"
    if missing is None:
        return f"no path of at most {DEPTH_MAX} certificates leads to an anchor"
    if graph.ends()[-1].sha256 in graph.unverifiable:
        return f"the signature of the issuer '{shorten(missing)}' cannot be verified here"
    return f"the issuer '{shorten(missing)}' was not sent and is no anchor"
