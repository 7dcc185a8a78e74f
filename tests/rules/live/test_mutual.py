"""Proof over the network of what `tlsaudit mtls` alone can decide, and of rules on the clients' certificates."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.lab.process import Running
from tests.lab.servers import Lab
from tests.rules.live.audits import assert_proves, result
from tlsaudit.app import ScanOptions, load_anchors, scan
from tlsaudit.credentials import Credentials
from tlsaudit.model import document as doc
from tlsaudit.model.target import parse_target
from tlsaudit.policy import load_policy

PROVEN = frozenset({"TLS-MTLS-017"})
"""What the tests below prove, each rule with a server that fails it and one that passes."""


def audited(
    server: Running, *, paths: tuple[str, ...] = (), credentials: Credentials | None = None, policy: str = "owasp"
) -> doc.Subject:
    """The report of `tlsaudit mtls`."""
    options = ScanOptions(
        policy=load_policy(policy),
        anchors=load_anchors(),
        mode="mtls",
        credentials=credentials or Credentials(),
        mutual_paths=paths,
    )
    (subject,) = asyncio.run(scan([parse_target(f"localhost@127.0.0.1:{server.port}")], options)).subjects
    assert subject.status == "audited"
    return subject


def fails(subject: doc.Subject, rule: str, severity: str, *observed: str) -> None:
    found = result(subject, rule)
    assert (found.outcome, found.severity) == ("fail", severity)
    assert all(words in found.observed for words in observed), found.observed
    assert_proves(subject, found)


def passes(subject: doc.Subject, rule: str) -> None:
    assert result(subject, rule).outcome == "pass"


def by_name(lab: Lab, tmp_path: Path) -> Running:
    """HAProxy that needs a client certificate for the name localhost, and for no other."""
    protected = lab.pki.write("protected", lab.pki.intermediate.issue("localhost", "open.test"))
    open_to_all = lab.pki.write("open", lab.pki.intermediate.issue("open.test"))
    names = tmp_path / "names.txt"
    names.write_text(
        f"{open_to_all.combined} open.test\n"
        f"{protected.combined} [verify required ca-file {lab.pki.client_ca_file}] localhost\n"
    )
    return lab.haproxy(f"ssl-min-ver TLSv1.2 crt-list {names}", certificate=open_to_all)


def test_where_the_name_decides_another_name_and_its_sessions_lead_in(lab: Lab, tmp_path: Path) -> None:
    subject = audited(by_name(lab, tmp_path))
    fails(
        subject,
        "TLS-MTLS-016",
        "critical",
        "required for / at TLSv1.3, but none without a server name",
        "required for / at TLSv1.2, but none with the server name open.test",
    )
    fails(subject, "TLS-MTLS-017", "high", "a session made without a server name is resumed at TLSv1.2 and served")


@pytest.mark.parametrize("server", ["nginx", "haproxy"])
def test_where_everybody_is_asked_nothing_leads_in(lab: Lab, server: str) -> None:
    ca = lab.pki.client_ca_file
    running = (
        lab.nginx(f"ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate {ca}; ssl_verify_client on;")
        if server == "nginx"
        else lab.haproxy(f"ssl-min-ver TLSv1.2 verify required ca-file {ca}")
    )
    subject = audited(running)
    passes(subject, "TLS-MTLS-016")
    passes(subject, "TLS-MTLS-017")
