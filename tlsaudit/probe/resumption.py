"""Whether a session without a client certificate, made elsewhere, is resumed into what needs one (CVE-2025-23419).

Where a certificate is required, a stranger first gets a session: without a server name, with another name of the
certificate, or for the very same name where only the application refuses. That session is then offered under the
protected name. A server that takes it up asks for no certificate any more (RFC 8446 section 4.3.2).
"""

from __future__ import annotations

from collections.abc import Iterator

from tlsaudit.model.facts import ClientAuthAt, ClientAuthMode, Layer, When
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.probe import client_auth
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.get import get
from tlsaudit.probe.notes import Notes

SAME_NAME = "for the same name"
_RESUMABLE = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)


async def ask_resumption(dialogue: Dialogue, notes: Notes, target: Target, others: dict[str, Target]) -> None:
    """At every version that requires a certificate in the handshake; `others` are the names beside the target's."""
    for version in _RESUMABLE:
        entry = notes.client_auth.get(version)
        if entry is not None and _requires(entry):
            notes.resumed[version] = await _from_anywhere(dialogue, notes, target, version, others)


async def _from_anywhere(
    dialogue: Dialogue, notes: Notes, target: Target, version: ProtocolVersion, others: dict[str, Target]
) -> Fact[str | None]:
    """The first way that leads in; None where each that there is was tried and none does."""
    found: Fact[str | None] = Known(None, _basis(notes.client_auth[version]))
    for where, other in _open_to_strangers(notes, target, version, others):
        alpn = notes.contact.shape.alpn
        first = await get(dialogue, alpn, other, version, whose=f"a session made {where}")
        if not first.established or first.session is None:
            continue
        whose = f"resuming a session made {where}"
        answer = await get(dialogue, alpn, target, version, whose=whose, session=first.session)
        if not answer.resumed:
            notes.strangers.setdefault(version, []).append(answer)
        outcome = _outcome(answer, where)
        if isinstance(outcome, Known) and outcome.value is not None:
            return outcome
        found = outcome if isinstance(found, Known) else found
    return found


def _open_to_strangers(
    notes: Notes, target: Target, version: ProtocolVersion, others: dict[str, Target]
) -> Iterator[tuple[str, Target]]:
    if notes.client_auth[version].enforced_by is Layer.APPLICATION:
        yield SAME_NAME, target
    for where, other in others.items():
        entry = notes.elsewhere.get(where, {}).get(version)
        if entry is not None and not (_requires(entry) and entry.enforced_by is Layer.TLS):
            yield where, other


def _outcome(answer: Exchange, where: str) -> Fact[str | None]:
    if not answer.established and answer.alert is None:
        return Unknown(Why.NO_ANSWER, answer.problem or "the resumption was not answered")
    if not answer.resumed:
        return Known(None, answer.basis)
    served = client_auth.served(answer)
    if served is None:
        detail = f"a session made {where} is resumed, and the application says nothing"
        return Unknown(Why.NO_ANSWER, detail)
    return Known(where if served else None, answer.basis)


def _requires(entry: ClientAuthAt) -> bool:
    required = isinstance(entry.mode, Known) and entry.mode.value is ClientAuthMode.REQUIRED
    return required and entry.when is not When.LATE


def _basis(entry: ClientAuthAt) -> Basis:
    assert isinstance(entry.mode, Known)
    return entry.mode.basis
