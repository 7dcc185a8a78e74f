"""Whole application handshakes with pyOpenSSL, over our own connections: what HTTP says, with or without certificate.

The OpenSSL that `cryptography` bundles is the same on every machine. It offers what a present client would, and old
versions too; verdicts on the certificate are made elsewhere, so it verifies nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from OpenSSL import SSL, crypto

from tlsaudit.credentials import Credential
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.knowledge import Basis, Origin
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.net import Connection
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.starttls import Said
from tlsaudit.wire import Alert

Enough = Callable[[bytes], bool]
"""Says of what was received whether it is all that is needed."""

LONGEST_ANSWER: Final = 65536
"""Bytes of an answer that are read."""
LONGEST_WHOLE: Final = 262144
"""Bytes of an answer that are read where all of a page is wanted; most pages are compressed."""
_VERSIONS = {
    "SSLv3": ProtocolVersion.SSL_3,
    "TLSv1": ProtocolVersion.TLS_1_0,
    "TLSv1.1": ProtocolVersion.TLS_1_1,
    "TLSv1.2": ProtocolVersion.TLS_1_2,
    "TLSv1.3": ProtocolVersion.TLS_1_3,
}


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request over TLS. `data` is what came back, up to a bound; `alert` the server's fatal one."""

    n: int
    version: ProtocolVersion | None = None
    alpn: str | None = None
    established: bool = False
    certificate_requested: bool = False
    requested_late: bool = False
    """It was asked for by renegotiation, after the handshake."""
    ca_names: tuple[bytes, ...] = ()
    """The names that the CertificateRequest lists, in DER."""
    presented: bool = False
    """A client certificate was sent, and proof of its key."""
    accepted_by_tls: bool = False
    """After the client had finished came the server's Finished, a ticket or close_notify."""
    chain: tuple[bytes, ...] = ()
    """The certificates as sent, in DER."""
    data: bytes = b""
    alert: Alert | None = None
    closing: bool = False
    """Nothing was asked: after the handshake close_notify was sent."""
    ended: bool = False
    """The server closed the connection, so there is no more to come."""
    problem: str = ""
    failure: str = ""
    """The code of a failure of the connection: timeout, reset, ..."""
    session: SSL.Session | None = field(default=None, repr=False)
    """What the connection may be resumed with."""
    resumed: bool = False
    """The server took up the session that was offered."""
    said: Said | None = None
    """What `data` means where the service is one of `starttls`; None: what answers may be HTTP."""

    @property
    def basis(self) -> Basis:
        """This probe as the basis of a fact."""
        return Basis(Origin.OBSERVED, f"probe:{self.n}")


@dataclass(slots=True)
class _Observer:
    """Sees what OpenSSL tells only to a callback: alerts that it reads, and that it was asked for a certificate."""

    alerts: list[Alert] = field(default_factory=list)
    certificate_requested: bool = False
    requested_late: bool = False
    presented: bool = False
    ticket: bool = False
    authenticated: bool = False
    """The server showed its certificate, which it does unless a session is resumed."""
    established: bool = False

    def __call__(self, connection: SSL.Connection, where: int, value: int) -> None:
        if where == SSL.SSL_CB_READ_ALERT:
            self.alerts.append(Alert(level=value >> 8, description=value & 0xFF))
            return
        state = connection.get_state_string()
        if b"certificate request" in state:
            self.requested_late |= self.established and not self.certificate_requested
            self.certificate_requested = True
        self.presented |= b"write certificate verify" in state
        self.ticket |= b"read server session ticket" in state
        self.authenticated |= b"read server certificate" in state


