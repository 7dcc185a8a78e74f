"""TLS-HTTP on facts that pass, fail, and do not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.facts import ENDPOINT, Row, answers, hsts, known, session, sound
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Unknown, Why

_SILENT = sound(http=Unknown(Why.NO_ANSWER, "no answer"))
_NOT_HTTP = sound(http=known(None))
_IDS = tuple(f"TLS-HTTP-{number:03}" for number in (1, 2, 3, 4, 5, 11, 12, 13))
_PAGE_IDS = ("TLS-HTTP-010", "TLS-HTTP-014", "TLS-VULN-015")
_REDIRECTED = answers(
    status=301,
    location="http://shop.example.com/login",
    compression=Unknown(Why.NOT_ASKED, "HTTP 301 is no page"),
    insecure_content=Unknown(Why.NOT_ASKED, "HTTP 301 is no page"),
)
_CUT = Unknown(Why.NO_ANSWER, "of the page only the first bytes were read")
_DEFLATE = session(compression=known(True, 2))
_ADDRESS = replace(ENDPOINT, host="192.0.2.1", sni=None)


def _with(**changes: object) -> Facts:
    return sound(http=answers(hsts=hsts(**changes)))


_NONE = sound(http=answers(hsts=None))

ROWS = (
    *(Row(rule, "inconclusive", _SILENT) for rule in _PAGE_IDS),
    *(Row(rule, "not_applicable", _NOT_HTTP, "no HTTP") for rule in _PAGE_IDS),
    *(Row(rule, "pass", sound()) for rule in _PAGE_IDS),
    Row("TLS-HTTP-010", "fail", sound(http=_REDIRECTED), severity="high", cap="C", observed="over TLS leads to 'http:"),
    Row("TLS-HTTP-010", "pass", sound(http=answers(status=302, location="//other.example/"))),
    Row("TLS-HTTP-010", "pass", sound(http=answers(status=201, location="http://x/")), "no redirect"),
    Row("TLS-HTTP-014", "not_tested", sound(http=_REDIRECTED), "no page"),
    Row("TLS-HTTP-014", "not_applicable", sound(http=answers(insecure_content=known(None))), "no HTML"),
    Row("TLS-HTTP-014", "inconclusive", sound(http=answers(insecure_content=_CUT))),
    Row(
        "TLS-HTTP-014",
        "fail",
        sound(http=answers(insecure_content=known(("http://cdn.example/x.js",)))),
        severity="medium",
        observed="loads 'http://cdn.example/x.js'",
    ),
    Row("TLS-VULN-015", "not_tested", sound(http=_REDIRECTED), "no page"),
    Row("TLS-VULN-015", "fail", sound(http=answers(compression=known("gzip"))), severity="low", observed="BREACH"),
    Row("TLS-VULN-015", "fail", sound(session=_DEFLATE), severity="high", cap="C", observed="TLS compresses (CRIME)"),
    Row("TLS-VULN-015", "fail", sound(session=_DEFLATE, http=_REDIRECTED), "the proof that is there counts"),
    *(Row(rule, "inconclusive", _SILENT) for rule in _IDS),
    *(Row(rule, "not_applicable", _NOT_HTTP, "no HTTP") for rule in _IDS),
    *(Row(rule, "pass", sound()) for rule in _IDS if rule != "TLS-HTTP-004"),
    Row("TLS-HTTP-001", "fail", _NONE, severity="medium", cap="A", observed="HTTP 200"),
    Row("TLS-HTTP-001", "not_applicable", replace(_NONE, endpoint=_ADDRESS), "browsers ignore it on addresses"),
    Row("TLS-HTTP-001", "fail", replace(_NONE, endpoint=replace(_ADDRESS, sni="a.example")), "a name was sent"),
    Row("TLS-HTTP-002", "fail", _with(max_age=20_000_000), "under a year", severity="low", cap="A"),
    Row("TLS-HTTP-002", "fail", _with(max_age=86400), severity="medium", observed="86400 seconds"),
    Row("TLS-HTTP-002", "fail", _with(max_age=0), "zero switches it off", severity="medium"),
    Row("TLS-HTTP-002", "pass", _with(max_age=31536000), "exactly a year"),
    Row("TLS-HTTP-002", "not_applicable", _NONE, "HTTP-001 says it"),
    Row("TLS-HTTP-002", "not_applicable", _with(error="no max-age", max_age=None), "HTTP-005 says it"),
    Row("TLS-HTTP-003", "fail", _with(include_subdomains=False), severity="info"),
    Row("TLS-HTTP-003", "not_applicable", _NONE),
    Row("TLS-HTTP-004", "pass", _with(preload=True)),
    Row("TLS-HTTP-004", "fail", _with(preload=True, include_subdomains=False), severity="low"),
    Row("TLS-HTTP-004", "fail", _with(preload=True, max_age=86400), observed="86400"),
    Row("TLS-HTTP-004", "not_applicable", sound(), "no preload"),
    Row(
        "TLS-HTTP-005",
        "fail",
        _with(error="no max-age", max_age=None),
        severity="medium",
        observed="invalid: no max-age",
    ),
    Row("TLS-HTTP-005", "fail", _with(count=2), observed="2 header fields"),
    Row("TLS-HTTP-005", "pass", _NONE, "nothing is sent"),
    Row(
        "TLS-HTTP-011",
        "fail",
        sound(http=answers(cookies_without_secure=("sid", "x\n"))),
        severity="medium",
        observed=r"'x\n'",
    ),
    Row("TLS-HTTP-012", "fail", sound(http=answers(public_key_pins=True)), severity="low"),
    Row("TLS-HTTP-013", "fail", sound(http=answers(expect_ct=True)), severity="info"),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()
