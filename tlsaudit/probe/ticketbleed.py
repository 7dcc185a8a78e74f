"""Ticketbleed (CVE-2016-9244): a ticket with a session id of 16 bytes, and an echo of 32.

Whoever resumes by ticket may send a session id of any length up to 32 bytes, which the server echoes (RFC 5077 section
3.4). A vulnerable one echoes 32 bytes in any case, and the rest is memory. It takes one hello; of the answer the length
is looked at, and whether it begins with what was sent. What follows is neither kept nor shown.
"""

from __future__ import annotations

import secrets

from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.vulnerability import Verdict
from tlsaudit.probe.behaviours import classic_tickets
from tlsaudit.probe.behaviours.offers import Ground, unanswered
from tlsaudit.probe.notes import Notes

_SENT = 16


async def ticketbleed(ground: Ground, notes: Notes) -> Fact[Verdict]:
    """Whether more comes back than was sent; not applicable where no session is resumed by ticket."""
    if ground.classic is None:
        return Known(Verdict.NOT_APPLICABLE, Basis(Origin.DERIVED, notes.contact.classic.basis.at))
    ticket = classic_tickets.ticket_of(ground, notes)
    if ticket is None:
        return _without_ticket(notes)
    return await _verdict(ground, ticket)


async def _verdict(ground: Ground, ticket: classic_tickets.ClassicTicket) -> Fact[Verdict]:
    sent = secrets.token_bytes(_SENT)
    asked = f"{ticket.version}, resumption with a session id of {_SENT} bytes"
    answer = await ground.dialogue.ask(asked, ticket.hello(ground.shape, sent))
    echo = answer.hello.session_id if answer.hello is not None else b""
    if echo.startswith(sent):
        return Known(Verdict.VULNERABLE if len(echo) > _SENT else Verdict.NOT_VULNERABLE, answer.basis)
    if not answer.heard:
        return unanswered(answer)
    usual, resumed = await classic_tickets.resume(ground, ticket, "with a usual session id", ground.shape)
    if resumed:
        return Known(Verdict.NOT_VULNERABLE, answer.basis)
    if usual.answered:
        return Known(Verdict.NOT_APPLICABLE, usual.basis)
    return Unknown(Why.NO_ANSWER, f"probe {usual.n}: {usual.summary()}")


def _without_ticket(notes: Notes) -> Fact[Verdict]:
    came = classic_tickets.lifetime(notes)
    if isinstance(came, Unknown):
        return came
    return Known(Verdict.NOT_APPLICABLE, came.basis)
