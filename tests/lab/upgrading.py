"""Plain HTTP that goes on with TLS in the middle of a connection (RFC 2817), as Apache did before 2.4.64."""

from __future__ import annotations

import ssl

from tests.lab.pki import CertificateFiles
from tests.lab.scripted import Behaviour, Connection

_PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
_SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n"


def upgrading(certificate: CertificateFiles, plain: bytes = _PAGE) -> Behaviour:
    """Answers `plain`, or within TLS to a client that asks to go on with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)

    def play(connection: Connection) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.sock.recv(4096)
            if not received:
                return
            head += received
        if b"\r\nUpgrade: TLS/1.0\r\n" not in head:
            connection.sock.sendall(plain)
            return
        connection.sock.sendall(_SWITCH)
        with context.wrap_socket(connection.sock.dup(), server_side=True) as secured:
            secured.sendall(_PAGE)

    return play
