"""Whose CAs may vouch for clients of a bind line."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, results


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ("ca-file clients.pem", "pass"),
        ("ca-file public.pem", "fail"),
        ("ca-file @system-ca", "fail"),
        ("ca-file /etc/ssl/ca-bundle.pem", "fail"),
        ("ca-file /usr/local/share/certs/ca-root-nss.crt", "fail"),
        ("ca-file clients.pem ca-verify-file /etc/ssl/cert.pem", "fail"),
        ("ca-file /etc/haproxy/elsewhere.pem", "not_tested"),
    ],
)
def test_public_authorities(bench: Bench, options: str, outcome: str) -> None:
    text = f"frontend www\n  bind :443 ssl crt server.pem verify required {options}\n"
    assert {each.outcome for each in results(bench.lint(text, name="haproxy.cfg"), "TLS-CONF-008")} == {outcome}
