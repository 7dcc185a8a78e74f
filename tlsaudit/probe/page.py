"""The page in a response: undone compression, and what an HTML page loads over plain HTTP.

The page is hostile: what is unpacked is bounded, and the scan looks at each character a fixed number of times. The
parser of the standard library does not (CVE-2025-6069), and some of what it is given makes it raise.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Iterator
from typing import Final

from tlsaudit.model.errors import DecodeError

LONGEST_PAGE: Final = 524288
"""Bytes of a page after unpacking."""

_IDENTITY = frozenset({"", "identity"})
_ANY_WRAPPER: Final = 47
"""zlib: a gzip or a zlib wrapper, whichever is there."""
_BARE: Final = -15
_COMPRESSED = {"gzip": _ANY_WRAPPER, "x-gzip": _ANY_WRAPPER, "deflate": _ANY_WRAPPER}
OFFERED: Final = "gzip, deflate"
"""What is unpacked here; nothing else is offered."""

_TAG = re.compile(r"<(?:(!--)|([A-Za-z][^\s/>]*))")
_SPACE = re.compile(r"[\s/]*")
_ATTRIBUTE = re.compile(r"[^\s/>=][^\s/>=]*")
_EQUALS = re.compile(r"\s*")
_BARE_VALUE = re.compile(r"[^\s>]*")
_RAW = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
"""Elements whose content is no markup (HTML Living Standard section 13.1.2)."""
_OBEYED = {"script": "src", "iframe": "src", "frame": "src", "embed": "src", "object": "data"}
_MOST = 20
_LONGEST_ADDRESS = 200
_INSECURE = re.compile(r"http:", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_MEANINGLESS = re.compile(r"[\t\n\r]")
"""Browsers drop these wherever they stand in an address (WHATWG URL section 4.4)."""
_UPGRADED = re.compile(r"(?:^|;)\s*(?:upgrade-insecure-requests|block-all-mixed-content)\b", re.IGNORECASE)


def unpacked(body: bytes, encoding: str) -> bytes:
    """`body` without its content coding, at most `LONGEST_PAGE` bytes; raises DecodeError where that cannot be."""
    name = encoding.strip().lower()
    if name in _IDENTITY:
        return body[:LONGEST_PAGE]
    if name not in _COMPRESSED:
        raise DecodeError("Content-Encoding", "a compression that was not offered")
    for wrapper in (_COMPRESSED[name], _BARE):  # some mean raw deflate by "deflate" (RFC 9110 section 8.4.1.2)
        try:
            return zlib.decompressobj(wrapper).decompress(body, LONGEST_PAGE)
        except zlib.error:
            continue
    raise DecodeError("Content-Encoding", f"the body is no {name}")


def loaded_insecurely(text: str, policy: str = "") -> tuple[str, ...]:
    """What a page that came by HTTPS loads by `http:` and obeys, by addresses; none where browsers are told not to.

    `text` has one character a byte, and so as many in lower case. `policy` is the Content-Security-Policy header field;
    a page may have one in a meta element, too.
    """
    if _UPGRADED.search(policy):
        return ()
    found: dict[str, None] = {}
    base_is_insecure: bool | None = None
    for name, attributes in _elements(text):
        if name == "meta" and attributes.get("http-equiv", "").lower() == "content-security-policy":
            if _UPGRADED.search(html.unescape(attributes.get("content", ""))):
                return ()
        elif name == "base" and base_is_insecure is None and "href" in attributes:
            base_is_insecure = _is_insecure(_address(attributes["href"]))
        elif len(found) < _MOST:
            address = _obeyed(name, attributes)
            if address is not None and (
                _is_insecure(address) or (base_is_insecure and not _ABSOLUTE.match(address) and address)
            ):
                found[address[:_LONGEST_ADDRESS]] = None
    return tuple(found)


def _obeyed(name: str, attributes: dict[str, str]) -> str | None:
    """The address of what an element has the browser load and obey."""
    if name == "link":
        kinds = attributes.get("rel", "").lower().split()
        return _address(attributes["href"]) if "stylesheet" in kinds and "href" in attributes else None
    value = attributes.get(_OBEYED.get(name, ""))
    return None if value is None else _address(value)


def _address(value: str) -> str:
    return _MEANINGLESS.sub("", html.unescape(value).strip())


def _is_insecure(address: str) -> bool:
    return _INSECURE.match(address) is not None


def _elements(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each start tag with its attributes; ends where a comment, a tag or raw text has no end."""
    lower = text.lower()
    at = 0
    while (match := _TAG.search(text, at)) is not None:
        if match[1]:
            at = text.find("-->", match.end()) + 3
            if at < 3:
                return
            continue
        name = match[2].lower()
        attributes, at = _attributes(text, match.end())
        if at < 0:
            return
        yield name, attributes
        if name in _RAW:
            at = lower.find(f"</{name}", at)
            if at < 0:
                return


def _attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes of a tag, the first of each name, and where it ends; -1 where it does not."""
    found: dict[str, str] = {}
    while True:
        at = _past(_SPACE, text, at)
        if text.startswith(">", at):
            return found, at + 1
        named = _ATTRIBUTE.match(text, at)
        if named is None:
            if at >= len(text):
                return found, -1
            at += 1  # an equals sign without a name
            continue
        value = ""
        at = named.end()
        after = _past(_EQUALS, text, at)
        if text.startswith("=", after):
            value, at = _value(text, _past(_EQUALS, text, after + 1))
            if at < 0:
                return found, -1
        found.setdefault(named[0].lower(), value)


def _value(text: str, at: int) -> tuple[str, int]:
    quote = text[at : at + 1]
    if quote in {'"', "'"}:
        end = text.find(quote, at + 1)
        return (text[at + 1 : end], end + 1) if end >= 0 else ("", -1)
    end = _past(_BARE_VALUE, text, at)
    return text[at:end], end


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match is not None else at
