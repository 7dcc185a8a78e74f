"""The clients of the lab: a good one, a revoked one, and a mint for the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.lab.pki import LabPki, write_private
from tlsaudit.credentials import ClientCa, Credential, Credentials, Mint, TrialPlan
from tlsaudit.demo import mint
from tlsaudit.model.facts import TrialKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LabClients:
    """What the clients of the lab's client CA have."""

    good: Credential
    revoked: Credential
    ca: ClientCa

    @classmethod
    def of(cls, pki: LabPki) -> LabClients:
        """The clients of this PKI."""
        authority = pki.client_ca
        assert not isinstance(authority.key, dsa.DSAPrivateKey)
        return cls(
            good=credential(pki.client.leaf),
            revoked=credential(pki.revoked_client.leaf),
            ca=ClientCa(certificate=authority.certificate, key=authority.key),
        )

    def trials(self, *, good: bool = True) -> Credentials:
        """Everything, or without the good client."""
        given = {TrialKind.REVOKED: self.revoked} | ({TrialKind.GOOD: self.good} if good else {})
        plan = TrialPlan(mint=Mint(run="cafe0123", ca=self.ca), given=given)
        return Credentials(good=self.good if good else None, trials=plan)


def ca_key_file(pki: LabPki, directory: Path) -> Path:
    """The key of the client CA as a file."""
    pem = pki.client_ca.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return write_private(directory / "client-ca.key", pem)


def credential(leaf: mint.Leaf) -> Credential:
    """A minted leaf as a client presents it."""
    assert not isinstance(leaf.key, dsa.DSAPrivateKey)
    return Credential(certificate=leaf.certificate, key=leaf.key, above=leaf.above)
