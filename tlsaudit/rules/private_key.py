"""TLS-KEY of files: private keys where they should not be."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.result import Cap, Fail, Severity
from tlsaudit.rules.deployments import printable
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, baseline, cheat_sheet


@rule(
    "TLS-KEY-002",
    title="Private key in the repository",
    severity=Severity.HIGH,
    cap=Cap.F,
    cwe=(321, 798),
    expected="private keys in a secret store, or encrypted",
    why="Everyone who can read the repository, now or in its history, can be the server and read what it is sent.",
    remedy="Revoke the certificate, make a new key outside of the repository, and take the old one out of its history.",
    sources=(asvs("13.3.1 (L2)"), cheat_sheet("Use Strong Keys and Protect Them"), baseline("4.9.1.1")),
)
def key_in_repository(case: Case) -> Iterable[Fail]:
    """Critical where a certificate in the tree is that of the key."""
    found = sure(case.facts.setup.private_key)
    if found.value is not None:
        certified = case.facts.setup.key_is_certified.need()
        yield Fail(
            printable(found.value.what, 400), (found.value.basis,), severity=Severity.CRITICAL if certified else None
        )


RULES: tuple[Rule, ...] = (key_in_repository,)
