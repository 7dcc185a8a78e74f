"""A loopback server that plays a `Script` or misbehaves on purpose, one thread a connection.

with ScriptedServer(Script(suites={0x0003: "RSA_EXPORT"}, chain=(der,))) as server: ... server.port, server.hellos
with ScriptedServer(hostile.drip_feed) as server: ...
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.lab.process import HOST
from tests.lab.script import Refused, Script
from tlsaudit.model.errors import DecodeError
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import ContentType, HandshakeType
from tlsaudit.wire.records import HandshakeReader, Record, RecordReader
from tlsaudit.wire.ssl2 import Ssl2ClientHello

_SECONDS = 10.0
_READ = 65536


class Connection:
    """What a behaviour has to play with. Its socket is shut down when the server stops, which ends every call."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        sock.settimeout(_SECONDS)
        self.sock = sock
        self.stopped = stopped
        self._records = RecordReader()
        self._messages = HandshakeReader()

    def hello(self) -> ClientHello | Ssl2ClientHello | None:
        """The next hello, or None where the client closes first; raises DecodeError."""
        start = self.sock.recv(2, socket.MSG_PEEK)
        if start and start[0] & 0x80:
            header = self._exactly(2)
            return Ssl2ClientHello.parse(self._exactly(int.from_bytes(header, "big") & 0x7FFF))
        while (message := self._messages.next()) is None:
            record = self.record()
            if record is None:
                return None
            if record.type == ContentType.HANDSHAKE:
                self._messages.feed(record.payload)
        if message.type != HandshakeType.CLIENT_HELLO:
            raise DecodeError("handshake", f"message type {message.type} where a ClientHello was expected")
        return ClientHello.parse(message.body)

    def record(self) -> Record | None:
        """The next record, or None where the client closes first; raises DecodeError."""
        while (record := self._records.next()) is None:
            data = self.sock.recv(_READ)
            if not data:
                return None
            self._records.feed(data)
        return record

    def drain(self) -> None:
        """Read until the client closes, so that closing does not reset what was sent."""
        while self.sock.recv(_READ):
            pass

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise DecodeError("SSL2 message", "stream ends inside it")
            data += part
        return data


Behaviour = Callable[[Connection], None]


class ScriptedServer:
    """Serves while its block lasts. `hellos` are those a Script was asked, `connections` counts all that came."""

    def __init__(self, plays: Script | Behaviour) -> None:
        self._behave: Behaviour = self._script(plays) if isinstance(plays, Script) else plays
        self.hellos: list[ClientHello | Ssl2ClientHello] = []
        self.connections = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((HOST, 0), backlog=256)
        self.host = HOST
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        _shut(self._listener)
        self._threads[0].join()
        with self._lock:
            for sock in self._open:
                _shut(sock)
        for thread in self._threads:
            thread.join()

    def _run(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with self._listener:
            while True:
                try:
                    sock, _ = self._listener.accept()
                except OSError:  # shut down
                    return
                self.connections += 1
                with self._lock:
                    self._open.add(sock)
                self._run(lambda sock=sock: self._serve(sock))  # type: ignore[misc]

    def _serve(self, sock: socket.socket) -> None:
        # Whatever the client does, a dropped connection or a broken hello, ends this connection only.
        with contextlib.suppress(OSError, DecodeError):
            self._behave(Connection(sock, self._stopped))
        with self._lock:
            self._open.discard(sock)
            sock.close()

    def _script(self, script: Script) -> Behaviour:
        def play(connection: Connection) -> None:
            while (hello := connection.hello()) is not None:
                self.hellos.append(hello)
                try:
                    answer = script.answer_ssl2(hello) if isinstance(hello, Ssl2ClientHello) else script.answer(hello)
                except Refused as refused:
                    connection.sock.sendall(script.refusal(refused))
                    break
                connection.sock.sendall(answer)
            connection.sock.shutdown(socket.SHUT_WR)
            connection.drain()

        return play


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # not connected any more
        sock.shutdown(socket.SHUT_RDWR)
