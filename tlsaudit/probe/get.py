"""One request over TLS: with or without a client certificate, at any version, for any path."""

from __future__ import annotations

from OpenSSL import SSL

from tlsaudit.credentials import Credential
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.probe import http
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.full import LONGEST_ANSWER, LONGEST_WHOLE, Exchange, exchange
from tlsaudit.probe.starttls import Service
from tlsaudit.wire import AlertDescription

_HTTP_NAMES = ("http/1.1",)
_NOBODY = "tlsaudit"
"""The user that a client without a certificate claims to be."""


async def get(
    dialogue: Dialogue,
    alpn: tuple[str, ...],
    target: Target,
    version: ProtocolVersion | None,
    *,
    path: str = "/",
    credential: Credential | None = None,
    whose: str = "without a client certificate",
    close: bool = False,
    as_good: bool = False,
    session: SSL.Session | None = None,
    whole: bool = False,
) -> Exchange:
    """One request at HTTP/1.1, or at least a handshake where the server speaks HTTP/2 alone.

    `alpn` are the names that the endpoint takes; `close` sends close_notify instead of the request; `session` is
    offered for resumption; `whole`: all of an HTML page is wanted. A service that is not HTTP gets its own first
    message, in the name of the credential, or with `as_good` in that of the good client.
    """
    at = f"over {version or 'the best version'}, {whose}"
    if dialogue.service is not None:
        own = credential.common_name if credential is not None and not as_good else None
        user = own or dialogue.user or _NOBODY
        return await _open(dialogue, dialogue.service, target, version, credential, user=user, at=at, close=close)

    async def ask(names: tuple[str, ...]) -> Exchange:
        what = "handshake and close" if close else f"GET {path}"
        return await exchange(
            dialogue,
            f"{what} {at}",
            server_name=target.server_name,
            request=b"" if close else http.request(target, path),
            enough=http.WholePage() if whole else http.enough,
            alpn=names,
            version=version,
            credential=credential,
            session=session,
            longest=LONGEST_WHOLE if whole else LONGEST_ANSWER,
        )

    answer = await ask(http_names(alpn))
    refused = answer.alert is not None and answer.alert.description == AlertDescription.NO_APPLICATION_PROTOCOL
    # The names are looked at before any certificate: a server that has it is not asked with it again.
    if refused and not answer.presented:
        return await ask(alpn)
    return answer


def http_names(alpn: tuple[str, ...]) -> tuple[str, ...]:
    """The names to offer where HTTP/1.1 is to be spoken: its own, if it is among them."""
    return _HTTP_NAMES if "http/1.1" in alpn else alpn


async def _open(
    dialogue: Dialogue,
    service: Service,
    target: Target,
    version: ProtocolVersion | None,
    credential: Credential | None,
    *,
    user: str,
    at: str,
    close: bool,
) -> Exchange:
    """The first message of another service, in the name of `user`."""
    answer = await exchange(
        dialogue,
        f"{'handshake and close' if close else service.opens} {at}",
        server_name=target.server_name,
        request=b"" if close else service.opening(user),
        enough=service.enough,
        version=version,
        credential=credential,
    )
    answer.said = service.read(answer.data, user) if answer.data else None
    return answer
