"""TLS libraries of servers: what each of them can be configured to do."""

from __future__ import annotations

from itertools import product

from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.wanted import Library

_TLS = frozenset({ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3})
_CLASSICAL = ("x25519", "secp256r1", "secp384r1", "secp521r1")
_ML_KEM = ("X25519MLKEM768", "SecP384r1MLKEM1024", "MLKEM1024")
_ML_KEM_FROM = (3, 5)
_AEAD = (("AES", "GCM", "AEAD"), ("CHACHA20", "POLY1305", "AEAD"))
_ANY_CBC = tuple(product(("AES", "3DES"), ("CBC",), ("SHA1", "SHA256", "SHA384")))
_AES_CBC_SHA1 = ("AES", "CBC", "SHA1")
_TLS_1_3 = frozenset({0x1301, 0x1302, 0x1303})
"""What Go and BoringSSL accept at TLS 1.3: AES-128-GCM, AES-256-GCM and ChaCha20, without a choice."""


def openssl(version: tuple[int, int]) -> Library:
    """OpenSSL from 1.1.1 on. DHE is left out, which would need parameters, and CCM, which has no users on the web."""
    return Library(
        name=f"OpenSSL {version[0]}.{version[1]}",
        versions=_TLS,
        suites=frozenset((kx, *kind) for kx in ("ECDHE", "RSA") for kind in (*_AEAD, *_ANY_CBC)),
        groups=(*(_ML_KEM if version >= _ML_KEM_FROM else ()), *_CLASSICAL),
        fixed_suites=frozenset(),
        staples=True,
        post_quantum="ML-KEM is in OpenSSL 3.5 and later",
    )


def go(name: str, *, versions: frozenset[ProtocolVersion] = _TLS, staples: bool) -> Library:
    """crypto/tls of Go 1.24 and later, in a product of this name."""
    return Library(
        name=name,
        versions=versions,
        suites=frozenset(("ECDHE", *kind) for kind in (*_AEAD, _AES_CBC_SHA1)),
        groups=("X25519MLKEM768", *_CLASSICAL),
        fixed_suites=_TLS_1_3,
        staples=staples,
        post_quantum="it has X25519MLKEM768 alone of the groups with ML-KEM",
    )


def boringssl(name: str) -> Library:
    """BoringSSL of 2025 and later, in a product of this name."""
    return Library(
        name=name,
        versions=_TLS,
        suites=frozenset((kx, *kind) for kx in ("ECDHE", "RSA") for kind in (*_AEAD[:1], _AES_CBC_SHA1))
        | {("ECDHE", *_AEAD[1])},
        groups=("X25519MLKEM768", *_CLASSICAL),
        fixed_suites=_TLS_1_3,
        staples=True,
        post_quantum="it has X25519MLKEM768 alone of the groups with ML-KEM",
    )
