"""A TCP proxy that makes loopback as slow as a distant network, and counts connections.

    with DelayProxy(server.port, round_trip=0.05) as proxy: ... proxy.port, proxy.connections

Every byte arrives half a round trip later, in both directions, without limiting how much is under way. The kernel
accepts at once, so the round trip of the TCP handshake is added to the first bytes instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

from tests.lab.process import HOST

_READ = 65536
_ESTABLISHED = 1
"""The state in which neither side has closed (include/net/tcp_states.h), the first byte of Linux's tcp_info."""


class DelayProxy:
    """Forwards to a port on loopback while its block lasts; `round_trip` is in seconds."""

    def __init__(self, to_port: int, *, round_trip: float) -> None:
        self.host = HOST
        self.port = 0
        self.connections = 0
        self.most_open = 0
        """The largest number of connections that the clients had open at the same time."""
        self._to_port = to_port
        self._round_trip = round_trip
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._open: dict[socket.socket, asyncio.Task[None]] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        # Accepting by hand: asyncio.start_server can lose a connection that is accepted while it is being closed.
        with socket.create_server((HOST, 0), backlog=1024) as listener:
            listener.setblocking(False)
            self.port = listener.getsockname()[1]
            self._loop.add_reader(listener, self._accept, listener)
            self._ready.set()
            await self._stop.wait()
            self._loop.remove_reader(listener)
        for task in self._open.values():
            task.cancel()
        await asyncio.gather(*self._open.values(), return_exceptions=True)
        for sock in self._open:
            sock.close()

    def _accept(self, listener: socket.socket) -> None:
        sock, _ = listener.accept()
        sock.setblocking(False)
        self.connections += 1
        self._open[sock] = asyncio.create_task(self._forward(sock))
        # What the client has closed is still in our hands while its last bytes are under way.
        self.most_open = max(self.most_open, sum(map(_is_established, self._open)))

    async def _forward(self, sock: socket.socket) -> None:
        await asyncio.sleep(self._round_trip)
        async with _connection(sock=sock) as (reader, client):
            with contextlib.suppress(OSError):  # nobody listens there, or one side broke off
                async with _connection(host=HOST, port=self._to_port) as (to_reader, server):
                    await asyncio.gather(self._pump(reader, server), self._pump(to_reader, client))
        del self._open[sock]

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        receiving = asyncio.create_task(self._receive(reader, under_way))
        try:
            while True:
                arrives, data = await under_way.get()
                await asyncio.sleep(arrives - self._loop.time())
                if not data:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()
        finally:
            receiving.cancel()

    async def _receive(self, reader: asyncio.StreamReader, under_way: asyncio.Queue[tuple[float, bytes]]) -> None:
        data = b"start"
        while data:
            try:
                data = await reader.read(_READ)
            except OSError:  # a reset is passed on as an end
                data = b""
            under_way.put_nowait((self._loop.time() + self._round_trip / 2, data))


def _is_established(sock: socket.socket) -> bool:
    return sock.fileno() >= 0 and sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED


@contextlib.asynccontextmanager
async def _connection(**where: Any) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """The streams of a socket or of a new connection, closed at the end without waiting for what is unsent."""
    reader, writer = await asyncio.open_connection(**where)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
