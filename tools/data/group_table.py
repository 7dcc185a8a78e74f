"""Named groups: IANA's registry and the drafts that were deployed before it, in a client's order."""

from __future__ import annotations

import re
from typing import Any

from tools.data.snapshots import SourceError, rows

_BEYOND_THE_REGISTRY = {
    0x11EE: "curveSM2MLKEM768",  # draft-yang-tls-hybrid-sm2-mlkem; OpenSSL 3.6
    0x4138: "CECPQ2",  # Chrome and Cloudflare 2019; X25519 with NTRU-HRSS
    0xFE30: "X25519Kyber512Draft00",  # Cloudflare before the registry, private use
    0xFE31: "X25519Kyber768Draft00Old",  # likewise
}
_FIRST = ("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "curveSM2MLKEM768", "MLKEM768", "MLKEM1024",
          "MLKEM512", "x25519", "secp256r1", "x448", "secp384r1", "secp521r1")  # fmt: skip
_TLS12_ONLY = {*range(1, 23), 26, 27, 28}
"""Not to be used at TLS 1.3 (RFC 8446 section 4.2.7, RFC 8734)."""
_TLS13_ONLY = {31, 32, 33, 41}
_FIELD_BITS = {"x25519": 255, "x448": 448, "curveSM2": 256, "cecpq2": 255}


def groups() -> list[dict[str, Any]]:
    """One record a group, the two values for explicit curves included; GREASE apart."""
    registered = {
        int(row["Value"]): (row["Description"], row["Recommended"]) for row in rows("iana-tls-parameters-8.csv")
    }
    beyond = {code: (name, None) for code, name in _BEYOND_THE_REGISTRY.items()}
    if registered.keys() & beyond.keys():
        raise SourceError("a group beyond the registry is now in it")
    table = [_row(code, *entry) for code, entry in {**registered, **beyond}.items()]
    return sorted(table, key=_preference)


def _row(code: int, description: str, recommended: str | None) -> dict[str, Any]:
    name = description.removesuffix(" (OBSOLETE)")
    kind = _kind(name)
    return {
        "code": code,
        "name": name,
        "kind": kind,
        "bits": _bits(name, kind),
        "post_quantum": kind in {"pq", "hybrid"},
        "tls12": kind in {"ec", "ff", "explicit"} and code not in _TLS13_ONLY,
        "tls13": kind != "explicit" and code not in _TLS12_ONLY,
        "recommended": recommended,
        "obsolete": description != name or code in {0x4138, 0xFE30, 0xFE31},
    }


def _kind(name: str) -> str:
    if name.startswith("arbitrary_explicit"):
        return "explicit"
    if name.startswith("ffdhe"):
        return "ff"
    if name.startswith("MLKEM"):
        return "pq"
    return "hybrid" if re.search(r"MLKEM|Kyber|CECPQ", name) else "ec"


def _bits(name: str, kind: str) -> int | None:
    """The size of the classical part: field of the curve or modulus; None where there is none."""
    if kind in {"explicit", "pq"}:
        return None
    for prefix, bits in _FIELD_BITS.items():
        if name.lower().startswith(prefix.lower()):
            return bits
    number = re.search(r"\d+", name)
    if number is None:
        raise SourceError(f"the group {name} says no size")
    return int(number[0])


def _preference(row: dict[str, Any]) -> tuple[int | bool, ...]:
    """The groups that clients send first, then strong curves, finite fields, the discouraged and the obsolete."""
    place = _FIRST.index(row["name"]) if row["name"] in _FIRST else len(_FIRST)
    return (
        row["obsolete"],
        place,
        row["recommended"] == "D",
        row["kind"] != "ec",
        -row["code"] if row["kind"] == "ec" else row["code"],
    )
