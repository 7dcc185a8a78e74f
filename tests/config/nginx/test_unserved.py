"""Certificates on sockets that do not speak TLS."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.request

import pytest

from tests.config.linting import Bench, results
from tests.config.nginx.test_listeners import PAIR
from tests.lab.servers import Lab
from tlsaudit.model import document as doc

_REST = "server_name shop.example.com; ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM;"
_OTHER = f"server {{ listen 443 ssl; server_name shop.example.com; {PAIR} }}"


def outcomes(document: doc.Document) -> list[str]:
    return [each.outcome for each in results(document, "TLS-CONF-025")]


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        (f"server {{ listen 443; {PAIR} }}", ["fail"]),
        (f"{PAIR} server {{ listen 443; }}", ["fail"]),
        (f"server {{ listen 443 ssl; listen [::]:443; {PAIR} }}", ["pass", "fail"]),
        (f"server {{ listen 8443; {PAIR} }}", ["fail"]),
        (f"server {{ listen 80; {PAIR} }}", ["fail"]),
        (f"server {{ listen 80; listen 443; listen [::]:443; {PAIR} }}", ["fail"]),
        (f"server {{ listen 80; listen 443 ssl; {PAIR} }}", ["pass"]),
        (f"server {{ listen 80; listen [::]:80; listen 443 ssl; listen [::]:443 ssl; {PAIR} }}", ["pass"]),
        (f"server {{ listen 8080; listen 443 ssl; {PAIR} }}", ["pass"]),
        (f"{PAIR} server {{ listen 80; }} server {{ listen 443 ssl; }}", ["pass"]),
        (f"{PAIR} server {{ listen 8080; }}", []),
        ("server { listen 443; }", []),
        (f"server {{ listen 80; {PAIR} return 301 https://$host$request_uri; }}", []),
        (f"server {{ listen 80; {PAIR} location / {{ return 301 https://$host$request_uri; }} }}", []),
        (f"server {{ listen 80; server_name shop.example.com; {PAIR} }} {_OTHER}", ["pass"]),
        (f"server {{ listen 443; server_name shop.example.com; {PAIR} }} {_OTHER}", ["pass", "pass"]),
        ("server { listen 443; include /opt/tls.conf; }", ["inconclusive"]),
        (f"include /opt/*.conf; server {{ listen 443; {PAIR} }}", ["inconclusive"]),
        (f"include /opt/*.conf; server {{ listen 80; {PAIR} }}", ["inconclusive"]),
        (f"server {{ listen 443; include /opt/tls.conf; {PAIR} }}", ["inconclusive"]),
        (f"server {{ include /opt/listen.conf; {PAIR} }}", ["inconclusive"]),
        (f"{PAIR} server {{ include /opt/listen.conf; location / {{ root /srv; }} }}", ["inconclusive"]),
        ("server { include /opt/all.conf; }", ["inconclusive"]),
        (f"server {{ listen 80; {PAIR} location / {{ include /opt/away.conf; }} }}", ["inconclusive"]),
        (f"server {{ listen 80; {PAIR} include /opt/acme.conf; return 301 https://$host/; }}", []),
        ("server { include /opt/listen.conf; return 301 https://$host$request_uri; }", []),
        ("server { listen 80; include /opt/acme.conf; location / { root /srv; } }", []),
        (f"server {{ listen 443; ssl on; {PAIR} }}", ["pass"]),
    ],
)
def test_a_certificate_on_a_socket(bench: Bench, http: str, expected: list[str]) -> None:
    """`ssl` is of the socket: it is enough that one server says it of an address and port (measured with 1.22.1)."""
    document = bench.lint(f"events {{}}\nhttp {{\n{http}\n}}\n")
    assert outcomes(document) == expected
    assert document.summary.exit_code == (1 if "fail" in expected else 3 if "inconclusive" in expected else 0)


def test_nothing_else_is_said_of_such_a_socket(bench: Bench) -> None:
    document = bench.lint(f"events {{}}\nhttp {{\nserver {{\nlisten 443;\n{PAIR} {_REST}\n}}\n}}\n")
    (found,) = document.subjects
    assert (found.kind, found.name, found.status) == ("listener", "shop.example.com:443", "audited")
    assert found.location == doc.Location(file="nginx.conf", line=4)
    settled = {"TLS-CONF-025", "TLS-CIPH-018"}  # the registry discourages no suite that other rules do not name
    assert {each.outcome for each in found.results if each.rule not in settled} <= {"not_tested", "not_applicable"}


@pytest.mark.parametrize(("port", "expected"), [("443", ["inconclusive"]), ("80", ["inconclusive"])])
def test_another_file_may_say_ssl_of_the_socket(bench: Bench, port: str, expected: list[str]) -> None:
    assert outcomes(bench.lint(f"server {{ listen {port}; {PAIR} }}", name="site.conf")) == expected


_AWAY = {
    "location /old { return 301 https://other.test/; } location / { return 200; }": False,
    "location /old { return 200; } location / { return 301 https://other.test/; }": True,
    "location /.well-known/ { return 200; } location / { return 308 https://$host$request_uri; }": True,
    "if ($scheme = http) { return 301 https://$host/; } return 200;": True,
    "if ($scheme = https) { return 301 https://$host/; } return 200;": False,
    "if ($https = '') { rewrite ^ https://$host$request_uri permanent; } return 200;": True,
    "return 301 $scheme://other.test/;": False,
    "set $to https://other.test; return 302 $to/x;": True,
    "return https://other.test/;": True,
    "return 200 https://other.test/;": False,
    "rewrite ^/old https://other.test/; return 200;": False,
    "if ($host = a.test) { return 301 https://a.test/; } return 404;": True,
}
"""What a server at port 80 says, and whether it does no more than send clients to https."""


@pytest.mark.parametrize("text", _AWAY)
def test_only_what_sends_all_clients_to_https_is_meant_to_be_in_clear(bench: Bench, text: str) -> None:
    document = bench.lint(f"events {{}} http {{ server {{ listen 80; {PAIR} {text} }} }}")
    assert outcomes(document) == ([] if _AWAY[text] else ["fail"])


@pytest.mark.slow
def test_nginx_sends_away_whom_the_text_sends_away(lab: Lab) -> None:
    at = "listen 127.0.0.2:PORT; server_name"
    texts = {f"c{number}.test": text.replace("a.test", f"c{number}.test") for number, text in enumerate(_AWAY)}
    running = lab.nginx(http="".join(f"server {{ {at} {name}; {text} }}\n" for name, text in texts.items()))
    found = {}
    for name, text in zip(texts, _AWAY, strict=True):
        asked = http.client.HTTPConnection("127.0.0.2", running.port, timeout=10)
        asked.request("GET", "/", headers={"Host": name})
        answer = asked.getresponse()
        found[text] = (answer.getheader("Location") or "").startswith("https://")
        asked.close()
    assert found == _AWAY


@pytest.mark.parametrize("module", ["stream", "mail"])
def test_where_a_server_listens_may_be_said_elsewhere(bench: Bench, module: str) -> None:
    document = bench.lint(f"events {{}} {module} {{ server {{ include /opt/listen.conf; {PAIR} }} }}")
    assert (outcomes(document), document.summary.exit_code) == (["inconclusive"], 3)


@pytest.mark.slow
def test_nginx_serves_it_in_clear(lab: Lab) -> None:
    """Another socket of the same port speaks TLS, and this one does not, with the very same certificate."""
    pair = lab.pki.ecdsa
    settings = f"ssl_certificate {pair.chain}; ssl_certificate_key {pair.key};"
    running = lab.nginx(http=f"{settings} server {{ listen 127.0.0.2:PORT; return 200; }}")
    with urllib.request.urlopen(f"http://127.0.0.2:{running.port}/", timeout=10) as response:
        assert response.status == 200
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for host, speaks in (("127.0.0.1", True), ("127.0.0.2", False)):
        with socket.create_connection((host, running.port), 10) as plain:
            try:
                context.wrap_socket(plain).close()
            except ssl.SSLError:
                assert not speaks
            else:
                assert speaks


def test_tls_that_goes_through_is_none_here(bench: Bench) -> None:
    through = "server { listen 443; ssl_preread on; proxy_pass 10.0.0.1:443; }"
    document = bench.lint(f"events {{}} stream {{ {PAIR} {through} server {{ listen 127.0.0.1:8443 ssl; }} }}")
    assert outcomes(document) == ["pass"]
