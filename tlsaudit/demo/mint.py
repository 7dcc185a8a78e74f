"""Mints throw-away certificates, sound and unsound, for the demo endpoints and the tests.

    root = Authority.root("Demo Root")
    issuing = root.subordinate("Demo Issuing")
    leaf = issuing.issue("shop.example.com")
    leaf.chain_pem(), leaf.key_pem()

Keys live in memory only. What is written somewhere is up to the caller, and never goes into the repository.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = CertificateIssuerPrivateKeyTypes
SignatureHash = hashes.SHA224 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512

_DAY = timedelta(days=1)


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    """A new elliptic-curve key, on P-256 unless told otherwise."""
    return ec.generate_private_key(curve or ec.SECP256R1())


def rsa_key(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    """A new RSA key; sizes below 1024 bits are not made by the library underneath."""
    return rsa.generate_private_key(public_exponent=exponent, key_size=bits)


def name(common_name: str | None, **others: str) -> x509.Name:
    """A distinguished name of a common name (None: none) and, by keyword, organization_name and its like."""
    attributes = [x509.NameAttribute(getattr(NameOID, key.upper()), value) for key, value in others.items()]
    if common_name is not None:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def general_name(text: str) -> x509.GeneralName:
    """An iPAddress for an address, a URI for what has a scheme, else a dNSName."""
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.UniformResourceIdentifier(text) if "://" in text else x509.DNSName(text)


def key_usage(*names: str) -> x509.KeyUsage:
    """A keyUsage extension with the bits of these names (digital_signature, key_cert_sign, ...)."""
    bits = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{bit: bit in names for bit in bits})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A minted certificate with its key and the certificates above it, nearest first, without the root."""

    certificate: x509.Certificate
    key: PrivateKey
    above: tuple[x509.Certificate, ...]

    def chain(self) -> tuple[x509.Certificate, ...]:
        """The certificate and its intermediates, in the order in which a server should send them."""
        return (self.certificate, *self.above)

    def chain_pem(self) -> bytes:
        """The chain as a server's certificate file."""
        return pem(*self.chain())

    def key_pem(self) -> bytes:
        """The private key, unencrypted (PKCS #8)."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def pem(*certificates: x509.Certificate) -> bytes:
    """These certificates as one PEM file."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority: a CA certificate, its key, and the intermediates above it (without the root)."""

    certificate: x509.Certificate
    key: PrivateKey
    above: tuple[x509.Certificate, ...] = ()

    @classmethod
    def root(cls, common_name: str, *, key: PrivateKey | None = None, days: int = 3650) -> Authority:
        """A new self-signed root."""
        own_key = key or ec_key()
        subject = name(common_name, organization_name="tlsaudit demo")
        now = _now()
        certificate = _certificate(
            subject=subject,
            issuer=subject,
            key=own_key,
            signing_key=own_key,
            not_before=now - _DAY,
            not_after=now + days * _DAY,
            extensions=_authority_extensions(None),
        )
        return cls(certificate, own_key)

    def subordinate(
        self,
        common_name: str,
        *,
        key: PrivateKey | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        path_length: int | None = None,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] | None = None,
    ) -> Authority:
        """A new intermediate CA. `extensions` (value, critical) replace the usual CA extensions."""
        own_key = key or ec_key()
        now = _now()
        usual = _authority_extensions(path_length)
        certificate = _certificate(
            subject=name(common_name, organization_name="tlsaudit demo"),
            issuer=self.certificate.subject,
            key=own_key,
            signing_key=self.key,
            not_before=not_before or now - _DAY,
            not_after=not_after or now + 1825 * _DAY,
            extensions=usual if extensions is None else extensions,
            issuer_key=self.key,
        )
        return Authority(certificate, own_key, (certificate, *self.above))

    def issue(
        self,
        *names: str,
        key: PrivateKey | None = None,
        subject: x509.Name | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        usages: Sequence[str] = ("digital_signature",),
        purposes: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.SERVER_AUTH,),
        extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
        signature_hash: SignatureHash | None = None,
        serial: int | None = None,
    ) -> Leaf:
        """A new end-entity certificate for `names` (DNS names, addresses, URIs; none: no subjectAltName).

        `purposes` None leaves out extendedKeyUsage; empty `usages` leave out keyUsage; `extra` are further extensions.
        """
        own_key = key or ec_key()
        now = _now()
        extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=False, path_length=None), True)]
        if names:
            extensions.append((x509.SubjectAlternativeName([general_name(each) for each in names]), False))
        if usages:
            extensions.append((key_usage(*usages), True))
        if purposes is not None:
            extensions.append((x509.ExtendedKeyUsage(list(purposes)), False))
        replaced = {type(value) for value, _ in extra}
        extensions = [each for each in extensions if type(each[0]) not in replaced]
        certificate = _certificate(
            subject=subject if subject is not None else name(names[0] if names else "no name"),
            issuer=self.certificate.subject,
            key=own_key,
            signing_key=self.key,
            not_before=not_before or now - _DAY,
            not_after=not_after or now + 89 * _DAY,
            extensions=[*extensions, *extra],
            issuer_key=self.key,
            signature_hash=signature_hash,
            serial=serial,
        )
        return Leaf(certificate, own_key, self.above)


def self_signed(*names: str, key: PrivateKey | None = None) -> Leaf:
    """A self-signed end-entity certificate."""
    own_key = key or ec_key()
    now = _now()
    subject = name(names[0])
    certificate = _certificate(
        subject=subject,
        issuer=subject,
        key=own_key,
        signing_key=own_key,
        not_before=now - _DAY,
        not_after=now + 89 * _DAY,
        extensions=[
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.SubjectAlternativeName([general_name(each) for each in names]), False),
        ],
    )
    return Leaf(certificate, own_key, ())


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _authority_extensions(path_length: int | None) -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (key_usage("key_cert_sign", "crl_sign"), True),
    ]


def _certificate(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    signing_key: PrivateKey,
    not_before: datetime,
    not_after: datetime,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    issuer_key: PrivateKey | None = None,
    signature_hash: SignatureHash | None = None,
    serial: int | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer_key is not None:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(authority, critical=False)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    if isinstance(signing_key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return builder.sign(signing_key, None)
    return builder.sign(signing_key, signature_hash or hashes.SHA256())
