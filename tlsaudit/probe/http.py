"""`GET /` over TLS: the status, HSTS, and whether the application refuses a client without a certificate."""

from __future__ import annotations

import re
from dataclasses import dataclass

import h11

from tlsaudit import __version__
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import HttpAnswer
from tlsaudit.model.hsts import parse_hsts
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why
from tlsaudit.model.target import Target
from tlsaudit.probe.page import LONGEST_PAGE, OFFERED, loaded_insecurely, unpacked

FIRST_REDIRECT, FIRST_ERROR = 300, 400
"""From this status on an answer says that there is nothing for this client (RFC 9110 section 15.5)."""

_SWITCHING_PROTOCOLS = 101
_HTML = re.compile(r"\s*(?:text/html|application/xhtml\+xml)\b", re.IGNORECASE)
_BODY_ENOUGH = 4096
_LONGEST_HEAD = 65536
_MOST_INTERIM = 16
_BLANK = b"\r\n"
"""What may stand before a status line: clients ignore empty lines there (RFC 9112 section 2.2)."""
_STATUS_LINE = re.compile(rb"HTTP/[0-9](?:\.[0-9])? +(?P<status>[1-9][0-9]{2})(?: [^\n]*)?\r?\n", re.IGNORECASE)
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_CERTIFICATE_REFUSED = re.compile(rb"ssl certificate|client certificate|tls certificate", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A response as far as it was received: its head, its body unpacked, and whether that is all we want.

    `whole`: the body came to its end. `problem`: why the body cannot be unpacked. `malformed`: nothing but the status
    line could be read; clients that are lenient go by that.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    enough: bool
    whole: bool = False
    problem: str = ""
    malformed: bool = False

    def field(self, wanted: str) -> str | None:
        """The first header field of this name, which is in lower case."""
        return next((value for name, value in self.headers if name == wanted), None)


def request(target: Target, path: str = "/", *, port: int | None = None, connection: str = "close") -> bytes:
    """The request that is sent: `GET /` or another path, honest about who asks; with `port`, to plain HTTP there."""
    own = target.port == 443 if port is None else port == 80
    host = target.name.rsplit(":", 1)[0]
    fields = {
        "Host": host if own else f"{host}:{port or target.port}",
        "User-Agent": f"tlsaudit/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": OFFERED,
        "Connection": connection,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode("ascii")


class Response:
    """Reads one response as it comes, each byte once. `upgrade`: the request offered to go on with TLS."""

    def __init__(self, *, upgrade: bool = False) -> None:
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=65536)
        sent = [("Host", "target"), ("Connection", "upgrade"), ("Upgrade", "TLS/1.0")]
        sent = sent if upgrade else [("Host", "target"), ("Connection", "close")]
        self._parser.send(h11.Request(method="GET", target="/", headers=sent))
        self._parser.send(h11.EndOfMessage())
        self._head: h11.Response | h11.InformationalResponse | None = None
        self._body: list[bytes] = []
        self._over = False
        self._whole = False
        self.length = 0
        """Bytes of the body."""

    def feed(self, data: bytes, *, ended: bool = False) -> None:
        """Take what came next; `ended`: there is no more to come."""
        try:
            if data:
                self._parser.receive_data(data)
            if ended:
                self._parser.receive_data(b"")
            while not self._over:
                event = self._parser.next_event()
                if event is h11.NEED_DATA:
                    return
                self._take(event)
        except h11.RemoteProtocolError:
            self._over = True

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Response) or (
            isinstance(event, h11.InformationalResponse) and event.status_code == _SWITCHING_PROTOCOLS
        ):
            self._head = event
            self._over = isinstance(event, h11.InformationalResponse)
        elif isinstance(event, h11.Data):
            self._body.append(bytes(event.data))
            self.length += len(event.data)
        elif not isinstance(event, h11.InformationalResponse):
            self._whole = isinstance(event, h11.EndOfMessage)
            self._over = True

    @property
    def over(self) -> bool:
        """Whether nothing more can come of it."""
        return self._over

    @property
    def is_odd(self) -> bool:
        """Whether it can be read by its status line at most."""
        return self._over and self._head is None

    @property
    def is_page(self) -> bool:
        """Whether the head says that HTML follows."""
        return self._head is not None and any(
            name == b"content-type" and _HTML.match(value.decode("latin-1")) for name, value in self._head.headers
        )

    def reading(self) -> Reading | None:
        """What was read; None where there is no response yet, or it is not HTTP."""
        if self._head is None:
            return None
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self._head.headers)
        packed = b"".join(self._body)
        encoding = next((value for name, value in headers if name == "content-encoding"), "")
        body, problem = packed, ""
        try:
            body = unpacked(packed, encoding)
        except DecodeError as error:
            problem = str(error)
        return Reading(
            status=self._head.status_code,
            headers=headers,
            body=body,
            enough=self._over or len(packed) >= _BODY_ENOUGH,
            whole=self._whole,
            problem=problem,
        )


