"""Certificate, key and parameter files that a configuration names: read, and never shown."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_parameters

from tlsaudit.config.keys import PEM_KEY, find_key
from tlsaudit.model.certificate import Certificate, Unparsed
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import DhParameters
from tlsaudit.pki import inspect_dh, parse_certificate

MOST_CERTIFICATES = 500
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s([^-]*)-----END \1-----")
_CERTIFICATE = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"})


@dataclass(frozen=True, slots=True)
class Bundle:
    """The certificates of a file in their order, and those that could not be read."""

    certificates: tuple[Certificate, ...]
    unparsed: tuple[Unparsed, ...]


def read_certificates(content: bytes) -> Bundle:
    """The certificates of a PEM file, or the one of a DER file."""
    ders: list[bytes] = []
    unparsed: list[Unparsed] = []
    for label, body in _BLOCK.findall(content):
        if label not in _CERTIFICATE or len(ders) >= MOST_CERTIFICATES:
            continue
        try:
            ders.append(base64.b64decode(b"".join(body.split()), validate=True))
        except binascii.Error:
            ders.append(body)
    if not ders and content[:1] == b"\x30":
        ders = [content]
    certificates: list[Certificate] = []
    for index, each in enumerate(ders):
        try:
            certificates.append(parse_certificate(each))
        except DecodeError as error:
            unparsed.append(Unparsed(index=index, sha256=hashlib.sha256(each).hexdigest(), error=str(error)))
    return Bundle(tuple(certificates), tuple(unparsed))


def public_part(content: bytes) -> str | None:
    """SHA-256 of the public half (SubjectPublicKeyInfo) of a private key in PEM; None where it is locked or broken."""
    key = find_key(content) if PEM_KEY in content else None
    return key.spki_sha256 if key is not None else None


def read_dh(content: bytes) -> DhParameters | None:
    """The Diffie-Hellman parameters of a PEM file; None where there are none."""
    try:
        parameters = load_pem_parameters(content)
    except (ValueError, UnsupportedAlgorithm):
        return None
    numbers = parameters.parameter_numbers()
    return inspect_dh(numbers.p, numbers.g)
