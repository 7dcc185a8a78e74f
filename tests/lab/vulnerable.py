"""Servers with the flaws that sslyze looks for, as far as a script can play them: no package has them any more.

They do what the probe takes for the flaw and no more: no memory leaks and no key is weak.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers

from tests.lab.process import HOST
from tests.lab.script import Refused, Script
from tests.lab.scripted import Behaviour, Connection
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import TLS_1_2, AlertDescription, AlertLevel, ContentType, ExtensionType, HandshakeType
from tlsaudit.wire.records import Record, alert_record, record

_LEAK = b"\x02\x40\x00" + b"\x01" * 64
"""heartbeat_response, a length of 16384, and bytes of the request that it came from."""

Chain = tuple[bytes, ...]
React = Callable[[Record], bytes]


def heartbleed(chain: Chain) -> Behaviour:
    """Answers any heartbeat with more than it was sent (CVE-2014-0160)."""
    script = Script(chain=chain, extensions={ExtensionType.RENEGOTIATION_INFO: b"\x00", ExtensionType.HEARTBEAT: b"\1"})

    def react(received: Record) -> bytes:
        if received.type == ContentType.HEARTBEAT:
            return record(ContentType.HEARTBEAT, TLS_1_2, _LEAK)
        return alert_record(AlertLevel.FATAL, AlertDescription.UNEXPECTED_MESSAGE)

    return _after_the_flight(script, react)


def ccs_injection(chain: Chain) -> Behaviour:
    """Takes ChangeCipherSpec at any time, and fails to decrypt what follows (CVE-2014-0224)."""
    decrypts = alert_record(AlertLevel.FATAL, AlertDescription.BAD_RECORD_MAC)

    def react(received: Record) -> bytes:
        return decrypts if received.type == ContentType.APPLICATION_DATA else b""

    return _after_the_flight(Script(chain=chain), react)


def silent(chain: Chain) -> Behaviour:
    """Answers every hello, and nothing else ever."""
    return _after_the_flight(Script(chain=chain), lambda _received: b"")


def _after_the_flight(script: Script, react: React) -> Behaviour:
    """Plays the script, then says what `react` does to each record; the connection stays open."""

    def play(connection: Connection) -> None:
        hello = connection.hello()
        try:
            answer = script.answer(hello) if isinstance(hello, ClientHello) else script.refusal(Refused())
        except Refused as refused:
            answer = script.refusal(refused)
        connection.sock.sendall(answer)
        while (received := connection.record()) is not None:
            connection.sock.sendall(react(received))

    return play


def robot(port: int, key: RSAPrivateNumbers) -> Behaviour:
    """Stands before a real server on `port`, and tells with an alert of its own what begins with bad padding."""

    def play(connection: Connection) -> None:
        with socket.create_connection((HOST, port)) as server:
            back = threading.Thread(target=_copy, args=(server, connection.sock))
            back.start()
            try:
                while (received := connection.record()) is not None:
                    if _is_badly_padded(received, key):
                        connection.sock.sendall(alert_record(AlertLevel.FATAL, AlertDescription.DECRYPT_ERROR))
                        break
                    server.sendall(record(received.type, received.version, received.payload))
            finally:
                server.shutdown(socket.SHUT_RDWR)
                back.join()

    return play


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one of them is gone
        return


def _is_badly_padded(received: Record, key: RSAPrivateNumbers) -> bool:
    """Whether a record is a ClientKeyExchange whose RSA plaintext does not begin with 00 02 (RFC 8017 section 7.2)."""
    n = key.public_numbers.n
    size = (n.bit_length() + 7) // 8
    payload = received.payload
    is_exchange = received.type == ContentType.HANDSHAKE and payload[0] == HandshakeType.CLIENT_KEY_EXCHANGE
    if not is_exchange or len(payload) != 4 + 2 + size:
        return False
    plain = pow(int.from_bytes(payload[6:], "big"), key.d, n).to_bytes(size, "big")
    return not plain.startswith(b"\x00\x02")
