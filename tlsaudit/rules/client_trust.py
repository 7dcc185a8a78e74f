"""TLS-CONF of listeners that ask for client certificates: what lets clients be who they are not."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.configuration import Said
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.knowledge import Fact
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.deployments import printable
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs


def _asks_for_certificates(case: Case) -> bool:
    return case.facts.client_auth.mode.need() is not ClientAuthMode.NONE


@rule(
    "TLS-CONF-007",
    title="Errors of client certificates ignored",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(295,),
    applies=_asks_for_certificates,
    expected="every error in a client's chain ends the handshake",
    why="Certificates that are expired, revoked or of another CA are let in as if they were good.",
    remedy="Remove what lets them through (HAProxy: ca-ignore-err and crt-ignore-err).",
    sources=(asvs("12.1.3 (L2)"), Source("HAProxy configuration manual, section 5.1")),
)
def ignored_client_errors(case: Case) -> Iterable[Fail]:
    """Errors of verification are named that do not matter."""
    return _each(case.facts.setup.client_errors_ignored)


@rule(
    "TLS-CONF-010",
    title="Header with the client's identity can be forged",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(290,),
    applies=_asks_for_certificates,
    expected="the header is set or removed in every request that is passed on",
    why="Whoever is behind believes the header: a client that sends it himself is whom he says he is.",
    remedy="Set it for every request (nginx: proxy_set_header in each location; HAProxy: http-request set-header "
    "without a condition, or del-header before; Apache: RequestHeader set).",
    sources=(asvs("12.1.3 (L2)"),),
)
def forgeable_identity(case: Case) -> Iterable[Fail]:
    """A header that tells the application about the client's certificate gets through as the client sent it."""
    return _each(case.facts.setup.forgeable_headers)


def _each(fact: Fact[tuple[Said, ...]]) -> Iterable[Fail]:
    return tuple(Fail(printable(said.what, 400), (said.basis,)) for said in sure(fact).value)


RULES: tuple[Rule, ...] = (ignored_client_errors, forgeable_identity)
