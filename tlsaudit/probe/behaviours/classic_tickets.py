"""Tickets below TLS 1.3 (RFC 5077): how long they live, and whether they are taken under another name.

A ticket comes in the clear, behind a whole handshake; where HTTP was asked below TLS 1.3 there is one already. Whether
a session is resumed the first answer shows: the server echoes the session id that came with the ticket (section 3.4),
and sends no certificate.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from tlsaudit.model.facts import Behaviours, Layer, NameAnswer, NameOutcome
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.probe.behaviours.offers import Ground, unanswered
from tlsaudit.probe.dialogue import Answer
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.get import get
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.notes import Notes
from tlsaudit.wire import CertificateMessage, ClientHello, ExtensionType, extensions

SESSION_ID_LENGTH = 32
"""What a client sends by custom."""


@dataclass(frozen=True, slots=True)
class _OtherName:
    """A server name that gets another certificate: in words, and as it is sent."""

    where: str
    sent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicTicket:
    """A ticket, and what a hello that bears it has to offer besides."""

    version: ProtocolVersion
    suites: tuple[int, ...]
    data: bytes

    def hello(self, shape: Shape, session_id: bytes) -> ClientHello:
        """A hello that offers the session."""
        plain = shape.classic(self.version, self.suites)
        bearing = [
            extensions.session_ticket(self.data) if each.type == ExtensionType.SESSION_TICKET else each
            for each in plain.extensions or ()
        ]
        return replace(plain, session_id=session_id, extensions=tuple(bearing))


def is_classic(exchange: Exchange | None) -> bool:
    """Whether a handshake below TLS 1.3 was completed."""
    return exchange is not None and exchange.established and exchange.version is not ProtocolVersion.TLS_1_3


async def ask(ground: Ground, notes: Notes, target: Target) -> None:
    """Note a whole handshake at the newest version below TLS 1.3, unless there is one, and what its ticket says."""
    if is_classic(notes.exchange):
        notes.classic = notes.exchange
    elif ground.classic is not None and ground.suites[ground.classic] and not _needs_certificate(notes, ground.classic):
        alpn = ground.shape.alpn
        notes.classic = await get(ground.dialogue, alpn, target, ground.classic, whose="for a ticket", close=True)
    notes.behaviours = replace(notes.behaviours, classic_ticket_lifetime=lifetime(notes))


def _needs_certificate(notes: Notes, version: ProtocolVersion) -> bool:
    entry = notes.client_auth.get(version)
    return entry is not None and entry.enforced_by is Layer.TLS


def lifetime(notes: Notes) -> Fact[int | None]:
    """The lifetime that the ticket hints at, in seconds; None where no ticket came."""
    exchange = notes.classic or notes.exchange
    if exchange is None or (notes.classic is None and not is_classic(exchange)):
        return NOT_ASKED
    if not exchange.established:
        certificate = exchange.certificate_requested
        why = "nobody gets a ticket without a client certificate" if certificate else exchange.problem
        return Unknown(Why.NOT_ASKED if certificate else Why.NO_ANSWER, why)
    if exchange.ticket is None:
        return Known(None, exchange.basis)
    # "A value of zero is reserved to indicate that the lifetime of the ticket is unspecified." (section 3.3)
    if not exchange.ticket.lifetime:
        return Unknown(Why.NO_ANSWER, "the ticket does not say how long it lives")
    return Known(exchange.ticket.lifetime, exchange.basis)


def ticket_of(ground: Ground, notes: Notes) -> ClassicTicket | None:
    """The ticket that came, if any."""
    exchange = notes.classic
    if exchange is None or exchange.ticket is None or exchange.version is None or not exchange.ticket.ticket:
        return None
    suites = ground.suites.get(exchange.version, ())
    return ClassicTicket(version=exchange.version, suites=suites, data=exchange.ticket.ticket) if suites else None


async def resume(ground: Ground, ticket: ClassicTicket, how: str, shape: Shape) -> tuple[Answer, bool]:
    """The answer to an offer of the session, and whether the server took it up."""
    session_id = secrets.token_bytes(SESSION_ID_LENGTH)
    answer = await ground.dialogue.ask(f"{ticket.version}, resumption {how}", ticket.hello(shape, session_id))
    echoed = answer.hello is not None and answer.hello.session_id == session_id
    return answer, echoed and answer.first(CertificateMessage) is None


async def across_names(ground: Ground, notes: Notes) -> Fact[str | None]:
    """Whether the session is resumed under another name, where another certificate goes with it.

    A server must not do so (RFC 6066 section 3); TLS 1.3 leaves that to the client (RFC 8446 section 4.2.11).
    """
    ticket, other = ticket_of(ground, notes), _other_name(notes.behaviours)
    if ticket is None or other is None:
        return NOT_ASKED
    answer, resumed = await resume(ground, ticket, other.where, replace(ground.shape, server_name=other.sent))
    if resumed:
        return Known(other.where, answer.basis)
    if not answer.heard:
        return unanswered(answer)
    usual, resumed = await resume(ground, ticket, "under the usual name", ground.shape)
    if resumed:
        return Known(None, answer.basis)
    return Unknown(Why.NO_ANSWER, f"probe {usual.n}: no session was resumed by its ticket")


def _other_name(behaviours: Behaviours) -> _OtherName | None:
    """A name that is known to get another certificate than the usual one; none at all stands in for one."""
    if _gets_another(behaviours.unknown_sni):
        return _OtherName("under a name that the server does not know", "tlsaudit.invalid")
    return _OtherName("without a server name", None) if _gets_another(behaviours.no_sni) else None


def _gets_another(fact: Fact[NameAnswer]) -> bool:
    return isinstance(fact, Known) and fact.value.outcome is NameOutcome.OTHER_CERTIFICATE
