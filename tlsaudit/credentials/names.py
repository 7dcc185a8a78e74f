"""Puts an encoded distinguished name, whatever it holds, into a certificate as the name of its issuer.

`cryptography` signs only with names that it can build, and a server may name its CA in other ways: so the bytes are
put into a certificate that is there, and it is signed again.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import crypto

from tlsaudit.model.errors import DecodeError

_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_SEQUENCE, _BIT_STRING = b"\x30", b"\x03"


def reissued(certificate: x509.Certificate, name: bytes, signer: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """`certificate`, which is signed with ECDSA and SHA-256, as if `name` had issued it, signed by `signer`.

    Raises DecodeError where no certificate can bear this name.
    """
    body = _content(certificate.tbs_certificate_bytes).replace(certificate.issuer.public_bytes(), name, 1)
    tbs = _tagged(_SEQUENCE, body)
    signature = b"\0" + signer.sign(tbs, ec.ECDSA(hashes.SHA256()))
    encoded = _tagged(_SEQUENCE, tbs + _ECDSA_WITH_SHA256 + _tagged(_BIT_STRING, signature))
    try:
        found = x509.load_der_x509_certificate(encoded)
        crypto.X509.from_cryptography(found)  # OpenSSL will present it
    except (ValueError, crypto.Error):
        raise DecodeError("distinguished name", "cannot be used as the name of an issuer") from None
    return found


def _content(encoded: bytes) -> bytes:
    """What is in a SEQUENCE of our own making."""
    header = 2 + (encoded[1] & 0x7F if encoded[1] & 0x80 else 0)
    return encoded[header:]


def _tagged(tag: bytes, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return tag + bytes((size,)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes((0x80 | len(length),)) + length + content
