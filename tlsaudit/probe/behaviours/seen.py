"""Behaviours that the answers to other questions show: no connection is made for them."""

from __future__ import annotations

from dataclasses import fields, replace

from tlsaudit.model.facts import Behaviours
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.behaviours.classic_tickets import lifetime
from tlsaudit.probe.behaviours.unequal import DOWNGRADE_MARKS, inconsistency
from tlsaudit.probe.handshake import Handshake, Verdict
from tlsaudit.probe.notes import Notes
from tlsaudit.wire import NewSessionTicket

_EARLY_DATA = 42
_FREE_OF_MARKS = 24
"""Bytes of a random before the mark of RFC 8446 section 4.1.3."""
_UNSTABLE = Unknown(Why.UNSTABLE, "the server stopped answering a hello that it had answered before")


def complete(notes: Notes) -> Behaviours:
    """The behaviours that were asked for, with those that all answers together show."""
    if not notes.stable:
        return _in_doubt(notes.behaviours)
    tickets = _tickets(notes)
    found = replace(
        notes.behaviours,
        downgrade_sentinel=_sentinel(notes),
        ticket_lifetime=_ticket_lifetime(tickets),
        classic_ticket_lifetime=_classic_lifetime(notes),
        early_data=_early_data(tickets),
        repeated_random=_repeated_random(notes),
        inconsistency=inconsistency(notes),
    )
    if isinstance(found.negotiated_version, Known) or notes.exchange is None or notes.exchange.version is None:
        return found
    # OpenSSL offers less than what the endpoint is known to accept: only where it gets the newest it says enough.
    newest = notes.accepted()[-1:]
    if newest == [notes.exchange.version]:
        return replace(found, negotiated_version=Known(notes.exchange.version, notes.exchange.basis))
    return found


def _in_doubt(asked: Behaviours) -> Behaviours:
    """What was asked is unknown after all; what was not asked stays so."""
    values = {each.name: getattr(asked, each.name) for each in fields(Behaviours)}
    return Behaviours(**{name: fact if fact == NOT_ASKED else _UNSTABLE for name, fact in values.items()})


def _sentinel(notes: Notes) -> Fact[bool]:
    """Whether every random below TLS 1.3 bears the mark; None of them does so by chance."""
    accepts = notes.accepts(ProtocolVersion.TLS_1_3)
    if isinstance(accepts, Unknown):
        return accepts
    seen: Fact[bool] = NOT_ASKED
    if not accepts.value:
        return seen
    for answer in notes.answers():
        mark = DOWNGRADE_MARKS.get(answer.version) if answer.version is not None else None
        if answer.hello is None or mark is None:
            continue
        if not answer.hello.random.endswith(mark):
            return Known(False, answer.basis)
        seen = seen if isinstance(seen, Known) else Known(True, answer.basis)
    return seen


def _tickets(notes: Notes) -> Fact[tuple[NewSessionTicket, ...]]:
    """The tickets of the TLS 1.3 handshake that was completed."""
    done = notes.tls13.handshakes if notes.tls13 is not None else []
    whole = [handshake for handshake in done if handshake.complete]
    if not whole:
        accepts = notes.accepts(ProtocolVersion.TLS_1_3)
        if isinstance(accepts, Known) and not accepts.value:
            return NOT_ASKED
        return notes.unreadable_13() or Unknown(Why.NO_ANSWER, "no TLSv1.3 handshake could be completed")
    for handshake in whole:
        tickets = tuple(event for event in handshake.events if isinstance(event, NewSessionTicket))
        if tickets:
            return Known(tickets, handshake.basis)
    return _no_tickets(whole[0])


def _no_tickets(handshake: Handshake) -> Fact[tuple[NewSessionTicket, ...]]:
    if handshake.verdict is Verdict.REFUSED:
        return Unknown(Why.NOT_ASKED, "nobody gets a ticket without a client certificate, and none was presented")
    return Known((), handshake.basis)


def _ticket_lifetime(tickets: Fact[tuple[NewSessionTicket, ...]]) -> Fact[int | None]:
    if isinstance(tickets, Unknown):
        return tickets
    return Known(max((ticket.lifetime for ticket in tickets.value), default=None), tickets.basis)


def _classic_lifetime(notes: Notes) -> Fact[int | None]:
    """What was asked, or what the exchange showed by itself."""
    found = lifetime(notes)
    return found if found != NOT_ASKED else notes.behaviours.classic_ticket_lifetime


def _early_data(tickets: Fact[tuple[NewSessionTicket, ...]]) -> Fact[int | None]:
    """The most early data that a ticket allows (RFC 8446 section 4.2.10)."""
    if isinstance(tickets, Unknown):
        return tickets
    sizes = [ticket.extensions[_EARLY_DATA] for ticket in tickets.value if _EARLY_DATA in ticket.extensions]
    return Known(max((int.from_bytes(size[:4], "big") for size in sizes), default=None) or None, tickets.basis)


def _repeated_random(notes: Notes) -> Fact[bool]:
    """Whether a random comes twice, but for its end, where the mark against downgrades stands."""
    handshakes = notes.tls13.handshakes if notes.tls13 is not None else []
    hellos = [(answer.hello, answer.basis) for answer in notes.answers()]
    hellos += [(each.hello, each.basis) for each in handshakes]
    seen: dict[bytes, Basis] = {}
    for hello, basis in hellos:
        if hello is not None and not hello.is_retry and seen.setdefault(hello.random[:_FREE_OF_MARKS], basis) != basis:
            return Known(True, basis)
    return Known(False, next(reversed(seen.values()))) if len(seen) > 1 else NOT_ASKED
