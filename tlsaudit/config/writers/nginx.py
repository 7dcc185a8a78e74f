"""nginx."""

from __future__ import annotations

from tlsaudit.config.writers.common import (
    CERTIFICATE,
    CLIENT_CA,
    KEY,
    RESOLVER,
    comments,
    groups,
    newest,
    older,
    text,
    versions,
)
from tlsaudit.model.wanted import Wanted


def nginx(wanted: Wanted) -> str:
    """Directives of a `server` block."""
    lines = [
        *comments(wanted, "nginx 1.19.4 or later: in the server block"),
        f"ssl_certificate {CERTIFICATE};",
        f"ssl_certificate_key {KEY};",
        f"ssl_protocols {' '.join(versions(wanted))};",
    ]
    if older(wanted):
        lines.append(f"ssl_ciphers {older(wanted)};")
    if newest(wanted):
        lines.append(f"ssl_conf_command Ciphersuites {newest(wanted)};")
    lines += [
        f"ssl_ecdh_curve {':'.join(groups(wanted))};",
        f"ssl_prefer_server_ciphers {'on' if wanted.server_order else 'off'};",
        "ssl_session_tickets off;",
    ]
    if wanted.stapling:
        lines += ["ssl_stapling on;", f"resolver {RESOLVER};"]
    if wanted.client_certificate:
        lines += [f"ssl_client_certificate {CLIENT_CA};", "ssl_verify_client on;"]
    lines.append(f'add_header Strict-Transport-Security "{wanted.hsts}" always;')
    return text(lines)
