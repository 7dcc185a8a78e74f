"""Lints text: a folder with a configuration, and beside it the certificates and keys that it may name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import certifi
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.lab.pki import LabPki, write_private
from tlsaudit.app import load_anchors
from tlsaudit.config.read import parse_assumptions
from tlsaudit.demo import mint
from tlsaudit.linting import LintOptions, lint
from tlsaudit.model import document as doc
from tlsaudit.policy import load_policy


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder to put configurations into, with files of all kinds, and a CA that is trusted."""

    folder: Path
    pki: LabPki

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
        write_private(self.folder / "clients.pem", self.pki.client_ca_file.read_bytes())
        write_private(self.folder / "public.pem", Path(certifi.where()).read_bytes())

    def lint(self, text: str, *, name: str = "nginx.conf", assume: str = "", **options: Any) -> doc.Document:
        """The report on one configuration."""
        (self.folder / name).write_text(text)
        return self.lint_folder(assume=assume, **options)

    def lint_folder(self, assume: str = "", **options: Any) -> doc.Document:
        """The report on what is in the folder."""
        given = LintOptions(
            policy=load_policy("owasp"),
            anchors=load_anchors(self.pki.root_file),
            assume=parse_assumptions(assume),
            **options,
        )
        return lint([self.folder], given).document


def listener(document: doc.Document) -> doc.Subject:
    """The one listener of a report."""
    (found,) = (each for each in document.subjects if each.kind == "listener")
    return found


def results(document: doc.Document, rule: str) -> list[doc.ResultPart]:
    """What a report says of one rule, subject by subject."""
    return [each for subject in document.subjects for each in subject.results if each.rule == rule]
