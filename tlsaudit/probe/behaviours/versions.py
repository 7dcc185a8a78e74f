"""Fallback to older versions (RFC 7507), and the drafts of TLS 1.3 that came before the standard."""

from __future__ import annotations

from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known, Unknown
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.behaviours.offers import Ground, Offer, unanswered
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.notes import Notes
from tlsaudit.probe.tls13 import GROUPS_13, SUITES_13
from tlsaudit.wire import AlertDescription

TLS_FALLBACK_SCSV = 0x5600
DRAFTS = tuple(range(0x7F1C, 0x7F11, -1))
"""draft-ietf-tls-tls13-28 to -18, as they stand in supported_versions."""

_HANDSHAKE_RECORD = 22
_OLD_RETRY = 6
"""hello_retry_request, a message of its own up to draft 21."""


async def fallback(dialogue: Dialogue, notes: Notes) -> Fact[bool]:
    """Whether a client that says it fell back is refused; asked where it could matter: below TLS 1.3, two versions."""
    at_13 = notes.accepts(ProtocolVersion.TLS_1_3)
    older = [version for version in notes.accepted() if version is not ProtocolVersion.SSL_2]
    if isinstance(at_13, Unknown) or at_13.value or len(older) < 2:
        return NOT_ASKED
    lower = older[-2]
    suites = (*notes.versions[lower].suites.accepted, TLS_FALLBACK_SCSV)
    answer = await dialogue.ask(f"{lower}, with TLS_FALLBACK_SCSV", notes.contact.shape.classic(lower, suites))
    if answer.hello is not None:
        return Known(False, answer.basis)
    if answer.alert is not None and answer.alert.description == AlertDescription.INAPPROPRIATE_FALLBACK:
        return Known(True, answer.basis)
    return unanswered(answer)


async def draft(ground: Ground) -> Fact[int | None]:
    """The draft of TLS 1.3 that an offer of drafts alone gets, where the server takes any."""
    offer = Offer(shape=ground.shape, versions=DRAFTS, suites=SUITES_13, groups=GROUPS_13)
    answer = await ground.dialogue.ask("TLSv1.3 in its drafts 18 to 28", offer.hello())
    chosen = _draft_of(answer)
    if chosen is not None or answer.hello is not None or answer.refused:
        return Known(chosen, answer.basis)
    return unanswered(answer)


def _draft_of(answer: Answer) -> int | None:
    if answer.hello is not None:
        return answer.hello.version if answer.hello.version in DRAFTS else None
    # record header (5 bytes), message type and length (4), server_version (2)
    first = answer.first_bytes
    if len(first) > 10 and first[0] == _HANDSHAKE_RECORD and first[5] == _OLD_RETRY:
        version = int.from_bytes(first[9:11], "big")
        return version if version in DRAFTS else None
    return None
