"""Random hostile servers, as many as are wanted, each the same again for the same `random.Random`.

    async with Hostile(rng, world) as server: ... server.port, server.play

They live in the loop of the audit, one task a connection. Some are hostile from the first byte, some become so after
a few honest answers, some draw lots for each connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from types import TracebackType
from typing import Self

from tests.lab.process import HOST
from tests.probe.hostility import HOSTILE, Peer, Play, World, close, honest, relayed
from tlsaudit.model.errors import DecodeError


class Hostile:
    """Serves while its block lasts; `play` names what it plays."""

    def __init__(self, rng: random.Random, world: World) -> None:
        self._rng = rng
        self._world = world
        self._accepted: list[socket.socket] = []
        self._connections: set[asyncio.Task[None]] = set()
        kind = rng.choice(HOSTILE)
        mood = rng.choice(("always", "always", "after a while", "drawing lots"))
        self._plays: tuple[Play, ...] = (kind,) if mood != "drawing lots" else (honest, honest, relayed, *HOSTILE)
        self._patience = rng.randint(1, 30) if mood == "after a while" else 0
        self._first = rng.choice((honest, relayed))
        self.play = f"{kind.__name__} {mood}"
        self.connections = 0
        self.mistakes: list[Exception] = []
        """What went wrong in a play itself, which then proves nothing."""

    async def __aenter__(self) -> Self:
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # ends accept without the loss of what it has just accepted
        await asyncio.wait((self._accepting,))
        for each in self._connections:
            each.cancel()
        if self._connections:
            await asyncio.wait(self._connections)
        self._listener.close()
        for sock in self._accepted:  # a task that was cancelled before it began has not closed its own
            sock.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):  # shut down
            while True:
                sock, _ = await loop.sock_accept(self._listener)
                self.connections += 1
                self._accepted.append(sock)
                # Lots of its own for each, so that the order in which they go on changes nothing.
                task = loop.create_task(self._serve(sock, self.connections, random.Random(self._rng.random())))
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)

    async def _serve(self, sock: socket.socket, n: int, rng: random.Random) -> None:
        play = self._first if n <= self._patience else rng.choice(self._plays)
        reader, writer = await asyncio.open_connection(sock=sock)
        try:
            with contextlib.suppress(OSError, DecodeError, asyncio.CancelledError):
                await play(rng, self._world, Peer(reader, writer))
        except Exception as error:  # noqa: BLE001 - told to the test, whatever it is
            self.mistakes.append(error)
        finally:
            await close(writer)
