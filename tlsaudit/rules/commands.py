"""Commands that rules hand out to see for oneself; {connect} and {servername} are filled in by the judge."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tlsaudit.data.suites import openssl_name
from tlsaudit.rules.registry import group_code, suite_code

SHOW_CHAIN = "openssl s_client -connect {connect} -servername {servername} -showcerts </dev/null"
VERIFY = "openssl s_client -connect {connect} -servername {servername} -verify_return_error </dev/null"

_SHOW = "openssl s_client -connect {connect} -servername {servername} "
_ITEM = re.compile(r"(?P<name>[A-Za-z0-9_-]+) at (?P<version>TLSv1\.[0-3])\b")
_FLAGS: Final = {"TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}
_GONE = re.compile("RC4|DES|RC2|IDEA|EXPORT")
"""In names of suites that a current OpenSSL is usually built without."""
_NO_NAME: Final = "0x"
_OPENSSL_GROUPS: Final = {"secp256r1": "prime256v1", "secp192r1": "prime192v1", "x25519": "X25519", "x448": "X448"}
"""OpenSSL's names where they are not IANA's."""


def show_item(observed: Iterable[str]) -> str | None:
    """The command that has openssl offer the first cipher suite or named group that `observed` names with a version.

    None where nothing of the kind is named, or OpenSSL has no name for it.
    """
    for text in observed:
        match = _ITEM.match(text)
        if match is None:
            continue
        offer = _offer(match["name"], match["version"])
        if offer is not None:
            return f"{_SHOW}{_FLAGS[match['version']]} {offer}"
    return None


def _offer(name: str, version: str) -> str | None:
    """The options of s_client that offer this suite or group alone."""
    if group_code(name) is not None:
        least = "" if version == "TLSv1.3" else "-cipher ALL:@SECLEVEL=0 "
        return f"{least}-groups {_OPENSSL_GROUPS.get(name, name)} </dev/null"
    code = suite_code(name)
    known = openssl_name(code) if code is not None else _NO_NAME
    if known.startswith(_NO_NAME):
        return None
    if version == "TLSv1.3":
        return f"-ciphersuites {known} </dev/null"
    note = "  # needs an openssl that was built with this suite" if _GONE.search(name) else ""
    return f"-cipher {known}:@SECLEVEL=0 </dev/null{note}"
