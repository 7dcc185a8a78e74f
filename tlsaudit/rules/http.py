"""TLS-HTTP, VULN-015: what the answer to `GET /` over TLS does for or against it."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.address import is_address
from tlsaudit.model.facts import Hsts, HttpAnswer
from tlsaudit.model.knowledge import Known
from tlsaudit.model.result import Cap, Confidence, Fail, Severity, Source
from tlsaudit.rules.commands import GET
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, asvs4, cheat_sheet, rfc, wstg

_SHEET = cheat_sheet("Use HTTP Strict Transport Security")
_HSTS_SHEET = Source("OWASP HTTP Strict Transport Security Cheat Sheet")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PRELOAD_SECONDS = 31_536_000
"""The shortest max-age that the browsers' preload list takes (hstspreload.org)."""


def _is_http(case: Case) -> bool:
    return case.facts.http.need() is not None


def _is_page(case: Case) -> bool:
    """An HTML page: what else is answered loads nothing."""
    return _is_http(case) and _answer(case).value.insecure_content.need() is not None


def _may_have_hsts(case: Case) -> bool:
    """HSTS works for names only: browsers ignore it where the host is an address (RFC 6797 section 8.1.1)."""
    return _is_http(case) and not is_address(case.facts.endpoint.sni or case.facts.endpoint.host)


def _has_valid_hsts(case: Case) -> bool:
    if not _may_have_hsts(case):
        return False
    hsts = _answer(case).value.hsts
    return hsts is not None and hsts.error is None


def _claims_preload(case: Case) -> bool:
    return _has_valid_hsts(case) and _hsts(case).value.preload


@rule(
    "TLS-HTTP-001",
    title="HSTS missing",
    severity=Severity.MEDIUM,
    cap=Cap.A,
    cause="HSTS",
    cwe=(523, 319),
    applies=_may_have_hsts,
    enforces=("http/hsts",),
    expected="a Strict-Transport-Security header field",
    why="Without HSTS a browser's first request, or a typed address, goes out in clear and can be kept there.",
    remedy="Send Strict-Transport-Security with a max-age of at least {hsts_seconds_min} seconds in every answer.",
    sources=(asvs("3.4.1 (L1)"), asvs4("14.4.5"), Source("OWASP WSTG-CONF-07"), rfc(9325, "3.2"), _SHEET),
    reproduce=GET,
)
def no_hsts(case: Case) -> Iterable[Fail]:
    """The answer has no such header field."""
    answer = _answer(case)
    if answer.value.hsts is None:
        status = f"HTTP {answer.value.status}" if answer.value.status is not None else "HTTP answers"
        yield Fail(f"{status} without Strict-Transport-Security", (answer.basis,))


@rule(
    "TLS-HTTP-002",
    title="HSTS max-age too short",
    severity=Severity.LOW,
    cap=Cap.A,
    cause="HSTS",
    cwe=(523,),
    applies=_has_valid_hsts,
    enforces=("http/hsts-max-age",),
    reads=("hsts_seconds_broken", "hsts_seconds_min"),
    expected="a max-age of at least {hsts_seconds_min} seconds",
    why="The protection ends when max-age runs out, and whoever visits less often is never protected.",
    remedy="Raise max-age to {hsts_seconds_min} or more; 0 switches HSTS off.",
    sources=(asvs("3.4.1 (L1)"), _HSTS_SHEET),
    reproduce=GET,
)
def short_hsts(case: Case) -> Iterable[Fail]:
    """Worse where the time is so short, or zero, that it hardly protects."""
    hsts = _hsts(case)
    seconds = hsts.value.max_age or 0
    if seconds < case.limits.hsts_seconds_min:
        hardly = seconds < case.limits.hsts_seconds_broken
        yield Fail(f"max-age is {seconds} seconds", (hsts.basis,), severity=Severity.MEDIUM if hardly else None)


@rule(
    "TLS-HTTP-003",
    title="HSTS without includeSubDomains",
    severity=Severity.LOW,
    cause="HSTS",
    cwe=(523,),
    applies=_has_valid_hsts,
    enforces=("http/hsts-subdomains",),
    expected="the directive includeSubDomains",
    why="A subdomain that is reached in clear can set or overwrite cookies of the whole domain.",
    remedy="Add includeSubDomains once every subdomain is known to serve HTTPS.",
    sources=(asvs("3.4.1 (L2)"), _HSTS_SHEET),
    reproduce=GET,
)
def hsts_without_subdomains(case: Case) -> Iterable[Fail]:
    """The directive is absent."""
    hsts = _hsts(case)
    if not hsts.value.include_subdomains:
        yield Fail("no includeSubDomains", (hsts.basis,))


