"""Proxies, without I/O: what is said to an HTTP or SOCKS 5 proxy before the bytes of the target flow.

    talk = tunnel(proxy, host, port)          a generator: it yields what to send, is sent what was received,
    to_send = next(talk)                      and returns what already came from the target
    to_send = talk.send(received)

Names are sent as they are, so that the proxy resolves them; addresses are sent as addresses. What a proxy answers is
as hostile as what a server answers: it is read up to a bound and never repeated beyond a status line's number.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Generator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tlsaudit.model.errors import InputError, TlsauditError

Talk = Generator[bytes, bytes, bytes]

_LONGEST_HEAD = 16384
_LONGEST_NAME = 255
_SOCKS = 5
_NO_AUTHENTICATION, _PASSWORD, _NO_METHOD = 0x00, 0x02, 0xFF
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_SCHEMES = {"http": "http", "socks5": "socks5", "socks5h": "socks5"}
_REPLIES = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}
"""RFC 1928 section 6."""


class ProxyError(TlsauditError):
    """The proxy did not open a tunnel; the message says why, without the credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where the proxy is and how it is spoken to. The credentials show in no text made of it."""

    scheme: str
    host: str
    port: int
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The proxy without its credentials, for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_proxy(text: str) -> Proxy:
    """The proxy that `http://user:password@host:port` or `socks5://...` names.

    Raises InputError, whose message repeats nothing of `text`: it may hold a password.
    """
    wanted = "write http://HOST:PORT or socks5://HOST:PORT, with USER:PASSWORD@ before the host where it needs that"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        username = None if parts.username is None else unquote(parts.username, errors="strict")
        password = None if parts.password is None else unquote(parts.password, errors="strict")
    except ValueError:
        raise InputError(f"the proxy is not understood; {wanted}") from None
    if parts.scheme not in _SCHEMES:
        raise InputError(f"the proxy has no known scheme; {wanted}")
    if not host or port is None or port == 0 or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise InputError(f"the proxy has no host and port; {wanted}")
    for value in (username, password):
        if value is not None and (len(value.encode()) > _LONGEST_NAME or not value.isprintable()):
            raise InputError(f"the proxy's user name and password may have {_LONGEST_NAME} printable characters")
    if username is not None and ":" in username and parts.scheme == "http":
        raise InputError("a user name with a colon cannot be sent to an HTTP proxy (RFC 7617 section 2)")
    return Proxy(scheme=_SCHEMES[parts.scheme], host=host, port=port, username=username, password=password)


def tunnel(proxy: Proxy, host: str, port: int) -> Talk:
    """The conversation that opens a tunnel to `host`:`port`; raises ProxyError."""
    return _socks5(proxy, host, port) if proxy.scheme == "socks5" else _http(proxy, host, port)


def _http(proxy: Proxy, host: str, port: int) -> Talk:
    """CONNECT (RFC 9110 section 9.3.6) with Basic credentials (RFC 7617) where there are any."""
    at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {at} HTTP/1.1", f"Host: {at}", "User-Agent: tlsaudit"]
    if proxy.username is not None:
        pair = f"{proxy.username}:{proxy.password or ''}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair).decode('ascii')}")
    received = yield "\r\n".join((*lines, "", "")).encode("ascii")
    while b"\r\n\r\n" not in received:
        if len(received) > _LONGEST_HEAD:
            raise ProxyError("it answers with a header that does not end")
        received += yield b""
    head, _, rest = received.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].split(b" ")
    if len(head) > _LONGEST_HEAD or not status[0].startswith(b"HTTP/1.") or len(status) < 2:
        raise ProxyError("it does not answer like an HTTP proxy")
    if len(status[1]) != 3 or not status[1].isdigit():
        raise ProxyError("it does not answer like an HTTP proxy")
    code = int(status[1])
    if code in {401, 407}:  # tinyproxy says 401 to wrong credentials
        wrong = "refuses the credentials" if proxy.username is not None else "asks for credentials"
        raise ProxyError(f"it {wrong} (HTTP status {code})")
    if not 200 <= code < 300:
        raise ProxyError(f"it did not open a tunnel to {at} (HTTP status {code})")
    return rest


def _socks5(proxy: Proxy, host: str, port: int) -> Talk:
    """SOCKS 5 (RFC 1928) with a user name and password (RFC 1929) where there are any."""
    methods = [_NO_AUTHENTICATION] if proxy.username is None else [_NO_AUTHENTICATION, _PASSWORD]
    (version, method), rest = yield from _exactly(2, b"", bytes([_SOCKS, len(methods), *methods]))
    if version != _SOCKS:
        raise ProxyError("it does not answer like a SOCKS 5 proxy")
    if method not in methods:
        raise ProxyError(
            "it asks for credentials" if method in {_PASSWORD, _NO_METHOD} else "it asks for more than we can"
        )
    if method == _PASSWORD:
        user, password = (proxy.username or "").encode(), (proxy.password or "").encode()
        message = bytes([1, len(user), *user, len(password), *password])
        (_, status), rest = yield from _exactly(2, rest, message)
        if status:
            raise ProxyError("it refuses the credentials")
    request = bytes([_SOCKS, _CONNECT, 0]) + _address(host) + port.to_bytes(2, "big")
    (version, reply, _, kind), rest = yield from _exactly(4, rest, request)
    if version != _SOCKS:
        raise ProxyError("it does not answer like a SOCKS 5 proxy")
    if reply:
        raise ProxyError(f"it did not open a tunnel to {host} port {port}: {_REPLIES.get(reply, f'reply {reply}')}")
    if kind == _NAME:
        (length,), rest = yield from _exactly(1, rest)
    elif kind in {_IPV4, _IPV6}:
        length = 4 if kind == _IPV4 else 16
    else:
        raise ProxyError("it does not answer like a SOCKS 5 proxy")
    _, rest = yield from _exactly(length + 2, rest)
    return rest


def _address(host: str) -> bytes:
    """ATYP and DST.ADDR (RFC 1928 section 5)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        return bytes([_NAME, len(name)]) + name
    return bytes([_IPV4 if address.version == 4 else _IPV6]) + address.packed


def _exactly(size: int, received: bytes, to_send: bytes = b"") -> Generator[bytes, bytes, tuple[bytes, bytes]]:
    """Send `to_send`, then the next `size` bytes and what came after them."""
    if to_send:
        received += yield to_send
    while len(received) < size:
        received += yield b""
    return received[:size], received[size:]
