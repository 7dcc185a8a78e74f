"""The server of the lab for what no packaged OpenSSL speaks any more: SSL 3.0, RC4, 3DES, MD5 (tlslite-ng).

Run as a program. Its one argument is JSON: `chain` and `key` are paths, `settings` are attributes of tlslite's
HandshakeSettings, such as {"minVersion": [3, 0], "cipherNames": ["rc4", "3des"], "macNames": ["sha", "md5"]}.
`refuse` is the alert for clients without a certificate, or null where none is asked for. `late` are the protocol
names on which it asks for one after the request (post-handshake authentication); null: it knows no names.
"""

from __future__ import annotations

import json
import socketserver
import sys
from pathlib import Path
from typing import Any

from tlslite.api import (  # type: ignore[import-untyped]  # has no stubs
    HandshakeSettings,
    TLSConnection,
    X509CertChain,
    parsePEMKey,
)

_SECONDS = 10
_FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


_ANSWER_H2 = bytes.fromhex("0000000400000000000000010105000000018d")
"""SETTINGS, and HEADERS with :status 404 (RFC 7541 appendix A, index 13)."""


def serve_late(connection: Any, chain: Any, key: Any, settings: Any, late: list[str]) -> None:
    """One request, after which a certificate is asked for if the protocol is one of `late`."""
    names = [bytearray(b"h2"), bytearray(b"http/1.1")]
    connection.handshakeServer(certChain=chain, privateKey=key, settings=settings, alpn=names)
    protocol = bytes(connection.session.appProto).decode()
    connection.recv(65536)
    if protocol in late and connection._pha_supported:
        for _ in connection.request_post_handshake_auth(settings):
            pass
    connection.sendall(_ANSWER_H2 if protocol == "h2" else _FORBIDDEN)
    connection.close()


def main() -> None:
    """Serve until killed."""
    options = json.loads(sys.argv[1])
    chain = X509CertChain()
    chain.parsePemList(Path(options["chain"]).read_text())
    key = parsePEMKey(Path(options["key"]).read_text(), private=True)
    settings = HandshakeSettings()
    for name, value in options["settings"].items():
        setattr(settings, name, tuple(value) if name.endswith("Version") else value)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(_SECONDS)
            connection: Any = TLSConnection(self.request)
            asks = options["refuse"] is not None
            if options["late"] is not None:
                serve_late(connection, chain, key, settings, options["late"])
                return
            # At TLS 1.3 it takes no hello with ALPN unless it has a protocol of its own.
            alpn = [bytearray(b"http/1.1")] if asks else None
            connection.handshakeServer(certChain=chain, privateKey=key, settings=settings, reqCert=asks, alpn=alpn)
            if asks and not connection.session.clientCertChain:
                for _ in connection._sendError(options["refuse"], ""):
                    pass
            connection.recv(65536)
            connection.sendall(_ANSWER)
            connection.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    Server(("127.0.0.1", 0), Handler).serve_forever()


if __name__ == "__main__":
    main()