def read(data: bytes, *, ended: bool) -> Reading | None:
    """The response in `data`; None where its head is not whole, or it is not HTTP."""
    response = Response()
    response.feed(data, ended=ended)
    strict = response.reading()
    return strict if strict is not None else _read_status(data, ended=ended)


def _read_status(data: bytes, *, ended: bool) -> Reading | None:
    """The status of a final response whose head is whole, or longer than is read, however odd its fields are."""
    rest = data[:_LONGEST_HEAD]
    for _ in range(_MOST_INTERIM):
        rest = rest.lstrip(_BLANK)
        line = _STATUS_LINE.match(rest)
        if line is None:
            return None
        end = _END_OF_HEAD.search(rest)
        if end is None and len(data) < _LONGEST_HEAD:
            return None
        status, body = int(line["status"]), rest[end.end() :] if end is not None else b""
        if status >= 200:
            whole = ended or end is None or len(body) >= _BODY_ENOUGH
            return Reading(status=status, headers=(), body=body, enough=whole, malformed=True)
        rest = body
    return None


def enough(data: bytes) -> bool:
    """Whether `data` is all of the response that we want, or can be none."""
    if not may_be_http(data):
        return True
    reading = read(data, ended=False)
    return reading is not None and reading.enough


class WholePage:
    """As `enough`, of all that came so far at each call; of an HTML page it wants everything."""

    def __init__(self) -> None:
        self._response = Response()
        self._fed = 0

    def __call__(self, data: bytes) -> bool:
        """Whether `data` is all that is wanted."""
        if not may_be_http(data):
            return True
        self._response.feed(data[self._fed :])
        self._fed = len(data)
        if self._response.is_odd:
            return enough(data)
        return self._response.over or (not self._response.is_page and self._response.length >= _BODY_ENOUGH)


def may_be_http(data: bytes) -> bool:
    """Whether a response can begin so."""
    return b"HTTP/".startswith(data.lstrip(_BLANK)[:5].upper())


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


def answer_of(reading: Reading, basis: Basis) -> HttpAnswer:
    """The facts in a response, which this probe showed."""
    cookies = [value for name, value in reading.headers if name == "set-cookie"]
    return HttpAnswer(
        status=reading.status,
        server=reading.field("server"),
        location=reading.field("location"),
        hsts=parse_hsts([value for name, value in reading.headers if name == "strict-transport-security"]),
        cookies_without_secure=tuple(_cookie_name(cookie) for cookie in cookies if not _is_secure(cookie)),
        public_key_pins=reading.field("public-key-pins") is not None
        or reading.field("public-key-pins-report-only") is not None,
        expect_ct=reading.field("expect-ct") is not None,
        compression=_compression(reading, basis),
        insecure_content=_insecure_content(reading, basis),
    )


def _compression(reading: Reading, basis: Basis) -> Fact[str | None]:
    """Errors and redirects are seldom compressed where pages are: only what is compressed, or a page, says so."""
    coding = (reading.field("content-encoding") or "identity").strip().lower()
    if coding != "identity":
        return Known(coding, basis)
    return Known(None, basis) if reading.status < FIRST_REDIRECT else _no_page(reading)


def _insecure_content(reading: Reading, basis: Basis) -> Fact[tuple[str, ...] | None]:
    if FIRST_REDIRECT <= reading.status < FIRST_ERROR:
        return _no_page(reading)
    if _HTML.match(reading.field("content-type") or "") is None:
        return Known(None, basis)
    if reading.problem:
        return Unknown(Why.UNSUPPORTED, reading.problem)
    policy = ";".join(value for name, value in reading.headers if name == "content-security-policy")
    found = loaded_insecurely(reading.body.decode("latin-1"), policy)
    if found or (reading.whole and len(reading.body) < LONGEST_PAGE):
        return Known(found, basis)
    return Unknown(Why.NO_ANSWER, f"of the page only the first {len(reading.body):,} bytes were read")


def _no_page(reading: Reading) -> Unknown:
    return Unknown(Why.NOT_ASKED, f"HTTP {reading.status} is no page, and what it leads to was not asked for")


def _cookie_name(cookie: str) -> str:
    return cookie.partition("=")[0].strip()[:100]


def _is_secure(cookie: str) -> bool:
    return any(attribute.strip().lower() == "secure" for attribute in cookie.split(";")[1:])
