"""One question to one endpoint: dial, send a hello, read to the end of the clear flight, keep the record of it.

An `Answer` says what came back without judging it, except for one thing that every question needs: whether it is a
refusal. A fatal alert is. A close or a reset is one only if it repeats while a hello that is known to be good is
still answered. A timeout never is.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

from tlsaudit.manners import Allowance
from tlsaudit.model.errors import DecodeError, NetworkError
from tlsaudit.model.facts import Endpoint, Probe
from tlsaudit.model.knowledge import Basis, Origin
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.net import NOT_THE_TARGETS, Connection, Network
from tlsaudit.probe.starttls import SERVICES, begin
from tlsaudit.wire import (
    Alert,
    AlertDescription,
    ClientHello,
    Event,
    FlightReader,
    ServerHello,
    Ssl2ClientHello,
    Ssl2ServerHello,
)

E = TypeVar("E")

_REFUSALS = {
    AlertDescription.UNEXPECTED_MESSAGE,
    AlertDescription.HANDSHAKE_FAILURE,
    AlertDescription.ILLEGAL_PARAMETER,
    AlertDescription.DECODE_ERROR,
    AlertDescription.PROTOCOL_VERSION,
    AlertDescription.INSUFFICIENT_SECURITY,
    AlertDescription.INTERNAL_ERROR,
    AlertDescription.INAPPROPRIATE_FALLBACK,
    AlertDescription.MISSING_EXTENSION,
    AlertDescription.UNSUPPORTED_EXTENSION,
}


class End(Enum):
    """How the server's side of the conversation ended."""

    DONE = "done"
    CLOSED = "closed"
    RESET = "reset"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    UNREACHED = "unreached"


