"""TLS-HTTP 006 to 009, PROTO-014 and VULN-018 on facts that pass, fail, and do not say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.rules.facts import ENDPOINT, Row, judged, known, plain_http, sound
from tlsaudit.model.beside import PlainAnswer, PlainHttp, PlainState
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Unknown, Why
from tlsaudit.model.limits import Expectation

_SILENT = Unknown(Why.NO_ANSWER, "no answer in plain text")
_API = Expectation(kind="api")
_REDIRECT: dict[str, Any] = {"status": 301, "location": "https://shop.example.com/"}
_IDS = ("TLS-HTTP-006", "TLS-HTTP-007", "TLS-HTTP-008", "TLS-PROTO-014", "TLS-VULN-018")
_ADDRESS = replace(ENDPOINT, host="192.0.2.1", sni=None)


def _with(upgrade: str | None = None, **changes: Any) -> Facts:
    return sound(plain_http=plain_http(upgrade, **changes))


_LEADS_HOME = _with(**_REDIRECT)
_CONTENT = _with(status=200, content=True)
_HALF_KNOWN = sound(plain_http=known(PlainHttp(port=80, answer=_SILENT, upgrade=known("HTTP 101, Upgrade: TLS/1.0"))))

ROWS = (
    *(Row(rule, "inconclusive", sound(plain_http=_SILENT)) for rule in _IDS),
    *(Row(rule, "not_tested", sound(plain_http=NOT_ASKED)) for rule in _IDS),
    *(Row(rule, "not_applicable", sound(plain_http=known(None)), "another port than 443") for rule in _IDS),
    *(Row(rule, "pass", _LEADS_HOME) for rule in _IDS),
    Row("TLS-HTTP-006", "fail", _CONTENT, severity="high", cap="C", observed="HTTP 200 with content on port 80"),
    Row("TLS-HTTP-006", "pass", sound(), "closed"),
    Row("TLS-HTTP-006", "pass", _with(state=PlainState.MUTE)),
    Row("TLS-HTTP-006", "pass", _with(status=204), "no content"),
    Row("TLS-HTTP-006", "pass", _with(status=403)),
    Row("TLS-HTTP-006", "inconclusive", _HALF_KNOWN),
    Row("TLS-PROTO-014", "fail", _HALF_KNOWN, "the offer is known though the page is not"),
    Row("TLS-HTTP-007", "not_applicable", sound(), "no redirect"),
    Row("TLS-HTTP-007", "not_applicable", _CONTENT, "HTTP-006 says it"),
    Row("TLS-HTTP-007", "fail", _with(status=301, location="http://www.shop.example.com/"), severity="low"),
    Row("TLS-HTTP-007", "fail", _with(status=301, location="https://www.shop.example.com/"), observed="HTTP 301 leads"),
    Row("TLS-HTTP-007", "fail", _with(status=302, location="/login"), "stays where it is"),
    Row("TLS-HTTP-007", "fail", _with(status=302, location="https://[/"), "an address that is none"),
    Row("TLS-HTTP-007", "pass", _with(status=301, location="HTTPS://SHOP.example.com:8443/x"), "another port"),
    Row(
        "TLS-HTTP-007",
        "pass",
        replace(_with(status=301, location="https://shop.example.com/"), endpoint=_ADDRESS),
        "whoever asks for an address is told the name",
    ),
    Row("TLS-HTTP-007", "fail", replace(_with(status=301, location="http://x/"), endpoint=_ADDRESS)),
    Row("TLS-HTTP-008", "fail", _with(**_REDIRECT | {"status": 302}), severity="info", observed="HTTP 302"),
    Row("TLS-HTTP-008", "pass", _with(**_REDIRECT | {"status": 308})),
    Row("TLS-HTTP-008", "not_applicable", _with(status=302, location="http://x/"), "HTTP-007 says it"),
    Row("TLS-HTTP-009", "not_applicable", _LEADS_HOME, "not declared to be an API"),
    Row("TLS-HTTP-009", "not_applicable", _LEADS_HOME, "a site", expect=Expectation(kind="web")),
    Row("TLS-HTTP-009", "fail", _LEADS_HOME, severity="low", observed="HTTP 301 redirects", expect=_API),
    Row("TLS-HTTP-009", "pass", sound(), "closed", expect=_API),
    Row("TLS-HTTP-009", "pass", _with(status=403), expect=_API),
    Row("TLS-HTTP-009", "not_tested", sound(plain_http=NOT_ASKED), expect=_API),
    *(
        Row(rule, "fail", _with("HTTP 101, Upgrade: TLS/1.0", status=200), severity="high", cap="C", observed="port 80")
        for rule in ("TLS-PROTO-014", "TLS-VULN-018")
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule_gives_the_outcome(row: Row) -> None:
    row.check()


def test_the_command_asks_the_port_of_plain_http() -> None:
    answer = PlainAnswer(state=PlainState.HTTP, status=200, content=True)
    facts = sound(plain_http=known(PlainHttp(port=8080, answer=known(answer), upgrade=known(None))))
    command = judged("TLS-HTTP-006", facts).reproduce
    assert command == "curl -sS -o /dev/null -D - --connect-to ::192.0.2.1:8080 http://shop.example.com/"
