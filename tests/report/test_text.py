"""The report for a terminal."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from tlsaudit.model.document import Document, Subject
from tlsaudit.report import FORMATS, Style


def _text(document: Document, **style: object) -> str:
    return FORMATS["text"].render(document, Style(**style))  # type: ignore[arg-type]  # fields of Style by name


def _flat(text: str) -> str:
    """The text without its line breaks and indentation."""
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("width", [40, 80, 100, 140])
def test_no_line_is_wider_than_asked(document: Document, width: int) -> None:
    lines = _text(document, width=width).splitlines()
    assert max(cell_len(line) for line in lines if not line.lstrip().startswith("$ ")) <= width


def test_a_command_is_never_folded(document: Document) -> None:
    commands = {each.reproduce for subject in document.subjects for each in subject.results if each.reproduce}
    shown = {line.strip()[2:] for line in _text(document, width=40).splitlines() if line.lstrip().startswith("$ ")}
    assert shown
    assert shown <= commands


@pytest.mark.parametrize("colour", [True, False])
def test_only_colours_are_escape_sequences(document: Document, colour: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "")
    text = _text(document, colour=colour)
    assert ("\x1b[" in text) is colour
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert all(character.isprintable() or character == "\n" for character in plain)
    assert [line.rstrip() for line in plain.splitlines()] == _text(document, colour=False).splitlines()


def test_the_environment_changes_nothing(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _text(document)
    for name, value in {"COLUMNS": "33", "TERM": "dumb", "NO_COLOR": "1", "TTY_COMPATIBLE": "1"}.items():
        monkeypatch.setenv(name, value)
    assert _text(document) == before


def test_a_finding_says_what_why_and_what_to_do(document: Document) -> None:
    text = _flat(_text(document, width=140))
    assert "CRITICAL TLS-CERT-020 Certificate expired" in text
    assert "expired on 2026-11-18T12:42:00Z" in text
    assert "Expected: notAfter lies ahead" in text
    assert "Fix: Renew the certificate now" in text
    assert "$ openssl s_client -connect shop.example.com:443" in text
    assert "Source: OWASP WSTG-CRYP-01" in text
    assert "draft-ietf-tls-deprecate-obsolete-kex §4 (unverified)" in text
    assert "└ high TLS-PROTO-004 TLS 1.1 accepted" in text
    assert "TLS-VULN-010 BEAST (possible, to be verified)" in text


def test_the_facts_are_told_in_short(document: Document) -> None:
    text = _flat(_text(document, width=140))
    assert "TLSv1.2, TLSv1.1 [high], TLSv1.0 [high] · refused: TLSv1.3, SSLv3 · unknown: SSLv2" in text
    assert "0x000A TLS_RSA_WITH_3DES_EDE_CBC_SHA [high]" in text
    assert "3 suites, the server's order; the same at TLSv1.0" in text
    assert "1024 bits (modp1024)" in text
    assert "incomplete 1 certificate sent, missing: CN=Example Issuing CA R3" in text
    assert "a client certificate is required, enforced by TLS" in text
    assert "verified no: any certificate gets in" in text
    assert "no certificate refused by TLS alert 40 handshake_failure refused by TLS alert 116" in text
    assert "self-signed got in [TLS-MTLS-003] HTTP 200 got in [TLS-MTLS-003] HTTP 200" in text
    assert "good certificate got in HTTP 200" in text
    assert "not tested: revoked (give one with --trial revoked=FILE)" in text


def test_what_is_not_known_is_told_with_its_reason(document: Document) -> None:
    text = _flat(_text(document, width=140))
    assert "protocols.SSLv2: no answer (no answer within 3.0 s, twice)" in text
    assert "TLS-VULN-003 ROBOT: The connection was reset in 2 of 3 attempts" in text
    assert "not asked: TLS-KEX-007, TLS-MTLS-004, TLS-SESS-003 006" in text


def test_a_waiver_names_its_reason_owner_and_end(document: Document) -> None:
    text = _flat(_text(document, width=140))
    assert "(CHG-4711) (waiver, network-team@example.com, until 2027-01-31)" in text


def test_a_subject_that_failed_is_one_clear_line(document: Document) -> None:
    assert "unreachable (timeout): 192.0.2.200:443 did not answer within 5.0 s" in _text(document, width=100)


def test_the_summary_names_policy_data_and_exit_code(document: Document) -> None:
    text = _flat(_text(document, width=140))
    assert "5 (1 incomplete, 3 audited, 1 unreachable)" in text
    assert "owasp 1, sha256" in text
    assert "trust stores mozilla 2026-10-18" in text
    assert "1. There are failures at or above the threshold." in text


def test_many_subjects_get_one_line_a_finding(document: Document) -> None:
    many = document.model_copy(update={"subjects": document.subjects * 2})
    text = _text(many)
    assert "Fix:" not in text
    assert "CRITICAL  TLS-CERT-020  Certificate expired\n" in text
    assert "1 waived, 2 inconclusive" in text
    assert "Fix:" in _text(many, brief=False)
    assert "Fix:" not in _text(document, brief=True)


def test_markup_of_a_server_is_text(document: Document) -> None:
    assert "[bold red]markup[/]" in _flat(_text(document, width=140, colour=True))


def test_a_forged_line_stays_inside_its_own(document: Document) -> None:
    lines = _text(document, width=140).splitlines()
    assert not any(line.strip().startswith("Grade: A+") for line in lines)


def test_a_subject_with_nothing_known_renders(document: Document, sound: Subject) -> None:
    assert sound.facts is not None
    empty = sound.facts.model_copy(
        update={
            "protocols": {},
            "cipher_suites": {},
            "groups": {},
            "certificate_deployments": [],
            "session": {},
            "alpn": [],
            "vulnerabilities": {},
        }
    )
    bare = sound.model_copy(update={"facts": empty, "score": None, "results": [], "probes": []})
    text = _text(document.model_copy(update={"subjects": [bare]}))
    assert "none accepted" in text
    assert "No findings" in text
