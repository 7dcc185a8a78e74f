"""Where a terminator passes requests on to."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench
from tlsaudit.model import document as doc

_SERVER = (
    "server {{ listen 443 ssl; ssl_protocols TLSv1.3; ssl_certificate server.pem; ssl_certificate_key server.key; {} }}"
)


def upstreams(bench: Bench, inside: str, around: str = "") -> list[doc.UpstreamPart]:
    document = bench.lint(f"events {{}} http {{ {around} {_SERVER.format(inside)} }}")
    return [each.facts.upstream for each in document.subjects if each.facts is not None and each.facts.upstream]


@pytest.mark.parametrize(
    ("text", "destination", "local", "tls"),
    [
        ("location / { proxy_pass http://10.0.0.5:8080/x; }", "10.0.0.5:8080", False, False),
        ("location / { proxy_pass http://localhost:3000; }", "localhost:3000", True, False),
        ("location / { proxy_pass http://[::1]:3000; }", "[::1]:3000", True, False),
        ("location / { proxy_pass http://unix:/run/a.sock:/; }", "unix:/run/a.sock:/", True, False),
        ("location / { proxy_pass https://app.example.com; }", "app.example.com", False, True),
        ("location / { if ($x) { proxy_pass http://10.1.1.1; } }", "10.1.1.1", False, False),
        ("location / { grpc_pass grpcs://10.1.1.1:443; }", "10.1.1.1:443", False, True),
        ("location / { fastcgi_pass 10.1.1.1:9000; }", "10.1.1.1:9000", False, False),
        ("location / { fastcgi_pass unix:/run/php.sock; }", "unix:/run/php.sock", True, False),
        ("set $app http://10.2.2.2:1; location / { proxy_pass $app; }", "10.2.2.2:1", False, False),
        ("location / { proxy_pass http://$backend; }", "$backend", None, False),
        ("location / { proxy_pass ${scheme}://10.1.1.1; }", "10.1.1.1", False, True),
        ("location / { proxy_pass $scheme://10.1.1.1; }", "10.1.1.1", False, True),
        ("location / { proxy_pass $upstream_scheme://10.1.1.1; }", "10.1.1.1", False, None),
    ],
)
def test_destinations(bench: Bench, text: str, destination: str, local: bool | None, tls: bool | None) -> None:
    (found,) = upstreams(bench, text)
    assert (found.destination, found.local, found.tls) == (destination, local, tls)


@pytest.mark.parametrize("scheme", ["http://", "https://", "$upstream_scheme://"])
@pytest.mark.parametrize("credentials", ["admin:hunter2@", "admin:hunter2@x@", "hunter2@"])
def test_credentials_are_in_no_report(bench: Bench, scheme: str, credentials: str) -> None:
    text = _SERVER.format(f"location / {{ proxy_pass {scheme}{credentials}10.0.0.7:81/a@b; }}")
    document = bench.lint(f"events {{}} http {{ {text} }}")
    (found,) = (each.facts for each in document.subjects if each.facts is not None and each.facts.upstream is not None)
    assert found.upstream is not None
    assert found.upstream.destination == "10.0.0.7:81"
    assert (found.endpoint.host, found.endpoint.port) == ("10.0.0.7:81", 81)
    assert "hunter2" not in document.model_dump_json()


def test_a_group_is_each_of_its_servers(bench: Bench) -> None:
    group = "upstream app { server 10.0.0.1:80 weight=2; server unix:/run/a.sock backup; }"
    found = upstreams(bench, "location / { proxy_pass http://app; }", group)
    assert [(each.destination, each.local) for each in found] == [("10.0.0.1:80", False), ("unix:/run/a.sock", True)]


def test_what_holds_for_the_location_counts(bench: Bench) -> None:
    found = upstreams(
        bench,
        "proxy_ssl_verify on; proxy_ssl_server_name on; location /a { proxy_pass https://a.example; } "
        "location /b { proxy_ssl_verify off; proxy_pass https://a.example; }",
    )
    assert [each.verifies for each in found] == [True, False]
    assert [each.sends_name for each in found] == [True, True]


def test_old_protocols_towards_an_upstream_fail(bench: Bench) -> None:
    text = _SERVER.format("location / { proxy_pass https://a.example;\nproxy_ssl_protocols TLSv1; }")
    document = bench.lint(f"events {{}} http {{ {text} }}")
    failing = {each.rule for each in document.subjects[1].results if each.outcome == "fail"}
    assert {"TLS-PROTO-003", "TLS-PROTO-006", "TLS-CONF-002"} <= failing


def test_each_value_of_a_map_is_an_upstream(bench: Bench) -> None:
    maps = "map $host $app { default 127.0.0.1:1; a.example 10.0.0.1:2; ~^x [::1]:3; hostnames; }"
    text = f"{maps} server {{ listen 443 ssl; location / {{ proxy_pass http://$app; }} }}"
    document = bench.lint(f"events {{}} http {{ {text} }}")
    found = {
        each.facts.upstream.destination: each.facts.upstream.local
        for each in document.subjects
        if each.facts is not None and each.facts.upstream is not None
    }
    assert found == {"127.0.0.1:1": True, "10.0.0.1:2": False, "[::1]:3": True}


def test_whom_a_mail_server_asks_gets_passwords(bench: Bench) -> None:
    text = "events {} mail { auth_http 10.0.0.1:9000/auth; server { listen 993 ssl; protocol imap; } }"
    document = bench.lint(text)
    (found,) = (each.facts.upstream for each in document.subjects if each.kind == "upstream" and each.facts)
    assert found is not None
    assert (found.destination, found.local, found.tls) == ("10.0.0.1:9000", False, False)


def test_a_snippet_for_upstreams_is_judged_by_what_it_says(bench: Bench) -> None:
    document = bench.lint("proxy_ssl_verify off;\nproxy_ssl_protocols TLSv1 TLSv1.2;\n", name="snippet.conf")
    (found,) = (each for each in document.subjects if each.kind == "upstream")
    failing = {each.rule: each.location.line for each in found.results if each.outcome == "fail" and each.location}
    assert failing == {"TLS-CONF-002": 1, "TLS-PROTO-003": 2}
