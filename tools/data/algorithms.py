"""The one vocabulary into which every source of cipher suites is translated, and the translations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tools.data.snapshots import SourceError

PSK = {"RSA": "RSA_PSK", "DHE": "DHE_PSK", "ECDHE": "ECDHE_PSK", "PSK": "PSK"}
TLS13 = "TLS13"


@dataclass(frozen=True, slots=True)
class Algorithms:
    """What one source says of one suite. `bits` is the nominal key size."""

    name: str
    kx: str
    auth: str
    enc: str
    mode: str
    mac: str
    bits: int


_BULK = {
    None: ("NULL", 0),
    "AES_128": ("AES", 128),
    "AES_256": ("AES", 256),
    "CAMELLIA_128": ("CAMELLIA", 128),
    "CAMELLIA_256": ("CAMELLIA", 256),
    "ARIA_128": ("ARIA", 128),
    "ARIA_256": ("ARIA", 256),
    "TRIPLE_DES_EDE": ("3DES", 168),
    "RC4_40": ("RC4", 40),
    "RC4_56": ("RC4", 56),
    "RC4_128": ("RC4", 128),
    "RC2_40": ("RC2", 40),
    "RC2_56": ("RC2", 56),
    "RC2": ("RC2", 128),
    "DES40": ("DES40", 40),
    "DES": ("DES", 56),
    "IDEA": ("IDEA", 128),
    "SEED": ("SEED", 128),
    "SM4": ("SM4", 128),
    "CHACHA20": ("CHACHA20", 256),
    "SALSA20": ("SALSA20", 256),
    "ESTREAM_SALSA20": ("ESTREAM_SALSA20", 256),
    "FORTEZZA": ("SKIPJACK", 80),
    "GOST2814789": ("GOST89", 256),
    "GOST_R3412_15_64": ("MAGMA", 256),
    "GOST_R3412_15_128": ("KUZNYECHIK", 256),
}
_MACS = {
    "MD5": "MD5",
    "SHA1": "SHA1",
    "SHA2_256": "SHA256",
    "SHA2_384": "SHA384",
    "SM3": "SM3",
    "IMIT_GOST28147": "IMIT",
    "GOST_R3411_94": "GOSTR3411",
    "GOST_R3412_15_KUZNYECHIK_CTR_OMAC": "OMAC",
    "GOST_R3412_15_MAGMA_CTR_OMAC": "OMAC",
    None: "NULL",
}
_KEY_EXCHANGES = {"ADH": "DH_anon", "AECDH": "ECDH_anon", "FORTEZZA_KEA": "FORTEZZA"}


def from_cryptodatahub(key: str, entry: dict[str, Any]) -> Algorithms:
    """One entry of cryptodatahub's cipher-suite.json."""
    kx = entry["key_exchange"]
    auth = entry["authentication"] or "NULL"
    if entry["initial_version"].startswith("TLS1_3"):
        kx = auth = TLS13
    elif auth == "PSK":
        kx, auth = PSK[kx], "RSA" if kx == "RSA" else "PSK"
    elif kx.startswith("GOST"):
        kx = "GOST"
    if auth.startswith("GOST"):
        auth = "GOST"
    enc, bits = _BULK[entry["bulk_cipher"]]
    mode = "POLY1305" if enc == "CHACHA20" else entry["block_cipher_mode"] or ""
    return Algorithms(
        name=entry["iana_name"] or key,
        kx=_KEY_EXCHANGES.get(kx, kx),
        auth={"anonymous": "anon"}.get(auth, auth),
        enc=enc,
        mode=mode,
        mac="AEAD" if entry["authenticated_encryption"] else _MACS[entry["mac"]],
        bits=bits,
    )


def from_rusticata(row: list[str]) -> Algorithms:
    """One row `code:name:kx:auth:enc:mode:bits:mac:...` of rusticata's table."""
    _, name, kx, auth, enc, mode, bits, mac = row[:8]
    if auth == "PSK":
        kx, auth = PSK[kx], "RSA" if kx == "RSA" else "PSK"
    elif auth == "NULL" and kx != "NULL":
        kx, auth = f"{kx}_anon", "anon"
    if enc == "CHACHA20_POLY1305":
        enc, mode = "CHACHA20", "POLY1305"
    if enc == "DES" and bits == "40":
        enc = "DES40"
    if mode == "CCM" and "_CCM_8" in name:
        mode = "CCM_8"
    return Algorithms(
        name=name,
        kx=kx,
        auth={"NULL": "anon"}.get(auth, auth.removeprefix("SRP+")),
        enc=enc,
        mode=mode.removeprefix("NULL"),
        mac=mac.removeprefix("HMAC-"),
        bits=int(bits),
    )


_NAMED_KX = {
    "RSA": ("RSA", "RSA"),
    "RSA_FIPS": ("RSA", "RSA"),
    "DH_anon": ("DH_anon", "anon"),
    "ECDH_anon": ("ECDH_anon", "anon"),
    "PSK": ("PSK", "PSK"),
    "RSA_PSK": ("RSA_PSK", "RSA"),
    "DHE_PSK": ("DHE_PSK", "PSK"),
    "PSK_DHE": ("DHE_PSK", "PSK"),
    "ECDHE_PSK": ("ECDHE_PSK", "PSK"),
    "KRB5": ("KRB5", "KRB5"),
    "SRP_SHA": ("SRP", "SRP"),
    "SRP_SHA_RSA": ("SRP", "RSA"),
    "SRP_SHA_DSS": ("SRP", "DSS"),
    "ECCPWD": ("ECCPWD", "ECCPWD"),
    "FORTEZZA_KEA": ("FORTEZZA", "FORTEZZA"),
    "NULL": ("NULL", "anon"),
    "GOSTR341094": ("GOST", "GOST"),
    "GOSTR341001": ("GOST", "GOST"),
    "GOSTR341112_256": ("GOST", "GOST"),
}
_NAMED_ENC = (
    ("3DES", "3DES"),
    ("DES40", "DES40"),
    ("DES_CBC_40", "DES40"),
    ("DES", "DES"),
    ("28147", "GOST89"),
    ("FORTEZZA", "SKIPJACK"),
    *((enc, enc) for enc in ("NULL", "RC4", "RC2", "IDEA", "AES", "CAMELLIA", "ARIA", "SEED", "SM4", "CHACHA20")),
    *((enc, enc) for enc in ("ESTREAM_SALSA20", "SALSA20", "KUZNYECHIK", "MAGMA")),
)


def from_name(name: str) -> tuple[str, str, str] | None:
    """kx, auth and enc as the name `TLS_<key exchange>_WITH_<cipher>_<hash>` says; None for names of other shape."""
    matched = re.fullmatch(r"(?:OLD_)?TLS_(\w+?)_WITH_(\w+)", name)
    if matched is None:
        return None
    exchange, cipher = matched.groups()
    exchange = re.sub(r"_EXPORT(1024)?", "", exchange)
    if exchange in _NAMED_KX:
        kx, auth = _NAMED_KX[exchange]
    else:
        kx, _, auth = exchange.partition("_")
    enc = next((enc for prefix, enc in _NAMED_ENC if cipher.startswith(prefix)), None)
    if enc is None:
        raise SourceError(f"the name {name} says no cipher that is known here")
    return kx, auth, enc
