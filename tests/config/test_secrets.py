"""Private keys in a repository, and on the machine that uses them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.config.linting import Bench, results
from tests.lab.pki import write_private
from tlsaudit.model import document as doc

_TEXT = "http { server { listen 80; } }"


def test_a_key_in_a_repository_is_critical_where_its_certificate_is_there(bench: Bench) -> None:
    (bench.folder / ".git").mkdir()
    (bench.folder / "other.pem").unlink()
    (bench.folder / "notes.txt").write_text("first\n" + (bench.folder / "server.key").read_text())
    found = {each.location.file: each for each in results(bench.lint(_TEXT), "TLS-KEY-002") if each.location}
    assert {file: each.severity for file, each in found.items()} == {
        "expired.key": "critical",
        "mixed.key": "high",
        "notes.txt": "critical",
        "ocsp.key": "critical",
        "other.key": "high",
        "server.key": "critical",
    }
    assert found["notes.txt"].location == doc.Location(file="notes.txt", line=2)
    assert "belongs to the certificate mixed.pem" in found["server.key"].observed
    assert "PRIVATE KEY" not in found["server.key"].model_dump_json()


def test_where_keys_are_deployed_it_counts_who_can_read_them(bench: Bench) -> None:
    (bench.folder / "server.key").chmod(0o644)
    (bench.folder / "other.key").chmod(0o640)
    document = bench.lint(_TEXT)
    assert {each.outcome for each in results(document, "TLS-KEY-002")} == {"not_tested"}
    failing = {
        subject.name: result.severity
        for subject in document.subjects
        for result in subject.results
        if (result.rule, result.outcome) == ("TLS-KEY-001", "fail")
    }
    assert failing == {"server.key": "high", "other.key": "low"}


def test_the_key_of_an_authority(bench: Bench) -> None:
    key = bench.pki.intermediate.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(bench.folder / "ca.key", key)
    assert {each.outcome for each in results(bench.lint(_TEXT), "TLS-KEY-006")} == {"fail"}
    (bench.folder / "ca.key").rename(bench.folder / "a-certificate-of-it-is-not-here.key")
    for file in bench.folder.glob("*.pem"):
        file.unlink()
    assert results(bench.lint(_TEXT), "TLS-KEY-006") == []


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + "A" * 200 + "\n-----END ENCRYPTED PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n" + "A" * 200 + "\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_is_no_open_key(bench: Bench, text: str) -> None:
    (bench.folder / ".git").mkdir()
    for file in bench.folder.glob("*.key"):
        file.unlink()
    (bench.folder / "a.key").write_text(text)
    assert results(bench.lint(_TEXT), "TLS-KEY-002") == []
