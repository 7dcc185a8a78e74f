"""Apache httpd with mod_ssl."""

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
from tlsaudit.model.wanted import Wanted

_CACHE = "outside of the virtual host, for stapling: SSLStaplingCache shmcb:stapling(128000)"


def apache(wanted: Wanted) -> str:
    """Directives of a virtual host."""
    product = "Apache httpd 2.4.36 or later, with mod_ssl and mod_headers: in the virtual host"
    lines = [
        *comments(wanted, product, *([_CACHE] if wanted.stapling else [])),
        "SSLEngine on",
        f"SSLCertificateFile {CERTIFICATE}",
        f"SSLCertificateKeyFile {KEY}",
        f"SSLProtocol -all {' '.join(f'+{each}' for each in versions(wanted))}",
    ]
    if older(wanted):
        lines.append(f"SSLCipherSuite {older(wanted)}")
    if newest(wanted):
        lines.append(f"SSLCipherSuite TLSv1.3 {newest(wanted)}")
    lines += [
        f"SSLOpenSSLConfCmd Groups {':'.join(groups(wanted))}",
        f"SSLHonorCipherOrder {'on' if wanted.server_order else 'off'}",
        "SSLCompression off",
        "SSLSessionTickets off",
    ]
    if wanted.stapling:
        lines.append("SSLUseStapling on")
    if wanted.client_certificate:
        lines += [f"SSLCACertificateFile {CLIENT_CA}", "SSLVerifyClient require"]
    lines.append(f'Header always set Strict-Transport-Security "{wanted.hsts}"')
    return text(lines)
