"""Private keys in files, whatever holds them: PEM, OpenSSH, PuTTY, DER, PKCS #12 and Java keystores.

By what is in a file, in bounded time: how often a passphrase is hashed is the file's to say.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    load_ssh_private_key,
)

from tlsaudit.model.errors import DecodeError
from tlsaudit.pki import der

PEM_KEY: Final = b"PRIVATE KEY-----"
"""What the first line of every private key in PEM ends with (RFC 7468)."""
LARGEST_BINARY: Final = 64 * 1024
"""Octets of a key in DER or a keystore; RSA with 16384 bits takes 10,000."""
_MOST_ELEMENTS: Final = 2000
_MOST_HASHING: Final = 100_000
"""Iterations that are done to see whether a keystore opens without a passphrase; OpenSSL and Java write 30,000."""

_PEM = re.compile(
    rb"^[ \t\"']*(-----BEGIN (?P<kind>(?:RSA |EC |DSA |ENCRYPTED |OPENSSH )?)PRIVATE KEY-----"
    rb"(?P<headers>(?:[ \t]{0,20}(?:\r?\n[ \t]{0,20}(?:Proc-Type|DEK-Info):[^\r\n]{0,100})+)?)"
    rb"(?P<body>\s+[A-Za-z0-9+/=][A-Za-z0-9+/=\s]{39,})-----END (?P=kind)PRIVATE KEY-----)",
    re.MULTILINE,
)
_PUTTY = re.compile(rb"\APuTTY-User-Key-File-[1-9]: [^\n]{1,80}\nEncryption: (?P<how>[^\s]{1,40})[ \t]*\n")
_OPENSSH_OPEN = b"openssh-key-v1\0\0\0\0\4none"
_PKCS8_ENCRYPTED = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05"  # PKCS #5 (RFC 8018)
_PKCS12 = b"\x02\x01\x03\x30"
_DATA = "1.2.840.113549.1.7.1"  # RFC 5652 section 4
_KEY_BAG = "1.2.840.113549.1.12.10.1.1"  # RFC 7292 section 4.2
_SHROUDED_BAG = "1.2.840.113549.1.12.10.1.2"
_SCRYPT = "1.3.6.1.4.1.11591.4.11"  # RFC 7914
_NO_PASSPHRASE = b"\0"  # the library refuses an empty one; to HMAC and to RFC 7292 appendix B.2 both are zeros alone
_JAVA = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_JAVA_KEY, _JAVA_CERTIFICATE = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKeyFile:
    """The private key of a file, the first one that is open if there is any.

    `locked`: behind a passphrase. `spki_sha256` is of its public half, None where that cannot be told.
    """

    line: int
    locked: bool
    spki_sha256: str | None = None


def find_key(content: bytes) -> PrivateKeyFile | None:
    """The private key in a file; None: there is none that is recognised."""
    if PEM_KEY in content:
        return _in_text(content)
    if (putty := _PUTTY.match(content[:400].replace(b"\r", b""))) is not None:
        return PrivateKeyFile(line=1, locked=putty["how"] != b"none")
    if content.startswith(_JAVA):
        return PrivateKeyFile(line=1, locked=True) if _java_has_key(content) else None
    if content[:1] == b"\x30" and len(content) <= LARGEST_BINARY:
        return _in_der(content)
    return None


def _in_text(content: bytes) -> PrivateKeyFile | None:
    first: PrivateKeyFile | None = None
    for block in _PEM.finditer(content):
        locked = _is_locked(block)
        line = content.count(b"\n", 0, block.start(1)) + 1
        if not locked:
            load = load_ssh_private_key if block["kind"] == b"OPENSSH " else load_pem_private_key
            return PrivateKeyFile(line=line, locked=False, spki_sha256=_public(load, _unindented(block[1])))
        first = first or PrivateKeyFile(line=line, locked=True)
    return first


def _unindented(block: bytes) -> bytes:
    return b"\n".join(line.strip() for line in block.splitlines())


def _is_locked(block: re.Match[bytes]) -> bool:
    if block["kind"] != b"OPENSSH ":
        return block["kind"] == b"ENCRYPTED " or b"ENCRYPTED" in block["headers"]
    try:
        return not base64.b64decode(b"".join(block["body"].split())[:64]).startswith(_OPENSSH_OPEN)
    except binascii.Error:
        return True


def _in_der(content: bytes) -> PrivateKeyFile | None:
    try:
        outer = der.single(content, "a key")
    except DecodeError:
        return None
    if outer.content.startswith(_PKCS12):
        return _in_pkcs12(content)
    if outer.content[:1] == b"\x30":
        return PrivateKeyFile(line=1, locked=True) if _PKCS8_ENCRYPTED in outer.content[:16] else None
    try:
        load_der_private_key(content, None, unsafe_skip_rsa_key_validation=True)
    except UnsupportedAlgorithm:
        return PrivateKeyFile(line=1, locked=False)
    except (ValueError, TypeError):
        return None
    return PrivateKeyFile(line=1, locked=False, spki_sha256=_public(load_der_private_key, content))


def _in_pkcs12(content: bytes) -> PrivateKeyFile | None:
    """Bags of keys stand in the open, what is in them is encrypted; some open without a passphrase.

    Each is opened by itself: what stands beside them may be encrypted as well, and ask for any amount of hashing.
    """
    try:
        bags = tuple(_bags(content))
        is_short = sum(_hashing(bag) for kind, bag in bags if kind == _SHROUDED_BAG) <= _MOST_HASHING
    except DecodeError:
        return None
    for kind, bag in bags:
        if kind == _KEY_BAG:
            return PrivateKeyFile(line=1, locked=False, spki_sha256=_public(load_der_private_key, bag))
        if is_short and (found := _public(load_der_private_key, bag, _NO_PASSPHRASE)) is not None:
            return PrivateKeyFile(line=1, locked=False, spki_sha256=found)
    return PrivateKeyFile(line=1, locked=True) if bags else None


def _bags(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The bags of keys of a PKCS #12 file that no passphrase hides, by their kind. Raises DecodeError."""
    waiting, seen = [(content, False)], 0
    while waiting:
        data, is_content = waiting.pop()
        name = ""
        for each in der.elements(data, "PKCS #12"):
            seen += 1
            if seen > _MOST_ELEMENTS:
                raise DecodeError("PKCS #12", "has too many parts")
            if each.tag == der.OBJECT_IDENTIFIER:
                name = der.dotted(each.content, "PKCS #12")
            elif each.tag == der.context(0) and name in {_KEY_BAG, _SHROUDED_BAG}:
                yield name, each.content
            elif each.tag & 0x20:
                waiting.append((each.content, (is_content or name == _DATA) and each.tag == der.context(0)))
            elif each.tag == der.OCTET_STRING and is_content:
                waiting.append((each.content, False))


