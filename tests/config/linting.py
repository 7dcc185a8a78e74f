"""Lints text: a folder with a configuration, and beside it the certificates and keys that it may name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.hazmat.primitives.serialization import Encoding, ParameterFormat
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.lab.pki import LabPki, write_private
from tlsaudit.app import Anchors
from tlsaudit.config.read import parse_assumptions
from tlsaudit.demo import mint
from tlsaudit.linting import LintOptions, lint
from tlsaudit.model import document as doc
from tlsaudit.policy import load_policy

MODP_1024 = """
FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B
302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6
49286651ECE65381FFFFFFFFFFFFFFFF""".replace("\n", "")
"""RFC 2409 section 6.2."""
FFDHE_2048 = """
FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695A9E13641146433FBCC939DCE249B3EF97D2FE363630C75D8
F681B202AEC4617AD3DF1ED5D5FD65612433F51F5F066ED0856365553DED1AF3B557135E7F57C935984F0C70E0E68B77E2A689DAF3EFE872
1DF158A136ADE73530ACCA4F483A797ABC0AB182B324FB61D108A94BB2C8E3FBB96ADAB760D7F4681D4F42A3DE394DF4AE56EDE76372BB19
0B07A7C8EE0A6D709E02FCE1CDF7E2ECC03404CD28342F619172FE9CE98583FF8E4F1232EEF28183C3FE3B1B4C6FAD733BB5FCBC2EC22005
C58EF1837D1683B2C6F34A26C1B2EFFA886B423861285C97FFFFFFFFFFFFFFFF""".replace("\n", "")
"""RFC 7919 appendix A.1."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder to put configurations into, with files of all kinds, and a CA that is trusted."""

    folder: Path
    pki: LabPki
    anchors: Anchors

    def __post_init__(self) -> None:
        issue = self.pki.intermediate.issue
        names = ("shop.example.com", "other.example.com")
        ocsp = x509.AuthorityInformationAccess(
            [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, mint.general_name("http://ocsp.lab.test/"))]
        )
        now = mint._now()
        made = {
            "server": issue(*names),
            "other": issue("elsewhere.example.com"),
            "ocsp": issue(*names, extra=((ocsp, False),)),
            "expired": issue(*names, not_before=now - timedelta(days=9), not_after=now - timedelta(days=2)),
        }
        for name, leaf in made.items():
            write_private(self.folder / f"{name}.pem", leaf.chain_pem())
            write_private(self.folder / f"{name}.key", leaf.key_pem())
        for bits, prime in (("1024", MODP_1024), ("2048", FFDHE_2048)):
            numbers = dh.DHParameterNumbers(int(prime, 16), 2)
            encoded = numbers.parameters().parameter_bytes(Encoding.PEM, ParameterFormat.PKCS3)
            write_private(self.folder / f"dh-{bits}.pem", encoded)
        (self.folder / "mixed.pem").write_bytes(made["server"].chain_pem())
        write_private(self.folder / "mixed.key", made["other"].key_pem())
        write_private(self.folder / "clients.crl", self.pki.client_crl_file.read_bytes())
        write_private(self.folder / "clients.pem", self.pki.client_ca_file.read_bytes())
        write_private(self.folder / "public.pem", _one_public_root())

    def lint(self, text: str, *, name: str = "nginx.conf", assume: str = "", **options: Any) -> doc.Document:
        """The report on one configuration."""
        (self.folder / name).write_text(text)
        return self.lint_folder(assume=assume, **options)

    def lint_folder(self, assume: str = "", **options: Any) -> doc.Document:
        """The report on what is in the folder."""
        given = LintOptions(
            policy=load_policy("owasp"),
            anchors=self.anchors,
            assume=parse_assumptions(assume),
            **options,
        )
        return lint([self.folder], given).document


def _one_public_root() -> bytes:
    end = b"-----END CERTIFICATE-----\n"
    return Path(certifi.where()).read_bytes().partition(end)[0] + end


def listener(document: doc.Document) -> doc.Subject:
    """The one listener of a report."""
    (found,) = (each for each in document.subjects if each.kind == "listener")
    return found


def results(document: doc.Document, rule: str) -> list[doc.ResultPart]:
    """What a report says of one rule, subject by subject."""
    return [each for subject in document.subjects for each in subject.results if each.rule == rule]
