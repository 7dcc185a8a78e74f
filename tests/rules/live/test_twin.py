"""TLS-CERT-012 over the network: a domain, its www, and a resolver that knows both."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from tests.lab.process import HOST
from tests.lab.servers import Lab
from tests.rules.live.audits import assert_proves, result
from tlsaudit.app import ScanOptions, load_anchors, scan
from tlsaudit.model import document as doc
from tlsaudit.model.target import Target
from tlsaudit.policy import load_policy

PROVEN = {"TLS-CERT-012"}
NAME, TWIN = "shop.test", "www.shop.test"


@pytest.fixture(autouse=True)
def _both_lead_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(_host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def subject(lab: Lab, *names: str) -> doc.Subject:
    files = lab.pki.write("shop", lab.pki.intermediate.issue(*names))
    port = lab.nginx("ssl_protocols TLSv1.3;", certificates=[files]).port
    options = ScanOptions(policy=load_policy("owasp"), anchors=load_anchors(lab.pki.root_file), mode="inventory")
    (only,) = asyncio.run(scan([Target(host=NAME, port=port)], options)).subjects
    return only


def test_a_twin_that_leads_here_is_to_be_covered(lab: Lab) -> None:
    seen = subject(lab, NAME)
    found = result(seen, "TLS-CERT-012")
    assert (found.outcome, found.severity, found.observed) == ("fail", "info", f"{TWIN} leads here and is not covered")
    assert_proves(seen, found)
    assert seen.facts is not None
    assert seen.facts.twin == doc.TwinPart(name=TWIN, covered=False, here=True)


def test_a_twin_that_is_covered_passes(lab: Lab) -> None:
    assert result(subject(lab, NAME, TWIN), "TLS-CERT-012").outcome == "pass"
