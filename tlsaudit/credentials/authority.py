"""Which CA a credential is of, so that two of one CA can be told from two of different ones."""

from __future__ import annotations

from collections.abc import Hashable

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from tlsaudit.credentials.credential import Credential, public_bytes
from tlsaudit.credentials.load import ClientCa


def authority_key(ca: ClientCa) -> Hashable:
    """What stands for the client CA: its name and its key."""
    return ca.certificate.subject.public_bytes(), public_bytes(ca.certificate.public_key())


def authority_of(credential: Credential, ca: ClientCa | None) -> Hashable:
    """The client CA, if it signed the certificate or one above it; else what the certificate says of its issuer."""
    if ca is not None and any(
        is_signed_by(each, ca.certificate) for each in (credential.certificate, *credential.above)
    ):
        return authority_key(ca)
    try:
        named = credential.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return credential.certificate.issuer.public_bytes(), None
    return credential.certificate.issuer.public_bytes(), named.value.key_identifier


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` is named as the issuer, and its key made the signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
