"""A certificate with its private key and the certificates above it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a client presents: the certificate, its key, and the intermediates, nearest first."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    above: tuple[x509.Certificate, ...] = ()

    @property
    def serial(self) -> str:
        """The serial number in hexadecimal, as servers write it to their logs."""
        return format(self.certificate.serial_number, "x")

    @property
    def common_name(self) -> str | None:
        """The common name of the subject, which services without host names take for the name of the user."""
        found = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value) if found and "\0" not in str(found[0].value) else None


def public_bytes(key: object) -> bytes:
    """A public key as it stands in a certificate; b"" for what is none."""
    encode = getattr(key, "public_bytes", None)
    if encode is None:
        return b""
    encoded: bytes = encode(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded


def alternative_names(credential: Credential) -> x509.SubjectAlternativeName | None:
    """The subject alternative names of the certificate; None where it has none that can be read."""
    try:
        found = credential.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm, ValueError):
        return None
    return found.value


def names_of(credential: Credential) -> tuple[bytes, bytes]:
    """The subject and its alternative names, encoded."""
    found = alternative_names(credential)
    return credential.certificate.subject.public_bytes(), b"" if found is None else found.public_bytes()
