"""Servers that misbehave, each a behaviour for `ScriptedServer`."""

from __future__ import annotations

import os
import socket
import struct

from tests.lab.script import Refused, Script
from tests.lab.scripted import Behaviour, Connection
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import ContentType
from tlsaudit.wire.records import record

_DRIP_SECONDS = 0.02


def accept_and_silence(connection: Connection) -> None:
    """Takes everything and never says a word."""
    connection.drain()


def close_at_once(connection: Connection) -> None:
    """Closes before anything was said."""
    connection.sock.shutdown(socket.SHUT_RDWR)


def reset_at_once(connection: Connection) -> None:
    """Reads the hello and resets."""
    connection.hello()
    reset(connection.sock)


def junk(connection: Connection) -> None:
    """Answers the hello with random bytes that are no record."""
    connection.hello()
    connection.sock.sendall(b"\xaa" + os.urandom(4096))
    connection.sock.shutdown(socket.SHUT_WR)
    connection.drain()


def endless_bytes(connection: Connection) -> None:
    """Answers with zeros for ever."""
    while True:
        connection.sock.sendall(bytes(65536))


def endless_records(connection: Connection) -> None:
    """Answers with well-formed records for ever: one handshake message of 16 MB that never ends."""
    connection.sock.sendall(record(ContentType.HANDSHAKE, 0x0303, b"\x02\xff\xff\xff"))
    while True:
        connection.sock.sendall(record(ContentType.HANDSHAKE, 0x0303, bytes(16384)))


def endless_warnings(connection: Connection) -> None:
    """Answers with warning alerts for ever."""
    while True:
        connection.sock.sendall(record(ContentType.ALERT, 0x0303, b"\x01\x70") * 64)


def ssh_banner(connection: Connection) -> None:
    """An SSH server, which speaks first (RFC 4253 section 4.2)."""
    connection.sock.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    connection.drain()


def http_plain(connection: Connection) -> None:
    """A web server that speaks no TLS."""
    connection.sock.recv(65536)
    connection.sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    connection.sock.shutdown(socket.SHUT_WR)
    connection.drain()


def drip_feed(script: Script) -> Behaviour:
    """Plays the script one byte at a time, slowly."""

    def play(connection: Connection) -> None:
        for byte in _answer(script, connection):
            connection.sock.sendall(bytes((byte,)))
            if connection.stopped.wait(_DRIP_SECONDS):
                return

    return play


def reset_mid_flight(script: Script) -> Behaviour:
    """Sends half of the flight, then resets."""

    def play(connection: Connection) -> None:
        answer = _answer(script, connection)
        connection.sock.sendall(answer[: len(answer) // 2])
        reset(connection.sock)

    return play


def close_mid_flight(script: Script) -> Behaviour:
    """Sends half of the flight, then closes."""

    def play(connection: Connection) -> None:
        answer = _answer(script, connection)
        connection.sock.sendall(answer[: len(answer) // 2])
        connection.sock.shutdown(socket.SHUT_WR)
        connection.drain()

    return play


def unparsable_certificate() -> Script:
    """A sound flight whose certificate is no DER."""
    return Script(chain=(b"\x30\x82\xff\xff not a certificate",))


def reset(sock: socket.socket) -> None:
    """Close with a reset instead of an orderly end: SO_LINGER with no time to linger."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def _answer(script: Script, connection: Connection) -> bytes:
    hello = connection.hello()
    if not isinstance(hello, ClientHello):
        return b""
    try:
        return script.answer(hello)
    except Refused as refused:
        return script.refusal(refused)
