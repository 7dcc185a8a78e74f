"""TLS-CERT-012: the same name with or without `www.`, which people try as well."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.beside import Twin
from tlsaudit.model.knowledge import Known
from tlsaudit.model.result import Fail, Severity
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import cheat_sheet


def _has_twin(case: Case) -> bool:
    return case.facts.twin.need() is not None


@rule(
    "TLS-CERT-012",
    title="Twin name with or without www not covered",
    severity=Severity.INFO,
    applies=_has_twin,
    expected="a certificate for the name with www and for the name without, where both lead here",
    why="Whoever types the other one gets a warning, and learns to click such warnings away.",
    remedy="Add the name to the certificate, or let it lead nowhere.",
    sources=(cheat_sheet("Use Correct Domain Names"),),
    reproduce=(
        "openssl s_client -connect {connect} -servername {servername} </dev/null 2>/dev/null"
        " | openssl x509 -noout -subject -ext subjectAltName"
    ),
)
def twin_not_covered(case: Case) -> Iterable[Fail]:
    """The twin resolves to the address of the endpoint, and a certificate that is served here does not cover it."""
    twin = _twin(case)
    if twin.value.covered:
        return
    here = sure(twin.value.here)
    if here.value:
        yield Fail(f"{twin.value.name} leads here and is not covered", (twin.basis,))


def _twin(case: Case) -> Known[Twin]:
    """The twin of an endpoint that `_has_twin`."""
    twin = sure(case.facts.twin)
    assert twin.value is not None
    return Known(twin.value, twin.basis)


RULES: tuple[Rule, ...] = (twin_not_covered,)
