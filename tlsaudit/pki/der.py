"""Reads DER (ITU-T X.690) as servers really send it, one element at a time.

The library underneath refuses a certificate as a whole where one corner of it is wrong. An audit needs the rest, so
the structure is read here and `cryptography` is left to verify signatures. Nothing recurses: depth is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tlsaudit.model.errors import DecodeError

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
ENUMERATED = 0x0A
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

_UTC_TIME = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_GENERALIZED_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d{1,9})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Element:
    """One encoded value: `tag` is the identifier octet, `content` what it holds, `raw` all of its bytes."""

    tag: int
    content: bytes
    raw: bytes


def context(number: int, *, constructed: bool = True) -> int:
    """The identifier octet of the context-specific tag [number]."""
    return (0xA0 if constructed else 0x80) | number


def elements(data: bytes, where: str) -> Iterator[Element]:
    """The values that `data` is a concatenation of. Raises DecodeError, naming `where`, at the first that is broken."""
    at = 0
    while at < len(data):
        element = _read(data, at, where)
        yield element
        at += len(element.raw)


def single(data: bytes, where: str, tag: int = SEQUENCE) -> Element:
    """The one value that `data` consists of, which must bear `tag`. Raises DecodeError."""
    if not data:
        raise DecodeError(where, "is empty")
    element = _read(data, 0, where)
    if len(element.raw) != len(data):
        raise DecodeError(where, f"{len(data) - len(element.raw)} bytes follow the value")
    return expect(element, where, tag)


def expect(element: Element | None, where: str, tag: int) -> Element:
    """The element itself, if it is there and bears `tag`. Raises DecodeError."""
    if element is None:
        raise DecodeError(where, "is missing")
    if element.tag != tag:
        raise DecodeError(where, f"tag 0x{element.tag:02x} stands where 0x{tag:02x} belongs")
    return element


def members(element: Element, where: str) -> Members:
    """Walks the values inside a constructed one."""
    return Members(element.content, where)


class Members:
    """The members of a SEQUENCE, taken in order; optional ones by their tag."""

    def __init__(self, data: bytes, where: str) -> None:
        self._rest = elements(data, where)
        self._where = where
        self._next = next(self._rest, None)

    def take(self, tag: int | None = None) -> Element:
        """The next member, which must be there and bear `tag` (None: any). Raises DecodeError."""
        if self._next is None:
            raise DecodeError(self._where, "ends early")
        element = self._next if tag is None else expect(self._next, self._where, tag)
        self._next = next(self._rest, None)
        return element

    def take_any(self) -> Element | None:
        """The next member, whatever it is; None: there is none."""
        return None if self._next is None else self.take()

    def take_if(self, *tags: int) -> Element | None:
        """The next member if it bears one of the tags, else None."""
        return self.take() if self._next is not None and self._next.tag in tags else None

    def end(self) -> None:
        """Raises DecodeError if a member is left."""
        if self._next is not None:
            raise DecodeError(self._where, f"an unexpected element with tag 0x{self._next.tag:02x} follows")


def integer(element: Element, where: str) -> int:
    """An INTEGER or ENUMERATED of any size; a superfluous leading octet is overlooked (see `is_minimal`)."""
    if element.tag not in (INTEGER, ENUMERATED) or not element.content:
        raise DecodeError(where, "is no integer")
    return int.from_bytes(element.content, "big", signed=True)


def is_minimal(element: Element) -> bool:
    """Whether an INTEGER is encoded in the fewest octets (X.690 section 8.3.2)."""
    content = element.content
    return len(content) == 1 or not (
        (content[0] == 0 and not content[1] & 0x80) or (content[0] == 0xFF and content[1] & 0x80)
    )


def oid(element: Element, where: str) -> str:
    """An OBJECT IDENTIFIER in dotted form. Raises DecodeError."""
    return dotted(expect(element, where, OBJECT_IDENTIFIER).content, where)


def dotted(content: bytes, where: str) -> str:
    """The dotted form of an object identifier's content octets, of which there may be 64. Raises DecodeError."""
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise DecodeError(where, "an object identifier is broken")
    arcs = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def encode(tag: int, *parts: bytes) -> bytes:
    """One value that these parts make up, in DER."""
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 0x80 else _long_length(len(content))
    return bytes([tag]) + length + content


def _long_length(length: int) -> bytes:
    size = (length.bit_length() + 7) // 8
    return bytes([0x80 | size]) + length.to_bytes(size, "big")


def octets(element: Element, where: str) -> bytes:
    """The content of a BIT STRING that holds whole octets. Raises DecodeError."""
    if expect(element, where, BIT_STRING).content[:1] != b"\0":
        raise DecodeError(where, "is no string of whole octets")
    return element.content[1:]


def time(element: Element, where: str) -> datetime:
    """A Time (RFC 5280 section 4.1.2.5) in UTC; a fraction of a second is cut off. Raises DecodeError."""
    pattern = {UTC_TIME: _UTC_TIME, GENERALIZED_TIME: _GENERALIZED_TIME}.get(element.tag)
    match = pattern.fullmatch(element.content) if pattern else None
    if match is None:
        raise DecodeError(where, "is no time in UTC")
    year, month, day, hour, minute, second = map(int, match.groups())
    if element.tag == UTC_TIME:
        year += 1900 if year >= 50 else 2000
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise DecodeError(where, "is no date of the calendar") from None


def _read(data: bytes, at: int, where: str) -> Element:
    if len(data) - at < 2:
        raise DecodeError(where, "ends within an element")
    tag, length = data[at], data[at + 1]
    start = at + 2
    if tag & 0x1F == 0x1F:
        raise DecodeError(where, "a tag number above 30 is used")
    if length & 0x80:
        size = length & 0x7F
        start += size
        if not 1 <= size <= 4 or start > len(data):
            raise DecodeError(where, "an element has no definite length of at most four octets")
        length = int.from_bytes(data[at + 2 : start], "big")
        if length < 0x80 or length >> 8 * (size - 1) == 0:
            raise DecodeError(where, "a length is not encoded in the fewest octets")
    end = start + length
    if end > len(data):
        raise DecodeError(where, f"an element of {length} bytes exceeds the {len(data) - start} that are there")
    return Element(tag, data[start:end], data[at:end])
