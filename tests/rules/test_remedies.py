"""Which server is recognised, and that what a finding says to write is right: real servers pass with it."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.lab.pki import LabPki
from tests.lab.process import HOST, Running, reserved_port
from tests.lab.servers import Lab
from tests.rules.facts import RULES, TLS_1_0, answers, judged, known, sound, with_suites
from tlsaudit import app
from tlsaudit.model.document import ResultPart
from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.model.target import Target
from tlsaudit.policy import load_policy
from tlsaudit.rules import ALL_RULES
from tlsaudit.rules.remedies import DIRECTIVES, product_of, remedy_for


@pytest.mark.parametrize(
    ("header", "product"),
    [
        ("nginx", "nginx"),
        ("nginx/1.22.1", "nginx"),
        ("openresty/1.25.3.1", "nginx"),
        ("Apache", "Apache"),
        ("Apache/2.4.68 (Debian)", "Apache"),
        ("Caddy", "Caddy"),
        ("envoy", "Envoy"),
        ("Apache-Coyote/1.1", None),
        ("nginxy", None),
        ("not nginx", None),
        ("Microsoft-IIS/10.0", None),
        ("", None),
        (None, None),
    ],
)
def test_a_server_is_recognised_by_what_it_calls_itself(header: str | None, product: str | None) -> None:
    assert product_of(sound(http=answers(server=header))) == product


def test_who_does_not_speak_http_is_not_recognised() -> None:
    assert product_of(sound(http=known(None))) is None
    assert product_of(sound(http=Unknown(Why.NOT_ASKED))) is None


def test_directives_are_of_rules_that_exist() -> None:
    assert set(DIRECTIVES) <= {rule.id for rule in ALL_RULES}


def test_the_directive_follows_the_remedy_of_the_rule() -> None:
    rule = RULES["TLS-PROTO-003"]
    assert remedy_for(rule, None) == remedy_for(rule, "Caddyish") == rule.remedy
    found = remedy_for(rule, "nginx")
    assert found == f"{rule.remedy} In nginx, which is what the server calls itself: ssl_protocols TLSv1.2 TLSv1.3;"
    facts = with_suites(0xC013, version=TLS_1_0)
    assert judged("TLS-PROTO-003", facts).remedy == rule.remedy
    assert judged("TLS-PROTO-003", with_suites(0xC013, version=TLS_1_0, http=answers(server="nginx"))).remedy == found


def _failures(server: Running, pki: LabPki) -> dict[str, ResultPart]:
    options = app.ScanOptions(policy=load_policy("owasp"), anchors=app.load_anchors(pki.root_file), mode="full")
    document = asyncio.run(app.scan([Target(host="localhost", address=HOST, port=server.port)], options))
    return {each.rule: each for each in document.subjects[0].results if each.outcome == "fail"}


def _directives(failures: dict[str, ResultPart], product: str, pki: LabPki) -> str:
    """What the findings say to write, each directive once; what stands in parentheses is for people."""
    found = dict.fromkeys(
        each.remedy.partition(f"In {product}, which is what the server calls itself: ")[2]
        for each in failures.values()
        if each.rule not in {"TLS-PQ-001", "TLS-REVO-005", "TLS-IMPL-003"}  # OpenSSL 3.5, a responder, another server
    )
    text = "\n".join(re.sub(r" \([^)]*\)\Z", "", each) for each in found)
    return text.replace("CLIENT-CA.pem", str(pki.client_ca_file))


_FIXED = {"TLS-PROTO-003", "TLS-PROTO-004", "TLS-CIPH-010", "TLS-HTTP-001", "TLS-CIPH-020"}


def test_nginx_passes_with_what_its_findings_say(lab: Lab, lab_pki: LabPki) -> None:
    weak = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers kRSA+AES:ECDHE:@SECLEVEL=0; ssl_prefer_server_ciphers on;"
    before = _failures(lab.nginx(weak, certificates=[lab_pki.rsa]), lab_pki)
    assert set(before) >= _FIXED
    after = _failures(lab.nginx(_directives(before, "nginx", lab_pki), certificates=[lab_pki.rsa]), lab_pki)
    assert not set(after) & set(before) & set(DIRECTIVES) - {"TLS-PQ-001", "TLS-REVO-005", "TLS-IMPL-003"}


def test_apache_passes_with_what_its_findings_say(lab: Lab, lab_pki: LabPki) -> None:
    weak = "SSLProtocol all -TLSv1.3\nSSLCipherSuite kRSA+AES:ECDHE:@SECLEVEL=0\nSSLHonorCipherOrder on"
    before = _failures(lab.apache(weak, certificates=[lab_pki.rsa]), lab_pki)
    assert set(before) >= _FIXED
    after = _failures(lab.apache(_directives(before, "Apache", lab_pki), certificates=[lab_pki.rsa]), lab_pki)
    assert not set(after) & set(before) & set(DIRECTIVES) - {"TLS-PQ-001", "TLS-REVO-005", "TLS-IMPL-003"}


@pytest.mark.parametrize("rule", ["TLS-MTLS-002", "TLS-SESS-005", "TLS-KEX-009", "TLS-CIPH-020"])
def test_nginx_takes_the_other_directives(lab: Lab, lab_pki: LabPki, rule: str) -> None:
    directive = DIRECTIVES[rule]["nginx"].replace("CLIENT-CA.pem", str(lab_pki.client_ca_file))
    assert lab.nginx(directive).port


@pytest.mark.parametrize("rule", ["TLS-SESS-004", "TLS-SESS-001", "TLS-KEX-009", "TLS-IMPL-003"])
def test_apache_takes_the_other_directives(lab: Lab, rule: str) -> None:
    assert lab.apache(DIRECTIVES[rule]["Apache"]).port


def _plain_failures(port: int, plain: int, pki: LabPki) -> set[str]:
    options = app.ScanOptions(policy=load_policy("owasp"), anchors=app.load_anchors(pki.root_file))
    target = Target(host="localhost", address=HOST, port=port, http_port=plain)
    (subject,) = asyncio.run(app.scan([target], options)).subjects
    return {each.rule for each in subject.results if each.outcome == "fail"} & {f"TLS-HTTP-{n:03}" for n in (6, 7, 8)}


def test_plain_http_leads_to_https_with_what_its_findings_say(lab: Lab, lab_pki: LabPki) -> None:
    plain = reserved_port()
    directive = DIRECTIVES["TLS-HTTP-006"]["nginx"].partition(" (")[0]
    nginx = lab.nginx(http=f"server {{ listen {HOST}:{plain}; {directive} }}")
    assert _plain_failures(nginx.port, plain, lab_pki) == set()
    other = reserved_port()
    directive = DIRECTIVES["TLS-HTTP-006"]["Apache"].partition(" (")[0].replace("NAME", "localhost")
    host = f"Redirect 404 /\n</VirtualHost>\nListen {HOST}:{other}\n<VirtualHost *:{other}>\n{directive}\n"
    assert _plain_failures(lab.apache(content=host).port, other, lab_pki) == set()
