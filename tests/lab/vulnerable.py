"""Servers with the flaws that are looked for, as far as a script can play them: no package has them any more.

They do what the probe takes for the flaw and no more: no memory leaks and no key is weak.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers
from OpenSSL import SSL

from tests.lab.pki import CertificateFiles
from tests.lab.process import HOST
from tests.lab.script import Refused, Script
from tests.lab.scripted import Behaviour, Connection
from tlsaudit.wire.cbc import CbcKeys
from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import TLS_1_2, AlertDescription, AlertLevel, ContentType, ExtensionType, HandshakeType
from tlsaudit.wire.records import Record, alert_record, handshake_records, record
from tlsaudit.wire.server_hello import ServerHello

_LEAK = b"\x02\x40\x00" + b"\x01" * 64
"""heartbeat_response, a length of 16384, and bytes of the request that it came from."""

_SESSION_ID = 32
_NO_ENCRYPT_THEN_MAC = 1 << 19
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"

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


def ticketbleed(port: int) -> Behaviour:
    """Stands before a real server on `port`; who sends a ticket and a short session id gets 32 bytes of echo."""

    def play(connection: Connection) -> None:
        first = connection.record()
        if first is None or first.type != ContentType.HANDSHAKE:
            return
        hello = ClientHello.parse(first.payload[4:])
        tickets = [each.data for each in hello.extensions or () if each.type == ExtensionType.SESSION_TICKET]
        if any(tickets) and 0 < len(hello.session_id) < _SESSION_ID:
            echo = ServerHello(
                version=TLS_1_2,
                legacy_version=TLS_1_2,
                session_id=hello.session_id + bytes(_SESSION_ID - len(hello.session_id)),
                cipher_suite=hello.cipher_suites[0],
            )
            ccs = record(ContentType.CHANGE_CIPHER_SPEC, TLS_1_2, b"\x01")
            connection.sock.sendall(handshake_records(echo.handshake(), TLS_1_2) + ccs)
            connection.drain()
            return
        with socket.create_connection((HOST, port)) as server:
            back = threading.Thread(target=_copy, args=(server, connection.sock))
            back.start()
            try:
                received: Record | None = first
                while received is not None:
                    server.sendall(record(received.type, received.version, received.payload))
                    received = connection.record()
            finally:
                server.shutdown(socket.SHUT_RDWR)
                back.join()

    return play


Broken = Callable[[SSL.Connection], bytes | None]
"""What a server does about a record with bad padding: what it sends, or None where it takes it for a good one."""


def closes(_tls: SSL.Connection) -> bytes | None:
    """Says nothing, where a bad MAC gets an alert."""
    return b""


def takes_it(tls: SSL.Connection) -> bytes | None:
    """Does not look at the padding, as at SSL 3.0 (CVE-2014-8730)."""
    tls.send(ANSWER)
    return None


def padding_oracle(files: CertificateFiles, on_bad_padding: Broken = closes) -> Behaviour:
    """OpenSSL with one CBC suite at TLS 1.2, which sees only what has sound padding."""
    return _with_one_suite(files, on_bad_padding)


def speaking_first(files: CertificateFiles) -> Behaviour:
    """OpenSSL with one CBC suite at TLS 1.2, as it is, which greets every client as a mail server does."""
    return _with_one_suite(files, None, greeting=b"220 mail.lab.test ESMTP\r\n")


def hanging_up(files: CertificateFiles) -> Behaviour:
    """OpenSSL with one CBC suite at TLS 1.2, and nothing behind it: each connection ends where data comes, unread."""
    return _with_one_suite(files, None, reads=False)


def _with_one_suite(
    files: CertificateFiles, on_bad_padding: Broken | None, *, greeting: bytes = b"", reads: bool = True
) -> Behaviour:
    """OpenSSL with one CBC suite at TLS 1.2. `reads`: data is read and answered."""

    def play(connection: Connection) -> None:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_max_proto_version(TLS_1_2)
        context.set_options(_NO_ENCRYPT_THEN_MAC)
        context.set_cipher_list(b"ECDHE-RSA-AES128-SHA:@SECLEVEL=0")
        context.use_certificate_chain_file(str(files.chain))
        context.use_privatekey_file(str(files.key))
        tls = SSL.Connection(context, None)
        tls.set_accept_state()
        established = False
        while (received := connection.record()) is not None:
            is_data = established and received.type == ContentType.APPLICATION_DATA
            if is_data and not reads:
                return
            if is_data and on_bad_padding is not None and _has_bad_padding(tls, received):
                on_bad_padding(tls)
                _flush(connection, tls)
                return
            tls.bio_write(received.header + received.payload)
            try:
                if established:
                    tls.recv(65536)
                    tls.send(ANSWER)
                else:
                    tls.do_handshake()
                    established = True
                    if greeting:
                        tls.send(greeting)
            except SSL.WantReadError:
                pass
            except SSL.Error:
                _flush(connection, tls)
                return
            _flush(connection, tls)

    return play


def _has_bad_padding(tls: SSL.Connection, received: Record) -> bool:
    """Whether the last byte and as many before it as it says are not all the same (RFC 5246 section 6.2.3.2)."""
    keys = CbcKeys.of_client(
        version=TLS_1_2,
        key_length=16,
        mac_hash="sha1",
        master=tls.master_key() or b"",
        client_random=tls.client_random() or b"",
        server_random=tls.server_random() or b"",
    )
    plain = keys.open(received.payload)
    return plain[-plain[-1] - 1 :] != bytes((plain[-1],)) * (plain[-1] + 1)


def _flush(connection: Connection, tls: SSL.Connection) -> None:
    with contextlib.suppress(SSL.WantReadError):
        while True:
            connection.sock.sendall(tls.bio_read(65536))


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
