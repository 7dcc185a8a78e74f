"""From what is wanted to the lines of a server's configuration, one writer a product.

Paths in capitals are for the operator to replace. Every directive is one of the product's documentation; the oldest
version that has all of them stands in the first comment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tlsaudit.data.groups import GROUPS
from tlsaudit.data.suites import SUITES, openssl_name
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.wanted import Wanted

CERTIFICATE, KEY, COMBINED, CLIENT_CA = "CERTIFICATE.pem", "CERTIFICATE.key", "COMBINED.pem", "CLIENT-CA.pem"
"""Placeholders: the chain, its key, both in one file, the authorities of the clients."""

Writer = Callable[[Wanted], str]

_GROUP_NAMES = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
"""OpenSSL's, where they are not IANA's."""
_OPENSSL_VERSIONS = {
    ProtocolVersion.TLS_1_0: "TLSv1",
    ProtocolVersion.TLS_1_1: "TLSv1.1",
    ProtocolVersion.TLS_1_2: "TLSv1.2",
    ProtocolVersion.TLS_1_3: "TLSv1.3",
}


def nginx(wanted: Wanted) -> str:
    """Directives of a `server` block."""
    lines = [
        *_comments(wanted, "nginx 1.19.4 or later: in the server block"),
        f"ssl_certificate {CERTIFICATE};",
        f"ssl_certificate_key {KEY};",
        f"ssl_protocols {' '.join(_versions(wanted))};",
    ]
    if _older(wanted):
        lines.append(f"ssl_ciphers {_older(wanted)};")
    if _newest(wanted):
        lines.append(f"ssl_conf_command Ciphersuites {_newest(wanted)};")
    lines += [
        f"ssl_ecdh_curve {_groups(wanted)};",
        f"ssl_prefer_server_ciphers {'on' if wanted.server_order else 'off'};",
        "ssl_session_tickets off;",
    ]
    if wanted.client_certificate:
        lines += [f"ssl_client_certificate {CLIENT_CA};", "ssl_verify_client on;"]
    lines.append(f'add_header Strict-Transport-Security "{wanted.hsts}" always;')
    return _text(lines)


def apache(wanted: Wanted) -> str:
    """Directives of a virtual host."""
    lines = [
        *_comments(wanted, "Apache httpd 2.4.36 or later, with mod_ssl and mod_headers: in the virtual host"),
        "SSLEngine on",
        f"SSLCertificateFile {CERTIFICATE}",
        f"SSLCertificateKeyFile {KEY}",
        f"SSLProtocol -all {' '.join(f'+{each}' for each in _versions(wanted))}",
    ]
    if _older(wanted):
        lines.append(f"SSLCipherSuite {_older(wanted)}")
    if _newest(wanted):
        lines.append(f"SSLCipherSuite TLSv1.3 {_newest(wanted)}")
    lines += [
        f"SSLOpenSSLConfCmd Groups {_groups(wanted)}",
        f"SSLHonorCipherOrder {'on' if wanted.server_order else 'off'}",
        "SSLCompression off",
        "SSLSessionTickets off",
    ]
    if wanted.client_certificate:
        lines += [f"SSLCACertificateFile {CLIENT_CA}", "SSLVerifyClient require"]
    lines.append(f'Header always set Strict-Transport-Security "{wanted.hsts}"')
    return _text(lines)


def haproxy(wanted: Wanted) -> str:
    """The bind line of a frontend, and the header field that it adds."""
    least, most = wanted.versions[0], wanted.versions[-1]
    bind = [f"ssl crt {COMBINED}", f"ssl-min-ver {least} ssl-max-ver {most}"]
    if _older(wanted):
        bind.append(f"ciphers {_older(wanted)}")
    if _newest(wanted):
        bind.append(f"ciphersuites {_newest(wanted)}")
    bind.append(f"curves {_groups(wanted)}")
    bind.append("no-tls-tickets")
    if not wanted.server_order:
        bind.append("prefer-client-ciphers")
    if wanted.client_certificate:
        bind.append(f"ca-file {CLIENT_CA} verify required")
    return _text(
        [
            *_comments(wanted, "HAProxy 2.2 or later: in the frontend"),
            f"bind :443 {' '.join(bind)}",
            f'http-after-response set-header Strict-Transport-Security "{wanted.hsts}"',
        ]
    )


WRITERS: Mapping[str, Writer] = MappingProxyType({"apache": apache, "haproxy": haproxy, "nginx": nginx})
"""By product."""


def _comments(wanted: Wanted, product: str) -> list[str]:
    lines = [f"policy {wanted.name}", f"{product}; replace the names in capitals"]
    lines += [f"the certificate: {each}" for each in wanted.certificate]
    return [f"# {line}" for line in lines]


def _versions(wanted: Wanted) -> list[str]:
    return [_OPENSSL_VERSIONS[version] for version in wanted.versions]


def _older(wanted: Wanted) -> str:
    """The suites below TLS 1.3; OpenSSL has TLS 1.0 and 1.1 at its lowest level of security alone."""
    if set(wanted.versions) <= {ProtocolVersion.TLS_1_3}:
        return ""
    names = [openssl_name(code) for code in wanted.suites if SUITES[code].max_version is not ProtocolVersion.TLS_1_3]
    legacy = any(version.rank < ProtocolVersion.TLS_1_2.rank for version in wanted.versions)
    return ":".join([*names, "@SECLEVEL=0"] if legacy else names)


def _newest(wanted: Wanted) -> str:
    if ProtocolVersion.TLS_1_3 not in wanted.versions:
        return ""
    return ":".join(openssl_name(code) for code in wanted.suites if SUITES[code].max_version is ProtocolVersion.TLS_1_3)


def _groups(wanted: Wanted) -> str:
    names = [GROUPS[code].name for code in wanted.groups]
    return ":".join(_GROUP_NAMES.get(name, name) for name in names)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
