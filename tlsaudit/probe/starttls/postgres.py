"""PostgreSQL: SSLRequest before TLS, StartupMessage after it (PostgreSQL 17 documentation, sections 53.2 and 53.7).

A server with `ssl_ca_file` asks every client for a certificate and refuses a wrong one in the handshake. Whether one is
*needed* depends on user and database (pg_hba.conf) and is said only in answer to the StartupMessage: an ErrorResponse
where it is, a request for authentication where the client may go on without. Nobody signs in: that is where we leave.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from tlsaudit import __version__
from tlsaudit.probe.starttls.service import Declined, Guard, Said, Service, Talk

_SSL_REQUEST = struct.pack(">II", 8, 80877103)
_PROTOCOL_3_0 = 196608
_DATABASE = "postgres"
"""It is there in every cluster (initdb makes it)."""
_LONGEST = 8192
_LONGEST_WORDS = 200
_HEADER = 5
_OK = 0
_REQUESTS = {
    _OK: "lets in without a password (AuthenticationOk)",
    2: "asks for Kerberos",
    3: "asks for a password",
    5: "asks for a password (MD5)",
    7: "asks for GSSAPI",
    9: "asks for SSPI",
    10: "asks for a password (SASL)",
}
_INVALID_AUTHORIZATION = "28000"
_PROTOCOL_VIOLATION = "08P01"
_OF_A_CERTIFICATE = re.compile("certifi[ck]a|zertifika|сертифик|証明書|证书|憑證|인증서", re.IGNORECASE)
"""The server says it in its own language (lc_messages); no field tells this error from others with the same code."""


def _upgrade() -> Talk:
    """One byte: S or N; a server from before SSL sends an ErrorResponse."""
    received = yield _SSL_REQUEST
    if received == b"S":
        return
    if received[:1] == b"S":
        # A client that reads on takes what an attacker put there for the server's own (CVE-2021-23222).
        raise Declined("it agrees to TLS (S) and goes on in plain text")
    if received == b"N":
        raise Declined("it does not offer TLS (it answers SSLRequest with N)")
    if received[:1] == b"E":
        raise Declined(f"it answers SSLRequest with an error: {_plain(received[1:].decode('ascii', 'replace'))}")
    raise Declined(f"it does not speak PostgreSQL (it answers SSLRequest with {received[:16].hex(' ')})")


def _opening(user: str) -> bytes:
    """A StartupMessage."""
    fields = ("user", user, "database", _DATABASE, "application_name", f"tlsaudit/{__version__}")
    body = b"".join(field.encode() + b"\0" for field in fields) + b"\0"
    return struct.pack(">II", len(body) + 8, _PROTOCOL_3_0) + body


def _enough(data: bytes) -> bool:
    return _decisive(data) is not None or len(data) >= _LONGEST or _is_broken(data)


def _read(data: bytes, user: str) -> Said:
    """The first message that decides: an ErrorResponse, or a request for authentication."""
    message = _decisive(data)
    if message is None:
        return Said(f"what answers is not PostgreSQL: it begins with {data[:16].hex(' ')}", None)
    kind, body = message
    if kind == b"R":
        request = int.from_bytes(body[:4], "big")
        words = _REQUESTS.get(request, f"asks for authentication (type {request})")
        # The name in the certificate is compared with the user's after the password (CheckCertAuth).
        return Said(f"PostgreSQL {words}, user {user!a}", False, identified=request == _OK)
    fields = _fields(body)
    code, text = fields.get("C", ""), fields.get("M", "")
    of_certificate = code == _INVALID_AUTHORIZATION and _OF_A_CERTIFICATE.search(text) is not None
    return Said(f"PostgreSQL error {_plain(code)}: {_plain(text)}", True if of_certificate else None)


def _read_plain(data: bytes) -> Said:
    """As `_read`, without TLS: pg_hba.conf sends a client away with the code that also stands for an unknown user."""
    message = _decisive(data)
    if message is None:
        return Said("PostgreSQL says nothing to a client without TLS", None)
    kind, body = message
    if kind == b"R":
        request = int.from_bytes(body[:4], "big")
        return Said(_REQUESTS.get(request, f"asks for authentication (type {request})"), False)
    fields = _fields(body)
    code, text = fields.get("C", ""), fields.get("M", "")
    return Said(f"PostgreSQL error {_plain(code)}: {_plain(text)}", True if code == _INVALID_AUTHORIZATION else None)


def _answers(data: bytes) -> bool:
    """Whether a StartupMessage was answered; what came too early is a protocol violation since CVE-2021-23214."""
    message = _decisive(data)
    return message is not None and (message[0] == b"R" or _fields(message[1]).get("C") != _PROTOCOL_VIOLATION)


def _messages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The whole messages in `data`, by type; ends where it is cut or broken."""
    while len(data) >= _HEADER:
        end = 1 + int.from_bytes(data[1:_HEADER], "big")
        if not _HEADER <= end <= min(len(data), _LONGEST):
            return
        yield data[:1], data[_HEADER:end]
        data = data[end:]


def _decisive(data: bytes) -> tuple[bytes, bytes] | None:
    return next(((kind, body) for kind, body in _messages(data) if kind in {b"R", b"E"}), None)


def _is_broken(data: bytes) -> bool:
    """Whether no message can begin so: those that a server may send here are R, E, N (notice) and v."""
    length = int.from_bytes(data[1:_HEADER], "big") if len(data) >= _HEADER else 4
    return data[:1] not in {b"", b"R", b"E", b"N", b"v"} or not 4 <= length <= _LONGEST


def _fields(body: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse: a letter each, and a string that ends with a zero byte."""
    parts = body.split(b"\0")
    return {chr(part[0]): part[1:].decode("utf-8", "replace") for part in parts if part}


def _plain(text: str) -> str:
    """Text of the server as a line of a report: nothing that a terminal obeys."""
    shown = "".join(each if each.isprintable() else " " for each in text[:_LONGEST_WORDS])
    return " ".join(shown.split())


POSTGRES = Service(
    name="PostgreSQL",
    asks="SSLRequest",
    opens="StartupMessage",
    upgrade=_upgrade,
    opening=_opening,
    enough=_enough,
    read=_read,
    guard=Guard(request=_SSL_REQUEST, plain=_read_plain, answers=_answers),
)
