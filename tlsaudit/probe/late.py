"""Client certificates that TLS 1.3 asks for after the request (RFC 8446 section 4.6.2).

A server may do so only where the client offers post_handshake_auth. Our own client offers it, sees the request, and
answers with a credential or without one: so it is known what was asked for, and what was presented.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding

from tlsaudit.credentials import Credential, scheme_of, sign
from tlsaudit.model.errors import DecodeError, NetworkError
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.net import Connection
from tlsaudit.probe import http, http2
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.full import LONGEST_ANSWER, Enough, Exchange
from tlsaudit.probe.handshake import COMPUTABLE_GROUPS, COMPUTABLE_SUITES, SHARE_GROUPS
from tlsaudit.probe.hellos import ALL_SCHEMES
from tlsaudit.wire import (
    Alert,
    AlertDescription,
    ApplicationData,
    CertificateRequest,
    EncryptedExtensions,
    Event,
    Extension,
    NewSessionTicket,
    Tls13Client,
)

_POST_HANDSHAKE_AUTH = Extension(49, b"")
_MOST_BYTES = 1 << 18
"""Of all that the server sends, so that a flood of requests and tickets comes to an end."""


async def exchange_late(
    dialogue: Dialogue,
    target: Target,
    *,
    path: str,
    whose: str,
    credential: Credential | None,
    alpn: tuple[str, ...],
    request: bytes | None = None,
    enough: Enough = http.enough,
) -> tuple[Exchange, CertificateRequest | None]:
    """`GET path` over TLS 1.3 with `credential` for whoever asks after the request, and what asked.

    `certificate_requested` and `presented` are about what came after the request alone. What goes wrong is in the
    result. `request` stands in for that of HTTP/1.1, and `enough` for where its answer ends.
    """
    client = Tls13Client(
        server_name=target.server_name,
        cipher_suites=COMPUTABLE_SUITES,
        groups=COMPUTABLE_GROUPS,
        share_groups=SHARE_GROUPS,
        signature_schemes=ALL_SCHEMES,
        alpn=alpn,
        extra=(_POST_HANDSHAKE_AUTH,),
    )
    asked = f"GET {path} over TLSv1.3, post-handshake authentication {whose}"
    result = Exchange(n=dialogue.log.open(asked))
    try:
        async with dialogue.connect() as connection:
            sent = request or http.request(target, path)
            await _converse(connection, client, result, sent, credential=credential, enough=enough)
    except (DecodeError, NetworkError) as error:
        result.problem = str(error)
        if isinstance(error, NetworkError):
            dialogue.note(error)
            result.failure = error.code
    _read(client.events, result)
    result.established = client.handshake_complete
    result.certificate_requested = client.late_request is not None
    dialogue.log.close(result.n, _summary(result))
    return result, client.late_request


async def ask_on_h2(dialogue: Dialogue, target: Target, path: str) -> Fact[bool]:
    """Whether a certificate is asked for after a request on HTTP/2, which forbids that (RFC 9113 section 9.2.3)."""
    request = http2.request(target, path)
    if request is None:
        return Unknown(Why.UNSUPPORTED, "the path is too long for the HTTP/2 that is spoken here")
    whose = "on HTTP/2, without a client certificate"
    answer, asked = await exchange_late(
        dialogue, target, path=path, whose=whose, credential=None, alpn=("h2",), request=request, enough=http2.answers
    )
    if asked is not None:
        return Known(True, answer.basis)
    other = answer.established and answer.alpn != "h2"
    if other or answer.alert is not None or http2.answers(answer.data):
        return Known(False, answer.basis)
    return Unknown(Why.NO_ANSWER, answer.problem or "nothing was answered on HTTP/2")


async def _converse(
    connection: Connection,
    client: Tls13Client,
    result: Exchange,
    request: bytes,
    *,
    credential: Credential | None,
    enough: Enough,
) -> None:
    """Handshake, request, authentication where it is asked for, and the answer."""
    await connection.write(client.start())
    while not client.handshake_complete and not client.done:
        received = await connection.read()
        client.feed(received)
        if pending := client.send():
            await connection.write(pending)
        if not received:
            result.ended = True
            return
    if not client.handshake_complete:
        return
    await connection.write(client.finish(close=False) + client.application_data(request))
    size, answered = 0, False
    while not client.done and not _is_enough(_data(client.events), enough) and size < _MOST_BYTES:
        received = await connection.read()
        if not received:
            result.ended = True
            return
        size += len(received)
        client.feed(received)
        due = client.send()
        if client.late_request is not None and not answered:
            answered = True
            due += _authentication(client, client.late_request, result, credential)
        if due:
            await connection.write(due)


def _authentication(
    client: Tls13Client, request: CertificateRequest, result: Exchange, credential: Credential | None
) -> bytes:
    """The answer to the request: with the credential, if its key suits what is asked for."""
    scheme = scheme_of(credential.key, request.signature_schemes) if credential is not None else None
    if credential is None or scheme is None:
        return client.authenticate((), None)
    key, chosen = credential.key, scheme
    chain = [each.public_bytes(Encoding.DER) for each in (credential.certificate, *credential.above)]
    result.presented = True
    return client.authenticate(chain, lambda content: (chosen, sign(key, chosen, content)))


def _read(events: tuple[Event, ...], result: Exchange) -> None:
    """What the events say; a ticket or close_notify accepts what was sent after the request for a certificate."""
    asked = False
    for event in events:
        match event:
            case EncryptedExtensions():
                result.version = ProtocolVersion.TLS_1_3
                result.alpn = event.alpn
            case CertificateRequest() if event.request_context:
                # Only one that comes after the handshake has a context (RFC 8446 section 4.3.2).
                asked = True
            case NewSessionTicket():
                result.accepted_by_tls |= asked
            case Alert() if event.fatal:
                result.alert = result.alert or event
            case Alert() if event.description == AlertDescription.CLOSE_NOTIFY:
                result.ended = True
                result.accepted_by_tls |= asked
            case _:
                pass
    result.data = _data(events)


def _data(events: tuple[Event, ...]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, ApplicationData))


def _is_enough(data: bytes, enough: Enough) -> bool:
    return len(data) >= LONGEST_ANSWER or (bool(data) and enough(data))


def _summary(result: Exchange) -> str:
    asked = "CertificateRequest after the request, " if result.certificate_requested else ""
    said = str(result.alert) if result.alert else result.problem
    if result.data:
        return f"{asked}{len(result.data)} bytes" + (f", {said}" if said else "")
    return asked + (said or "no answer")
