"""What every failed result carries, whatever its rule; and that its score hangs on the facts alone."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.cli.program import ROOT
from tests.rules.facts import Row, judged
from tlsaudit import rules
from tlsaudit.model.result import Result

NO_COMMAND = {
    "TLS-PROTO-001 TLS-PROTO-002 TLS-VULN-004 TLS-VULN-006": "openssl has neither SSL 2.0 nor, as usually built, 3.0",
    "TLS-PROTO-008 TLS-PROTO-010 TLS-PROTO-011 TLS-PROTO-017 TLS-PROTO-018": "openssl offers no such versions, or "
    "shows no such mark; which versions a policy lists differs",
    "TLS-CIPH-025 TLS-IMPL-001 TLS-IMPL-002 TLS-IMPL-004 TLS-IMPL-005 TLS-PQ-005": "openssl sends no such hello",
    "TLS-KEX-007 TLS-KEX-010 TLS-KEX-014 TLS-KEX-015 TLS-VULN-013": "openssl does not show it",
    "TLS-SESS-001 TLS-SESS-004 TLS-SESS-013 TLS-SESS-014": "openssl, as usually built, asks for none of it",
    "TLS-VULN-001 TLS-VULN-002 TLS-VULN-003": "an attack that openssl cannot try",
    "TLS-VULN-008 TLS-VULN-011": "that of the rule it goes with",
    "TLS-MTLS-003 TLS-MTLS-004 TLS-MTLS-005 TLS-MTLS-006 TLS-MTLS-007 TLS-MTLS-008 TLS-MTLS-009 TLS-MTLS-024": "needs "
    "the credential of the trial, whose key is in memory only",
    "TLS-MTLS-015": "openssl and curl do not show what HTTP/2 is asked for after the handshake",
    "TLS-PROTO-012 TLS-PROTO-013": "openssl asks for TLS first, and sends nothing before it",
    "TLS-ALPN-004": "that of TLS-SESS-003 and TLS-SESS-004",
    "TLS-CIPH-013": "openssl as it comes is only one of the clients; that of TLS-CIPH-020 shows the order",
    "TLS-MTLS-013 TLS-MTLS-016 TLS-MTLS-017": "compares answers to several questions",
}
"""Rules whose failures carry no command, and why."""


def _rows() -> Iterator[Row]:
    for module in rules._MODULES:
        tests = importlib.import_module(f"tests.rules.test_{module.__name__.rpartition('.')[2]}")
        yield from (row for row in getattr(tests, "ROWS", ()) if row.outcome == "fail")


def _judged(row: Row) -> Result | None:
    result = judged(row.rule, row.facts, row.expect)
    return result if result.outcome == "fail" else None  # some rows are judged under another policy than owasp


FAILED = [result for result in (_judged(row) for row in _rows()) if result is not None]


def test_there_are_failures_of_most_rules() -> None:
    assert len({result.rule for result in FAILED}) > 90


@pytest.mark.parametrize("result", FAILED, ids=lambda result: result.rule)
def test_a_failure_says_what_was_seen_what_was_expected_and_what_to_do(result: Result) -> None:
    assert result.observed
    assert result.expected
    assert result.why
    assert result.remedy
    assert result.sources
    assert all(source.ref for source in result.sources)
    assert result.evidence
    assert result.fingerprint


def test_who_has_no_command_is_named_with_the_reason() -> None:
    without = {result.rule for result in FAILED if result.reproduce is None}
    named = {rule for listed in NO_COMMAND for rule in listed.split()}
    assert without - named == set()


_SCRIPT = """
from tests.rules.facts import AS_OF, OWASP, TLS_1_0, with_suites
from tlsaudit.judge import judge
from tlsaudit.model.limits import Expectation
facts = with_suites(0x0005, 0x000A, 0x009C, 0x0033, 0xC027, version=TLS_1_0)
print(judge(facts, OWASP, as_of=AS_OF, expect=Expectation(), mode="full", subject_id="x:443"))
"""


def test_the_same_facts_give_the_same_results_and_score_in_every_run() -> None:
    """Sets of words have another order in each process; no result may hang on it."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    (output,) = outputs
    assert "TLS-CIPH-006" in output
    assert "deductions" in output
