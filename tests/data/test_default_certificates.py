"""Default certificates of products."""

from __future__ import annotations

import pytest

from tlsaudit.data.default_certificates import DEFAULT_CERTIFICATES, find_default_certificate


@pytest.mark.parametrize(
    ("subject", "issuer", "product"),
    [
        ("CN=TRAEFIK DEFAULT CERT", "CN=TRAEFIK DEFAULT CERT", "Traefik"),
        ("CN=Kubernetes Ingress Controller Fake Certificate,O=Acme Co", "", "ingress-nginx"),
        ("CN=IOS-Self-Signed-Certificate-219500257", "", "Cisco IOS"),
        ("CN=www.snakeoil.dom,O=Snake Oil\\, Ltd,C=XY", "", "Apache httpd (Snake Oil)"),
        ("CN=h,OU=SomeOrganizationalUnit,O=SomeOrganization,C=--", "", "Red Hat httpd or sendmail package"),
        ("CN=ilo7", "CN=Default Issuer (Do not trust),O=Hewlett Packard Enterprise", "HPE iLO"),
    ],
)
def test_recognises_what_products_ship(subject: str, issuer: str, product: str) -> None:
    assert find_default_certificate(subject=subject, issuer=issuer, sha256="00") == product


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "CN=shop.example.com,O=Acme Co",
        "CN=Plesk Fans,O=SomeOrganization Ltd",
        "OU=TRAEFIK DEFAULT CERT",
        "CN=xCN=Plesk",
    ],
)
def test_leaves_other_certificates_alone(subject: str) -> None:
    assert find_default_certificate(subject=subject, issuer=subject, sha256="00") is None


def test_recognises_a_published_certificate_by_its_fingerprint() -> None:
    sha256 = "ab601914436e58babb17b9166155caf97bd7e5f8deb9b659bcdb66c58b49f323"
    assert find_default_certificate(subject="O=Acme Co", issuer="O=Acme Co", sha256=sha256) == "Go's net/http/httptest"


def test_every_sign_has_a_reference_and_a_known_kind() -> None:
    for default in DEFAULT_CERTIFICATES:
        assert default.reference
        assert default.where in {"subject", "issuer"}
        assert default.match in {"exact", "prefix"}
