"""Which files are the machine's bundle of public CAs, by their names."""

from __future__ import annotations

import pytest

from tlsaudit.config.client_ca import is_public_bundle, is_public_folder


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
        ("/etc/pki/tls/certs/ca-bundle.trust.crt", True),
        ("/etc/pki/tls/certs/clients-ca.crt", False),
        ("/etc/pki/ca-trust/source/anchors/clients.pem", False),
    ],
)
def test_public_bundles(name: str, is_public: bool) -> None:
    assert is_public_bundle(name) is is_public


@pytest.mark.parametrize(
    ("name", "is_public"),
    [
        ("/etc/ssl/certs", True),
        ("/etc/ssl/certs/", True),
        ("/etc/pki/tls/certs", True),
        ("/etc/ssl/certs/clients", False),
        ("/etc/pki/tls/certs/clients", False),
        ("/etc/pki/ca-trust/source/anchors", False),
        ("certs", False),
    ],
)
def test_public_folders(name: str, is_public: bool) -> None:
    assert is_public_folder(name) is is_public
