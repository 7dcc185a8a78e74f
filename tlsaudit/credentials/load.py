"""Reads client credentials from files: PEM or PKCS #12 (RFC 7292), the key encrypted or not.

Whatever is wrong is one sentence that names the file. No message carries what a file holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from tlsaudit.credentials.credential import Credential, PrivateKey, public_bytes
from tlsaudit.model.errors import InputError

Passphrases = Callable[[str], bytes | None]
"""Gives the passphrase of a file, by the words that name it; None where nobody can be asked."""

_LARGEST = 1 << 20
_PEM = b"-----BEGIN "
_PEM_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_PEM_KEY = b"PRIVATE KEY-----"
_HOW_TO_GIVE = "run on a terminal, or set TLSAUDIT_CLIENT_KEY_PASSWORD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCa:
    """The authority behind the clients: its certificate, those above it, and its key where it is there to sign."""

    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()
    key: PrivateKey | None = field(default=None, repr=False)

    def chain(self) -> tuple[x509.Certificate, ...]:
        """What a client sends above its own certificate: nothing for a root, which a server has itself."""
        own = () if self.certificate.subject == self.certificate.issuer else (self.certificate,)
        return (*own, *(each for each in self.above if each.subject != each.issuer))


def load_credential(what: str, chain: Path, key: Path | None, passphrases: Passphrases) -> Credential:
    """The credential in `chain` (with its key, if it is a PKCS #12 file or `key` is None) and `key`.

    `what` names it in messages. Raises InputError.
    """
    data = _read(what, chain)
    if _PEM not in data:
        if key is not None:
            raise InputError(f"{what} {str(chain)!r} is no PEM file, and only beside one the key is in another file")
        return _from_pkcs12(f"{what} {str(chain)!r}", data, passphrases)
    certificates = _certificates(f"{what} {str(chain)!r}", data)
    source = chain if key is None else key
    name = f"{what} {str(chain)!r}" if key is None else f"the key of {what}, {str(key)!r}"
    private = _private_key(name, data if key is None else _read(f"the key of {what}", source), passphrases)
    return _matched(name, certificates, private)


def load_ca(certificate: Path, key: Path | None, passphrases: Passphrases) -> ClientCa:
    """The client CA in `certificate` (its own first, then those above it) and its key. Raises InputError."""
    name = f"client CA {str(certificate)!r}"
    own, *above = _certificates(name, _read("client CA", certificate))
    if not _is_authority(own):
        raise InputError(f"{name} is no CA certificate (basicConstraints)")
    private = None
    if key is not None:
        key_name = f"client CA key {str(key)!r}"
        private = _private_key(key_name, _read("client CA key", key), passphrases)
        if public_bytes(private.public_key()) != public_bytes(_public_key(own)):
            raise InputError(f"{key_name} does not match the certificate {str(certificate)!r}")
    return ClientCa(certificate=own, above=tuple(above), key=private)


def refuse_out_of_time(what: str, certificate: x509.Certificate, now: datetime) -> None:
    """Raise InputError unless a certificate that is to be accepted is within its validity."""
    if now > certificate.not_valid_after_utc:
        raise InputError(f"{what} expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        raise InputError(f"{what} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")


def _read(what: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"{what} {str(path)!r} cannot be read: {error.strerror}") from None
    if not data or len(data) > _LARGEST:
        raise InputError(f"{what} {str(path)!r} is {'larger than 1 MiB' if data else 'empty'}")
    return data


def _certificates(name: str, data: bytes) -> list[x509.Certificate]:
    if _PEM_CERTIFICATE not in data:
        raise InputError(f"{name} holds no PEM certificate")
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        raise InputError(f"{name}: a certificate in it cannot be read") from None


def _private_key(name: str, data: bytes, passphrases: Passphrases) -> PrivateKey:
    if _PEM_KEY not in data:
        raise InputError(f"{name} holds no PEM private key")
    try:
        return _of_known_type(name, serialization.load_pem_private_key(data, None))
    except TypeError:  # it is encrypted
        passphrase = _passphrase(name, passphrases)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError(f"{name} cannot be read as a private key") from None
    try:
        return _of_known_type(name, serialization.load_pem_private_key(data, passphrase))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError(f"{name}: wrong passphrase, or damaged") from None


def _from_pkcs12(name: str, data: bytes, passphrases: Passphrases) -> Credential:
    if not data.startswith(b"\x30"):
        raise InputError(f"{name} is neither PEM nor PKCS #12")
    if _is_bare_certificate(data):
        raise InputError(f"{name} is a DER certificate without a key: it takes PEM, or PKCS #12")
    try:
        found = pkcs12.load_pkcs12(data, None)
    except (ValueError, UnsupportedAlgorithm):
        # A wrong passphrase and damage look the same.
        passphrase = _passphrase(name, passphrases)
        try:
            found = pkcs12.load_pkcs12(data, passphrase)
        except (ValueError, UnsupportedAlgorithm):
            raise InputError(f"{name}: wrong passphrase, or no PKCS #12 file") from None
    if found.key is None or found.cert is None:
        raise InputError(f"{name} lacks a {'private key' if found.key is None else 'certificate'}")
    certificates = [found.cert.certificate, *(each.certificate for each in found.additional_certs)]
    return _matched(name, certificates, _of_known_type(name, found.key))


def _passphrase(name: str, passphrases: Passphrases) -> bytes:
    passphrase = passphrases(name)
    if passphrase is None:
        raise InputError(f"{name} is encrypted, and no passphrase was given: {_HOW_TO_GIVE}")
    return passphrase


def _of_known_type(name: str, key: object) -> PrivateKey:
    if isinstance(
        key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
    ):
        return key
    raise InputError(f"{name}: a key of this kind cannot be used here (only RSA, ECDSA and EdDSA)")


def _matched(name: str, certificates: Sequence[x509.Certificate], key: PrivateKey) -> Credential:
    """The credential whose certificate bears this key; the others are those above it, in their order."""
    wanted = public_bytes(key.public_key())
    leaf = next((each for each in certificates if public_bytes(_public_key(each)) == wanted), None)
    if leaf is None:
        raise InputError(f"{name}: the private key does not match the certificate")
    return Credential(certificate=leaf, key=key, above=tuple(each for each in certificates if each is not leaf))


def _public_key(certificate: x509.Certificate) -> object:
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _is_bare_certificate(data: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(data)
    except ValueError:
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False
