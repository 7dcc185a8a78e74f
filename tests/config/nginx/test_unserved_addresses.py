"""Addresses in clear of a port at which TLS is meant."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, results

_PAIR = "ssl_certificate server.pem; ssl_certificate_key server.key;"
_TLS = f"server {{ listen 9443 ssl; {_PAIR} }}"


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        (f"server {{ listen 192.0.2.1:9443 ssl; listen [::1]:9443; {_PAIR} }}", {"fail", "pass"}),
        (f"{_TLS} server {{ listen 127.0.0.1:9443; return 200; }}", {"fail", "pass"}),
        (f"{_TLS} server {{ listen 127.0.0.1:9080; return 200; }}", {"pass"}),
        (f"{_TLS} server {{ listen 9443; return 200; }}", {"pass"}),
        (f"{_PAIR} server {{ listen 9443; return 200; }}", {"fail"}),
        (f"{_PAIR} server {{ listen 8080; return 200; }}", set()),
        ("server { listen 8443; return 200; }", set()),
        (f"{_TLS} server {{ listen 127.0.0.1:9443; include /opt/tls.conf; return 200; }}", {"inconclusive", "pass"}),
    ],
)
def test_an_address_in_clear_where_tls_is_meant(bench: Bench, text: str, outcomes: set[str]) -> None:
    document = bench.lint(f"events {{}} http {{ {text} }}")
    assert {each.outcome for each in results(document, "TLS-CONF-025")} == outcomes