@rule(
    "TLS-HTTP-004",
    title="HSTS preload claimed but not eligible",
    severity=Severity.LOW,
    cause="HSTS",
    cwe=(523,),
    applies=_claims_preload,
    expected="with preload also includeSubDomains and a max-age of at least one year",
    why="The browsers' preload list refuses or drops such a domain, so the first visit stays unprotected.",
    remedy="Meet the requirements of hstspreload.org, or drop the preload directive.",
    sources=(Source("hstspreload.org submission requirements"), asvs("3.7.4 (L3)")),
    reproduce=GET,
)
def not_eligible_for_preload(case: Case) -> Iterable[Fail]:
    """One `Fail` for each requirement that the header field itself breaks."""
    hsts = _hsts(case)
    if (hsts.value.max_age or 0) < _PRELOAD_SECONDS:
        yield Fail(f"preload with a max-age of {hsts.value.max_age or 0} seconds", (hsts.basis,))
    if not hsts.value.include_subdomains:
        yield Fail("preload without includeSubDomains", (hsts.basis,))


@rule(
    "TLS-HTTP-005",
    title="HSTS invalid or repeated",
    severity=Severity.MEDIUM,
    cause="HSTS",
    cwe=(523,),
    applies=_may_have_hsts,
    expected="one valid Strict-Transport-Security header field, or none",
    why="Browsers ignore an invalid field, and take only the first of several.",
    remedy="Send the field once, with one max-age; look for a proxy and an application that both add it.",
    sources=(
        rfc(6797, "6.1", verified=False),
        rfc(6797, "7.2", verified=False),
        rfc(6797, "8.1", verified=False),
    ),
    reproduce=GET,
)
def broken_hsts(case: Case) -> Iterable[Fail]:
    """The field cannot be read, or came more than once."""
    answer = _answer(case)
    hsts = answer.value.hsts
    if hsts is None:
        return
    if hsts.error is not None:
        yield Fail(f"invalid: {hsts.error}", (answer.basis,))
    if hsts.count > 1:
        yield Fail(f"{hsts.count} header fields", (answer.basis,))


@rule(
    "TLS-HTTP-011",
    title="Cookie without Secure",
    severity=Severity.MEDIUM,
    cwe=(614,),
    applies=_is_http,
    expected="every cookie has the attribute Secure",
    why="A browser sends such a cookie over plain HTTP as well, where anyone on the path reads it.",
    remedy="Set Secure on every cookie.",
    sources=(asvs("3.3.1 (L1)"), cheat_sheet("Use the Secure Cookie Flag")),
    reproduce=GET,
)
def cookie_without_secure(case: Case) -> Iterable[Fail]:
    """One `Fail` a cookie."""
    answer = _answer(case)
    return tuple(
        Fail(f"cookie {name!a} is set without Secure", (answer.basis,)) for name in answer.value.cookies_without_secure
    )


@rule(
    "TLS-HTTP-012",
    title="Public key pinning still sent",
    severity=Severity.LOW,
    applies=_is_http,
    expected="no Public-Key-Pins header field",
    why="Current browsers ignore the field, and an old one can be locked out of the site by a wrong pin.",
    remedy="Remove Public-Key-Pins and Public-Key-Pins-Report-Only.",
    sources=(cheat_sheet("Public Key Pinning"), Source("OWASP Pinning Cheat Sheet")),
    reproduce=GET,
)
def key_pins(case: Case) -> Iterable[Fail]:
    """The field, or its report-only form, was sent."""
    answer = _answer(case)
    if answer.value.public_key_pins:
        yield Fail("Public-Key-Pins is sent", (answer.basis,))


@rule(
    "TLS-HTTP-013",
    title="Expect-CT still sent",
    severity=Severity.INFO,
    applies=_is_http,
    expected="no Expect-CT header field",
    why="Browsers require certificate transparency without being asked and ignore the field.",
    remedy="Remove Expect-CT.",
    sources=(rfc(9163, verified=False),),
    reproduce=GET,
)
def expect_ct(case: Case) -> Iterable[Fail]:
    """The field was sent."""
    answer = _answer(case)
    if answer.value.expect_ct:
        yield Fail("Expect-CT is sent", (answer.basis,))


