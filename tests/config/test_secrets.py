"""Private keys in a repository: found there, and only there."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, results
from tlsaudit.model import document as doc

_TEXT = "http { server { listen 80; } }"


def test_a_key_in_a_repository_is_critical_where_its_certificate_is_there(bench: Bench) -> None:
    (bench.folder / ".git").mkdir()
    (bench.folder / "other.pem").unlink()
    (bench.folder / "notes.txt").write_text("first\n" + (bench.folder / "server.key").read_text())
    found = {each.location.file: each for each in results(bench.lint(_TEXT), "TLS-KEY-002") if each.location}
    assert {file: each.severity for file, each in found.items()} == {
        "expired.key": "critical",
        "notes.txt": "critical",
        "ocsp.key": "critical",
        "other.key": "high",
        "server.key": "critical",
    }
    assert found["notes.txt"].location == doc.Location(file="notes.txt", line=2)
    assert "server.pem" in found["server.key"].observed
    assert "PRIVATE KEY" not in found["server.key"].model_dump_json()


def test_where_keys_are_deployed_they_belong(bench: Bench) -> None:
    assert results(bench.lint(_TEXT), "TLS-KEY-002") == []


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
