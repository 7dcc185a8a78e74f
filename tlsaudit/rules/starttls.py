"""TLS-PROTO 012 and 013: services whose TLS begins in plain text, and what they do with clients before it."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.beside import BeforeTls
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, rfc


def _begins_in_plain_text(case: Case) -> bool:
    return case.facts.endpoint.starttls is not None and case.facts.before_tls.need() is not None


@rule(
    "TLS-PROTO-012",
    title="STARTTLS not enforced",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(319,),
    applies=_begins_in_plain_text,
    expected="a client that does not ask for TLS is sent away before it signs in",
    why="Someone on the path leaves out the offer of TLS, and clients that do without it sign in where all can read.",
    remedy="Let nobody sign in before TLS; in PostgreSQL write hostssl instead of host in pg_hba.conf.",
    sources=(rfc(9325, "3.2"), asvs("12.2.1 (L1)"), asvs("12.3.1 (L2)")),
)
def sign_in_without_tls(case: Case) -> Iterable[Fail]:
    """The service asks a client for its credentials, or lets it in, although it did not ask for TLS."""
    asked = sure(_before(case).signs_in)
    if asked.value is not None:
        yield Fail(f"without TLS it {asked.value}", (asked.basis,))


@rule(
    "TLS-PROTO-013",
    title="STARTTLS command injection",
    severity=Severity.HIGH,
    cap=Cap.D,
    cwe=(74, 77),
    applies=_begins_in_plain_text,
    expected="what came in plain text is not answered within TLS",
    why="Someone on the path puts commands before the client's own, and they run with its rights once it signs in.",
    remedy="Upgrade the server (PostgreSQL: 14.1, 13.5, 12.9, 11.14, 10.19, 9.6.24 or later).",
    sources=(Source("CVE-2021-23214"), Source("CVE-2011-0411"), rfc(9325, "3.2")),
)
def injection(case: Case) -> Iterable[Fail]:
    """A message that came in one piece with the request for TLS, in plain text, is answered within TLS."""
    taken = sure(_before(case).takes_injected)
    if taken.value:
        yield Fail("a message in plain text behind the request for TLS is answered within TLS", (taken.basis,))


def _before(case: Case) -> BeforeTls:
    """What is known of a service that `_begins_in_plain_text`."""
    before = case.facts.before_tls.need()
    assert before is not None
    return before


RULES: tuple[Rule, ...] = (sign_in_without_tls, injection)
