"""Lists of named groups as OpenSSL takes them (SSL_CTX_set1_groups_list), and its defaults."""

from __future__ import annotations

import re

from tlsaudit.config.assume import Version
from tlsaudit.data.groups import GROUPS

_CURVES = ("x25519", "secp256r1", "x448", "secp521r1", "secp384r1")
_FINITE = ("ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192")
_NEWEST = ("X25519MLKEM768", "x25519", "secp256r1", "x448", "secp384r1", "secp521r1", "ffdhe2048", "ffdhe3072")
"""OpenSSL 3.5: ?*X25519MLKEM768 / ?*X25519:?secp256r1 / ?X448:?secp384r1:?secp521r1 / ?ffdhe2048:?ffdhe3072."""
_BY_NAME = {group.name.lower(): code for code, group in GROUPS.items()}
_ALIASES = {
    "p-256": "secp256r1", "prime256v1": "secp256r1", "p-384": "secp384r1", "p-521": "secp521r1",
    "p-224": "secp224r1", "p-192": "secp192r1", "prime192v1": "secp192r1", "k-256": "secp256k1",
    "mlkem512": "mlkem512", "b-283": "sect283r1", "k-283": "sect283k1", "b-409": "sect409r1", "b-571": "sect571r1",
}  # fmt: skip


def default_groups(openssl: Version | None) -> tuple[int, ...]:
    """The groups of a server whose configuration names none."""
    if openssl is None or openssl >= (3, 5):
        names: tuple[str, ...] = _NEWEST
    elif openssl >= (3,):
        names = (*_CURVES, *_FINITE)
    elif openssl >= (1, 1):
        names = _CURVES
    else:
        names = tuple(name for name in _CURVES if not name.startswith("x"))
    return tuple(_BY_NAME[name.lower()] for name in names)


def read_groups(text: str, openssl: Version | None) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The groups of a list, in its order, and the names that are not known. `?`, `*`, `-`, `/` as of OpenSSL 3.5."""
    found: dict[int, None] = {}
    unknown: list[str] = []
    for word in filter(None, re.split(r"[:/,]", text.strip())):
        name = word.lstrip("?*-").lower()
        if name == "default":
            found |= dict.fromkeys(default_groups(openssl))
        elif (code := _BY_NAME.get(_ALIASES.get(name, name))) is None:
            unknown.append(word)
        elif word.startswith("-"):
            found.pop(code, None)
        else:
            found[code] = None
    return tuple(found), tuple(unknown)