async def exchange(
    dialogue: Dialogue,
    asked: str,
    *,
    server_name: str | None,
    request: bytes,
    enough: Enough,
    alpn: tuple[str, ...] = (),
    version: ProtocolVersion | None = None,
    credential: Credential | None = None,
    session: SSL.Session | None = None,
    longest: int = LONGEST_ANSWER,
    injected: bytes | None = None,
) -> Exchange:
    """Handshake (at `version` alone, where given), send `request`, read until `enough` says so or the end.

    No more than `longest` bytes are read. With `injected`, which goes before TLS (see `begin`), nothing is said in TLS.

    `credential` is presented where the server asks for one; `session` is offered for resumption. At TLS 1.3 the request
    leaves in one write with the client's Finished, so that a refusal is read before a reset can destroy it. Without a
    request, close_notify does.

    What goes wrong, with TLS or with the connection, is in the result; OpenSSL has no SSL 3.0 any more.
    """
    observer = _Observer()
    tls = _connection(observer, server_name=server_name, alpn=alpn, version=version, credential=credential)
    if session is not None:
        tls.set_session(session)
    result = Exchange(n=dialogue.log.open(asked), closing=not request and injected is None)
    try:
        async with dialogue.connect(injected=injected or b"") as connection:
            await _handshake(connection, tls)
            result.established = observer.established = True
            result.version = _VERSIONS.get(tls.get_protocol_version_name())
            result.alpn = tls.get_alpn_proto_negotiated().decode("ascii", "backslashreplace") or None
            if request:
                tls.send(request)
            elif injected is None:
                tls.shutdown()
            result.ended = await _read(connection, tls, result, enough, longest)
    except SSL.Error as error:
        result.problem = _reason(error)
    except NetworkError as error:
        dialogue.note(error)
        result.problem, result.failure = str(error), error.code
    result.certificate_requested = observer.certificate_requested
    result.requested_late = observer.requested_late
    result.ca_names = tuple(name.der() for name in tls.get_client_ca_list())
    result.presented = observer.presented
    result.session = tls.get_session() if result.established else None
    result.resumed = result.established and session is not None and not observer.authenticated
    closed = bool(tls.get_shutdown() & SSL.RECEIVED_SHUTDOWN)
    # A session whose connection is freed without a close counts as broken, whenever that happens (SSL_free).
    tls.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)
    older = result.version is not None and result.version is not ProtocolVersion.TLS_1_3
    result.accepted_by_tls = result.established and (older or observer.ticket or closed)
    result.chain = _chain(tls)
    result.alert = next((alert for alert in observer.alerts if alert.fatal), None)
    dialogue.log.close(result.n, _summary(result))
    return result


def _connection(
    observer: _Observer,
    *,
    server_name: str | None,
    alpn: tuple[str, ...],
    version: ProtocolVersion | None,
    credential: Credential | None,
) -> SSL.Connection:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.set_options(SSL.OP_LEGACY_SERVER_CONNECT)
    context.set_min_proto_version((version or ProtocolVersion.TLS_1_0).code)
    context.set_max_proto_version((version or ProtocolVersion.TLS_1_3).code)
    context.set_info_callback(observer)
    if alpn:
        context.set_alpn_protos([name.encode("ascii") for name in alpn])
    if credential is not None:
        context.use_certificate(credential.certificate)
        for each in credential.above:
            context.add_extra_chain_cert(each)
        context.use_privatekey(credential.key)
    tls = SSL.Connection(context, None)
    tls.set_connect_state()
    if server_name:
        tls.set_tlsext_host_name(server_name.encode("ascii"))
    return tls


async def _handshake(connection: Connection, tls: SSL.Connection) -> None:
    while True:
        try:
            tls.do_handshake()
        except SSL.WantReadError:
            await _flush(connection, tls)
            await _fill(connection, tls)
        else:
            return


async def _read(connection: Connection, tls: SSL.Connection, result: Exchange, enough: Enough, longest: int) -> bool:
    """Read into `result` until it is enough; returns whether the server ended the conversation."""
    await _flush(connection, tls)
    while len(result.data) < longest:
        try:
            result.data += tls.recv(16384)
        except SSL.WantReadError:
            # Everything that has arrived is read by now, so that many small records are looked at once.
            if enough(result.data):
                return False
            await _flush(connection, tls)
            if not await _fill(connection, tls):
                return True
        except SSL.ZeroReturnError:
            return True
    return False


async def _flush(connection: Connection, tls: SSL.Connection) -> None:
    try:
        while True:
            await connection.write(tls.bio_read(65536))
    except SSL.WantReadError:
        return


async def _fill(connection: Connection, tls: SSL.Connection) -> bool:
    """Hand what the server sent to OpenSSL; False at the end of the stream."""
    received = await connection.read()
    if received:
        tls.bio_write(received)
    else:
        tls.bio_shutdown()
    return bool(received)


def _chain(tls: SSL.Connection) -> tuple[bytes, ...]:
    return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in tls.get_peer_cert_chain() or ())


def _reason(error: SSL.Error) -> str:
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(str(entry[-1]) for entry in reasons) or "the connection ended in the middle of TLS"


def _summary(result: Exchange) -> str:
    if not result.established:
        alert = str(result.alert) if result.alert else result.problem
        return f"no handshake: {alert}"
    what = f"{len(result.data)} bytes" if result.data else "no answer"
    alert = f", {result.alert}" if result.alert else ""
    return f"{result.version}, {what}{alert}"
