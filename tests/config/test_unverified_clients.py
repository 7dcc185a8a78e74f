"""Client certificates that are asked for and not verified, where client authentication was declared: every system."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, results
from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.limits import Expectation

_NGINX = (
    "events {} http { server { listen 443 ssl; ssl_certificate server.pem; ssl_certificate_key server.key; "
    "ssl_client_certificate clients.pem; ssl_verify_client %s; } }"
)
_APACHE = (
    "Listen 443\n<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile server.pem\nSSLCertificateKeyFile server.key\n"
    "SSLCACertificateFile clients.pem\nSSLVerifyClient %s\n</VirtualHost>\n"
)
_HAPROXY = "frontend www\n  mode http\n  bind :443 ssl crt server.pem ca-file clients.pem verify %s\n"
_SYSTEMS = {"nginx.conf": _NGINX, "httpd.conf": _APACHE, "haproxy.cfg": _HAPROXY}


@pytest.mark.parametrize(
    ("name", "word", "outcome"),
    [
        ("nginx.conf", "optional_no_ca", "fail"),
        ("nginx.conf", "optional", "pass"),
        ("nginx.conf", "on", "pass"),
        ("nginx.conf", "off", "not_applicable"),
        ("httpd.conf", "optional_no_ca", "fail"),
        ("httpd.conf", "optional", "pass"),
        ("httpd.conf", "require", "pass"),
        ("haproxy.cfg", "optional crt-ignore-err all ca-ignore-err all", "fail"),
        ("haproxy.cfg", "optional", "pass"),
    ],
)
@pytest.mark.parametrize("declared", [ClientAuthMode.OPTIONAL, ClientAuthMode.REQUIRED, None])
def test_what_is_not_verified(
    bench: Bench, name: str, word: str, outcome: str, declared: ClientAuthMode | None
) -> None:
    document = bench.lint(_SYSTEMS[name] % word, name=name, expect=Expectation(client_auth=declared))
    (found,) = results(document, "TLS-MTLS-003")
    expected = outcome if declared or outcome == "not_applicable" else "not_tested"
    assert found.outcome == expected
    if expected == "fail":
        assert found.location is not None
        assert document.summary.exit_code == 1