@rule(
    "TLS-HTTP-010",
    title="HTTPS that leads back to HTTP",
    severity=Severity.MEDIUM,
    cap=Cap.C,
    cwe=(319, 757),
    applies=_is_http,
    expected="redirects to https:// alone",
    why="Clients that came over TLS go on without it, and with them what they send next, cookies and passwords.",
    remedy="Correct the address of the redirect; behind a terminator tell the application that clients use https://.",
    sources=(asvs("12.2.1 (L1)"), asvs4("9.1.1")),
    reproduce=GET,
)
def leads_back(case: Case) -> Iterable[Fail]:
    """The answer over TLS is a redirect to http://, which is worse than that there was no answer to tell."""
    answer = _answer(case)
    location = answer.value.location or ""
    if answer.value.status in _REDIRECTS and location.strip().lower().startswith("http:"):
        observed = f"HTTP {answer.value.status} over TLS leads to {location[:200]!a}"
        yield Fail(observed, (answer.basis,), severity=Severity.HIGH)


@rule(
    "TLS-HTTP-014",
    title="Active content over plain HTTP",
    severity=Severity.MEDIUM,
    cwe=(319, 830),
    applies=_is_page,
    expected="scripts, styles, frames and plug-ins of the page by https:// alone",
    why="Whoever is on the path of a script controls the page; browsers that block it show a broken one instead.",
    remedy="Load them by https:// or by relative addresses; upgrade-insecure-requests in the CSP helps meanwhile.",
    sources=(cheat_sheet("Do Not Mix TLS and Non-TLS Content"), wstg()),
    reproduce="curl -sSk --compressed --connect-to ::{connect} https://{servername}/ | grep -o 'http:[^ >]*'",
)
def insecure_content(case: Case) -> Iterable[Fail]:
    """One `Fail` for each address that the page for `/` has the browser load and obey."""
    content = sure(_answer(case).value.insecure_content)
    return tuple(Fail(f"the page loads {each!a}", (content.basis,)) for each in content.value or ())


@rule(
    "TLS-VULN-015",
    title="CRIME and BREACH",
    severity=Severity.LOW,
    cause="COMPRESS",
    cwe=(310, 200),
    applies=_is_http,
    confidence=Confidence.POSSIBLE,
    expected="neither TLS nor pages that hold secrets are compressed",
    why="Text that an attacker puts beside a secret shows by the length of what is sent how much of it was guessed.",
    remedy="Keep TLS compression off; where pages reflect input and hold secrets, mask these or do not compress them.",
    sources=(Source("CVE-2012-4929"), Source("CVE-2013-3587"), rfc(9325, "3.3")),
    reproduce="curl -sSk -o /dev/null -D - -H 'Accept-Encoding: gzip' --connect-to ::{connect} https://{servername}/",
)
def compressed_secrets(case: Case) -> Iterable[Fail]:
    """TLS compresses, or the page came compressed. Whether it holds secrets, and reflects input, is not known."""
    by_tls = case.facts.session.compression
    page = _answer(case).value.compression
    if isinstance(by_tls, Known) and by_tls.value:
        yield Fail("TLS compresses (CRIME)", (by_tls.basis,), severity=Severity.HIGH, cap=Cap.C)
    if isinstance(page, Known) and page.value is not None:
        yield Fail(f"the page is compressed with {page.value[:40]!a} (BREACH)", (page.basis,))
    sure(by_tls)
    sure(page)


def _answer(case: Case) -> Known[HttpAnswer]:
    """The answer of a service that `_is_http`."""
    http = sure(case.facts.http)
    assert http.value is not None
    return Known(http.value, http.basis)


def _hsts(case: Case) -> Known[Hsts]:
    """The header field of a service that `_has_valid_hsts`."""
    answer = _answer(case)
    assert answer.value.hsts is not None
    return Known(answer.value.hsts, answer.basis)


RULES: tuple[Rule, ...] = (
    no_hsts,
    short_hsts,
    hsts_without_subdomains,
    not_eligible_for_preload,
    broken_hsts,
    cookie_without_secure,
    key_pins,
    expect_ct,
    leads_back,
    insecure_content,
    compressed_secrets,
)
