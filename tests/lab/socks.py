"""A small SOCKS 5 server on loopback (RFC 1928, RFC 1929), and what it was asked for.

with SocksServer(names={"shop.example": "127.0.0.1"}, credentials=("user", "secret")) as proxy: ... proxy.port
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.lab.process import HOST
from tests.lab.scripted import Connection, ScriptedServer

_READ = 65536


class SocksServer:
    """Forwards while its block lasts; `names` is all that it can resolve, `asked` the hosts it was given."""

    def __init__(self, names: Mapping[str, str] | None = None, credentials: tuple[str, str] | None = None) -> None:
        self._names = names or {}
        self._credentials = credentials
        self.asked: list[str] = []
        self._server = ScriptedServer(self._serve)
        self.host = HOST
        self.port = self._server.port

    @property
    def connections(self) -> int:
        """How many connections were made to it."""
        return self._server.connections

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _serve(self, connection: Connection) -> None:
        client = connection.sock
        _, count = client.recv(1), client.recv(1)[0]
        methods = client.recv(count, socket.MSG_WAITALL)
        method = 2 if self._credentials else 0
        if method not in methods:
            client.sendall(b"\x05\xff")
            return
        client.sendall(bytes([5, method]))
        if self._credentials and not self._admits(client):
            return
        host, port = self._request(client)
        self.asked.append(host)
        try:
            to = self._names.get(host) or str(ipaddress.ip_address(host))
            server = socket.create_connection((to, port), timeout=10)
        except (OSError, ValueError):
            client.sendall(b"\x05\x04\x00\x01" + bytes(6))
            return
        with server:
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            _pump(client, server)
            back.join()

    def _admits(self, client: socket.socket) -> bool:
        given = []
        client.recv(1)
        for _ in range(2):
            length = client.recv(1)[0]
            given.append(client.recv(length, socket.MSG_WAITALL).decode())
        good = tuple(given) == self._credentials
        client.sendall(b"\x01\x00" if good else b"\x01\x01")
        return good

    def _request(self, client: socket.socket) -> tuple[str, int]:
        kind = client.recv(4, socket.MSG_WAITALL)[3]
        if kind == 3:
            host = client.recv(client.recv(1)[0], socket.MSG_WAITALL).decode()
        else:
            host = str(ipaddress.ip_address(client.recv(4 if kind == 1 else 16, socket.MSG_WAITALL)))
        return host, int.from_bytes(client.recv(2, socket.MSG_WAITALL), "big")


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_READ):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
