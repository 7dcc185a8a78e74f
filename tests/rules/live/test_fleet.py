"""Rules of several endpoints over the network: one name, two addresses."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from tests.lab.process import HOST, reserved_port
from tests.lab.servers import Lab
from tlsaudit.app import ScanOptions, load_anchors, scan
from tlsaudit.model.document import Document
from tlsaudit.model.target import Target
from tlsaudit.policy import load_policy

OTHER = "127.0.0.2"
NAME = "replicas.test"
PROVEN = {"TLS-FLEET-005", "TLS-MTLS-016"}
"""The rules that fail and pass below."""


@pytest.fixture(autouse=True)
def _two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **options: Any) -> Any:
        if host != NAME:
            return real(host, port, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in (HOST, OTHER)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def audit(lab: Lab, port: int) -> Document:
    options = ScanOptions(
        policy=load_policy("owasp"), anchors=load_anchors(lab.pki.root_file), timeout=20.0, all_addresses=True
    )
    return asyncio.run(scan([Target(host=NAME, port=port)], options))


def replicas(lab: Lab, other: str, *, first: str = "ssl_protocols TLSv1.3;") -> int:
    """A port that one nginx answers at the first address, and another with `other` at the second."""
    one = lab.nginx(first)
    files = lab.pki.ecdsa
    lab.nginx(
        http=f"server {{ listen {OTHER}:{one.port} ssl; {other} ssl_certificate {files.chain}; "
        f'ssl_certificate_key {files.key}; location / {{ default_type text/plain; return 200 "ok\\n"; }} }}'
    )
    return one.port


def test_addresses_that_differ(lab: Lab) -> None:
    port = replicas(lab, "ssl_protocols TLSv1.2 TLSv1.3;")
    document = audit(lab, port)
    name = f"{NAME}:{port}"
    assert [(each.id, each.kind, each.status) for each in document.subjects] == [
        (f"{name}@{HOST}", "endpoint", "audited"),
        (f"{name}@{OTHER}", "endpoint", "audited"),
        (name, "name", "audited"),
    ]
    result, _ = document.subjects[2].results
    assert (result.rule, result.outcome, result.severity) == ("TLS-FLEET-005", "fail", "medium")
    assert result.observed == f"TLSv1.2: refused at {name}@{HOST}, accepted at {name}@{OTHER}"
    assert {each.at for each in result.evidence} == {f"{name}@{HOST}", f"{name}@{OTHER}"}
    fingerprints = [each.fingerprint for subject in document.subjects for each in subject.results if each.fingerprint]
    assert len(fingerprints) == len(set(fingerprints))


def test_addresses_that_agree(lab: Lab) -> None:
    document = audit(lab, replicas(lab, "ssl_protocols TLSv1.3;"))
    outcomes = [(each.rule, each.outcome) for each in document.subjects[2].results]
    assert outcomes == [("TLS-FLEET-005", "pass"), ("TLS-MTLS-016", "not_applicable")]


@pytest.mark.parametrize(("other", "outcome"), [("off", "fail"), ("on", "pass")])
def test_a_client_certificate_is_needed_at_every_address(lab: Lab, other: str, outcome: str) -> None:
    ca = f"ssl_client_certificate {lab.pki.client_ca_file};"
    port = replicas(lab, f"{ca} ssl_verify_client {other};", first=f"{ca} ssl_verify_client on;")
    (result,) = [each for each in audit(lab, port).subjects[2].results if each.rule == "TLS-MTLS-016"]
    assert result.outcome == outcome
    if outcome == "fail":
        assert result.observed == f"required at {NAME}:{port}@{HOST}, but none at {NAME}:{port}@{OTHER}"
        assert [each.at for each in result.evidence] == [f"{NAME}:{port}@{OTHER}"]


def test_an_address_that_does_not_answer_decides_nothing(lab: Lab) -> None:
    document = audit(lab, lab.nginx("ssl_protocols TLSv1.3;").port)
    assert [each.status for each in document.subjects] == ["audited", "unreachable", "incomplete"]
    result, _ = document.subjects[2].results
    assert result.outcome == "inconclusive"
    assert "refused the connection" in result.observed
    nobody = audit(lab, reserved_port())
    assert [each.status for each in nobody.subjects] == ["unreachable", "unreachable", "incomplete"]
    assert nobody.subjects[2].results == []
