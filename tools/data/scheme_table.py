"""Signature schemes: IANA's registry, and the hash and signature pairs of TLS 1.2 (RFC 5246 section 7.4.1.4.1)."""

from __future__ import annotations

import re
from typing import Any

from tools.data.snapshots import SourceError, cryptodatahub, rows

_DISCOURAGED_HASHES = {"md5", "sha1", "sha224"}
"""RFC 9847, TLS HashAlgorithm."""
_PAIR_HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA2_224": "sha224", "SHA2_256": "sha256", "SHA2_384": "sha384",
                "SHA2_512": "sha512"}  # fmt: skip
_PAIR_SIGNATURES = {"RSA": ("rsa", "rsa_pkcs1"), "DSS": ("dsa", "dsa"), "ECDSA": ("ecdsa", "ecdsa")}
_INTRINSIC_PAIRS = {0x0840: "gostr34102012_256", 0x0841: "gostr34102012_512"}
"""RFC 9189: hash 8 is Intrinsic."""
_FAMILIES = (
    (r"rsa_pkcs1_", "rsa_pkcs1"),
    (r"rsa_pss_", "rsa_pss"),
    (r"ecdsa_", "ecdsa"),
    (r"ed(25519|448)$", "eddsa"),
    (r"mldsa", "ml-dsa"),
    (r"slhdsa", "slh-dsa"),
    (r"sm2sig", "sm2"),
    (r"gostr", "gost"),
    (r"eccsi|iso_", "ibs"),
)
_HASHES = re.compile(r"_(md5|sha1|sha224|sha256|sha384|sha512|sm3)(?:_legacy)?$")


def schemes() -> list[dict[str, Any]]:
    """One record a scheme, by code."""
    table = {int(row["Value"], 16): _registered(row["Description"], row["Recommended"])
             for row in rows("iana-tls-signaturescheme.csv")}  # fmt: skip
    for entry in cryptodatahub("tls/hash-and-signature-algorithm.json").values():
        code = entry["code"]
        if code in range(0x0100, 0x0700) and entry["signature_algorithm"] in _PAIR_SIGNATURES:
            table.setdefault(code, _pair(entry))
        elif entry["signature_algorithm"] == "SLHDSA" and code in range(0x0900, 0x0A00):
            table.setdefault(code, _stateless(entry["_code_in_hex"], code))
    for code, name in _INTRINSIC_PAIRS.items():
        table[code] = {"name": name, "algorithm": "gost", "hash": None, "recommended": "N"}
    return [
        {
            "code": code,
            "name": entry["name"],
            "algorithm": entry["algorithm"],
            "hash": entry["hash"],
            "recommended": entry["recommended"],
        }
        for code, entry in sorted(table.items())
    ]


def _registered(name: str, recommended: str) -> dict[str, Any]:
    digest = _HASHES.search(name)
    algorithm = next((family for pattern, family in _FAMILIES if re.match(pattern, name)), None)
    if algorithm is None:
        raise SourceError(f"the signature scheme {name} is of no known family")
    return {
        "name": name,
        "algorithm": algorithm,
        "hash": digest[1] if digest else None,
        "recommended": recommended,
    }


def _pair(entry: dict[str, Any]) -> dict[str, Any]:
    digest = _PAIR_HASHES[entry["hash_algorithm"]]
    label, algorithm = _PAIR_SIGNATURES[entry["signature_algorithm"]]
    return {
        "name": f"{label}_{digest}",
        "algorithm": algorithm,
        "hash": digest,
        "recommended": "D" if digest in _DISCOURAGED_HASHES else "N",
    }


_STATELESS = ("sha2_128s", "sha2_128f", "sha2_192s", "sha2_192f", "sha2_256s", "sha2_256f", "shake_128s", "shake_128f",
              "shake_192s", "shake_192f", "shake_256s", "shake_256f")  # fmt: skip


def _stateless(shown: str, code: int) -> dict[str, Any]:
    """draft-reddy-tls-slhdsa: 0x0911 to 0x091C in this order."""
    if not 0x0911 <= code <= 0x091C:
        raise SourceError(f"SLH-DSA at {shown} is not of the draft")
    return {
        "name": f"slhdsa_{_STATELESS[code - 0x0911]}",
        "algorithm": "slh-dsa",
        "hash": None,
        "recommended": None,
    }
