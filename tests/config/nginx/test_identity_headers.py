"""Headers about the client's certificate: what lets a client send them himself, and what may."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, results

_SERVER = """events {} http { %s
server { listen 443 ssl; ssl_certificate server.pem; ssl_certificate_key server.key;
ssl_client_certificate clients.pem; ssl_verify_client optional; %s } }"""
_SET = "proxy_set_header X-DN $ssl_client_s_dn;"
_PASS = "proxy_pass http://127.0.0.1:8080;"


@pytest.mark.parametrize(
    ("server", "around", "outcome"),
    [
        (f"location / {{ {_PASS} {_SET} }}", "", "pass"),
        (f"location / {{ {_PASS} {_SET} }} location /x {{ {_PASS} }}", "", "fail"),
        (f"location / {{ {_PASS} include snippets/x.conf; }}", "", "inconclusive"),
        (f"include snippets/x.conf; location / {{ {_PASS} }}", "", "inconclusive"),
        (f"location / {{ {_PASS} }}", "include snippets/x.conf;", "inconclusive"),
        (f"location / {{ {_PASS} {_SET} }} location /x {{ {_PASS} include snippets/x.conf; }}", "", "inconclusive"),
        (f"location / {{ {_PASS} {_SET} }} location /x {{ location /x/y {{ include x.conf; }} }}", "", "inconclusive"),
        (
            f"include x.conf; location / {{ {_PASS} {_SET} }} location /x {{ {_PASS} proxy_set_header A 1; }}",
            "",
            "fail",
        ),
        (f"location / {{ {_PASS} {_SET} include here.conf; }}", "", "pass"),
    ],
)
def test_who_can_forge_it(bench: Bench, server: str, around: str, outcome: str) -> None:
    (bench.folder / "here.conf").write_text("proxy_http_version 1.1;")
    document = bench.lint(_SERVER % (around, server))
    assert {each.outcome for each in results(document, "TLS-CONF-010")} == {outcome}
