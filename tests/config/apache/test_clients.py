"""Whose CAs may vouch for clients: those of a file and those of a folder, which both count."""

from __future__ import annotations

import pytest

from tests.config.linting import Bench, listener

_HOST = """Listen 443
<VirtualHost *:443>
ServerName shop.example.com
SSLEngine on
SSLCertificateFile server.pem
SSLCertificateKeyFile server.key
SSLVerifyClient require
%s
</VirtualHost>
"""
_OWN = "SSLCACertificateFile clients.pem\n"


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        (_OWN, "pass"),
        ("SSLCACertificateFile public.pem", "fail"),
        ("SSLCACertificatePath /etc/ssl/certs/", "fail"),
        (f"{_OWN}SSLCACertificatePath /etc/ssl/certs", "fail"),
        (f"{_OWN}SSLCACertificatePath /etc/pki/tls/certs", "fail"),
        (f"{_OWN}SSLCACertificatePath ${{CAS}}", "inconclusive"),
        (f"{_OWN}SSLCACertificatePath ca.d", "inconclusive"),
        ("SSLCACertificatePath ca.d", "inconclusive"),
        ("SSLCACertificateFile public.pem\nSSLCACertificatePath ${CAS}", "fail"),
        ("", "not_tested"),
    ],
)
def test_public_authorities(bench: Bench, settings: str, outcome: str) -> None:
    found = listener(bench.lint(_HOST % settings, name="httpd.conf"))
    (result,) = [each for each in found.results if each.rule == "TLS-CONF-008"]
    assert result.outcome == outcome


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "neither a CRL nor OCSP"),
        ("SSLCARevocationPath crls", "SSLCARevocationPath is set, and SSLCARevocationCheck"),
        ("SSLCARevocationFile clients.crl\nSSLCARevocationCheck none", "says none"),
        ("SSLCARevocationFile clients.crl\nSSLCARevocationCheck leaf", None),
    ],
)
def test_what_lacks_for_revocation_is_said(bench: Bench, settings: str, said: str | None) -> None:
    found = listener(bench.lint(_HOST % f"{_OWN}{settings}", name="httpd.conf"))
    (result,) = [each for each in found.results if each.rule == "TLS-CONF-009"]
    assert (result.outcome, said in result.observed if said else True) == ("fail" if said else "pass", True)
