"""Rules on the clients' authorities and certificates: what fails, passes and is open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.rules.clients import NOW, UNREADABLE, judged, living, of_client, parsed, requires, workload
from tests.rules.facts import asks, at, known, sound
from tests.rules.served import issuing, root
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known

_AUTHORITY = Known(parsed(root().certificate), at(1))

FAILS = {
    "TLS-MTLS-012": judged("TLS-MTLS-012", requires(public_ca_names=Known(("CN=Root",), at(1)))),
    "TLS-MTLS-018": judged("TLS-MTLS-018", requires(authority=_AUTHORITY), as_of=_AUTHORITY.value.not_after),
    "TLS-MTLS-019": judged("TLS-MTLS-019", of_client(workload(), public=True)),
    "TLS-MTLS-020": judged("TLS-MTLS-020", of_client(living(24)), client_lifetime_hours_max=23),
}
PASSES = {
    "TLS-MTLS-012": judged("TLS-MTLS-012", requires(public_ca_names=Known((), at(1)))),
    "TLS-MTLS-018": judged("TLS-MTLS-018", requires(authority=_AUTHORITY)),
    "TLS-MTLS-019": judged("TLS-MTLS-019", of_client(workload())),
    "TLS-MTLS-020": judged("TLS-MTLS-020", of_client(living(24)), client_lifetime_hours_max=24),
}


@pytest.mark.parametrize("rule", FAILS)
def test_one_that_fails_and_one_that_passes(rule: str) -> None:
    assert (FAILS[rule].outcome, PASSES[rule].outcome) == ("fail", "pass")
    assert FAILS[rule].observed
    assert FAILS[rule].evidence


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (known(("CN=Root,O=Public",)), "fail"),
        (known(()), "pass"),
        (NOT_ASKED, "not_tested"),
    ],
)
def test_public_roots_among_the_names(names: Fact[tuple[str, ...]], outcome: str) -> None:
    result = judged("TLS-MTLS-012", requires(public_ca_names=names))
    assert result.outcome == outcome
    if outcome == "fail":
        assert (result.severity, result.cap) == ("high", "C")
        assert "1 public root: CN=Root,O=Public" in result.observed
    assert judged("TLS-MTLS-012", sound(client_auth=asks(ClientAuthMode.NONE))).outcome == "not_applicable"


@pytest.mark.parametrize(
    ("days", "outcome", "observed"),
    [(91, "pass", ""), (89, "fail", "expires on"), (-1, "fail", "expired on")],
)
def test_the_authority_of_the_clients_ends(days: int, outcome: str, observed: str) -> None:
    authority = parsed(root().certificate)
    facts = requires(authority=Known(authority, at(1)))
    result = judged("TLS-MTLS-018", facts, as_of=authority.not_after - timedelta(days=days))
    assert result.outcome == outcome
    assert observed in result.observed


def test_an_authority_that_nobody_gave_is_not_tested() -> None:
    assert judged("TLS-MTLS-018", requires()).outcome == "not_tested"
    assert judged("TLS-MTLS-018", requires(authority=UNREADABLE)).outcome == "inconclusive"
    assert judged("TLS-MTLS-018", requires(), client_ca_expiry_days=None).outcome == "not_applicable"


def test_a_client_of_a_public_authority() -> None:
    assert judged("TLS-MTLS-019", of_client(workload(), public=True)).severity == "medium"
    assert judged("TLS-MTLS-019", of_client(workload())).outcome == "pass"
    assert judged("TLS-MTLS-019", requires()).outcome == "not_tested"
    assert judged("TLS-MTLS-019", requires(client=UNREADABLE)).outcome == "inconclusive"


def test_the_life_of_a_client_certificate() -> None:
    day = of_client(living(24))
    assert judged("TLS-MTLS-020", day).outcome == "not_applicable", "owasp has no limit"
    assert judged("TLS-MTLS-020", day, client_lifetime_hours_max=24).outcome == "pass"
    assert judged("TLS-MTLS-020", day, client_lifetime_hours_max=23).observed == "valid for 24 hours"
    assert judged("TLS-MTLS-020", day, client_lifetime_hours_max=720, workload_lifetime_hours_max=1).outcome == "fail"
    person = of_client(issuing().issue("a.example", not_after=NOW + timedelta(days=5)).certificate)
    assert (
        judged("TLS-MTLS-020", person, client_lifetime_hours_max=720, workload_lifetime_hours_max=1).outcome == "pass"
    )
    assert judged("TLS-MTLS-020", requires(), client_lifetime_hours_max=24).outcome == "not_tested"
