"""Resumption at TLS 1.3: without a new key exchange, and with early data that comes twice.

A ticket is used once, since servers may take each once only. Those that the handshakes of the inventory brought are
used up first; for more there are a few handshakes of their own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from tlsaudit.model.errors import DecodeError, NetworkError
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.probe import http, http2
from tlsaudit.probe.behaviours.offers import Ground, unanswered
from tlsaudit.probe.dialogue import Answer
from tlsaudit.probe.handshake import COMPUTABLE_SUITES, Handshake
from tlsaudit.probe.hellos import ALL_SCHEMES, Shape
from tlsaudit.probe.notes import Notes
from tlsaudit.probe.tls13 import shake_hands
from tlsaudit.wire import (
    PSK_DHE_KE,
    PSK_KE,
    ClientHello,
    Extension,
    ExtensionType,
    KeyShare,
    Psk,
    ResumptionReader,
    early_flight,
    extensions,
    generate_key_share,
    with_psk,
)

_MOST_HANDSHAKES = 3
"""To get more tickets by."""
_TRIES = 2
"""Tickets that are tried until one is taken up, or brings early data in."""
_NO_TICKET = Unknown(Why.NO_ANSWER, "no ticket came that a session could be resumed with")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A session that can be resumed: its key, the group it was made with, and the protocol name that was chosen."""

    psk: Psk
    group: int
    alpn: str | None


@dataclass(slots=True)
class Tickets:
    """The tickets of one endpoint."""

    ground: Ground
    stock: list[Ticket] = field(default_factory=list)
    handshakes: int = 0

    @classmethod
    def of(cls, ground: Ground, notes: Notes) -> Tickets:
        """What the inventory has left."""
        found = cls(ground)
        for each in notes.tls13.handshakes if notes.tls13 is not None else ():
            found.add(each)
        return found

    def add(self, handshake: Handshake) -> None:
        """The tickets of one more handshake."""
        group = handshake.hello.selected_group if handshake.hello is not None else None
        if group is not None:
            self.stock += [Ticket(psk, group, handshake.alpn) for psk in handshake.sessions]

    async def take(self) -> Ticket | None:
        """One that was never used; None where there is none to be had."""
        if not self.stock and self.handshakes < _MOST_HANDSHAKES:
            self.handshakes += 1
            self.add(await shake_hands(self.ground.dialogue, self.ground.shape))
        return self.stock.pop(0) if self.stock else None


async def ask(ground: Ground, notes: Notes, target: Target) -> None:
    """Note what tickets can be used for, one question after the other: there are few of them."""
    tickets = Tickets.of(ground, notes)
    resumable, early = bool(tickets.stock), any(each.psk.early_data for each in tickets.stock)

    def note(**found: Fact[Any]) -> None:
        notes.behaviours = replace(notes.behaviours, **found)

    note(psk_without_dhe=await without_new_keys(tickets) if resumable else NOT_ASKED)
    note(early_data_replayed=await replayed(tickets, target) if early else NOT_ASKED)


async def without_new_keys(tickets: Tickets) -> Fact[bool | None]:
    """Whether a server resumes with psk_ke, where the key of the ticket is all there is (RFC 8446 section 4.2.9).

    It could shake hands instead: a key share is offered as well. That it resumes at all is shown by psk_dhe_ke; None
    where it makes whole handshakes of that, too.
    """
    answer = await _resume(tickets, "without a new key exchange", PSK_KE)
    if answer is None:
        return _NO_TICKET
    if _resumed(answer) and answer.hello is not None and answer.hello.key_share is None:
        return Known(True, answer.basis)
    if not answer.heard:
        return unanswered(answer)
    for _ in range(_TRIES):
        usual = await _resume(tickets, "with a new key exchange", PSK_DHE_KE)
        if usual is None or usual.hello is None:
            return unanswered(usual) if usual is not None else _NO_TICKET
        if _resumed(usual):
            return Known(False, answer.basis)
    return Known(None, answer.basis)


