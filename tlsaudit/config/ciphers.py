"""What a cipher string means, said by OpenSSL itself: the one that nassl brings, so that every machine says the same.

OpenSSL 1.1.1 with its weak ciphers built in evaluates the string; names that it does not know any more (export, DES,
static DH) are asked of 1.0.2. Neither needs a socket. OpenSSL ignores unknown tokens in silence, so that a typo takes
a suite away without a word: each token is also asked for alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tlsaudit.data.suites import SUITES

if TYPE_CHECKING:
    from nassl.legacy_ssl_client import LegacySslClient
    from nassl.ssl_client import SslClient

LONGEST = 8192
"""Characters of a cipher string; those in use have a few hundred."""
TLS_1_3_DEFAULT = (0x1302, 0x1303, 0x1301)
"""TLS_DEFAULT_CIPHERSUITES of OpenSSL."""

_SPACES = re.compile(r"[:, ;]+")
_LEVEL = re.compile(r"@SECLEVEL=([0-5])")
_SIGNS = "!-+"
_KNOWN_EMPTY = frozenset(
    {
        "ALL", "DEFAULT", "COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT", "CBC", "TLSv1.3", "SSLv2", "LOW", "EXP", "EXPORT",
        "EXPORT40", "EXPORT56", "eNULL", "NULL", "FIPS", "SUITEB128", "SUITEB128ONLY", "SUITEB192", "GOST", "GOST89",
        "aGOST", "aGOST01", "aGOST12", "kGOST", "kGOST18", "GOST94", "KRB5", "kKRB5", "aKRB5", "FZA", "aFZA", "kFZA",
        "eFZA",
        "DES", "RC2", "IDEA", "SEED", "kDHr", "kDHd", "kDH", "kECDHr", "kECDHe", "kECDH", "aECDH", "aDH", "CECPQ1",
    }
)  # fmt: skip
"""Tokens that are no typos, although a library may have no suite for them."""
_KERBEROS = re.compile(r"KRB5-(?:DES-CBC3?|RC4|IDEA-CBC)-(?:SHA|MD5)|EXP-KRB5-(?:DES-CBC|RC2-CBC|RC4)-(?:SHA|MD5)")
"""The suites with Kerberos (RFC 2712) that OpenSSL 1.0.2 and older could be built with, and nassl's is not."""
_SYSTEM = ("PROFILE=", "@SYSTEM")
_ALIASES = {
    "DHE-RSA-DES-CBC3-SHA": 0x0016,
    "DHE-DSS-DES-CBC3-SHA": 0x0013,
}
"""Names that 1.1.1 has for suites that are called otherwise since."""
_CODES: Mapping[str, int] = {
    suite.openssl_name: code
    for code, suite in sorted(SUITES.items(), key=lambda item: item[1].standard)  # of two with one name, the standard's
    if suite.openssl_name
} | _ALIASES
_TLS_1_3 = {suite.name: code for code, suite in SUITES.items() if suite.name.startswith("TLS_") and suite.kx == "TLS13"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CipherString:
    """A string and its meaning: the suites of TLS 1.2 and older that it names, in its order.

    `problem` says why it means nothing at all (a list that is empty, a syntax error); `unknown` are tokens that no
    build of OpenSSL knows. `security_level` is that of `@SECLEVEL`. `system`: what it means is up to the machine.
    """

    text: str
    suites: tuple[int, ...]
    unknown: tuple[str, ...] = ()
    security_level: int | None = None
    problem: str | None = None
    system: bool = False


class Evaluator:
    """Evaluates cipher strings; the libraries are loaded when the first one comes."""

    def __init__(self) -> None:
        self._clients: tuple[SslClient, LegacySslClient] | None = None
        self._seen: dict[str, CipherString] = {}

    def evaluate(self, text: str) -> CipherString:
        """What the string means."""
        if text not in self._seen:
            self._seen[text] = self._evaluate(text)
        return self._seen[text]

    def _evaluate(self, text: str) -> CipherString:
        if len(text) > LONGEST or "\0" in text or not text.isascii():
            return CipherString(text=text[:200], suites=(), problem=f"no cipher string: {text[:60]!a}")
        if any(sign in text for sign in _SYSTEM):
            return CipherString(text=text, suites=(), system=True)
        level = _LEVEL.findall(text)
        plain = ":".join(each for each in _SPACES.split(text) if each and not _LEVEL.fullmatch(each))
        modern, legacy = self._open()
        tokens = [each.lstrip(_SIGNS) for each in plain.split(":") if not each.startswith("@")]
        unknown = tuple(dict.fromkeys(each for each in tokens if not self._is_known(each)))
        added = [each.lstrip("+") for each in plain.split(":") if each[:1] not in {"!", "-", "@"}]
        old = any(not _matches(modern, each) and _matches(legacy, each) for each in added)
        suites = _suites(modern, plain)
        if old:  # what 1.1.1 has forgotten is put behind what it knows
            suites = dict.fromkeys((*suites, *(code for code in _suites(legacy, plain) if _is_forgotten(code))))
        return CipherString(
            text=text,
            suites=tuple(suites),
            unknown=unknown,
            security_level=int(level[-1]) if level else None,
            problem=None if suites else "no suite of TLS 1.2 or older matches the cipher string",
        )

    def _is_known(self, token: str) -> bool:
        modern, legacy = self._open()
        return all(
            part in _KNOWN_EMPTY or _KERBEROS.fullmatch(part) or _matches(modern, part) or _matches(legacy, part)
            for part in token.split("+")
            if part
        )

    def _open(self) -> tuple[SslClient, LegacySslClient]:
        if self._clients is None:
            from nassl.legacy_ssl_client import LegacySslClient  # noqa: PLC0415 - C libraries of 10 MB, rarely needed
            from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum, SslClient  # noqa: PLC0415

            version, verify = OpenSslVersionEnum.SSLV23, OpenSslVerifyEnum.NONE
            self._clients = (
                SslClient(ssl_version=version, ssl_verify=verify),
                LegacySslClient(ssl_version=version, ssl_verify=verify),
            )
        return self._clients


def tls_1_3_suites(text: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The suites that a list of TLS 1.3 names stands for, and the names that are none."""
    names = [each for each in _SPACES.split(text) if each]
    known = tuple(dict.fromkeys(_TLS_1_3[name] for name in names if name in _TLS_1_3))
    return known, tuple(name for name in names if name not in _TLS_1_3)


def _suites(client: SslClient | LegacySslClient, text: str) -> dict[int, None]:
    from nassl._nassl import OpenSSLError  # noqa: PLC0415 - as above

    try:
        client.set_cipher_list(text)
    except OpenSSLError:
        return {}
    return _codes(client.get_cipher_list())


def _codes(names: Iterable[str]) -> dict[int, None]:
    """By code, without TLS 1.3, which a cipher string does not speak of, and SSL 2.0, which no server has any more."""
    return {_CODES[name]: None for name in names if name in _CODES and SUITES[_CODES[name]].kx != "TLS13"}


def _matches(client: SslClient | LegacySslClient, token: str) -> bool:
    return bool(_suites(client, token)) if token else True


def _is_forgotten(code: int) -> bool:
    """Whether OpenSSL 1.1.1 has not got the suite any more."""
    suite = SUITES[code]
    return suite.export or suite.enc in {"DES", "DES40", "RC2"} or suite.kx in {"DH", "ECDH"}
