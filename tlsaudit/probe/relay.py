"""A relay on loopback, so that a program which dials by itself dials through `net` after all.

What the program connects to is a port of ours; what it says goes on over a connection that `net` opened, within its
caps and timeouts and counted, and each such connection is a probe in the log. In passing, the relay notes whether
the server answered with a whole flight: only then does a verdict "not vulnerable" mean anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tlsaudit.model.errors import DecodeError, NetworkError
from tlsaudit.net import Connection
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.wire import FlightReader, ServerHelloDone

_LOOPBACK = "127.0.0.1"
_MOST_BYTES = 262_144
"""What one connection may bring back; a first flight and an answer to it are far smaller."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Passage:
    """One connection that went through: probe `n`, and what was seen of the server's side.

    `flight`: its first flight was whole, up to ServerHelloDone. `later` counts the bytes after that. `end` is how it
    ended it: closed, reset, timeout or another code of a NetworkError; "" where the client closed first.
    """

    n: int
    flight: bool = False
    later: int = 0
    end: str = ""
    _received: int = 0
    _reader: FlightReader | None = field(default_factory=FlightReader)

    def see(self, data: bytes) -> bool:
        """Note what the server sent; False where it is too much to go on."""
        self._received += len(data)
        if self.flight:
            self.later += len(data)
        elif self._reader is not None:
            self._read(self._reader, data)
        return self._received <= _MOST_BYTES

    def _read(self, reader: FlightReader, data: bytes) -> None:
        try:
            reader.feed(data)
        except DecodeError:
            self._reader = None
        if reader.done:
            self.flight = any(isinstance(event, ServerHelloDone) for event in reader.events)
            self._reader = None

    def summary(self) -> str:
        """The server's side in a line."""
        flight = f"whole flight, then {self.later} bytes" if self.flight else f"{self._received} bytes, no whole flight"
        return flight + (f", {self.end}" if self.end else "")


class Relay:
    """Passes on at most `most` connections while its block lasts; `port` is where to connect to."""

    def __init__(self, dialogue: Dialogue, asked: str, *, most: int) -> None:
        self.port = 0
        self.passages: list[Passage] = []
        self._dialogue = dialogue
        self._asked = asked
        self._most = most
        self._listener = socket.create_server((_LOOPBACK, 0), backlog=most)
        self._listener.setblocking(False)
        self._tries = 0
        self._clients: list[socket.socket] = []
        self._passing: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.port = self._listener.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._listener, self._accept)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        for task in self._passing:
            task.cancel()
        if self._passing:
            await asyncio.wait(self._passing)
        for sock in self._clients:  # a task that was cancelled before it began has not closed its own
            sock.close()

    def _accept(self) -> None:
        """Take one connection. Not as a task: one that is cancelled may lose what it has just accepted."""
        self._tries += 1
        if self._tries >= self._most:
            asyncio.get_running_loop().remove_reader(self._listener)
        with contextlib.suppress(OSError):  # of ours: the client is left without an answer, which proves nothing
            sock, _ = self._listener.accept()
            self._clients.append(sock)
            self._passing.append(asyncio.create_task(self._pass_on(sock)))

    async def _pass_on(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        network, log = self._dialogue.network, self._dialogue.log
        passage = Passage(log.open(self._asked))
        self.passages.append(passage)
        try:
            async with self._dialogue.connect() as server:
                # A little longer, so that of two silent sides it is the server that is seen to be.
                deadline = asyncio.get_running_loop().time() + network.limits.read_timeout + 1
                await _both_ways(Connection(sock, deadline), server, passage)
        except NetworkError as error:
            self._dialogue.note(error)
            passage.end = error.code
        finally:
            if passage.end == "reset":  # that and a close are different answers
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            sock.close()
            log.close(passage.n, passage.summary())


async def _both_ways(client: Connection, server: Connection, passage: Passage) -> None:
    """Copy until either side is done; raises NetworkError where the server's side fails."""
    sending = asyncio.create_task(_send(client, server))
    receiving = asyncio.create_task(_receive(server, client, passage))
    try:
        await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, receiving):
            task.cancel()
        await asyncio.wait((sending, receiving))
    for task in (receiving, sending):
        if not task.cancelled():
            task.result()


async def _send(client: Connection, server: Connection) -> None:
    while data := await _of_client(client):
        await server.write(data)


async def _receive(server: Connection, client: Connection, passage: Passage) -> None:
    while data := await server.read():
        if not passage.see(data):
            return
        with contextlib.suppress(NetworkError):  # the client is gone, which its own side notices
            await client.write(data)
    passage.end = "closed"


async def _of_client(client: Connection) -> bytes:
    try:
        return await client.read()
    except NetworkError:
        return b""
