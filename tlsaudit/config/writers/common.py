"""What the writers share: placeholders, comments, and OpenSSL's names of versions, suites and groups.

Paths in capitals are for the operator to replace. Every directive is one of the product's documentation; the oldest
version that has all of them stands in the first comment.
"""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.groups import GROUPS
from tlsaudit.data.suites import SUITES, openssl_name, suite_name
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.wanted import Wanted

CERTIFICATE, KEY, COMBINED, CLIENT_CA = "CERTIFICATE.pem", "CERTIFICATE.key", "COMBINED.pem", "CLIENT-CA.pem"
"""Placeholders: the chain, its key, both in one file, the authorities of the clients."""
RESOLVER, STAPLE = "RESOLVER", "CERTIFICATE.ocsp"
"""Placeholders: the address of a DNS resolver; the OCSP response for the certificate."""

_GROUP_NAMES = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
"""OpenSSL's and BoringSSL's, where they are not IANA's."""
_OPENSSL_VERSIONS = {
    ProtocolVersion.TLS_1_0: "TLSv1",
    ProtocolVersion.TLS_1_1: "TLSv1.1",
    ProtocolVersion.TLS_1_2: "TLSv1.2",
    ProtocolVersion.TLS_1_3: "TLSv1.3",
}


def comments(wanted: Wanted, product: str, *more: str) -> list[str]:
    """The head: the policy, the product and its oldest version, and what to know."""
    lines = [f"policy {wanted.name}", f"{product}; replace the names in capitals"]
    lines += [f"the certificate: {each}" for each in wanted.certificate]
    return [f"# {line}" for line in (*lines, *(f"left out: {each}" for each in wanted.left_out), *more)]


def versions(wanted: Wanted) -> list[str]:
    """OpenSSL's names of the versions, oldest first."""
    return [_OPENSSL_VERSIONS[version] for version in wanted.versions]


def older_suites(wanted: Wanted) -> list[int]:
    """The suites below TLS 1.3."""
    return [code for code in wanted.suites if SUITES[code].max_version is not ProtocolVersion.TLS_1_3]


def older(wanted: Wanted) -> str:
    """OpenSSL's names of these; it has TLS 1.0 and 1.1 at its lowest level of security alone."""
    names = [openssl_name(code) for code in older_suites(wanted)]
    legacy = any(version.rank < ProtocolVersion.TLS_1_2.rank for version in wanted.versions)
    return ":".join([*names, "@SECLEVEL=0"] if legacy else names)


def newest_suites(wanted: Wanted) -> list[int]:
    """The suites of TLS 1.3."""
    return [code for code in wanted.suites if SUITES[code].max_version is ProtocolVersion.TLS_1_3]


def newest(wanted: Wanted) -> str:
    """OpenSSL's names of these."""
    return ":".join(openssl_name(code) for code in newest_suites(wanted))


def iana(codes: Iterable[int]) -> list[str]:
    """IANA's names of suites."""
    return [suite_name(code) for code in codes]


def groups(wanted: Wanted) -> list[str]:
    """OpenSSL's names of the groups."""
    names = [GROUPS[code].name for code in wanted.groups]
    return [_GROUP_NAMES.get(name, name) for name in names]


def text(lines: Iterable[str]) -> str:
    """Lines to a file's text."""
    return "".join(f"{line}\n" for line in lines)
