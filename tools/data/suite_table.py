"""Cipher suites: two sources merged cell by cell, in the order in which a client should offer them."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from tools.data.algorithms import TLS13, Algorithms, from_cryptodatahub, from_name, from_rusticata
from tools.data.corrections import CORRECTIONS
from tools.data.snapshots import SourceError, cryptodatahub, rows, snapshot

SCSV = {0x00FF, 0x5600}
PSK_FAMILY = {"PSK", "DHE_PSK", "ECDHE_PSK", "RSA_PSK"}
EPHEMERAL = {"DHE", "ECDHE", "DHE_PSK", "ECDHE_PSK", "ECCPWD", "CECPQ1", "SM9DHE", TLS13}
CERTIFICATE_AUTH = {"RSA", "ECDSA", "DSS"}
REGISTERED_GOST = range(0xC100, 0xC107)
"""RFC 9189 and RFC 9367; younger than rusticata's table."""
UNREGISTERED = range(0x0060, 0x0067)
"""draft-ietf-tls-56-bit-ciphersuites: rusticata has them, IANA has not."""
_BLOCK_BITS = {"3DES": 64, "DES": 64, "DES40": 64, "RC2": 64, "IDEA": 64, "SKIPJACK": 64, "GOST89": 64, "MAGMA": 64,
               "AES": 128, "CAMELLIA": 128, "ARIA": 128, "SEED": 128, "SM4": 128, "KUZNYECHIK": 128}  # fmt: skip
_STRONG_FIRST = ("AES", "CHACHA20", "CAMELLIA", "ARIA")
_MODES = ("GCM", "POLY1305", "CCM", "CCM_8", "CBC")
_AUTHS = ("ECDSA", "RSA", "DSS")


def suites() -> list[dict[str, Any]]:
    """Every cipher suite that was ever assigned or seen, signalling values and GREASE apart."""
    recommended = {row["Description"]: row["Recommended"] for row in rows("suites-recommended.csv")}
    first = {entry["code"]: (key, entry) for key, entry in cryptodatahub("tls/cipher-suite.json").items()}
    second = _rusticata()
    needless = set(CORRECTIONS)
    table = []
    for code in sorted(first.keys() | second.keys()):
        said = {}
        if code in first:
            said["cryptodatahub"] = from_cryptodatahub(*first[code])
        if code in second:
            said["rusticata"] = from_rusticata(second[code])
        corrected = [_corrected(source, code, algorithms, needless) for source, algorithms in said.items()]
        algorithms = _agreed(code, corrected)
        openssl_name = first[code][1]["openssl_name"] if code in first else None
        table.append(_row(code, algorithms, openssl_name, code in second, recommended))
    if needless:
        raise SourceError(f"corrections that no source needs: {sorted(needless)}")
    unknown = recommended.keys() - {row["name"] for row in table}
    if unknown:
        raise SourceError(f"suites-recommended.csv names unknown suites: {sorted(unknown)}")
    return sorted(table, key=_preference)


def ssl2_ciphers() -> list[dict[str, Any]]:
    """The cipher kinds of SSL 2.0, whose codes have three octets."""
    bits = {None: 0, "RC4_128": 128, "RC2_128": 128, "IDEA_128": 128, "DES": 56, "TRIPLE_DES_168": 168, "RC4_64": 64}
    return [
        {
            "code": entry["code"],
            "name": name,
            "bits": 40 if "EXPORT40" in name else bits[entry["bulk_cipher"]],
            "export": "EXPORT" in name,
        }
        for name, entry in cryptodatahub("tls/cipher-kind.json").items()
    ]


def grease() -> list[int]:
    """The reserved values of RFC 8701."""
    return sorted(entry["code"] for entry in cryptodatahub("tls/grease-two-byte.json").values())


def _rusticata() -> dict[int, list[str]]:
    lines = (snapshot("rusticata-0.11.0.txt") + snapshot("rusticata-additions.txt")).splitlines()
    table = {int(line.partition(":")[0], 16): line.split(":") for line in lines}
    return {code: row for code, row in table.items() if code not in SCSV}


def _corrected(source: str, code: int, algorithms: Algorithms, needless: set[tuple[str, int, str]]) -> Algorithms:
    """What `source` says after its known mistakes are mended; each mistake is struck off `needless`."""
    for field in fields(algorithms):
        key = (source, code, field.name)
        if key in CORRECTIONS:
            wrong, right, _ = CORRECTIONS[key]
            if getattr(algorithms, field.name) != wrong:
                raise SourceError(f"{source} no longer says {wrong!r} for {field.name} of 0x{code:04X}")
            algorithms = Algorithms(**{**asdict(algorithms), field.name: right})
            needless.discard(key)
    return algorithms


