"""TLS-HTTP 006 to 009, PROTO-014, VULN-018: what the port of plain HTTP beside the endpoint does for or against TLS.

Where no such port belongs to the endpoint (its own is not 443, and nobody names one) they do not apply.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from tlsaudit.model.address import is_address
from tlsaudit.model.beside import PlainAnswer, PlainHttp, PlainState
from tlsaudit.model.knowledge import Known
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, asvs4, cheat_sheet, rfc, wstg

_ALL_PAGES = cheat_sheet("Use TLS For All Pages")
_SHOW = "curl -sS -o /dev/null -D - --connect-to ::{plain} http://{servername}/"
_SHOW_UPGRADE = (
    "curl -sS -m 5 -o /dev/null -D - -H 'Connection: Upgrade' -H 'Upgrade: TLS/1.0' --connect-to ::{plain} "
    "http://{servername}/"
)
_LASTING = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OPOSSUM = Source("CVE-2025-49812")
_NO_UPGRADE = (
    "Switch the upgrade of RFC 2817 off (Apache: no SSLEngine optional, which 2.4.64 has removed), and redirect to "
    "https:// instead."
)


def _has_port(case: Case) -> bool:
    return case.facts.plain_http.need() is not None


def _redirects(case: Case) -> bool:
    return _has_port(case) and _target_of(_answer(case).value) is not None


def _redirects_to_https(case: Case) -> bool:
    return _redirects(case) and _goes_to_https(case)


def _is_an_api(case: Case) -> bool:
    return case.expect.kind == "api" and _has_port(case)


@rule(
    "TLS-HTTP-006",
    title="Content over plain HTTP",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(319,),
    applies=_has_port,
    expected="no page without TLS: a redirect to https://, an error, or a closed port",
    why="Whoever is on the path reads and changes the page, and all that its links lead to; nothing leads to TLS.",
    remedy="Redirect every request on this port to https:// of the same host, or close the port.",
    sources=(_ALL_PAGES, asvs("12.2.1 (L1)"), asvs4("9.1.1"), wstg()),
    reproduce=_SHOW,
)
def plain_content(case: Case) -> Iterable[Fail]:
    """`GET /` without TLS succeeds and brings more than a head."""
    answer, port = _answer(case), _port(case)
    if answer.value.content:
        yield Fail(f"HTTP {answer.value.status} with content on port {port}, without TLS", (answer.basis,))


@rule(
    "TLS-HTTP-007",
    title="Plain HTTP redirects elsewhere before HTTPS",
    severity=Severity.LOW,
    cwe=(319,),
    applies=_redirects,
    expected="a redirect to https:// of the same host, before any other",
    why="HSTS of the name that was typed is never set, so that its next visit begins without TLS again.",
    remedy="Redirect to https:// of the same host first, and from there to wherever it should lead.",
    sources=(wstg(), Source("hstspreload.org submission requirements")),
    reproduce=_SHOW,
)
def redirects_elsewhere(case: Case) -> Iterable[Fail]:
    """The redirect stays without TLS, or leads to another host; where the host is an address, any name is right."""
    answer = _answer(case)
    target = _target_of(answer.value)
    if target is None:
        return
    leads_on = is_address(case.facts.endpoint.host) or _host_of(target) in _names(case)
    if not (_goes_to_https(case) and leads_on):
        yield Fail(f"HTTP {answer.value.status} leads to {target[:200]!a}", (answer.basis,))


@rule(
    "TLS-HTTP-008",
    title="Redirect to HTTPS that does not last",
    severity=Severity.INFO,
    applies=_redirects_to_https,
    expected="status 301 or 308",
    why="Clients do not remember a temporary redirect, and ask without TLS again.",
    remedy="Answer with 301, or with 308 where the method matters.",
    sources=(_ALL_PAGES,),
    reproduce=_SHOW,
)
def redirect_not_permanent(case: Case) -> Iterable[Fail]:
    """The redirect to https:// has status 302, 303 or 307."""
    answer = _answer(case)
    if answer.value.status not in _LASTING:
        yield Fail(f"HTTP {answer.value.status} leads to https://", (answer.basis,))


