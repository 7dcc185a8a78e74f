"""Mints the throw-away credentials of trials. All of them say in a comment what they are, and of which run.

Their name is one and the same, and nobody's: what a server makes of them is then no matter of names. Those that no
client CA signs can bear the name of a good client instead, as whoever wants to pass for it would write it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tlsaudit.credentials.credential import Credential, PrivateKey, alternative_names
from tlsaudit.credentials.load import ClientCa
from tlsaudit.credentials.names import reissued
from tlsaudit.model.errors import DecodeError, TlsauditError
from tlsaudit.model.facts import TrialKind

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEAK_BITS = 1024
_MOST_NAMES = 16
_NS_COMMENT = x509.ObjectIdentifier("2.16.840.1.113730.1.13")
_IA5_STRING = 0x16
WITHOUT_CA = frozenset({TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA, TrialKind.IMPOSTOR_CA})
"""Kinds that take no signature of the client CA."""


class Unavailable(TlsauditError):  # noqa: N818 - says why something is not there
    """A credential that cannot be made, and why."""


@dataclass(frozen=True, slots=True)
class _Names:
    """What a certificate says of who holds it."""

    subject: x509.Name
    alternative: x509.SubjectAlternativeName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mint:
    """Makes the credentials of one run, named `run`. `ca` signs those that need the real CA's signature."""

    run: str
    ca: ClientCa | None = None

    def make(
        self, kind: TrialKind, *, ca_names: tuple[bytes, ...], use_rsa: bool, like: Credential | None = None
    ) -> Credential:
        """The credential of this kind, with an ECDSA key unless `use_rsa`; `ca_names` are those the server sent.

        One that no client CA signs bears the names of `like`. Raises Unavailable where it takes what is not there.
        """
        key: PrivateKey = _rsa_key(2048) if use_rsa else ec.generate_private_key(ec.SECP256R1())
        match kind:
            case TrialKind.SELF_SIGNED:
                own = self._names(like)
                return self._issue(kind, key, own, issuer=own.subject, signer=key)
            case TrialKind.UNKNOWN_CA:
                issuer = _name(f"tlsaudit-probe CA {self.run}")
                signer = ec.generate_private_key(ec.SECP256R1())
                return self._issue(kind, key, self._names(like), issuer=issuer, signer=signer)
            case TrialKind.IMPOSTOR_CA:
                return self._impostor(key, ca_names, self._names(like))
            case TrialKind.REVOKED:
                raise Unavailable("it cannot be made here: give one with --trial revoked=FILE")
            case TrialKind.NONE:
                raise Unavailable("there is no certificate in none")
            case _:
                return self._from_ca(kind, _rsa_key(_WEAK_BITS) if kind is TrialKind.WEAK_KEY else key)

    def _impostor(self, key: PrivateKey, ca_names: tuple[bytes, ...], own: _Names) -> Credential:
        """Bears the name of a CA that is accepted, without a key identifier, so that the name alone leads to it."""
        names = [*ca_names[:_MOST_NAMES], *([self.ca.certificate.subject.public_bytes()] if self.ca else [])]
        if not names:
            raise Unavailable("the server is not known to name a CA to impersonate: give one with --client-ca")
        signer = ec.generate_private_key(ec.SECP256R1())
        plain = self._issue(TrialKind.IMPOSTOR_CA, key, own, issuer=_name("to be replaced"), signer=signer)
        for name in names:
            with contextlib.suppress(DecodeError):
                return replace(plain, certificate=reissued(plain.certificate, name, signer))
        raise Unavailable("no name of the server's CAs can be borne by a certificate: give one with --client-ca")

    def _from_ca(self, kind: TrialKind, key: PrivateKey) -> Credential:
        if self.ca is None or self.ca.key is None:
            raise Unavailable("it takes --client-ca and --client-ca-key, or --trial KIND=FILE")
        ca = self.ca.certificate
        own = self._names(None)
        return self._issue(kind, key, own, issuer=ca.subject, signer=self.ca.key, issuer_certificate=ca)

    def _issue(
        self,
        kind: TrialKind,
        key: PrivateKey,
        own: _Names,
        *,
        issuer: x509.Name,
        signer: PrivateKey,
        issuer_certificate: x509.Certificate | None = None,
    ) -> Credential:
        now = datetime.now(UTC).replace(microsecond=0)
        since, until = {
            TrialKind.EXPIRED: (now - 2 * _DAY, now - _DAY),
            TrialKind.NOT_YET_VALID: (now + _DAY, now + 2 * _DAY),
        }.get(kind, (now - _HOUR, now + _DAY))
        server_only = kind is TrialKind.SERVER_AUTH_ONLY
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server_only else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(own.subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_digital_signature(), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(_comment(f"tlsaudit-probe {kind.value} {self.run}"), critical=False)
        )
        if own.alternative is not None:
            builder = builder.add_extension(own.alternative, critical=not own.subject.rdns)
        above: tuple[x509.Certificate, ...] = ()
        if issuer_certificate is not None and self.ca is not None:
            builder = builder.add_extension(_authority_key(issuer_certificate), critical=False)
            above = self.ca.chain()
        return Credential(certificate=builder.sign(signer, _hash_for(signer)), key=key, above=above)

    def _names(self, like: Credential | None) -> _Names:
        if like is None:
            alternative = x509.SubjectAlternativeName([x509.DNSName("tlsaudit-probe.invalid")])
            return _Names(_name(f"tlsaudit-probe {self.run}"), alternative)
        return _Names(like.certificate.subject, alternative_names(like))


def _comment(text: str) -> x509.UnrecognizedExtension:
    """nsComment, which tools show and nobody judges by."""
    return x509.UnrecognizedExtension(_NS_COMMENT, bytes((_IA5_STRING, len(text))) + text.encode("ascii"))


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "tlsaudit probe"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _hash_for(signer: PrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()


def _authority_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """What the issuer calls its key (RFC 5280 section 4.2.1.1), else what its key is called by rule."""
    try:
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except (x509.ExtensionNotFound, ValueError):
        key = issuer.public_key()
        assert isinstance(
            key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
        )
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _digital_signature() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
