"""TLS-KEY of files: private keys where they should not be."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.result import Cap, Fail, Severity
from tlsaudit.rules.deployments import printable
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, baseline, cheat_sheet

_OTHERS = 0o007
_GROUP = 0o070


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


@rule(
    "TLS-KEY-001",
    title="Key file that others can read",
    severity=Severity.HIGH,
    cwe=(732,),
    expected="a file that only its owner can read",
    why="Every account of the machine, and every program that is broken into, has the key.",
    remedy="Give the file to the user that reads it, and to nobody else (chmod 600).",
    sources=(cheat_sheet("Use Strong Keys and Protect Them"), asvs("13.3.2 (L2)")),
)
def open_key_file(case: Case) -> Iterable[Fail]:
    """Others may read or write it; a group alone weighs less."""
    mode = sure(case.facts.setup.key_mode)
    if mode.value & _OTHERS:
        yield Fail(f"others have access to the file: mode {mode.value:04o}", (mode.basis,))
    elif mode.value & _GROUP:
        yield Fail(f"a group has access to the file: mode {mode.value:04o}", (mode.basis,), severity=Severity.LOW)


@rule(
    "TLS-KEY-006",
    title="Key of an authority on a server",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(522,),
    expected="the keys of authorities offline, or in hardware",
    why="Who gets into the server can issue certificates for any name that the authority is trusted for.",
    remedy="Remove the key, and replace the authority if the key may have been read.",
    sources=(asvs("13.3.3 (L3)"), cheat_sheet("Use Strong Keys and Protect Them")),
)
def authority_key(case: Case) -> Iterable[Fail]:
    """The key is that of a certificate that may issue others."""
    found = sure(case.facts.setup.authority_key)
    if found.value is not None:
        yield Fail(printable(found.value.what, 400), (found.value.basis,))


RULES: tuple[Rule, ...] = (open_key_file, key_in_repository, authority_key)
