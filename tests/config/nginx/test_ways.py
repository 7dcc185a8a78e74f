"""Strict-Transport-Security for `/` as it is really sent: what is read from the text, and what Debian's nginx does."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass

import pytest

from tests.config.linting import Bench, results
from tests.config.nginx.test_listeners import PAIR
from tests.config.static_and_live import here
from tests.lab.pki import LabPki
from tests.lab.servers import Lab
from tlsaudit.app import load_anchors
from tlsaudit.config.read import parse_assumptions
from tlsaudit.linting import LintOptions, lint
from tlsaudit.model import document as doc
from tlsaudit.policy import load_policy

H = "add_header Strict-Transport-Security max-age=9 always;"
X = "add_header X-Other 1;"


@dataclass(frozen=True, slots=True)
class Case:
    """Directives of a server that sends the field; whether `/` gets it: None where more than the text decides."""

    text: str
    sent: bool | None


CASES = (
    Case("location / { }", True),
    Case(f"location / {{ {X} }}", False),
    Case(f"location / {{ if ($http_x = '') {{ {X} }} }}", None),
    Case(f"location / {{ if ($scheme = https) {{ {X} }} }}", False),
    Case(f"location / {{ if ($scheme = http) {{ {X} }} }}", True),
    Case(f"location / {{ if ($scheme != https) {{ {X} }} }}", True),
    Case(f"location / {{ if ($request_method ~ ^(POST|PUT)$) {{ {X} }} }}", True),
    Case(f"location / {{ if ($request_method !~ ^(GET|HEAD)$) {{ {X} return 405; }} }}", True),
    Case(f"location / {{ if ($http_x) {{ {X} return 403; }} }}", True),
    Case("location / { if ($http_x = '') { set $a 1; } }", True),
    Case(f"location / {{ {X} if ($http_x = '') {{ {H} }} }}", None),
    Case(f"if ($scheme = http) {{ return 301 https://$host/; }} location / {{ {X} }}", False),
    Case("if ($host = www.shop.test) { return 301 https://shop.test/; } location / { }", True),
    Case(f"return 302 /q; location / {{ {X} }}", True),
    Case(f"location / {{ return 200; if ($http_x = '') {{ {X} return 201; }} }}", True),
    Case(f"rewrite ^/$ /x last; location /x {{ {X} return 200; }} location / {{ }}", False),
    Case(f"rewrite ^/$ /x; location /x {{ {X} return 200; }} location / {{ }}", False),
    Case(f"rewrite ^/y /x last; location /x {{ {X} return 200; }} location / {{ }}", True),
    Case(f"location / {{ rewrite ^ /x last; }} location /x {{ {X} return 200; }}", False),
    Case(f"location / {{ rewrite ^ /x break; }} location /x {{ {X} return 200; }}", True),
    Case(f"location / {{ rewrite ^/$ /w permanent; }} location /w {{ {X} }}", True),
    Case(f"location / {{ rewrite ^/$ https://other.test/; {X} }}", False),
    Case(f"location / {{ rewrite ^(.*)$ /$arg_a last; }} location /x {{ {X} }}", None),
    Case(f"location / {{ rewrite ^(.*)$ /x?$arg_a last; }} location /x {{ {X} return 200; }}", False),
    Case(f"location = /index.html {{ {X} }}", False),
    Case(f"location / {{ }} location ~ html$ {{ {X} }}", False),
    Case(f"location / {{ }} location ~* \\.(css|js)$ {{ {X} }}", True),
    Case(f"location / {{ }} location ~ \\.HTML$ {{ {X} }}", True),
    Case(f"location / {{ }} location ~* \\.HTML$ {{ {X} }}", False),
    Case(f"location / {{ }} location ~ (?i)\\.HTML$ {{ {X} }}", False),
    Case(f"location / {{ }} location ~ \\.[A-Z]+$ {{ {X} }}", True),
    Case(f"location / {{ rewrite ^/INDEX /x last; }} location /x {{ {X} return 200; }}", True),
    Case(f"location / {{ if ($request_method ~ get) {{ {X} }} }}", True),
    Case(f"location / {{ if ($request_method ~* get) {{ {X} }} }}", False),
    Case(f"location / {{ index start.htm index.html; }} location ~ html$ {{ {X} }}", None),
    Case(f"location / {{ index /x; }} location /x {{ {X} return 200; }}", False),
    Case(f"location / {{ {X} location ~ html {{ {H} }} }}", True),
    Case(f"location / {{ try_files $uri @x; }} location @x {{ {X} return 200; }}", False),
    Case(f"location / {{ try_files $uri $uri/ @x; }} location @x {{ {X} return 200; }}", None),
    Case(f"location / {{ try_files /none /x; }} location /x {{ {X} return 200; }}", None),
    Case(f"location / {{ try_files $uri $uri/ =404; }} location ~ html {{ {X} }}", False),
    Case("location / { try_files $uri $uri/ /index.html; }", True),
    Case(f"location / {{ try_files $uri $uri/ /index.html; }} location = /index.html {{ {X} }}", False),
    Case("location / { try_files $uri $uri/ /index.php?$query_string; } location ~ \\.php$ { return 200; }", True),
    Case(f"location / {{ auth_request /a; }} location /a {{ {X} return 200; }}", True),
    Case(f"location ^~ / {{ }} location ~ html {{ {X} }}", True),
    Case(f"location /index {{ location ~ html$ {{ {X} }} }} location / {{ }}", False),
)


def field(subject: doc.Subject) -> bool | None:
    """Whether the file says that `/` gets the field."""
    assert subject.facts is not None
    return None if "http" in subject.unknown else subject.facts.http.hsts is not None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_the_text_says(bench: Bench, case: Case) -> None:
    document = bench.lint(f"events {{}}\nhttp {{\nserver {{\nlisten 443 ssl;\n{PAIR} {H}\n{case.text}\n}}\n}}\n")
    found = next(each for each in document.subjects if each.kind == "listener")
    assert field(found) is case.sent
    (missing,) = results(document, "TLS-HTTP-001")
    assert missing.outcome == {True: "pass", False: "fail", None: "inconclusive"}[case.sent]


def test_the_place_is_named(bench: Bench) -> None:
    text = f"{H}\nlocation / {{\nif ($http_x) {{\n{X}\n}}\n}}"
    document = bench.lint(f"events {{}}\nhttp {{\nserver {{\nlisten 443 ssl;\n{PAIR}\n{text}\n}}\n}}\n")
    (found,) = document.subjects
    assert "in the block at nginx.conf:8" in found.unknown["http"].detail
    (lost,) = results(document, "TLS-CONF-016")
    assert lost.location is not None
    assert (lost.outcome, lost.location.line) == ("fail", 9)


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"if ($a{number}) {{ {X} rewrite ^ /{number}; }} " for number in range(200)),
        "".join(f"location /{number} {{ rewrite ^ /{number + 1} last; }} " for number in range(200))
        + "location / { rewrite ^ /0 last; }",
        "location / { rewrite ^ /x last; } location /x { rewrite ^ / last; }",
        "location / { try_files /a /; }",
        "location / { "
        + "if ($a) { rewrite (?<=x) /a; rewrite (?<=x) /b; rewrite (?<=x) /c; " * 20
        + "return 200; "
        + "} " * 20
        + "}",
        "location / { index " + " ".join(f"i{number}" for number in range(500)) + "; }",
    ],
)
def test_ways_are_bounded(bench: Bench, text: str) -> None:
    document = bench.lint(
        f"events {{}}\nhttp {{\nserver {{\nlisten 443 ssl;\n{PAIR} {H}\nlocation / {{ }}\n{text}\n}}\n}}\n"
    )
    assert all(each.status == "audited" for each in document.subjects)


def answer(port: int, name: str) -> bool:
    """Whether GET / gets the field."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        tls.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        response = http.client.HTTPResponse(tls)
        response.begin()
        return response.getheader("Strict-Transport-Security") is not None


@pytest.mark.slow
def test_nginx_does_the_same(lab: Lab, lab_pki: LabPki) -> None:
    pair = here(lab, lab.pki.ecdsa)
    root = lab.directory / "html"
    root.mkdir()
    (root / "index.html").write_text("hello\n")
    head = f"listen 127.0.0.1:PORT ssl; root {root}; ssl_certificate {pair.chain}; ssl_certificate_key {pair.key}; {H}"
    servers = "".join(f"server {{ {head} server_name c{n}.test; {each.text} }}\n" for n, each in enumerate(CASES))
    running = lab.nginx(http=servers, certificates=[pair])
    options = LintOptions(
        policy=load_policy("owasp"),
        anchors=load_anchors(lab_pki.root_file),
        assume=parse_assumptions("nginx=1.22,openssl=3.0"),
    )
    static = {each.name: each for each in lint([lab.directory], options).document.subjects}
    found = {each.text: field(static[f"c{n}.test:{running.port}"]) for n, each in enumerate(CASES)}
    assert found == {each.text: each.sent for each in CASES}
    live = {each.text: answer(running.port, f"c{n}.test") for n, each in enumerate(CASES) if each.sent is not None}
    assert live == {each.text: each.sent for each in CASES if each.sent is not None}
