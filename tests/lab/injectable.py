"""PostgreSQL before 14.1: what came in plain text behind SSLRequest counts as sent within TLS (CVE-2021-23214)."""

from __future__ import annotations

import ssl
import struct
from typing import Final

from tests.lab.pki import CertificateFiles
from tests.lab.scripted import Behaviour, Connection

_SSL_REQUEST = struct.pack(">I", 80877103)
ASKS_FOR_A_PASSWORD: Final = b"R" + struct.pack(">II", 8, 3)


def injectable(
    certificate: CertificateFiles, *, plain: bytes | None = ASKS_FOR_A_PASSWORD, taken: bytes | None = None
) -> Behaviour:
    """Asks for a password within TLS, also whom it heard before; answers `plain` in plain text.

    `taken` is said instead to a client that spoke before TLS. What is empty is a close; None for `plain`: silence.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)

    def play(connection: Connection) -> None:
        begun = connection.sock.recv(65536)
        if begun[4:8] != _SSL_REQUEST:
            if plain is None:
                connection.drain()
            connection.sock.sendall(plain or b"")
            return
        connection.sock.sendall(b"S")
        with context.wrap_socket(connection.sock.dup(), server_side=True) as secured:
            early = begun[8:]
            if early and taken is not None:
                secured.sendall(taken)
            elif early or secured.recv(65536):
                secured.sendall(ASKS_FOR_A_PASSWORD)
                secured.recv(65536)

    return play
