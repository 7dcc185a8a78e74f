"""A small TLS server on loopback: the standard library's `ssl`, one thread a connection, HTTP/1.1 with one answer.

It is made to be audited: hellos that fail, half-open connections and garbage cost one thread for some seconds and
nothing else, and leaving its block ends it at once.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_SECONDS = 5.0
"""What a connection may take for each step: handshake, request, close."""
_CONNECTIONS = 256
_REQUEST_BYTES = 16384

Respond = Callable[[ssl.SSLSocket], bytes]
"""The HTTP response for a client whose handshake is done."""


def response(status: str, body: bytes, *headers: str) -> bytes:
    """A whole HTTP/1.1 response that closes the connection; `headers` are lines without their end."""
    lines = (
        f"HTTP/1.1 {status}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode("ascii") + body


def plain_answer(_connection: ssl.SSLSocket) -> bytes:
    """200 without further headers."""
    return response("200 OK", b"ok\n")


class TlsServer:
    """Serves `context` on a loopback port of the kernel's choice while its `with` block lasts."""

    def __init__(self, context: ssl.SSLContext, respond: Respond = plain_answer) -> None:
        self._context = context
        self._respond = respond
        self._listener = socket.create_server((HOST, 0), backlog=_CONNECTIONS)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[ssl.SSLSocket] = set()
        self._closing = False
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_CONNECTIONS)
        self._acceptor = threading.Thread(target=self._accept, name=f"demo-{self.port}", daemon=True)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closing = True
            # shutdown() wakes accept() and recv() in the other threads; close() alone would not.
            for each in (self._listener, *self._open):
                _shut(each, socket.SHUT_RDWR)
        self._acceptor.join()
        for _ in range(_CONNECTIONS):
            self._slots.acquire()

    def _accept(self) -> None:
        with self._listener:
            while True:
                self._slots.acquire()
                try:
                    connection, _ = self._listener.accept()
                except OSError:  # the listener was shut down
                    self._slots.release()
                    return
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            # ssl.SSLError is an OSError: whatever the peer does ends here.
            with connection, contextlib.suppress(OSError):
                connection.settimeout(_SECONDS)
                with self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
                    self._converse(secured)
        finally:
            self._slots.release()

    def _converse(self, secured: ssl.SSLSocket) -> None:
        with self._lock:
            if self._closing:
                return
            self._open.add(secured)
        try:
            with contextlib.suppress(OSError, ValueError):  # ValueError: the server is closed, and TLS taken away here
                secured.do_handshake()
                if _has_request(secured):
                    secured.sendall(self._respond(secured))
                secured.setblocking(False)  # send our close_notify, do not wait for theirs
                secured.unwrap()
            _drain(secured)
        finally:
            with self._lock:
                self._open.discard(secured)


def _has_request(secured: ssl.SSLSocket) -> bool:
    """Whether the head of a request comes in time; no other part of it matters."""
    deadline = time.monotonic() + _SECONDS
    head = b""
    while b"\r\n\r\n" not in head:
        secured.settimeout(max(deadline - time.monotonic(), 0.001))
        data = secured.recv(_REQUEST_BYTES)
        head += data
        if not data or len(head) > _REQUEST_BYTES:
            return False
    return True


def _drain(secured: ssl.SSLSocket) -> None:
    """Close our side and read what is still coming, for a while.

    Closing with unread data makes the kernel send a reset, which can overtake and destroy the alert just sent.
    """
    deadline = time.monotonic() + _SECONDS
    _shut(secured, socket.SHUT_WR)  # from here on the socket reads raw bytes
    while (left := deadline - time.monotonic()) > 0:
        secured.settimeout(left)
        if not secured.recv(_REQUEST_BYTES):
            return


def _shut(sock: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):  # not connected any more
        sock.shutdown(how)