@rule(
    "TLS-HTTP-009",
    title="API that redirects instead of refusing",
    severity=Severity.LOW,
    cwe=(319,),
    applies=_is_an_api,
    reads=("kind",),
    expected="an error, or a closed port, to an API's client that comes without TLS",
    why="A client with the wrong address goes on unnoticed, and sends its credentials without TLS each time.",
    remedy="Close the port to clients of the API, or answer 403 without a redirect.",
    sources=(_ALL_PAGES,),
    reproduce=_SHOW,
)
def api_redirects(case: Case) -> Iterable[Fail]:
    """The endpoint is declared to be an API, and plain HTTP is redirected."""
    answer = _answer(case)
    if _target_of(answer.value) is not None:
        yield Fail(f"HTTP {answer.value.status} redirects the API's clients", (answer.basis,))


@rule(
    "TLS-PROTO-014",
    title="Upgrade from plain HTTP to TLS offered",
    severity=Severity.HIGH,
    cap=Cap.C,
    cause="OPOSSUM",
    cwe=(287,),
    applies=_has_port,
    expected="plain HTTP that never goes on with TLS on the same connection",
    why="TLS that may begin on either port lets an attacker lead a client from one to the other (Opossum).",
    remedy=_NO_UPGRADE,
    sources=(_OPOSSUM, rfc(9325, "3.2")),
    reproduce=_SHOW_UPGRADE,
)
def upgrade_offered(case: Case) -> Iterable[Fail]:
    """An answer without TLS names TLS in its Upgrade header field."""
    return _upgrade(case)


@rule(
    "TLS-VULN-018",
    title="Opossum",
    severity=Severity.HIGH,
    cap=Cap.C,
    cause="OPOSSUM",
    cwe=(287,),
    applies=_has_port,
    expected="plain HTTP that never goes on with TLS on the same connection",
    why="Someone on the path has a client take the answer to another request for that to its own, within sound TLS.",
    remedy=_NO_UPGRADE,
    sources=(_OPOSSUM,),
    reproduce=_SHOW_UPGRADE,
)
def opossum(case: Case) -> Iterable[Fail]:
    """As PROTO-014: the host speaks TLS at once on one port, and after an upgrade on the other."""
    return _upgrade(case)


def _upgrade(case: Case) -> Iterable[Fail]:
    offer = sure(_plain(case).upgrade)
    if offer.value is not None:
        yield Fail(f"{offer.value} on port {_port(case)}", (offer.basis,))


def _plain(case: Case) -> PlainHttp:
    """The port of an endpoint that `_has_port`."""
    plain = case.facts.plain_http.need()
    assert plain is not None
    return plain


def _port(case: Case) -> int:
    return _plain(case).port


def _answer(case: Case) -> Known[PlainAnswer]:
    return sure(_plain(case).answer)


def _target_of(answer: PlainAnswer) -> str | None:
    """Where a redirect leads."""
    return answer.location if answer.state is PlainState.HTTP and answer.status in _REDIRECTS else None


def _goes_to_https(case: Case) -> bool:
    target = _target_of(_answer(case).value)
    return target is not None and target.strip().lower().startswith("https:")


def _names(case: Case) -> set[str]:
    return {name for name in (case.facts.endpoint.host, case.facts.endpoint.sni) if name}


def _host_of(target: str) -> str | None:
    try:
        return urlsplit(target.strip()).hostname
    except ValueError:  # an address in brackets that is none
        return None


RULES: tuple[Rule, ...] = (
    plain_content,
    redirects_elsewhere,
    redirect_not_permanent,
    api_redirects,
    upgrade_offered,
    opossum,
)
