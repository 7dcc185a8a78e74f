"""Which files are the machine's bundle of public CAs, by their names."""

from __future__ import annotations

import pytest

from tlsaudit.config.client_ca import is_public_bundle


@pytest.mark.parametrize(
    ("name", "is_public"),
    [
        ("/etc/ssl/certs/ca-certificates.crt", True),
        ("/etc/pki/tls/certs/ca-bundle.crt", True),
        ("/etc/pki/tls/cert.pem", True),
        ("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", True),
        ("/etc/pki/nginx/clients-ca.crt", False),
        ("/etc/pki/CA/cacert.pem", False),
        ("/etc/ssl/clients.pem", False),
    ],
)
def test_public_bundles(name: str, is_public: bool) -> None:
    assert is_public_bundle(name) is is_public
