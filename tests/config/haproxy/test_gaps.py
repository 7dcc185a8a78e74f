"""Ways past a client certificate: in clear, and where the rules refuse who has none."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, listener

_TLS = "bind :443 ssl crt server.pem ca-file clients.pem verify %s\n"
_START = "defaults\n mode http\n"
_BACKEND = "backend app\n server a 127.0.0.1:8080\n%s\n"


def _outcome(bench: Bench, text: str, rule: str = "TLS-MTLS-016") -> str:
    document = bench.lint(_START + text, name="haproxy.cfg")
    found = next(each for each in document.subjects if each.kind == "listener" and "443" in each.name)
    (result,) = [each for each in found.results if each.rule == rule]
    return result.outcome


@pytest.mark.parametrize(
    ("plain", "rules", "behind", "outcome"),
    [
        ("bind :80", "", "", "fail"),
        ("bind 10.0.0.1:80,10.0.0.2:80", "", "", "fail"),
        ("bind 127.0.0.1:80", "", "", "pass"),
        ("bind /run/haproxy.sock", "", "", "pass"),
        ("bind :80", "http-request redirect scheme https unless { ssl_fc }", "", "pass"),
        ("bind :80", "redirect scheme https code 301 if !{ ssl_fc }", "", "pass"),
        ("bind :80", "acl tls ssl_fc\nhttp-request deny if !tls", "", "pass"),
        ("bind :80", "http-request redirect scheme https if { dst_port 80 }", "", "pass"),
        ("bind :80", "http-request redirect scheme https if { dst_port 8080 }", "", "fail"),
        ("bind :80", "", "redirect scheme https if !{ ssl_fc }", "pass"),
        ("bind :80", "http-request redirect scheme https if !{ ssl_fc } { path_beg /app }", "", "fail"),
        ("bind :80", "http-request redirect scheme https if !{ ssl_fc } !{ path_beg /.well-known/ }", "", "pass"),
        ("bind :80", "http-request redirect scheme https unless { hdr(x-forwarded-proto) https }", "", "inconclusive"),
        ("bind :80", "http-request deny unless { ssl_c_used }", "", "pass"),
        ("bind :80", "http-request deny unless { ssl_c_verify 0 }", "", "pass"),
        ("bind :80", "mode tcp", "mode tcp", "fail"),
    ],
)
def test_the_same_application_in_clear(bench: Bench, plain: str, rules: str, behind: str, outcome: str) -> None:
    text = f"frontend www\n{_TLS % 'required'}{plain}\n{rules}\ndefault_backend app\n{_BACKEND % behind}"
    assert _outcome(bench, text) == outcome


@pytest.mark.parametrize(("backend", "outcome"), [("app", "fail"), ("other", "pass")])
def test_another_frontend_in_clear(bench: Bench, backend: str, outcome: str) -> None:
    text = f"frontend www\n{_TLS % 'required'}default_backend app\n{_BACKEND % ''}"
    assert (
        _outcome(
            bench, f"{text}backend other\nserver b 127.0.0.1:81\nfrontend x\nbind :80\ndefault_backend {backend}\n"
        )
        == outcome
    )


@pytest.mark.parametrize(
    ("rules", "behind", "mode"),
    [
        ("", "", "optional"),
        ("http-request deny unless { ssl_c_used } { ssl_c_verify 0 }", "", "required"),
        ("http-request deny if !{ ssl_c_used } || !{ ssl_c_verify 0 }", "", "required"),
        ("http-request deny unless { ssl_c_used }", "", "required"),
        ("acl known ssl_c_used\nhttp-request deny if !known", "", "required"),
        ("http-request deny unless { ssl_fc_has_crt }", "", "required"),
        ("http-request deny unless { ssl_c_s_dn(cn) -m found }", "", "required"),
        ("http-request redirect location https://x.example/ unless { ssl_c_used }", "", "required"),
        ("", "http-request deny unless { ssl_c_used }", "required"),
        ("http-request deny unless { ssl_c_verify 0 }", "", "optional"),
        ("http-request deny unless { ssl_c_used } or { ssl_c_verify 0 }", "", "optional"),
        ("http-request deny if !{ ssl_c_used } { path_beg /admin }", "", "optional"),
        ("http-request deny if !{ ssl_c_used } !{ path_beg /health }", "", "unknown"),
        ("http-request allow if { path /health }\nhttp-request deny unless { ssl_c_used }", "", "unknown"),
        ("http-request allow\nhttp-request deny unless { ssl_c_used }", "", "optional"),
        ("http-request deny unless { ssl_c_used } or { src 10.0.0.0/8 }", "", "unknown"),
        ("http-request deny if { src 10.0.0.0/8 }", "", "optional"),
        ("http-request deny unless { ssl_c_used }\nmode tcp", "", "optional"),
    ],
)
def test_a_certificate_that_the_rules_ask_for(bench: Bench, rules: str, behind: str, mode: str) -> None:
    front = f"frontend www\n{_TLS % 'optional'}default_backend app\n{rules}\n"
    document = bench.lint(f"{_START}{front}{_BACKEND % behind}", name="haproxy.cfg")
    found = listener(document)
    assert found.facts is not None
    assert found.facts.client_auth.mode == mode
    assert (found.facts.client_auth.enforced_by == "application") is (mode == "required")


def test_a_backend_for_those_without(bench: Bench) -> None:
    front = f"frontend www\n{_TLS % 'optional'}use_backend none unless {{ ssl_c_used }}\ndefault_backend app\n"
    text = f"{_START}{front}{_BACKEND % ''}backend none\nhttp-request deny\n"
    found = listener(bench.lint(text, name="haproxy.cfg"))
    assert found.facts is not None
    assert found.facts.client_auth.mode == "required"


@pytest.mark.parametrize("address", ["10.0.0.1", "*"])
def test_a_listener_named_by_its_address_has_names_all_the_same(bench: Bench, address: str) -> None:
    text = f"{_START}frontend www\nbind {address}:443 ssl crt server.pem\ndefault_backend app\n{_BACKEND % ''}"
    found = listener(bench.lint(text, name="haproxy.cfg"))
    (result,) = [each for each in found.results if each.rule == "TLS-HTTP-001"]
    assert result.outcome != "not_applicable"


@pytest.mark.parametrize(
    ("plain", "fails"),
    [
        ("bind [::1]:443", True),
        ("bind [::1]:443 accept-proxy", False),
        ("bind [::1]:80", False),
        ("bind [::1]:443 ssl crt server.pem", False),
    ],
)
def test_one_address_of_a_port_in_clear(bench: Bench, plain: str, fails: bool) -> None:
    text = f"{_START}frontend www\nbind 127.0.0.1:443 ssl crt server.pem\n{plain}\ndefault_backend app\n{_BACKEND % ''}"
    document = bench.lint(text, name="haproxy.cfg")
    found = {r.outcome for each in document.subjects for r in each.results if r.rule == "TLS-CONF-025"}
    assert ("fail" in found) is fails
