"""The names of groups, cipher suites, keys and signatures as algorithms of a CycloneDX 1.7 bill of materials.

Families and curves are those of CycloneDX's cryptography registry. A name that is not recognised is listed as it is,
its primitive `unknown`: nothing is guessed. `nistQuantumSecurityLevel` 0: a quantum computer breaks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tlsaudit.model.document import Key

_CURVES: Final = {
    "x25519": ("other/Curve25519", 128),
    "x448": ("other/Curve448", 224),
    "ed25519": ("other/Ed25519", 128),
    "ed448": ("other/Ed448", 224),
    "secp192r1": ("secg/secp192r1", 96),
    "secp224r1": ("secg/secp224r1", 112),
    "secp256k1": ("secg/secp256k1", 128),
    "secp256r1": ("secg/secp256r1", 128),
    "secp384r1": ("secg/secp384r1", 192),
    "secp521r1": ("secg/secp521r1", 256),
}
"""Curves by their TLS or OpenSSL name, with the bits of security against classical attacks (SP 800-57 part 1)."""

_ML_KEM: Final = {"512": 1, "768": 3, "1024": 5}
_ML_DSA: Final = {"44": 2, "65": 3, "87": 5}
"""NIST's categories of security (FIPS 203, FIPS 204)."""

_CIPHERS: Final = (
    (re.compile(r"AES_(128|256)_GCM"), "AES", "ae", "gcm"),
    (re.compile(r"AES_(128|256)_CCM(?:_8)?"), "AES", "ae", "ccm"),
    (re.compile(r"AES_(128|256)_CBC"), "AES", "block-cipher", "cbc"),
    (re.compile(r"CHACHA20_POLY1305()"), "ChaCha20", "ae", None),
    (re.compile(r"3DES_EDE_CBC()"), "3DES", "block-cipher", "cbc"),
    (re.compile(r"DES(?:40)?_CBC()(?:_40)?"), "DES", "block-cipher", "cbc"),
    (re.compile(r"RC4_(40|128)"), "RC4", "stream-cipher", None),
    (re.compile(r"RC2_CBC_(40)"), "RC2", "block-cipher", "cbc"),
    (re.compile(r"IDEA_CBC()"), "IDEA", "block-cipher", "cbc"),
    (re.compile(r"SEED_CBC()"), "SEED", "block-cipher", "cbc"),
    (re.compile(r"CAMELLIA_(128|256)_GCM"), "CAMELLIA", "ae", "gcm"),
    (re.compile(r"CAMELLIA_(128|256)_CBC"), "CAMELLIA", "block-cipher", "cbc"),
    (re.compile(r"ARIA_(128|256)_GCM"), "ARIA", "ae", "gcm"),
    (re.compile(r"ARIA_(128|256)_CBC"), "ARIA", "block-cipher", "cbc"),
)
_HASHES: Final = {"MD5": ("MD5", None), "SHA": ("SHA-1", None), "SHA256": ("SHA-2", "256"), "SHA384": ("SHA-2", "384")}
_HYBRID: Final = re.compile(r"(?:X25519|X448|SecP\d+r1)MLKEM(512|768|1024)")
_SIGNATURES: Final = (
    (re.compile(r"pss", re.IGNORECASE), "RSASSA-PSS"),
    (re.compile(r"rsa", re.IGNORECASE), "RSASSA-PKCS1"),
    (re.compile(r"ecdsa", re.IGNORECASE), "ECDSA"),
    (re.compile(r"ed25519|ed448", re.IGNORECASE), "EdDSA"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """An algorithm by the name under which it is listed, and its `algorithmProperties`."""

    name: str
    properties: dict[str, Any]


def of_group(name: str) -> Algorithm:
    """The key agreement or key encapsulation of a named group."""
    if found := _HYBRID.fullmatch(name):
        level = _ML_KEM[found[1]]
        return _algorithm(name, "combiner", parameterSetIdentifier=found[1], nistQuantumSecurityLevel=level)
    if found := re.fullmatch(r"MLKEM(512|768|1024)", name):
        level = _ML_KEM[found[1]]
        return _algorithm(
            name, "kem", algorithmFamily="ML-KEM", parameterSetIdentifier=found[1], nistQuantumSecurityLevel=level
        )
    if found := re.fullmatch(r"ffdhe(\d{4})", name):
        return _algorithm(
            name, "key-agree", algorithmFamily="FFDH", parameterSetIdentifier=found[1], nistQuantumSecurityLevel=0
        )
    if name in _CURVES:
        return _algorithm(name, "key-agree", algorithmFamily="ECDH", **_curve(name))
    return _algorithm(name, "unknown")


def of_suite(name: str) -> Iterator[Algorithm]:
    """The cipher and the hash of a cipher suite, by its IANA name; nothing for what is not recognised."""
    tail = name.partition("_WITH_")[2] or name.removeprefix("TLS_")
    cipher, _, digest = tail.rpartition("_")
    for pattern, family, primitive, mode in _CIPHERS:
        if found := pattern.fullmatch(cipher):
            told: dict[str, Any] = {"algorithmFamily": family}
            told |= {"parameterSetIdentifier": found[1]} if found[1] else {}
            told |= {"mode": mode} if mode else {}
            yield _algorithm(cipher.replace("_", "-"), primitive, **told)
    if digest in _HASHES:
        family, size = _HASHES[digest]
        label = f"SHA-{size}" if size else family
        yield _algorithm(
            label, "hash", algorithmFamily=family, **({"parameterSetIdentifier": size} if size is not None else {})
        )


def of_key(key: Key) -> Algorithm:
    """What a public key is for, by its type and size."""
    if key.type == "rsa":
        # For signatures and encryption alike: no family of the registry says both.
        return _algorithm(f"RSA-{key.bits}", "other", parameterSetIdentifier=str(key.bits), nistQuantumSecurityLevel=0)
    if key.type == "ec" and key.curve:
        return _algorithm(f"ECDSA-{key.curve}", "signature", algorithmFamily="ECDSA", **_curve(key.curve))
    return of_signature(key.type)


def of_signature(name: str) -> Algorithm:
    """A signature algorithm by the name that a certificate report gives it."""
    if found := re.search(r"ml-?dsa-?(44|65|87)", name, re.IGNORECASE):
        level = _ML_DSA[found[1]]
        return _algorithm(
            name, "signature", algorithmFamily="ML-DSA", parameterSetIdentifier=found[1], nistQuantumSecurityLevel=level
        )
    for pattern, family in _SIGNATURES:
        if pattern.search(name):
            return _algorithm(name, "signature", algorithmFamily=family, nistQuantumSecurityLevel=0)
    return _algorithm(name or "unknown", "unknown")


def _curve(name: str) -> dict[str, Any]:
    if name not in _CURVES:
        return {"nistQuantumSecurityLevel": 0}
    curve, bits = _CURVES[name]
    return {"ellipticCurve": curve, "classicalSecurityLevel": bits, "nistQuantumSecurityLevel": 0}


def _algorithm(name: str, primitive: str, **properties: Any) -> Algorithm:
    return Algorithm(name=name, properties={"primitive": primitive, **properties})