async def replayed(tickets: Tickets, target: Target) -> Fact[bool]:
    """Whether early data that was taken is taken again, byte for byte (RFC 8446 section 8).

    It is the request that is asked in any case, `GET /`, which may be repeated as often as one likes. What counts is
    that the server says it reads the data; nothing is sent after that, so the handshake never comes to its end.
    """
    why = _NO_TICKET
    for _ in range(_TRIES):
        ticket = await tickets.take()
        if ticket is None:
            return why
        share = generate_key_share(ticket.group)
        hello = _hello(tickets.ground.shape, ticket, share, PSK_DHE_KE, extensions.early_data())
        flight = early_flight(hello, ticket.psk, _request(tickets.ground, ticket, target))
        first = await _send(tickets.ground, "early data", flight, ResumptionReader(hello, ticket.psk, share))
        if isinstance(first, Unknown):
            why = first
        elif not first.value:
            why = Unknown(Why.NO_ANSWER, f"{first.basis.at.replace(':', ' ')}: early data is offered, and not taken")
        else:
            again = ResumptionReader(hello, ticket.psk, share)
            return await _send(tickets.ground, f"the same early data as probe {_number(first.basis)}", flight, again)
    return why


def _number(basis: Basis) -> str:
    return basis.at.rpartition(":")[2]


def _request(ground: Ground, ticket: Ticket, target: Target) -> bytes:
    """`GET /` in the protocol of the session; nothing where that is not HTTP, or the ticket does not allow so much."""
    if ground.dialogue.service is not None:
        return b""
    request = http2.request(target, "/") if ticket.alpn == "h2" else http.request(target, "/")
    return request if request is not None and len(request) <= ticket.psk.early_data else b""


async def _send(ground: Ground, what: str, flight: bytes, reader: ResumptionReader) -> Fact[bool]:
    """Whether the server says that it reads the early data of `flight`."""
    n = ground.dialogue.log.open(f"TLSv1.3, {what}")
    basis = Basis(Origin.OBSERVED, f"probe:{n}")
    problem = ""
    try:
        async with ground.dialogue.connect() as connection:
            await connection.write(flight)
            while not reader.done:
                received = await connection.read()
                reader.feed(received)
                if not received:
                    reader.eof()
                    problem = "the server closed the connection"
                    break
    except (DecodeError, NetworkError) as error:
        problem = str(error)
        if isinstance(error, NetworkError):
            ground.dialogue.note(error)
    said = "taken" if reader.takes_early_data else "not taken" if reader.done else problem
    ground.dialogue.log.close(n, f"{'session resumed' if reader.resumed else 'not resumed'}, early data: {said}")
    if reader.done:
        return Known(reader.takes_early_data, basis)
    return Unknown(Why.NO_ANSWER, f"probe {n}: {problem}")


async def _resume(tickets: Tickets, how: str, mode: int) -> Answer | None:
    """The answer to an offer to resume a session in one way; None for want of a ticket."""
    ticket = await tickets.take()
    if ticket is None:
        return None
    hello = _hello(tickets.ground.shape, ticket, generate_key_share(ticket.group), mode)
    return await tickets.ground.dialogue.ask(f"TLSv1.3, resumption {how}", hello)


def _hello(shape: Shape, ticket: Ticket, share: KeyShare, mode: int, *more: Extension) -> ClientHello:
    suite = ticket.psk.suite
    hello = ClientHello(
        version=ProtocolVersion.TLS_1_2.code,
        session_id=bytes(range(32)),
        cipher_suites=(suite, *(code for code in COMPUTABLE_SUITES if code != suite)),
        extensions=(
            *shape.common(),
            extensions.supported_groups((share.group,)),
            extensions.signature_algorithms(ALL_SCHEMES),
            extensions.supported_versions((ProtocolVersion.TLS_1_3.code,)),
            extensions.key_share(((share.group, share.public),)),
            extensions.psk_key_exchange_modes((mode,)),
            *more,
        ),
    )
    age = asyncio.get_running_loop().time() - ticket.psk.received
    return with_psk(shape.fit(hello), ticket.psk, age=age)


def _resumed(answer: Answer) -> bool:
    hello = answer.hello
    return hello is not None and not hello.is_retry and ExtensionType.PRE_SHARED_KEY in hello.extensions
