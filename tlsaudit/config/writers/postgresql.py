"""PostgreSQL: lines of postgresql.conf, and what pg_hba.conf has to say in comments.

Before version 18 it takes one curve and leaves the suites of TLS 1.3 to OpenSSL, which accepts three of them; so what
needs more is written for 18, which has `ssl_groups` and `ssl_tls13_ciphers`.
"""

from __future__ import annotations

from tlsaudit.config.writers.common import (
    CERTIFICATE,
    CLIENT_CA,
    KEY,
    comments,
    groups,
    newest,
    older,
    text,
    versions,
)
from tlsaudit.data.groups import GROUPS
from tlsaudit.model.wanted import Wanted

_DEFAULT_AT_1_3 = frozenset({0x1301, 0x1302, 0x1303})
_CURVES = {"secp256r1": "prime256v1", "secp384r1": "secp384r1", "secp521r1": "secp521r1"}
"""What a single curve may be: X25519 may not."""
_ENCRYPTED = "pg_hba.conf: hostssl lines alone for addresses of others, since a host line lets in without TLS"
_CLIENTS = "pg_hba.conf: clientcert=verify-full in these lines, or the method cert"


def postgresql(wanted: Wanted) -> str:
    """Parameters of postgresql.conf. The policy's HSTS is for HTTP and has no part in it."""
    curve = next((_CURVES[name] for code in wanted.groups if (name := GROUPS[code].name) in _CURVES), None)
    hybrid = any(GROUPS[code].post_quantum for code in wanted.groups)
    chosen = newest(wanted) and not _DEFAULT_AT_1_3.issubset(wanted.suites)
    plain = curve is not None and not hybrid and not chosen
    notes = [_ENCRYPTED, *([_CLIENTS] if wanted.client_certificate else [])]
    lines = [
        *comments(wanted, f"PostgreSQL {12 if plain else 18} or later: in postgresql.conf", *notes),
        "ssl = on",
        f"ssl_cert_file = '{CERTIFICATE}'",
        f"ssl_key_file = '{KEY}'",
        f"ssl_min_protocol_version = '{versions(wanted)[0]}'",
        f"ssl_max_protocol_version = '{versions(wanted)[-1]}'",
    ]
    if older(wanted):
        lines.append(f"ssl_ciphers = '{older(wanted)}'")
    if plain:
        lines.append(f"ssl_ecdh_curve = '{curve}'")
    else:
        if newest(wanted):
            lines.append(f"ssl_tls13_ciphers = '{newest(wanted)}'")
        lines.append(f"ssl_groups = '{':'.join(groups(wanted))}'")
    lines.append(f"ssl_prefer_server_ciphers = {'on' if wanted.server_order else 'off'}")
    if wanted.client_certificate:
        lines.append(f"ssl_ca_file = '{CLIENT_CA}'")
    return text(lines)
