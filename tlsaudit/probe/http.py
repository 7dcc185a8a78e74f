"""`GET /` over TLS: the status, HSTS, and whether the application refuses a client without a certificate."""

from __future__ import annotations

import re
from dataclasses import dataclass

import h11

from tlsaudit import __version__
from tlsaudit.model.facts import HttpAnswer
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.target import Target

FIRST_ERROR = 400
"""From this status on an answer says that there is nothing for this client (RFC 9110 section 15.5)."""

_BODY_ENOUGH = 4096
_CERTIFICATE_REFUSED = re.compile(rb"ssl certificate|client certificate|tls certificate", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A response as far as it was received: its head, the beginning of its body, and whether that is all we want."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    enough: bool


def request(target: Target, path: str = "/") -> bytes:
    """The request that is sent: `GET /` or another path, honest about who asks."""
    host = target.name if target.port != 443 else target.name.rsplit(":", 1)[0]
    fields = {"Host": host, "User-Agent": f"tlsaudit/{__version__}", "Accept": "*/*", "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode("ascii")


def read(data: bytes, *, ended: bool) -> Reading | None:
    """The response in `data`; None where there is none yet, or it is not HTTP."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=65536)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "target"), ("Connection", "close")]))
    client.send(h11.EndOfMessage())
    head: h11.Response | None = None
    body = b""
    try:
        client.receive_data(data)
        if ended:
            client.receive_data(b"")
        while True:
            event = client.next_event()
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.EndOfMessage):
                complete = isinstance(event, h11.EndOfMessage)
                break
            elif isinstance(event, h11.ConnectionClosed):
                complete = True
                break
    except h11.RemoteProtocolError:
        complete = True
    if head is None:
        return None
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
    return Reading(status=head.status_code, headers=headers, body=body, enough=complete or len(body) >= _BODY_ENOUGH)


def enough(data: bytes) -> bool:
    """Whether `data` is all of the response that we want, or can be none."""
    if not b"HTTP/".startswith(data[:5]) and not data.startswith(b"HTTP/"):
        return True
    reading = read(data, ended=False)
    return reading is not None and reading.enough


def refuses_certificate(reading: Reading) -> bool:
    """Whether the response is the refusal of a client without a good certificate.

    nginx answers 400 with a text, or its own 495 and 496; 401 and 403 prove nothing.
    """
    if reading.status in {495, 496}:
        return True
    return reading.status == 400 and _CERTIFICATE_REFUSED.search(reading.body) is not None


def forbids(data: bytes) -> bool:
    """Whether a response is 403: nobody gets in, or not without a certificate."""
    reading = read(data, ended=True)
    return reading is not None and reading.status == 403


def describe(reading: Reading) -> str:
    """The response in a line: status, and the title of an error page."""
    title = re.search(rb"<title>([^<]{1,100})</title>", reading.body)
    text = f" ({title.group(1).decode('ascii', 'backslashreplace').strip()})" if title and reading.status >= 400 else ""
    return f"HTTP {reading.status}{text}"


def answer_of(reading: Reading) -> HttpAnswer:
    """The facts in a response."""
    cookies = [value for name, value in reading.headers if name == "set-cookie"]
    return HttpAnswer(
        status=reading.status,
        server=_first(reading, "server"),
        location=_first(reading, "location"),
        hsts=parse_hsts([value for name, value in reading.headers if name == "strict-transport-security"]),
        cookies_without_secure=tuple(_cookie_name(cookie) for cookie in cookies if not _is_secure(cookie)),
        public_key_pins=_first(reading, "public-key-pins") is not None
        or _first(reading, "public-key-pins-report-only") is not None,
        expect_ct=_first(reading, "expect-ct") is not None,
    )


def _first(reading: Reading, wanted: str) -> str | None:
    return next((value for name, value in reading.headers if name == wanted), None)


def _cookie_name(cookie: str) -> str:
    return cookie.partition("=")[0].strip()[:100]


def _is_secure(cookie: str) -> bool:
    return any(attribute.strip().lower() == "secure" for attribute in cookie.split(";")[1:])