def _agreed(code: int, said: list[Algorithms]) -> Algorithms:
    """The one answer of all sources and of the suite's own name."""
    if len(set(said)) > 1:
        raise SourceError(f"the sources disagree on 0x{code:04X}: {said}")
    algorithms = said[0]
    named = from_name(algorithms.name)
    exchange = named[:2] if algorithms.kx == TLS13 and named else (algorithms.kx, algorithms.auth)  # GOST at TLS 1.3
    if named is not None and named != (*exchange, algorithms.enc):
        raise SourceError(f"0x{code:04X} {algorithms.name}: the name says {named}, the sources {algorithms}")
    return algorithms


def _row(
    code: int, algorithms: Algorithms, openssl_name: str | None, in_registry_copy: bool, recommended: dict[str, str]
) -> dict[str, Any]:
    standard = (in_registry_copy and code not in UNREGISTERED) or code in REGISTERED_GOST
    aead = algorithms.mac == "AEAD"
    oldest, newest = _versions(code, algorithms)
    return {
        "code": code,
        "name": algorithms.name,
        "openssl_name": openssl_name,
        "kx": algorithms.kx,
        "auth": algorithms.auth,
        "enc": algorithms.enc,
        "mode": algorithms.mode,
        "mac": algorithms.mac,
        "aead": aead,
        "bits": algorithms.bits,
        "effective_bits": 112 if algorithms.enc == "3DES" else algorithms.bits,
        "block_bits": _BLOCK_BITS.get(algorithms.enc),
        "ephemeral": algorithms.kx in EPHEMERAL,
        "export": "EXPORT" in algorithms.name,
        "min_version": oldest,
        "max_version": newest,
        "recommended": recommended.get(algorithms.name, "N") if standard else None,
        "h2_prohibited": newest != "TLSv1.3"
        and not (aead and algorithms.kx in {"DHE", "ECDHE", "DHE_PSK", "ECDHE_PSK"}),
        "standard": standard,
    }


def _versions(code: int, algorithms: Algorithms) -> tuple[str, str]:
    """The oldest and newest version that can negotiate the suite.

    The newest is what servers do, not what RFC 4346 and RFC 5469 wish: export and DES suites live on at TLS 1.2.
    """
    if algorithms.kx == TLS13:
        return "TLSv1.3", "TLSv1.3"
    if algorithms.kx == "FORTEZZA":
        return "SSLv3", "SSLv3"
    if algorithms.mac in {"AEAD", "SM3", "OMAC"} or algorithms.enc in {"ARIA", "SM4"} or code in REGISTERED_GOST:
        return "TLSv1.2", "TLSv1.2"
    if algorithms.mac in {"SHA256", "SHA384"}:
        return "TLSv1.0" if algorithms.kx in PSK_FAMILY else "TLSv1.2", "TLSv1.2"  # RFC 5487 section 3.2
    elliptic = algorithms.kx.startswith("EC")
    if elliptic or algorithms.kx == "GOST" or algorithms.enc.endswith("SALSA20"):
        return "TLSv1.0", "TLSv1.2"
    return "SSLv3", "TLSv1.2"


def _preference(row: dict[str, Any]) -> tuple[int | bool, ...]:
    """Strongest first: tier, recommended or not, mode, cipher, key size, kind of certificate."""
    return (
        _tier(row),
        row["recommended"] != "Y",
        _index(_MODES, row["mode"]),
        _index(_STRONG_FIRST, row["enc"]),
        -row["bits"],
        row["mac"] == "SHA1",
        _index(_AUTHS, row["auth"]),
        row["code"],
    )


def _tier(row: dict[str, Any]) -> int:
    kx = row["kx"]
    if row["enc"] == "NULL" or row["auth"] == "anon" or row["export"]:
        tier = 9
    elif row["effective_bits"] < 112 or row["mac"] == "MD5" or row["enc"] in {"RC4", "RC2", "IDEA"}:
        tier = 8
    elif row["block_bits"] == 64:
        tier = 7
    elif kx == TLS13:
        tier = 0 if row["recommended"] == "Y" else 6
    elif row["auth"] not in CERTIFICATE_AUTH or kx in {*PSK_FAMILY, "SRP"} or not row["standard"]:
        tier = 6
    elif row["aead"] and kx in {"ECDHE", "DHE"}:
        tier = 1 if kx == "ECDHE" else 2
    else:
        tier = {"ECDHE": 3, "DHE": 3, "RSA": 4}.get(kx, 5)
    return tier


def _index(order: tuple[str, ...], value: str) -> int:
    return order.index(value) if value in order else len(order)
