"""One request over TLS: with or without a client certificate, at any version, for any path."""

from __future__ import annotations

from tlsaudit.credentials import Credential
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.probe import http
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.full import Exchange, exchange
from tlsaudit.wire import AlertDescription

_HTTP_NAMES = ("http/1.1",)


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
) -> Exchange:
    """One request at HTTP/1.1, or at least a handshake where the server speaks HTTP/2 alone.

    `alpn` are the names that the endpoint takes; `close` sends close_notify instead of the request.
    """

    async def ask(names: tuple[str, ...]) -> Exchange:
        what = "handshake and close" if close else f"GET {path}"
        return await exchange(
            dialogue,
            f"{what} over {version or 'the best version'}, {whose}",
            server_name=target.server_name,
            request=b"" if close else http.request(target, path),
            enough=http.enough,
            alpn=names,
            version=version,
            credential=credential,
        )

    answer = await ask(_HTTP_NAMES if alpn else ())
    if answer.alert is not None and answer.alert.description == AlertDescription.NO_APPLICATION_PROTOCOL:
        return await ask(alpn)
    return answer
