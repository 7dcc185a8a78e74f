"""Whether the authorities that client certificates are verified with are those of the whole internet."""

from __future__ import annotations

from pathlib import PurePosixPath

from tlsaudit.config.found import Anchors
from tlsaudit.config.pem import read_certificates

_PUBLIC_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/pki/tls/certs/ca-bundle",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/ca-trust/extracted/",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/etc/ca-certificates/extracted/",
)
_PUBLIC_FOLDERS = frozenset(
    {
        "/etc/ssl/certs",
        "/etc/pki/tls/certs",
        "/etc/pki/ca-trust/extracted/pem",
        "/etc/pki/ca-trust/extracted/pem/directory-hash",
        "/usr/local/share/certs",
        "/etc/ca-certificates/extracted",
        "/etc/ca-certificates/extracted/cadir",
    }
)
"""Public CAs are in each of them; who names the folder takes them all, whatever private CA lies beside them."""


def is_public_bundle(name: str) -> bool:
    """Whether a file, by its name, is the machine's bundle of public CAs."""
    return name.startswith(_PUBLIC_BUNDLES)


def is_public_folder(name: str) -> bool:
    """Whether a folder, by its name, is one of the machine's with public CAs in it."""
    return str(PurePosixPath(name)) in _PUBLIC_FOLDERS


def holds_public_root(content: bytes, anchors: Anchors) -> bool:
    """Whether a root of Mozilla's store is in a file."""
    public = anchors.stores.get("mozilla")
    return public is not None and any(each in public for each in read_certificates(content).certificates)
