"""Distinguished names and general names (RFC 5280 sections 4.1.2.4 and 4.2.1.6)."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from tlsaudit.model.certificate import GeneralName
from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der, oids

UTF8_STRING = 0x0C
PRINTABLE_STRING = 0x13
_ENCODINGS = {
    UTF8_STRING: "utf-8",
    0x12: "ascii",  # NumericString
    PRINTABLE_STRING: "ascii",
    0x14: "latin-1",  # TeletexString, as everybody reads it
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
_PRINTABLE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_SHOWN_MAX = 200
_KINDS = {0x81: "email", 0x82: "dns", 0x86: "uri", 0x87: "ip", 0xA4: "directory"}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One AttributeTypeAndValue; `text` is None where the value is no string, or a broken one."""

    oid: str
    text: str | None
    value: der.Element


Rdn = tuple[Attribute, ...]
NormalisedName = tuple[frozenset[tuple[str, str | bytes]], ...]
"""A name in a form that is equal for names that RFC 5280 section 7.1 calls equal: case and runs of space count not."""


def read_name(data: bytes, where: str = "Name") -> tuple[Rdn, ...]:
    """The relative distinguished names of a DER Name, outermost first. Raises DecodeError."""
    return tuple(
        tuple(_attributes(der.expect(rdn, where, der.SET), where))
        for rdn in der.elements(der.single(data, where).content, where)
    )


def format_name(data: bytes) -> str:
    """A DER Name as an RFC 4514 string, innermost part first.

    What could upset a terminal or a log (control and format characters, line separators) is escaped as hexadecimal.
    Raises DecodeError.
    """
    return format_rdns(read_name(data))


def format_rdns(rdns: tuple[Rdn, ...]) -> str:
    """The RFC 4514 string of a name that was read."""
    return ",".join("+".join(_format_attribute(attribute) for attribute in rdn) for rdn in reversed(rdns))


def normalise(data: bytes) -> NormalisedName:
    """The form of a DER Name in which equal names are equal. Raises DecodeError."""
    return tuple(
        frozenset((each.oid, each.value.raw if each.text is None else _fold(each.text)) for each in rdn)
        for rdn in read_name(data)
    )


def name_defects(rdns: tuple[Rdn, ...], where: str) -> Iterator[str]:
    """What breaks the encoding of a name that could still be read, one sentence each."""
    for attribute in (each for rdn in rdns for each in rdn):
        label = oids.ATTRIBUTES.get(attribute.oid, attribute.oid)
        if attribute.value.tag not in _ENCODINGS:
            continue
        if attribute.text is None:
            yield f"{where}: the value of {label} is not what its string type allows"
        elif attribute.value.tag == PRINTABLE_STRING and not _PRINTABLE.issuperset(attribute.value.content):
            yield f"{where}: the PrintableString of {label} has characters outside its alphabet"


def general_names(data: bytes, where: str) -> tuple[der.Element, ...]:
    """The GeneralName elements of a GeneralNames value. Raises DecodeError."""
    return tuple(der.elements(der.single(data, where).content, where))


def kind_of(element: der.Element) -> str:
    """The kind of a GeneralName: dns, ip, uri, email, directory or other."""
    return _KINDS.get(element.tag, "other")


def general_name(element: der.Element) -> GeneralName:
    """A GeneralName as text; one whose content is broken is of kind other. Never raises."""
    kind = kind_of(element)
    try:
        match kind:
            case "dns" | "email" | "uri":
                return GeneralName(kind, element.content.decode("ascii", "backslashreplace"))
            case "ip":
                return GeneralName(kind, format_address(ipaddress.ip_address(element.content)))
            case "directory":
                return GeneralName(kind, format_name(element.content))
    except (ValueError, DecodeError):
        pass
    return GeneralName("other", f"[{element.tag & 0x1F}]#{element.content.hex()}")


def general_name_defects(element: der.Element) -> Iterator[str]:
    """What breaks a GeneralName, one sentence each."""
    kind = kind_of(element)
    if kind in ("dns", "email", "uri") and not element.content.isascii():
        yield f"subjectAltName: a {kind} entry is not ASCII"
    if kind == "ip" and len(element.content) not in (4, 16):
        yield f"subjectAltName: an iPAddress has {len(element.content)} octets"
    if kind == "directory" and general_name(element).kind == "other":
        yield "subjectAltName: a directoryName cannot be read"


def shorten(text: str) -> str:
    """As much of a name as a sentence can bear; a certificate may hold 64 KiB of it."""
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def format_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The canonical text of an address (RFC 5952 section 5 for IPv4-mapped ones), the same under every Python."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


def _attributes(rdn: der.Element, where: str) -> Iterator[Attribute]:
    for each in der.elements(rdn.content, where):
        inside = der.members(der.expect(each, where, der.SEQUENCE), where)
        oid = der.oid(inside.take(), where)
        value = inside.take()
        inside.end()
        yield Attribute(oid, _text(value), value)


def _text(value: der.Element) -> str | None:
    encoding = _ENCODINGS.get(value.tag)
    if encoding is None:
        return None
    try:
        return value.content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _format_attribute(attribute: Attribute) -> str:
    label = oids.ATTRIBUTES.get(attribute.oid)
    if label is None or attribute.text is None:
        return f"{label or attribute.oid}=#{attribute.value.raw.hex()}"
    return f"{label}={_escape(attribute.text)}"


def _escape(text: str) -> str:
    last = len(text) - 1
    return "".join(
        f"\\{character}"
        if character in '"+,;<>\\' or (character == " " and at in (0, last)) or (character == "#" and at == 0)
        else character
        if character.isprintable()
        else "".join(f"\\{octet:02X}" for octet in character.encode("utf-8"))
        for at, character in enumerate(text)
    )
