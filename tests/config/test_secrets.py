"""Private keys in a repository, and on the machine that uses them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.config.linting import Bench, results
from tests.lab.pki import write_private
from tlsaudit.config.read import Anchors, Assumptions, Context, Evaluator, Tree, Unparsable
from tlsaudit.config.secrets import read
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


@pytest.mark.parametrize("certificate", ["", "other.pem"])
def test_a_key_at_the_start_of_a_long_file(bench: Bench, certificate: str) -> None:
    (bench.folder / ".git").mkdir()
    key = (bench.folder / "server.key").read_text()
    for file in (*bench.folder.glob("*.key"), *bench.folder.glob("*.crl")):
        file.unlink()
    chain = (bench.folder / "server.pem").read_text()
    for file in bench.folder.glob("*.pem"):
        file.unlink()
    filler = "x" * 79 + "\n"
    (bench.folder / "dump.txt").write_text(f"first\n{key}" + filler * 20_000)
    if certificate:
        (bench.folder / certificate).write_text(chain + filler * 20_000)
    document = bench.lint(_TEXT)
    (found,) = results(document, "TLS-KEY-002")
    assert (found.outcome, found.severity) == ("fail", "critical" if certificate else "high")
    assert found.location == doc.Location(file="dump.txt", line=2)
    assert document.summary.exit_code == 1


def test_a_key_that_is_gone_when_it_is_read_is_no_pass(bench: Bench) -> None:
    tree = Tree(bench.folder)
    gone = bench.folder / "server.key"
    gone.unlink()
    context = Context(assume=Assumptions(), evaluator=Evaluator(), anchors=Anchors(stores={}, deciding=""))
    (found,) = read(tree, [gone], context)
    assert isinstance(found, Unparsable)
    assert (found.file, found.code) == ("server.key", "unreadable")


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
