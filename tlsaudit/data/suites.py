"""Cipher suites: IANA's, and the retired and private ones that are still seen. Classify by these fields, never by name.

Made from two sources that are checked against each other cell by cell (tools/data/suite_table.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tlsaudit.data.table import records, table
from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class CipherSuite:
    """One cipher suite.

    kx    RSA DH ECDH (static), DHE ECDHE, DH_anon ECDH_anon, PSK DHE_PSK ECDHE_PSK RSA_PSK, SRP, KRB5, ECCPWD, GOST,
          CECPQ1, SM2, SM9DHE SM9IBC, FORTEZZA, NULL; TLS13 where the group is negotiated apart
    auth  RSA ECDSA DSS (the certificate's key), anon, PSK, SRP, KRB5, ECCPWD, GOST, SM2, SM9, FORTEZZA; TLS13
    enc   NULL, AES CHACHA20 CAMELLIA ARIA SEED SM4 AEGIS, 3DES DES DES40 IDEA RC2 RC4 SKIPJACK, SALSA20
          ESTREAM_SALSA20, GOST89 MAGMA KUZNYECHIK
    mode  CBC GCM CCM CCM_8 POLY1305 MGM CTR CNT, or empty: stream ciphers, NULL
    mac   AEAD, MD5 SHA1 SHA256 SHA384 SM3, IMIT GOSTR3411 OMAC, NULL
    """

    code: int
    name: str
    """As IANA writes it; OLD_TLS_... for code points that were given up."""
    openssl_name: str | None
    kx: str
    auth: str
    enc: str
    mode: str
    mac: str
    aead: bool
    bits: int
    """Nominal key size; 0 for NULL."""
    effective_bits: int
    """Strength: 112 for 3DES, otherwise `bits`."""
    block_bits: int | None
    """Block size of the cipher; None for stream ciphers and NULL."""
    ephemeral: bool
    """Fresh keys and an authenticated peer: forward secrecy. False for anonymous key exchange, and for SRP."""
    export: bool
    min_version: ProtocolVersion
    max_version: ProtocolVersion
    recommended: str | None
    """IANA's Recommended: Y, N (not evaluated) or D (discouraged); None where the code is not registered."""
    h2_prohibited: bool
    """In the sense of RFC 9113 appendix A: TLS 1.2 or older, and not both ephemeral and AEAD."""
    standard: bool
    """Registered with IANA; False for retired, private and never assigned code points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssl2Cipher:
    """A cipher kind of SSL 2.0; its code has three octets."""

    code: int
    name: str
    bits: int
    export: bool


TLS_FALLBACK_SCSV = 0x5600
"""Signalling value of RFC 7507: no suite."""
TLS_EMPTY_RENEGOTIATION_INFO_SCSV = 0x00FF
"""Signalling value of RFC 5746: no suite."""

_TABLE = table("suites.json")
_VERSIONS = {version.value: version for version in ProtocolVersion}

SUITES: Mapping[int, CipherSuite] = MappingProxyType(
    {
        record["code"]: CipherSuite(
            **{
                **record,
                "min_version": _VERSIONS[record["min_version"]],
                "max_version": _VERSIONS[record["max_version"]],
            }
        )
        for record in records(_TABLE, "suites")
    }
)
"""By code, without signalling values and GREASE, in the order in which a client should offer them."""
SSL2_CIPHERS: Mapping[int, Ssl2Cipher] = MappingProxyType(
    {record["code"]: Ssl2Cipher(**record) for record in records(_TABLE, "ssl2")}
)
_AT: Mapping[ProtocolVersion, tuple[CipherSuite, ...]] = MappingProxyType(
    {
        version: tuple(
            suite for suite in SUITES.values() if suite.min_version.rank <= version.rank <= suite.max_version.rank
        )
        for version in ProtocolVersion
    }
)
GREASE: tuple[int, ...] = tuple(_TABLE["grease"])
"""The reserved values of RFC 8701, for suites, groups and extensions alike."""


def suites_for(version: ProtocolVersion) -> tuple[CipherSuite, ...]:
    """All suites that SSL 3.0 to TLS 1.3 may negotiate at `version`, strongest first; none for SSL 2.0.

    ECDHE with AEAD comes first, then DHE with AEAD, CBC, static RSA, what needs a shared secret or is not registered,
    64-bit blocks, broken ciphers, and last NULL, anonymous and export suites.
    """
    return _AT[version]


def suite_name(code: int) -> str:
    """The IANA name, or the code in hexadecimal where there is none."""
    suite = SUITES.get(code)
    return suite.name if suite else f"0x{code:04X}"


def openssl_name(code: int) -> str:
    """OpenSSL's name, or the code in hexadecimal where OpenSSL has none."""
    suite = SUITES.get(code)
    return suite.openssl_name if suite and suite.openssl_name else f"0x{code:04X}"
