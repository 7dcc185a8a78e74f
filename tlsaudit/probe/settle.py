"""What all connections of a run say together of client authentication.

One connection decides for its version only while no other contradicts it: back ends behind one address differ, and a
client without a certificate that was served once may be served again. So a contradiction makes a requirement unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tlsaudit.model.facts import ClientAuthAt, ClientAuthMode, TrialKind, When
from tlsaudit.model.knowledge import Basis, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.client_auth import served
from tlsaudit.probe.notes import Notes
from tlsaudit.wire import CertificateMessage, CertificateRequest, ServerHelloDone


def settled(notes: Notes) -> dict[ProtocolVersion, ClientAuthAt]:
    """Client authentication at each version for `GET /`, where no two connections contradict each other.

    Where some do at one version, it is not known to be required at any.
    """
    doubts = {version: why for version in notes.client_auth if (why := _contradiction(notes, version))}
    if not doubts:
        return dict(notes.client_auth)
    first = next(iter(doubts.values()))
    return {
        version: _without_mode(at, doubts.get(version, first)) if version in doubts or _requires(at) else at
        for version, at in notes.client_auth.items()
    }


def _without_mode(at: ClientAuthAt, why: str) -> ClientAuthAt:
    return replace(at, mode=Unknown(Why.UNSTABLE, why), enforced_by=None, evidence="", served=None)


def _requires(at: ClientAuthAt) -> bool:
    return isinstance(at.mode, Known) and at.mode.value is ClientAuthMode.REQUIRED


def _contradiction(notes: Notes, version: ProtocolVersion) -> str:
    """In what two connections at this version contradict each other; "" where none do."""
    seen = dict(_requests(notes, version))
    if len(seen) > 1:
        asked, other = seen[True].at, seen[False].at
        return f"at {version} a client certificate is asked for in one connection ({asked}), not in another ({other})"
    entry = notes.client_auth[version]
    if entry.when is When.LATE or not isinstance(entry.mode, Known):
        return ""
    in_spite = (each for each in notes.strangers.get(version, ()) if each.alert is None and served(each))
    exchange = next(in_spite, None)
    if _requires(entry) and exchange is not None:
        return _apart(version, refused=entry.mode.basis, admitted=exchange.basis)
    trial = notes.trials.get(TrialKind.NONE)
    fact = trial.at.get(version) if trial is not None and trial.path == "/" else None
    if isinstance(fact, Known) and fact.value.admitted is _requires(entry):
        pair = (fact.basis, entry.mode.basis) if fact.value.admitted else (entry.mode.basis, fact.basis)
        return _apart(version, admitted=pair[0], refused=pair[1])
    return ""


def _apart(version: ProtocolVersion, *, admitted: Basis, refused: Basis) -> str:
    return f"at {version} a client without a certificate is refused ({refused.at}), and served ({admitted.at})"


def _requests(notes: Notes, version: ProtocolVersion) -> Iterator[tuple[bool, Basis]]:
    """Whether each handshake at this version asked for a certificate; anonymous suites never do."""
    for answer in notes.answers():
        authenticated = answer.first(CertificateMessage) is not None and answer.first(ServerHelloDone) is not None
        if answer.version is version and authenticated:
            yield answer.first(CertificateRequest) is not None, answer.basis
    if version is ProtocolVersion.TLS_1_3 and notes.tls13 is not None:
        for each in notes.tls13.handshakes:
            if each.complete:
                yield each.certificate_request is not None, each.basis
    for exchange in notes.strangers.get(version, ()):
        if exchange.established or exchange.certificate_requested:
            yield exchange.certificate_requested and not exchange.requested_late, exchange.basis