def _hashing(bag: bytes) -> int:
    """How much hashing a shrouded bag asks for, at most. Raises DecodeError."""
    waiting, found = [bag], 0
    while waiting:
        for each in der.elements(waiting.pop(), "PKCS #12"):
            if each.tag == der.OBJECT_IDENTIFIER and der.dotted(each.content, "PKCS #12") == _SCRYPT:
                return _MOST_HASHING + 1  # which also asks for memory
            if each.tag == der.INTEGER:
                found += max(0, der.integer(each, "PKCS #12"))
            elif each.tag & 0x20:
                waiting.append(each.content)
    return found


def _java_has_key(content: bytes) -> bool:
    """Whether an entry before the first that cannot be read is a private key; the others are certificates."""
    at = 12
    try:
        while at < len(content):
            kind = _number(content, at, 4)
            if kind != _JAVA_CERTIFICATE:
                return kind == _JAVA_KEY
            at += 4
            at += 2 + _number(content, at, 2) + 8  # the alias, and a time
            at += 2 + _number(content, at, 2)  # the type of the certificate
            at += 4 + _number(content, at, 4)
    except DecodeError:
        pass
    return False


def _number(content: bytes, at: int, octets: int) -> int:
    found = content[at : at + octets]
    if len(found) < octets:
        raise DecodeError("a keystore", "ends early")
    return int.from_bytes(found, "big")


def _public(load: Callable[..., Any], content: bytes, passphrase: bytes | None = None) -> str | None:
    """SHA-256 of the public half (SubjectPublicKeyInfo); None where the key is broken, or does not open."""
    if len(content) > LARGEST_BINARY:
        return None
    try:
        key = load(content, passphrase, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()
