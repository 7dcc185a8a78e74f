"""Which server is recognised, and that what a finding says to write is right: real servers pass with it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.lab.pki import LabPki
from tests.lab.process import HOST, Running, program, reserved_port
from tests.lab.servers import Lab, requires
from tests.rules.facts import OWASP, RULES, TLS_1_0, answers, judged, known, sound, with_suites
from tlsaudit import app
from tlsaudit.data.groups import GROUPS
from tlsaudit.data.suites import SUITES
from tlsaudit.model.document import ResultPart
from tlsaudit.model.knowledge import Unknown, Why
from tlsaudit.model.target import Target
from tlsaudit.policy import load_policy, policy_ids
from tlsaudit.rejudge import rejudged
from tlsaudit.rules import ALL_RULES
from tlsaudit.rules.remedies import DIRECTIVES, product_of, remedy_for
from tlsaudit.rules.words import choice, filled


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
    remedy = "Set the minimum protocol version to TLS 1.2."
    assert remedy_for(rule, None, OWASP.limits) == remedy_for(rule, "Caddyish", OWASP.limits) == remedy
    found = remedy_for(rule, "nginx", OWASP.limits)
    assert found == f"{remedy} In nginx, which is what the server calls itself: ssl_protocols TLSv1.2 TLSv1.3;"
    facts = with_suites(0xC013, version=TLS_1_0)
    assert judged("TLS-PROTO-003", facts).remedy == remedy
    assert judged("TLS-PROTO-003", with_suites(0xC013, version=TLS_1_0, http=answers(server="nginx"))).remedy == found


def _failures(server: Running, pki: LabPki, policy: str = "owasp") -> dict[str, ResultPart]:
    options = app.ScanOptions(policy=load_policy(policy), anchors=app.load_anchors(pki.root_file), mode="full")
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


def _directive(rule: str, product: str, policy: str = "owasp") -> str:
    judged_by = load_policy(policy)
    return DIRECTIVES[rule][product](choice(judged_by.limits, judged_by.required))


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
    directive = _directive(rule, "nginx").replace("CLIENT-CA.pem", str(lab_pki.client_ca_file))
    assert lab.nginx(directive).port


@pytest.mark.parametrize("rule", ["TLS-SESS-004", "TLS-SESS-001", "TLS-KEX-009", "TLS-IMPL-003"])
def test_apache_takes_the_other_directives(lab: Lab, rule: str) -> None:
    assert lab.apache(_directive(rule, "Apache")).port


def _plain_failures(port: int, plain: int, pki: LabPki) -> set[str]:
    options = app.ScanOptions(policy=load_policy("owasp"), anchors=app.load_anchors(pki.root_file))
    target = Target(host="localhost", address=HOST, port=port, http_port=plain)
    (subject,) = asyncio.run(app.scan([target], options)).subjects
    return {each.rule for each in subject.results if each.outcome == "fail"} & {f"TLS-HTTP-{n:03}" for n in (6, 7, 8)}


def test_plain_http_leads_to_https_with_what_its_findings_say(lab: Lab, lab_pki: LabPki) -> None:
    plain = reserved_port()
    directive = _directive("TLS-HTTP-006", "nginx").partition(" (")[0]
    nginx = lab.nginx(http=f"server {{ listen {HOST}:{plain}; {directive} }}")
    assert _plain_failures(nginx.port, plain, lab_pki) == set()
    other = reserved_port()
    directive = _directive("TLS-HTTP-006", "Apache").partition(" (")[0].replace("NAME", "localhost")
    host = f"Redirect 404 /\n</VirtualHost>\nListen {HOST}:{other}\n<VirtualHost *:{other}>\n{directive}\n"
    assert _plain_failures(lab.apache(content=host).port, other, lab_pki) == set()


@pytest.mark.parametrize("policy", ["bsi-tr-02102-2", "mozilla-modern", "mozilla-intermediate", "owasp-l2"])
def test_nginx_passes_another_policy_with_what_its_findings_say(lab: Lab, lab_pki: LabPki, policy: str) -> None:
    weak = (
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers kRSA+AES:ECDHE; ssl_prefer_server_ciphers on; "
        'add_header Strict-Transport-Security "max-age=60" always;'
    )
    before = _failures(lab.nginx(weak, certificates=[lab_pki.rsa]), lab_pki, policy)
    assert {"TLS-HTTP-002", "TLS-CIPH-010"} <= set(before)
    directives = _directives(before, "nginx", lab_pki)
    after = _failures(lab.nginx(directives, certificates=[lab_pki.rsa]), lab_pki, policy)
    assert not set(after) & set(before) & set(DIRECTIVES) - {"TLS-PQ-001", "TLS-REVO-005", "TLS-IMPL-003"}


@pytest.mark.parametrize("policy", policy_ids())
def test_no_directive_names_what_the_policy_does_not_allow(policy: str) -> None:
    limits = load_policy(policy).limits
    written = "\n".join(_directive(rule, product, policy) for rule, by in DIRECTIVES.items() for product in by)
    for suite in re.findall(r"(?:ECDHE-[A-Z]+-|TLS_)[A-Z0-9_-]+", written):
        assert limits.suites_allowed is None or _suite_code(suite) in limits.suites_allowed, suite
    assert limits.suites_allowed is None or "ECDHE+" not in written
    ages = set(re.findall(r"max-age=(\d+)", written))
    assert ages == {str(limits.hsts_seconds_min)}
    if limits.versions_allowed is not None:
        assert {*re.findall(r"TLSv1\.[23]", written)} - {"TLSv1.3"} <= {str(each) for each in limits.versions_allowed}
    if limits.groups_allowed is not None:
        named = {name for found in re.findall(r"(?:curve|Groups) ([\w:-]+)", written) for name in found.split(":")}
        assert {_GROUP_CODES[name] for name in named} <= limits.groups_allowed


def _suite_code(openssl: str) -> int:
    return next(code for code, suite in SUITES.items() if suite.openssl_name == openssl and suite.standard)


_OPENSSL_GROUPS = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_GROUP_CODES = {_OPENSSL_GROUPS.get(group.name, group.name): code for code, group in GROUPS.items()}


@pytest.mark.parametrize("policy", policy_ids())
def test_no_text_names_what_the_policy_does_not_allow(policy: str) -> None:
    limits = load_policy(policy).limits
    texts = {rule.id: f"{filled(rule.expected, limits)} {filled(rule.remedy, limits)}" for rule in ALL_RULES}
    assert not any("{" in text for text in texts.values())
    assert str(limits.hsts_seconds_min) in texts["TLS-HTTP-002"]
    assert str(limits.dh_bits_wanted) in texts["TLS-KEX-003"]
    if limits.groups_allowed is not None and 0x001D not in limits.groups_allowed:
        for rule in ("TLS-KEX-008", "TLS-KEX-009", "TLS-PQ-001"):
            assert "X25519," not in texts[rule]
    if limits.versions_allowed is not None and {str(each) for each in limits.versions_allowed} == {"TLSv1.3"}:
        assert "to TLS 1.3." in texts["TLS-PROTO-003"]


def test_a_report_that_is_judged_again_says_what_the_new_policy_says(lab: Lab, lab_pki: LabPki) -> None:
    port = lab.nginx('add_header Strict-Transport-Security "max-age=31536000" always;', certificates=[lab_pki.rsa]).port
    options = app.ScanOptions(
        policy=load_policy("owasp"), anchors=app.load_anchors(lab_pki.root_file), mode="inventory"
    )
    document = asyncio.run(app.scan([Target(host="localhost", address=HOST, port=port)], options))
    again = rejudged(document, load_policy("mozilla-modern"), load_policy("owasp"))
    found = {each.rule: each for each in again.subjects[0].results if each.outcome == "fail"}
    hsts = found["TLS-HTTP-002"]
    assert hsts.expected == "a max-age of at least 63072000 seconds"
    assert "Raise max-age to 63072000 or more" in hsts.remedy
    assert "max-age=63072000" in hsts.remedy
    assert not any("31536000" in each.remedy for each in found.values())


_BLOCKS = {"in the site's block tls: ": "tls CHAIN.pem KEY.pem", "in its block client_auth: ": "client_auth"}


def _caddyfile(directive: str) -> str:
    """A Caddyfile that has the directive where its words say; what stands in parentheses is for people."""
    text = re.sub(r" \([^)]*\)\Z", "", directive)
    blocks = []
    for words, block in _BLOCKS.items():
        if text.startswith(words):
            text = text.removeprefix(words)
            blocks.append(block)
    lines = text.split(" and, in a line of its own, ")
    opened = [f"{block} {{" for block in blocks]
    return "\n".join(["localhost:1 {", *opened, *lines, *("}" for _ in opened), "}"]) + "\n"


_CADDY = {
    DIRECTIVES[rule]["Caddy"](choice(load_policy(policy).limits, load_policy(policy).required))
    for rule in DIRECTIVES
    for policy in ("owasp", "owasp-l2", "mozilla-modern")
    if "Caddy" in DIRECTIVES[rule]
}


@pytest.mark.slow
@pytest.mark.parametrize("directive", sorted(_CADDY))
def test_caddy_adapts_what_its_findings_say(tmp_path: Path, lab_pki: LabPki, directive: str) -> None:
    requires("caddy")
    file = tmp_path / "Caddyfile"
    file.write_text(_caddyfile(directive).replace("CLIENT-CA.pem", str(lab_pki.client_ca_file)))
    words = [program("caddy") or "caddy", "adapt", "--config", str(file), "--adapter", "caddyfile"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    adapted = json.dumps(json.loads(done.stdout))
    assert any(word in adapted for word in ("tls1.3", "require_and_verify", "Strict-Transport-Security"))
