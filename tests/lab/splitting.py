"""What stands between clients and real servers, and goes wrong: two servers behind one address, a deaf one."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import cycle

from tests.lab.process import HOST
from tests.lab.scripted import Behaviour, Connection
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import ContentType
from tlsaudit.wire.records import HandshakeReader, RecordReader

_ALL_OF_A_FLIGHT = 0.2
_PATIENCE = 30.0
_SUPPORTED_VERSIONS = 43
_PRE_SHARED_KEY = 41
_KEY_SHARE = 51
_SESSION_TICKET = 35
_PSK_KEY_EXCHANGE_MODES = 45
_PSK_KE_ALONE = b"\x01\x00"
_TLS_1_3 = b"\x03\x04"


def by_version(newer: int, older: int) -> Behaviour:
    """Hands clients that offer TLS 1.3 to the server on port `newer`, and all others to that on `older`."""

    def play(connection: Connection) -> None:
        first, hello = _hello(connection)
        extensions = hello.extensions or () if hello is not None else ()
        modern = any(each.type == _SUPPORTED_VERSIONS and _TLS_1_3 in each.data for each in extensions)
        _hand_on(connection, first, newer if modern else older)

    return play


def by_ticket(without: int, bearing: int) -> Behaviour:
    """Hands clients that offer a ticket of TLS 1.3 to the server on port `bearing`, and all others to `without`."""

    def play(connection: Connection) -> None:
        first, hello = _hello(connection)
        offered = {each.type for each in hello.extensions or ()} if hello is not None else set()
        _hand_on(connection, first, bearing if _PRE_SHARED_KEY in offered else without)

    return play


def in_turn(*ports: int) -> Behaviour:
    """Hands each question to the next of several servers every time that it is asked.

    A balancer does so with each connection; then it is chance who answers a question that is asked again.
    """
    turns: dict[object, Iterator[int]] = {}
    lock = threading.Lock()

    def play(connection: Connection) -> None:
        first, hello = _hello(connection)
        with lock:
            port = next(turns.setdefault(_question(first, hello), cycle(ports)))
        _hand_on(connection, first, port)

    return play


def one_after_the_other(*ports: int) -> Behaviour:
    """Hands each connection to the next of several servers, as a balancer does."""
    turns = cycle(ports)

    def play(connection: Connection) -> None:
        _hand_on(connection, b"", next(turns))

    return play


def _question(first: bytes, hello: ClientHello | None) -> object:
    """What is asked, without what is random in it."""
    if hello is None:
        return first
    extensions = tuple((each.type, each.data) for each in hello.extensions or () if each.type != _KEY_SHARE)
    return hello.version, tuple(hello.cipher_suites), extensions


def _hand_on(connection: Connection, first: bytes, port: int) -> None:
    with socket.create_connection((HOST, port), timeout=_PATIENCE) as server:
        server.sendall(first)
        back = threading.Thread(target=_copy, args=(server, connection.sock))
        back.start()
        _copy(connection.sock, server)
        back.join()


def deaf(port: int) -> Behaviour:
    """Lets the server on `port` answer the hello, and hears nothing of what the client says then."""

    def play(connection: Connection) -> None:
        first, _ = _hello(connection)
        with socket.create_connection((HOST, port)) as server:
            server.sendall(first)
            server.settimeout(_ALL_OF_A_FLIGHT)
            with contextlib.suppress(TimeoutError):
                while data := server.recv(65536):
                    connection.sock.sendall(data)
            connection.drain()

    return play


def silent_about(port: int, unheard: Callable[[ClientHello], bool]) -> Behaviour:
    """Stands before the server on `port`, and says nothing to such hellos; the connection stays open."""

    def play(connection: Connection) -> None:
        first, hello = _hello(connection)
        if hello is not None and unheard(hello):
            connection.drain()
        else:
            _hand_on(connection, first, port)

    return play


def without_dhe(hello: ClientHello) -> bool:
    """Whether a session is to be resumed with psk_ke alone (RFC 8446 section 4.2.9)."""
    sent = {each.type: each.data for each in hello.extensions or ()}
    return _PRE_SHARED_KEY in sent and sent.get(_PSK_KEY_EXCHANGE_MODES) == _PSK_KE_ALONE


def with_ticket(hello: ClientHello) -> bool:
    """Whether a ticket below TLS 1.3 is offered (RFC 5077)."""
    return any(each.type == _SESSION_TICKET and each.data for each in hello.extensions or ())


def _hello(connection: Connection) -> tuple[bytes, ClientHello | None]:
    """What came first, as it came, and the hello in it; None where it is none, as in SSL 2.0."""
    raw = b""
    records, messages = RecordReader(), HandshakeReader()
    while True:
        data = connection.sock.recv(65536)
        raw += data
        if not data or raw[0] != ContentType.HANDSHAKE:
            return raw, None
        records.feed(data)
        while (record := records.next()) is not None:
            messages.feed(record.payload)
        if (message := messages.next()) is not None:
            return raw, ClientHello.parse(message.body)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one of them is gone; the other must not wait for it
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
