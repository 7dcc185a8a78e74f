"""As much of HTTP/2 as it takes to ask for one path, and to see that an answer begins (RFC 9113, RFC 7541)."""

from __future__ import annotations

from tlsaudit.model.target import Target

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_ENDS = 0x05
"""END_STREAM and END_HEADERS."""
_METHOD_GET, _SCHEME_HTTPS = 0x82, 0x87
"""Indexed fields of the static table (RFC 7541 appendix A)."""
_AUTHORITY, _PATH = 1, 4
_FRAME_HEADER = 9
_LONGEST_STRING = 126
"""Lengths that fit into the seven bits of one byte."""


def request(target: Target, path: str) -> bytes | None:
    """The connection preface and `GET path`; None where a field is longer than is spelt here."""
    fields = ((_PATH, path.encode("ascii")), (_AUTHORITY, target.name.encode("ascii")))
    if any(len(value) > _LONGEST_STRING for _, value in fields):
        return None
    block = bytes([_METHOD_GET, _SCHEME_HTTPS])
    for index, value in fields:
        block += bytes([index, len(value)]) + value  # a literal without indexing, not Huffman-coded
    return _PREFACE + _frame(_SETTINGS, 0, 0, b"") + _frame(_HEADERS, _ENDS, 1, block)


def answers(data: bytes) -> bool:
    """Whether `data` has the beginning of an answer, or the end of the connection, or is no HTTP/2."""
    while len(data) >= _FRAME_HEADER:
        if data[3] in {_DATA, _HEADERS, _RST_STREAM, _GOAWAY}:
            return True
        data = data[_FRAME_HEADER + int.from_bytes(data[:3], "big") :]
    return False


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