_ENDED_EARLY = {End.CLOSED, End.RESET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the events of the flight, how it ended, and the number of the probe that shows it.

    `problem` is the reason for an end other than DONE, `code` the word for it where the network failed; `first_bytes`
    are up to 64 of what was received. `confirmed_refusal` marks a close or reset that repeated while a good hello was
    answered.
    """

    n: int
    sent: ClientHello | Ssl2ClientHello
    events: tuple[Event, ...]
    end: End
    problem: str = ""
    code: str = ""
    first_bytes: bytes = b""
    confirmed_refusal: bool = False

    @property
    def basis(self) -> Basis:
        """This probe as the basis of a fact."""
        return Basis(Origin.OBSERVED, f"probe:{self.n}")

    @property
    def hello(self) -> ServerHello | None:
        """The ServerHello or HelloRetryRequest, if one came."""
        return self.first(ServerHello)

    @property
    def answered(self) -> bool:
        """Whether the server took up the offer, of whatever version."""
        return self.hello is not None or self.first(Ssl2ServerHello) is not None

    @property
    def alert(self) -> Alert | None:
        """The fatal alert, if one came."""
        return next((event for event in self.events if isinstance(event, Alert) and event.fatal), None)

    @property
    def version(self) -> ProtocolVersion | None:
        """The protocol version that was negotiated."""
        return ProtocolVersion.from_code(self.hello.version) if self.hello else None

    @property
    def refused(self) -> bool:
        """Whether the server said no to what was offered."""
        if self.hello is not None:
            return False
        if self.alert is not None and self.alert.description == AlertDescription.UNRECOGNIZED_NAME:
            return not _can_name(self.sent)
        if self.alert is not None:
            return self.alert.description in _REFUSALS
        return self.confirmed_refusal

    @property
    def heard(self) -> bool:
        """Whether the server is known to have made up its mind, whatever it says; silence and chance do not count."""
        return self.answered or self.alert is not None or self.confirmed_refusal

    @property
    def ended_in_silence(self) -> bool:
        """Whether the connection was closed or reset before anything was said."""
        return self.end in _ENDED_EARLY and not self.answered and self.alert is None

    def first(self, kind: type[E]) -> E | None:
        """The first event of this kind."""
        return next((event for event in self.events if isinstance(event, kind)), None)

    def summary(self) -> str:
        """The answer in a line, for the report's list of probes."""
        if self.hello is not None:
            kind = "HelloRetryRequest" if self.hello.is_retry else "ServerHello"
            group = f" group 0x{self.hello.selected_group:04X}" if self.hello.selected_group is not None else ""
            version = self.version.value if self.version else f"version 0x{self.hello.version:04X}"
            cut = "" if self.end is End.DONE else f", then {self.end.value}"
            return f"{kind} {version} 0x{self.hello.cipher_suite:04X}{group}{cut}"
        if self.alert is not None:
            return str(self.alert)
        if self.answered:
            return "SERVER-HELLO SSLv2"
        if self.end in {End.MALFORMED, End.UNREACHED}:
            return f"{self.end.value}: {self.problem}"
        return str(self.end.value)


def _can_name(hello: ClientHello | Ssl2ClientHello) -> bool:
    """Whether a hello has room for a server name: SSL has none, so a server that needs one never speaks it."""
    return isinstance(hello, ClientHello) and hello.extensions is not None


@dataclass(slots=True)
class Log:
    """The list of probes of one endpoint, numbered from 1 in the order in which they were opened."""

    probes: list[Probe] = field(default_factory=list)

    def open(self, asked: str) -> int:
        """Note a question before it is asked, and give its number."""
        self.probes.append(Probe(len(self.probes) + 1, asked, "no answer"))
        return len(self.probes)

    def close(self, n: int, answered: str) -> None:
        """Note the answer to question `n`."""
        self.probes[n - 1] = replace(self.probes[n - 1], answered=answered)

    def __iter__(self) -> Iterator[Probe]:
        return iter(self.probes)


class Dialogue:
    """Asks one endpoint, one connection a question. `control` is a hello known to be answered, once there is one.

    `name` is what the address was resolved from, if it was. `user` is who a client claims to be where the service asks
    for a name before anything else. `allowance` is the time that the endpoint has.
    """

    def __init__(
        self,
        network: Network,
        endpoint: Endpoint,
        log: Log | None = None,
        *,
        name: str | None = None,
        user: str | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        if endpoint.address is None:
            raise NetworkError("dns", f"no address for {endpoint.host}")
        self.network = network
        self.endpoint = endpoint
        self.address = endpoint.address
        self.log = log if log is not None else Log()
        self.name = name
        self.allowance = allowance
        self.user = user
        self.service = SERVICES[endpoint.starttls] if endpoint.starttls else None
        self.control: ClientHello | Ssl2ClientHello | None = None
        self.hindrance: NetworkError | None = None
        """What kept us from asking and says nothing of the server: this machine ran out of something, or the proxy."""

    def dial(self, port: int | None = None, patience: float = math.inf) -> AbstractAsyncContextManager[Connection]:
        """A connection to the endpoint, or to another port of its host, on which nothing was said yet."""
        return self.network.connect(
            self.address, port or self.endpoint.port, name=self.name, allowance=self.allowance, patience=patience
        )

    @asynccontextmanager
    async def connect(self, *, injected: bytes = b"") -> AsyncIterator[Connection]:
        """A connection on which TLS can begin: a service that has to be asked for it has been (see `begin`)."""
        async with self.dial() as connection:
            if self.service is not None:
                await begin(connection, self.service, injected=injected)
            yield connection

    def note(self, error: NetworkError) -> None:
        """Remember a failure that is not the target's."""
        if error.code in NOT_THE_TARGETS:
            self.hindrance = error

    async def ask(self, asked: str, hello: ClientHello | Ssl2ClientHello) -> Answer:
        """The answer to `hello`; a close or a reset is asked once more, and compared with the control."""
        answer = await self._once(asked, hello)
        if not answer.ended_in_silence:
            return answer
        again = await self._once(f"{asked} (again)", hello)
        if not again.ended_in_silence or not self.control:
            return again
        control = await self._once("control: a hello that was answered before", self.control)
        return replace(again, confirmed_refusal=control.answered)

    async def _once(self, asked: str, hello: ClientHello | Ssl2ClientHello) -> Answer:
        n = self.log.open(asked)
        try:
            async with self.connect() as connection:
                answer = await _converse(connection, n, hello)
        except asyncio.CancelledError:
            self.log.close(n, "given up")
            raise
        except NetworkError as error:
            self.note(error)
            answer = Answer(n=n, sent=hello, events=(), end=End.UNREACHED, problem=str(error), code=error.code)
        self.log.close(n, answer.summary())
        return answer


async def _converse(connection: Connection, n: int, hello: ClientHello | Ssl2ClientHello) -> Answer:
    """Send `hello` and read until the flight is complete or cannot be any more."""
    reader = FlightReader(ssl2=isinstance(hello, Ssl2ClientHello))
    data = hello.encode() if isinstance(hello, Ssl2ClientHello) else hello.records()
    first = b""

    def answer(end: End, problem: str = "", code: str = "") -> Answer:
        events = tuple(reader.events)
        return Answer(n=n, sent=hello, events=events, end=end, problem=problem, code=code, first_bytes=first)

    try:
        await connection.write(data)
        while not reader.done:
            received = await connection.read()
            first = (first + received)[:64]
            if not received:
                reader.eof()
                return answer(End.CLOSED)
            reader.feed(received)
    except DecodeError as error:
        return answer(End.MALFORMED, str(error))
    except NetworkError as error:
        return answer(End.TIMEOUT if error.code == "timeout" else End.RESET, str(error), error.code)
    return answer(End.DONE)
