"""The clients of the lab: a good one, a revoked one with the list that says so, and a mint for the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.lab.pki import LabPki, write_private
from tlsaudit.credentials import ClientCa, Credential, Credentials, Mint, TrialPlan
from tlsaudit.demo import mint
from tlsaudit.model.facts import TrialKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LabClients:
    """`with_crl_file` holds the client CA and its list, as OpenSSL's own stores want them."""

    good: Credential
    revoked: Credential
    ca: ClientCa
    ca_key_file: Path
    revoked_file: Path
    crl_file: Path
    with_crl_file: Path

    @classmethod
    def create(cls, pki: LabPki, directory: Path) -> LabClients:
        """Mint what is not there yet, and write it to `directory`."""
        authority = pki.client_ca
        assert not isinstance(authority.key, dsa.DSAPrivateKey)
        revoked = authority.issue("revoked.lab.test", purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))
        crl = _crl(authority, revoked.certificate).public_bytes(Encoding.PEM)
        key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(
            good=credential(pki.client.leaf),
            revoked=credential(revoked),
            ca=ClientCa(certificate=authority.certificate, key=authority.key),
            ca_key_file=write_private(directory / "client-ca.key", key),
            revoked_file=write_private(directory / "revoked.pem", revoked.chain_pem() + revoked.key_pem()),
            crl_file=write_private(directory / "client-ca.crl", crl),
            with_crl_file=write_private(directory / "client-ca-crl.pem", mint.pem(authority.certificate) + crl),
        )

    def trials(self, *, good: bool = True) -> Credentials:
        """Everything, or without the good client."""
        given = {TrialKind.REVOKED: self.revoked} | ({TrialKind.GOOD: self.good} if good else {})
        plan = TrialPlan(mint=Mint(run="cafe0123", ca=self.ca), given=given)
        return Credentials(good=self.good if good else None, trials=plan)


def credential(leaf: mint.Leaf) -> Credential:
    """A minted leaf as a client presents it."""
    assert not isinstance(leaf.key, dsa.DSAPrivateKey)
    return Credential(certificate=leaf.certificate, key=leaf.key, above=leaf.above)


def _crl(authority: mint.Authority, revoked: x509.Certificate) -> x509.CertificateRevocationList:
    now = datetime.now(UTC).replace(microsecond=0)
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(revoked.serial_number)
        .revocation_date(now - timedelta(hours=1))
        .build()
    )
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=1))
        .add_revoked_certificate(entry)
        .sign(authority.key, hashes.SHA256())
    )
