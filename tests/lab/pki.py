"""The certificates of the lab: minted once a session, written for servers that read files, readable by us alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tlsaudit.demo import mint

NAMES = ("localhost", "127.0.0.1")
"""What the lab's server certificates are valid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """A leaf and its PEM files: the chain as a server sends it, the key, and both in one (as HAProxy wants)."""

    leaf: mint.Leaf
    chain: Path
    key: Path
    combined: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPki:
    """A root with one intermediate for servers, and a CA of its own for clients."""

    directory: Path
    root: mint.Authority
    intermediate: mint.Authority
    client_ca: mint.Authority
    root_file: Path
    client_ca_file: Path
    ecdsa: CertificateFiles
    rsa: CertificateFiles
    client: CertificateFiles
    revoked_client: CertificateFiles
    client_crl_file: Path

    @classmethod
    def create(cls, directory: Path) -> LabPki:
        """Mint everything and write it to `directory`."""
        root = mint.Authority.root("Lab Root")
        intermediate = root.subordinate("Lab Issuing")
        client_ca = mint.Authority.root("Lab Clients")
        rsa = intermediate.issue(*NAMES, key=mint.rsa_key(), usages=("digital_signature", "key_encipherment"))
        client = client_ca.issue("client.lab.test", purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))
        revoked = client_ca.issue("revoked.lab.test", purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))
        return cls(
            directory=directory,
            root=root,
            intermediate=intermediate,
            client_ca=client_ca,
            root_file=write_private(directory / "root.pem", mint.pem(root.certificate)),
            client_ca_file=write_private(directory / "client-ca.pem", mint.pem(client_ca.certificate)),
            ecdsa=write_leaf(directory, "ecdsa", intermediate.issue(*NAMES)),
            rsa=write_leaf(directory, "rsa", rsa),
            client=write_leaf(directory, "client", client),
            revoked_client=write_leaf(directory, "revoked-client", revoked),
            client_crl_file=write_private(
                directory / "client-ca.crl", _crl(client_ca, revoked.certificate).public_bytes(Encoding.PEM)
            ),
        )

    def write(self, name: str, leaf: mint.Leaf) -> CertificateFiles:
        """Write any other leaf beside ours; `name` names its files."""
        return write_leaf(self.directory, name, leaf)


def _crl(authority: mint.Authority, revoked: x509.Certificate) -> x509.CertificateRevocationList:
    """The list of an authority that has revoked one certificate."""
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


def write_leaf(directory: Path, name: str, leaf: mint.Leaf) -> CertificateFiles:
    """Write the files of one leaf."""
    return CertificateFiles(
        leaf=leaf,
        chain=write_private(directory / f"{name}.pem", leaf.chain_pem()),
        key=write_private(directory / f"{name}.key", leaf.key_pem()),
        combined=write_private(directory / f"{name}-combined.pem", leaf.chain_pem() + leaf.key_pem()),
    )


def write_private(path: Path, content: bytes) -> Path:
    """Write a file that only its owner may read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    return path
