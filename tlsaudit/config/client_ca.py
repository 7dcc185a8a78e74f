"""Whether the authorities that client certificates are verified with are those of the whole internet."""

from __future__ import annotations

from tlsaudit.config.found import Anchors
from tlsaudit.config.pem import read_certificates

_PUBLIC_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/pki/tls/certs/",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/ca-trust/",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/",
    "/etc/ca-certificates/",
)


def is_public_bundle(name: str) -> bool:
    """Whether a file, by its name, is the machine's bundle of public CAs."""
    return name.startswith(_PUBLIC_BUNDLES)


def holds_public_root(content: bytes, anchors: Anchors) -> bool:
    """Whether a root of Mozilla's store is in a file."""
    public = anchors.stores.get("mozilla")
    return public is not None and any(each in public for each in read_certificates(content).certificates)
