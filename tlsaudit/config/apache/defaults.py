"""What httpd does where the text is silent, by version (docs/manual/mod/mod_ssl.xml, CHANGES)."""

from __future__ import annotations

from tlsaudit.config.apache.conditions import NEWEST
from tlsaudit.config.assume import Version
from tlsaudit.model.protocol import ProtocolVersion

CIPHERS = "DEFAULT"
NO_NULL = ":!aNULL:!eNULL:!EXP"
"""What mod_ssl puts behind every cipher string (ssl_cmd_SSLCipherSuite)."""

PROTOCOLS = {
    "sslv3": ProtocolVersion.SSL_3,
    "tlsv1": ProtocolVersion.TLS_1_0,
    "tlsv1.1": ProtocolVersion.TLS_1_1,
    "tlsv1.2": ProtocolVersion.TLS_1_2,
    "tlsv1.3": ProtocolVersion.TLS_1_3,
}
PROTOCOLS_DEPEND = (
    "SSLProtocol is not set: its default lets in TLSv1 and TLSv1.1 where OpenSSL is older than 3.0 or built with a "
    "lower security level, and lacks TLSv1.3 before httpd 2.4.36"
)
PER_NAME_DEPENDS = "SSLProtocol of a virtual host that is not the first of its address has an effect since httpd 2.4.42"


def release(version: Version | None) -> Version:
    """The version that is meant: without one the newest, of a series its newest."""
    if version is None or version == NEWEST[: len(version)]:
        return NEWEST
    return version


def protocols(version: Version | None, openssl: Version | None, level: int | None) -> tuple[ProtocolVersion, ...]:
    """The versions of SSLProtocol where nobody sets it, as the newest OpenSSL does them unless one is assumed."""
    newest = [ProtocolVersion.TLS_1_2]
    if has_tls_1_3(version):
        newest.append(ProtocolVersion.TLS_1_3)
    if openssl is None and level != 0:
        return tuple(newest)
    return (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, *newest)


def has_tls_1_3(version: Version | None) -> bool:
    """Whether mod_ssl knows TLS 1.3 (2.4.36)."""
    return release(version) >= (2, 4, 36)


def protocols_per_name(version: Version | None) -> bool:
    """Whether a virtual host that is not the first of its address has versions of its own (2.4.42)."""
    return release(version) >= (2, 4, 42)
