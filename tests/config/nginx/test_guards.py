"""Client certificates that are asked for by conditions of the configuration, read and asked of nginx itself."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.config.linting import Bench, listener, results
from tests.lab.pki import write_private
from tests.lab.servers import Lab
from tlsaudit.demo import mint
from tlsaudit.model import document as doc
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation

_MAP = "map $ssl_client_verify $deny { default 1; SUCCESS 0; }"
_UNLESS = "if ($ssl_client_verify != SUCCESS) { return 403; }"
_IN_ALL = f"location / {{ {_UNLESS} return 200; }} location /a {{ {_UNLESS} return 200; }}"
PASS, FAIL, OPEN = "pass", "fail", "inconclusive"
_OPTIONAL = {
    _UNLESS: PASS,
    'if ($ssl_client_verify !~ "^SUCCESS$") { return 496; }': PASS,
    "if ($ssl_client_verify = NONE) { return 403; }": PASS,
    "if ($ssl_client_verify ~ none) { return 403; }": FAIL,
    "if ($ssl_client_verify ~* none) { return 403; }": PASS,
    'if ($ssl_client_s_dn !~ "CN=ops") { return 403; }': PASS,
    'if ($ssl_client_s_dn = "") { return 403; }': PASS,
    "if ($ssl_client_verify = FAILED) { return 403; }": FAIL,
    "if ($ssl_client_verify != SUCCESS) { return 302 https://login.test/; }": PASS,
    "if ($ssl_client_verify != SUCCESS) { rewrite ^ https://login.test/ redirect; }": OPEN,
    "if ($ssl_client_verify != SUCCESS) { return 200; }": OPEN,
    f"{_UNLESS} error_page 403 = @app; location @app {{ return 200; }}": OPEN,
    f"{_UNLESS} error_page 403 /403.html;": PASS,
    "set $deny 1; if ($ssl_client_verify = SUCCESS) { set $deny 0; } if ($deny) { return 403; }": PASS,
    "if ($ssl_client_verify != SUCCESS) { set $bad A; } if ($uri ~ ^/x) { set $bad ${bad}B; } "
    "if ($bad = AB) { return 403; }": FAIL,
    f"if ($request_method = OPTIONS) {{ return 204; }} {_UNLESS}": OPEN,
    f"rewrite ^/x /y last; {_UNLESS}": OPEN,
    f"break; {_UNLESS}": FAIL,
    _IN_ALL: PASS,
    f"{_IN_ALL} location = /50x.html {{ internal; }} location @x {{ return 200; }}": PASS,
    f"{_IN_ALL} location /open {{ return 200; }}": OPEN,
    f"location / {{ {_UNLESS} location /b {{ return 200; }} return 200; }}": OPEN,
    f"location /a {{ {_UNLESS} return 200; }}": OPEN,
    f"location / {{ break; {_UNLESS} return 200; }}": FAIL,
    "location / { return 301 https://other.test/; }": FAIL,
    "proxy_set_header X-Verify $ssl_client_verify;": FAIL,
    "include /opt/more.conf; if ($ssl_client_verify != SUCCESS) { return 403; }": OPEN,
    "if ($deny) { return 403; }": PASS,
    "if ($deny = 0) { return 403; }": OPEN,
    "if ($nothing) { return 403; }": FAIL,
}
"""Behind ssl_verify_client optional: what it says, and what is said of it where certificates have to be required."""
_ANYBODY = {_UNLESS: PASS, "if ($ssl_client_verify = NONE) { return 403; }": FAIL, "if ($deny) { return 403; }": PASS}
"""Behind optional_no_ca, which lets every certificate in."""


def lint(bench: Bench, mode: str, text: str, maps: str = _MAP) -> doc.Document:
    whole = (
        f"events {{}} http {{ {maps} server {{ listen 443 ssl; server_name shop.example.com; "
        "ssl_certificate server.pem; ssl_certificate_key server.key; ssl_ciphers ECDHE+AESGCM; "
        f"ssl_verify_client {mode}; ssl_client_certificate clients.pem; "
        f"add_header Strict-Transport-Security max-age=63072000 always; {text} }} }}"
    )
    return bench.lint(whole, expect=Expectation(client_auth=ClientAuthMode.REQUIRED))


@pytest.mark.parametrize("text", _OPTIONAL)
def test_conditions_behind_optional(bench: Bench, text: str) -> None:
    document = lint(bench, "optional", text)
    assert [each.outcome for each in results(document, "TLS-MTLS-002")] == [_OPTIONAL[text]]
    assert document.summary.exit_code == {PASS: 0, FAIL: 1, OPEN: 3}[_OPTIONAL[text]]
    if _OPTIONAL[text] == PASS:
        facts = listener(document).facts
        assert facts is not None
        assert facts.client_auth.enforced_by == "application"


@pytest.mark.parametrize("text", _ANYBODY)
def test_conditions_where_certificates_are_not_verified(bench: Bench, text: str) -> None:
    document = lint(bench, "optional_no_ca", text)
    outcomes = {each.outcome for rule in ("TLS-MTLS-002", "TLS-MTLS-003") for each in results(document, rule)}
    assert outcomes == {_ANYBODY[text]}


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ("default 1; SUCCESS 0;", PASS),
        ("default 1; success 0;", PASS),
        ("default 0; NONE 1;", PASS),
        ("default 0; none 1;", PASS),
        ("default 0; ~none 1;", FAIL),
        ("default 0; ~*none 1;", PASS),
        ("NONE 1;", PASS),
        ("default 1; ~(?<=x) 0;", FAIL),
        ("default $x; SUCCESS 0;", OPEN),
        ("include /opt/map.conf; default 1; SUCCESS 0;", FAIL),
        ("default 0; SUCCESS 1;", OPEN),
    ],
)
def test_a_map_is_looked_up_as_nginx_does(bench: Bench, entries: str, outcome: str) -> None:
    document = lint(bench, "optional", "if ($deny) { return 403; }", f"map $ssl_client_verify $deny {{ {entries} }}")
    assert [each.outcome for each in results(document, "TLS-MTLS-002")] == [outcome]


@pytest.mark.parametrize(
    "text",
    [
        "if ($deny) { return 403; } " * 3000,
        " ".join(f"location /{number} {{ {_UNLESS} }}" for number in range(3000)),
        " ".join(f"if ($v{number}) {{ set $w{number} $v{number}$v{number}; }}" for number in range(3000)),
    ],
)
def test_long_files_are_read_in_bounded_time(bench: Bench, text: str) -> None:
    maps = _MAP + " ".join(f"map $v{number} $v{number + 1} {{ default $v{number}; }}" for number in range(200))
    assert lint(bench, "optional", text, maps).subjects


def statuses(port: int, paths: tuple[str, ...], foreign: Path | None) -> set[int]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if foreign is not None:
        context.load_cert_chain(foreign)
    found = set()
    for path in paths:
        asked = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        asked.request("GET", path, headers={"Host": "localhost"})
        found.add(asked.getresponse().status)
        asked.close()
    return found


_LIVE = [
    *(("optional", text, PASS) for text, found in _OPTIONAL.items() if found == PASS and "location / " not in text),
    *(("optional", text, FAIL) for text, found in _OPTIONAL.items() if found == FAIL and "location / " not in text),
    *(("optional_no_ca", text, found) for text, found in _ANYBODY.items()),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "text", "expected"), [each for each in _LIVE if "$nothing" not in each[1]])
def test_nginx_refuses_so(lab: Lab, tmp_path: Path, mode: str, text: str, expected: str) -> None:
    leaf = mint.Authority.root("Foreign").issue("c.test", purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    foreign = write_private(tmp_path / "foreign.pem", leaf.chain_pem() + leaf.key_pem())
    settings = f"ssl_verify_client {mode}; ssl_client_certificate {lab.pki.client_ca_file};"
    running = lab.nginx(f"{settings} {text}", http=_MAP)
    found = statuses(running.port, ("/", "/a"), foreign if mode == "optional_no_ca" else None)
    assert (min(found) >= 300) is (expected == PASS)


_CLEAR = {
    "listen 8080; location / { proxy_pass http://127.0.0.1:1; }": FAIL,
    "listen 80; root /srv;": FAIL,
    "listen 80; return 301 https://$host$request_uri;": PASS,
    "listen 80; if ($scheme = http) { return 301 https://$host$request_uri; } root /srv;": PASS,
    "listen 80; if ($https = '') { return 403; } root /srv;": PASS,
    f"listen 80; {_UNLESS} root /srv;": PASS,
    "listen 80; location /a { return 301 https://$host/; } location / { root /srv; }": OPEN,
    "listen 127.0.0.1:8080; root /srv;": PASS,
    "listen unix:/run/a.sock; root /srv;": PASS,
}
"""A server that requires certificates over TLS and listens in clear as well."""


@pytest.mark.parametrize("text", _CLEAR)
@pytest.mark.parametrize("mode", ["on", "optional"])
def test_the_same_server_in_clear(bench: Bench, mode: str, text: str) -> None:
    asked = "" if mode == "on" else "if ($ssl_client_verify = NONE) { return 403; }"
    document = lint(bench, mode, f"{asked} {text}")
    assert [each.outcome for each in results(document, "TLS-MTLS-016")] == [_CLEAR[text]]
    if mode == "on":
        assert document.summary.exit_code == {PASS: 0, FAIL: 1, OPEN: 3}[_CLEAR[text]]
