"""Trust anchors as DER: Mozilla's (certifi), the machine's, or those of a file. Certificates are not parsed here."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tlsaudit.model.errors import InputError

_LARGEST = 10 * 1024 * 1024
_BEGIN = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
_PEM = re.compile(_BEGIN.pattern + rb"([^-]*)-----END (?:TRUSTED |X509 )?CERTIFICATE-----")
_SEQUENCE = 0x30
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, FreeBSD, OpenBSD
    "/usr/local/share/certs/ca-root-nss.crt",  # FreeBSD, ca_root_nss
)


CUSTOM: Final = "custom"
"""The name of the store that CA files make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorSet:
    """The anchors of one trust store, each once, in the order of their source.

    `date` (YYYY-MM-DD) is that of the release for "mozilla", else that of the file's last change.
    """

    name: str
    date: str
    ders: tuple[bytes, ...]


def mozilla() -> AnchorSet:
    """Mozilla's root program for TLS servers, as packed by certifi; named "mozilla"."""
    import certifi  # noqa: PLC0415 - costs as much as all else here and is not needed for a file of one's own

    release = certifi.__version__.split(".")
    return AnchorSet(name="mozilla", date="-".join(release[:3]), ders=_certificates(Path(certifi.where()).read_bytes()))


def system() -> AnchorSet | None:
    """The first bundle at one of the places where systems keep theirs, named "system"; None where there is none."""
    for place in _SYSTEM_BUNDLES:
        if Path(place).is_file():
            return _read(Path(place), "system")
    return None


def from_file(path: Path) -> AnchorSet:
    """The certificates of a PEM bundle or one DER certificate, named "custom".

    Raises InputError where the file is missing, unreadable, larger than 10 MB or holds no certificate.
    """
    return _read(path, CUSTOM)


def _read(path: Path, name: str) -> AnchorSet:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise InputError(f"CA file {_shown(path)}: {error.strerror or 'cannot be read'}") from None
    except ValueError:
        raise InputError(f"CA file {_shown(path)}: not a file name") from None
    if len(content) > _LARGEST:
        raise InputError(f"CA file {_shown(path)} is larger than 10 MB")
    try:
        ders = _certificates(content)
    except ValueError as error:
        raise InputError(f"CA file {_shown(path)}: {error}") from None
    return AnchorSet(name=name, date=changed.strftime("%Y-%m-%d"), ders=ders)


def _certificates(content: bytes) -> tuple[bytes, ...]:
    """The certificates in PEM or DER; raises ValueError with what is wrong."""
    found: dict[bytes, None] = {}
    blocks = _PEM.findall(content)
    if len(blocks) != len(_BEGIN.findall(content)):
        raise ValueError("a certificate without a proper end")
    for number, block in enumerate(blocks, start=1):
        try:
            found[_single(base64.b64decode(b"".join(block.split()), validate=True))] = None
        except binascii.Error:
            raise ValueError(f"certificate {number} is not valid base64") from None
    if not found and content[:1] == bytes((_SEQUENCE,)):
        found[_single(content)] = None
    if not found:
        raise ValueError("no certificate in it (expected PEM or DER)")
    return tuple(found)


def _single(octets: bytes) -> bytes:
    """The one DER SEQUENCE that `octets` begin with: a TRUSTED CERTIFICATE has OpenSSL's own data after it."""
    length, header = octets[1] if len(octets) > 1 else 0, 2
    if length & 0x80:
        header += length & 0x7F
        length = int.from_bytes(octets[2:header], "big")
    if octets[:1] != bytes((_SEQUENCE,)) or header > 6 or not 0 < length <= len(octets) - header:
        raise ValueError("not a certificate: no complete DER SEQUENCE")
    return octets[: header + length]


def _shown(path: Path) -> str:
    return ascii(str(path))
