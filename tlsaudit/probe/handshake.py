"""One real TLS 1.3 handshake with our own client: the encrypted flight, and what the server does when we go on.

The client's last flight (an empty Certificate where one was asked for, Finished) leaves in one write with
close_notify, and then we read to the end. A fatal alert is a refusal by TLS, a session ticket or close_notify is
acceptance by TLS, a plain end says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from tlsaudit.model.errors import DecodeError, NetworkError
from tlsaudit.model.knowledge import Basis, Origin
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.net import Connection
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.hellos import Shape
from tlsaudit.wire import (
    Alert,
    AlertDescription,
    CertificateMessage,
    CertificateRequest,
    EncryptedExtensions,
    Event,
    Finished,
    NewSessionTicket,
    Psk,
    ServerHello,
    Tls13Client,
)

E = TypeVar("E")

SHARE_GROUPS = (0x001D, 0x0017)
"""x25519 and secp256r1: one of them is nearly always there, and both cost little."""

COMPUTABLE_GROUPS = (0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x0100, 0x0101)
COMPUTABLE_SUITES = (0x1302, 0x1301, 0x1303, 0x1304, 0x1305)


class Verdict(Enum):
    """What TLS says to a client that goes on without a certificate."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What one TLS 1.3 handshake showed. `problem` says why it did not complete, "" where it did."""

    n: int
    events: tuple[Event, ...]
    verdict: Verdict
    problem: str = ""
    sessions: tuple[Psk, ...] = field(default=(), repr=False)
    """What the tickets that came allow, each once."""

    @property
    def basis(self) -> Basis:
        """This probe as the basis of a fact."""
        return Basis(Origin.OBSERVED, f"probe:{self.n}")

    @property
    def hello(self) -> ServerHello | None:
        """The ServerHello, not a retry."""
        return next((event for event in self.events if isinstance(event, ServerHello) and not event.is_retry), None)

    @property
    def alert(self) -> Alert | None:
        """The fatal alert, if one came."""
        return next((event for event in self.events if isinstance(event, Alert) and event.fatal), None)

    @property
    def alpn(self) -> str | None:
        """The protocol name that the server chose."""
        encrypted = self.first(EncryptedExtensions)
        return encrypted.alpn if encrypted is not None else None

    @property
    def certificate(self) -> CertificateMessage | None:
        """The server's Certificate message."""
        return self.first(CertificateMessage)

    @property
    def certificate_request(self) -> CertificateRequest | None:
        """The CertificateRequest, if the server asks for a client certificate."""
        return self.first(CertificateRequest)

    @property
    def complete(self) -> bool:
        """Whether the server's Finished came and was right."""
        finished = self.first(Finished)
        return finished is not None and finished.valid

    def first(self, kind: type[E]) -> E | None:
        """The first event of this kind."""
        return next((event for event in self.events if isinstance(event, kind)), None)

    def summary(self) -> str:
        """The handshake in a line, for the report's list of probes."""
        if self.hello is None:
            return str(self.alert) if self.alert else self.problem or "no answer"
        version = ProtocolVersion.from_code(self.hello.version) or f"version 0x{self.hello.version:04X}"
        parts = [f"ServerHello {version} 0x{self.hello.cipher_suite:04X}"]
        if self.certificate is not None:
            parts.append(f"{len(self.certificate.certificates)} certificates")
        if self.certificate_request is not None:
            parts.append("CertificateRequest")
        if self.alert is not None:
            parts.append(f"then {self.alert}")
        elif self.problem:
            parts.append(f"then {self.problem}")
        return ", ".join(parts)


async def handshake(
    dialogue: Dialogue, shape: Shape, asked: str, *, groups: Sequence[int], schemes: Sequence[int]
) -> Handshake:
    """One handshake that offers `groups` and signature `schemes`; what goes wrong is in its `problem`."""
    known = [code for code in groups if code in COMPUTABLE_GROUPS]
    client = Tls13Client(
        server_name=shape.server_name,
        cipher_suites=COMPUTABLE_SUITES,
        groups=known,
        share_groups=[code for code in SHARE_GROUPS if code in known] or known[:1],
        signature_schemes=schemes,
        alpn=shape.alpn,
        extra=shape.extra(),
    )
    n = dialogue.log.open(asked)
    try:
        async with dialogue.connect() as connection:
            result = await _run(connection, client, n)
    except NetworkError as error:
        dialogue.note(error)
        result = Handshake(n=n, events=(), verdict=Verdict.UNDECIDED, problem=str(error))
    dialogue.log.close(n, result.summary())
    return result


async def _run(connection: Connection, client: Tls13Client, n: int) -> Handshake:
    problem = ""
    try:
        await connection.write(client.start())
        while not client.handshake_complete and not client.done:
            received = await connection.read()
            client.feed(received)
            if pending := client.send():
                await connection.write(pending)
            if not received:
                problem = "the server closed the connection"
                break
        if client.handshake_complete:
            await connection.write(client.finish(close=True))
            while not client.done and (received := await connection.read()):
                client.feed(received)
    except (DecodeError, NetworkError) as error:
        problem = str(error)
    if client.unsupported_group is not None:
        problem = f"the server insists on group 0x{client.unsupported_group:04X}"
    verdict, sessions = _verdict(client.events), _sessions(client)
    return Handshake(n=n, events=tuple(client.events), verdict=verdict, problem=problem, sessions=sessions)


def _sessions(client: Tls13Client) -> tuple[Psk, ...]:
    secret = client.resumption_secret
    hello = next((event for event in reversed(client.events) if isinstance(event, ServerHello)), None)
    if secret is None or hello is None:
        return ()
    tickets = [event for event in client.events if isinstance(event, NewSessionTicket)]
    now = asyncio.get_running_loop().time()
    return tuple(Psk.of(each, hello.cipher_suite, secret, received=now) for each in tickets)


def _verdict(events: Sequence[Event]) -> Verdict:
    """What the server said after its Finished; of several signs, a refusal weighs most."""
    after = False
    verdict = Verdict.UNDECIDED
    for event in events:
        if isinstance(event, Finished):
            after = True
        elif isinstance(event, Alert) and event.fatal:
            return Verdict.REFUSED if after else Verdict.UNDECIDED
        elif after and (
            isinstance(event, NewSessionTicket)
            or (isinstance(event, Alert) and event.description == AlertDescription.CLOSE_NOTIFY)
        ):
            verdict = Verdict.ACCEPTED
    return verdict
