"""Client certificates that TLS 1.3 asks for after the request (RFC 8446 section 4.6.2).

A server may do so only where the client offers post_handshake_auth. Our own client offers it and sees the request;
what a certificate does then is tried with the standard library, the only one here that can answer. It reads keys from
files alone: there the key is in a file without a name (memfd), elsewhere in one that its owner alone may read, gone
at once.
"""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives import serialization

from tlsaudit.credentials import Credential
from tlsaudit.model.errors import DecodeError, NetworkError
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.net import Connection
from tlsaudit.probe import http
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.handshake import COMPUTABLE_GROUPS, COMPUTABLE_SUITES, SHARE_GROUPS
from tlsaudit.probe.hellos import ALL_SCHEMES
from tlsaudit.wire import Alert, AlertDescription, ApplicationData, CertificateRequest, Extension, Tls13Client

_POST_HANDSHAKE_AUTH = Extension(49, b"")
_LONGEST_ANSWER = 65536
_ALERT = re.compile(r"(?:TLSV1[0-9]?|SSLV3)_ALERT_([A-Z_]+)")


async def ask_late_request(
    dialogue: Dialogue, target: Target, path: str, alpn: tuple[str, ...]
) -> tuple[int, CertificateRequest | None, bytes]:
    """The number of the probe, the CertificateRequest that came after `GET path`, if one did, and what was answered."""
    client = Tls13Client(
        server_name=target.server_name,
        cipher_suites=COMPUTABLE_SUITES,
        groups=COMPUTABLE_GROUPS,
        share_groups=SHARE_GROUPS,
        signature_schemes=ALL_SCHEMES,
        alpn=alpn,
        extra=(_POST_HANDSHAKE_AUTH,),
    )
    n = dialogue.log.open(f"GET {path} over TLSv1.3, is a client certificate asked for after the request")
    problem = ""
    try:
        async with dialogue.connect() as connection:
            await _converse(connection, client, http.request(target, path))
    except (DecodeError, NetworkError) as error:
        problem = str(error)
        if isinstance(error, NetworkError):
            dialogue.note(error)
    late = _late_request(client)
    data = _data(client)
    dialogue.log.close(n, "CertificateRequest after the request" if late else problem or f"no, {len(data)} bytes")
    return n, late, data


async def _converse(connection: Connection, client: Tls13Client, request: bytes) -> None:
    """Handshake, request, and then read until a certificate is asked for or the answer is whole."""
    await connection.write(client.start())
    while not client.handshake_complete and not client.done:
        received = await connection.read()
        client.feed(received)
        if pending := client.send():
            await connection.write(pending)
        if not received:
            return
    if not client.handshake_complete:
        return
    await connection.write(client.finish(close=False) + client.application_data(request))
    while not client.done and _late_request(client) is None and not _is_enough(_data(client)):
        received = await connection.read()
        if not received:
            return
        client.feed(received)


def _is_enough(data: bytes) -> bool:
    return len(data) >= _LONGEST_ANSWER or (bool(data) and http.enough(data))


def _late_request(client: Tls13Client) -> CertificateRequest | None:
    requests = (event for event in client.events if isinstance(event, CertificateRequest))
    # Only one that comes after the handshake has a context (RFC 8446 section 4.3.2).
    return next((event for event in requests if event.request_context), None)


def _data(client: Tls13Client) -> bytes:
    return b"".join(event.data for event in client.events if isinstance(event, ApplicationData))


async def exchange_late(
    dialogue: Dialogue, target: Target, *, path: str, whose: str, credential: Credential | None, alpn: tuple[str, ...]
) -> Exchange:
    """`GET path` over TLS 1.3 with `credential` for whoever asks after the request; what goes wrong is in the result.

    For endpoints that were seen to ask: the library does not tell.
    """
    asked = f"GET {path} over TLSv1.3, post-handshake authentication {whose}"
    result = Exchange(n=dialogue.log.open(asked), version=ProtocolVersion.TLS_1_3, certificate_requested=True)
    result.presented = credential is not None
    try:
        client = _Client(_context(credential, alpn), target.server_name)
        async with dialogue.connect() as connection:
            await client.converse(connection, result, http.request(target, path))
    except ssl.SSLError as error:
        result.problem = error.reason or "TLS failed"
        result.alert = _alert(error)
    except NetworkError as error:
        dialogue.note(error)
        result.problem, result.failure = str(error), error.code
    alert = f", alert {result.alert.description} {result.alert.name}" if result.alert else ""
    dialogue.log.close(result.n, f"{len(result.data)} bytes{alert}" if result.data or alert else result.problem)
    return result


def _context(credential: Credential | None, alpn: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.set_ciphers("ALL:@SECLEVEL=0")  # else it refuses to load a weak key
    context.post_handshake_auth = True
    if alpn:
        context.set_alpn_protocols(alpn)
    if credential is not None:
        with _file_of(credential) as path:
            context.load_cert_chain(path)
    return context


@contextmanager
def _file_of(credential: Credential) -> Iterator[str]:
    """A path that holds certificates and key for as long as the block lasts."""
    pem = credential.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = (credential.certificate, *credential.above)
    pem += b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain)
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("tlsaudit"), "wb") as file:
            file.write(pem)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.NamedTemporaryFile() as file:  # mode 0600
        file.write(pem)
        file.flush()
        yield file.name


class _Client:
    """The standard library's TLS over a connection of ours."""

    def __init__(self, context: ssl.SSLContext, server_name: str | None) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    async def converse(self, connection: Connection, result: Exchange, request: bytes) -> None:
        """Handshake, request, and the answer into `result`; raises SSLError and NetworkError."""
        while not result.established:
            try:
                self._tls.do_handshake()
                result.established = True
            except ssl.SSLWantReadError:
                await self._move(connection)
        result.alpn = self._tls.selected_alpn_protocol()
        self._tls.write(request)
        while not result.ended and not _is_enough(result.data):
            try:
                received = self._tls.read(16384)
                result.data += received
                result.ended = not received
            except ssl.SSLWantReadError:
                result.ended = not await self._move(connection)
            except ssl.SSLZeroReturnError:
                result.ended = True

    async def _move(self, connection: Connection) -> bool:
        """Send what is due and receive what comes; False at the end of the stream."""
        if self._outgoing.pending:
            await connection.write(self._outgoing.read())
        received = await connection.read()
        if received:
            self._incoming.write(received)
        else:
            self._incoming.write_eof()
        return bool(received)


def _alert(error: ssl.SSLError) -> Alert | None:
    """The alert in a reason such as TLSV13_ALERT_CERTIFICATE_REQUIRED."""
    match = _ALERT.fullmatch(error.reason or "")
    if match is None:
        return None
    with contextlib.suppress(KeyError):
        return Alert(2, AlertDescription[match[1]])
    return None
