"""What a policy counts on and a mode does not ask is said, so that nobody takes it for a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import tlsaudit
from tests.lab.process import HOST
from tests.lab.servers import Lab
from tlsaudit.model.result import Severity
from tlsaudit.policy import left_open, load_policy

_GRAVER = """
id: ours
extends: owasp
version: "1"
title: Ours
description: Post-quantum first.
sources: [{ref: our board, verified: "true"}]
severities: {TLS-PQ-002: critical}
"""
_UNTESTED = {"TLS-PQ-002", "TLS-VULN-001", "TLS-CIPH-021"}


@pytest.fixture
def graver(tmp_path: Path) -> str:
    """A policy that makes a rule critical which gate mode does not ask for."""
    file = tmp_path / "ours.yaml"
    file.write_text(_GRAVER)
    return str(file)


def test_what_the_policy_makes_graver_is_left_open(graver: str) -> None:
    assert left_open(load_policy(graver), _UNTESTED, Severity.HIGH) == ("TLS-PQ-002",)
    assert left_open(load_policy(graver), {"TLS-VULN-001"}, Severity.HIGH) == ()
    assert left_open(load_policy("owasp"), _UNTESTED, Severity.HIGH) == ()


def test_what_the_policy_lists_is_left_open_down_to_the_threshold() -> None:
    policy = load_policy("nist-800-52r2")
    assert left_open(policy, {"TLS-KEX-015"}, Severity.HIGH) == ("TLS-KEX-015",)
    assert left_open(policy, {"TLS-KEX-015"}, Severity.CRITICAL) == ()


def test_it_is_said_on_standard_error_and_in_the_report(lab: Lab, graver: str) -> None:
    target = f"{HOST}:{lab.nginx('ssl_protocols TLSv1.3;').port}?sni=localhost"
    command = ("scan", target, "--ca-file", lab.pki.root_file, "--policy", graver)
    gate = tlsaudit(*command, "--mode", "gate", "--format", "markdown")
    assert gate.complaint() == "gate mode did not ask for what the policy ours counts on: TLS-PQ-002"
    assert gate.code == 0
    assert "TLS-PQ-002" in gate.out.splitlines()[2]
    assert tlsaudit(*command, "--mode", "gate", "--fail-on", "none").err == ""
    assert tlsaudit(*command, "--mode", "inventory").err == ""
    assert tlsaudit("scan", target, "--ca-file", lab.pki.root_file, "--mode", "gate").err == ""
