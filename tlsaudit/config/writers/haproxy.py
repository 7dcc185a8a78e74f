"""HAProxy."""

from __future__ import annotations

from tlsaudit.config.writers.common import CLIENT_CA, COMBINED, comments, groups, newest, older, text
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.wanted import Wanted

_STAPLE = (
    f"stapling: it sends the OCSP response that it finds in {COMBINED}.ocsp when it starts; "
    "renew that, or from HAProxy 2.8 on let ocsp-update do it"
)


def haproxy(wanted: Wanted) -> str:
    """A frontend: its bind line, and the header field that it adds."""
    least, most = wanted.versions[0], wanted.versions[-1]
    bind = [f"ssl crt {COMBINED}", f"ssl-min-ver {least} ssl-max-ver {most}"]
    if older(wanted):
        bind.append(f"ciphers {older(wanted)}")
    if newest(wanted):
        bind.append(f"ciphersuites {newest(wanted)}")
    bind.append(f"curves {':'.join(groups(wanted))}")
    if wanted.versions[0].rank < ProtocolVersion.TLS_1_2.rank:
        bind.append("alpn http/1.1")  # from 2.8 on it offers HTTP/2 by itself, which is for TLS 1.2 and later
    bind.append("no-tls-tickets")
    if not wanted.server_order:
        bind.append("prefer-client-ciphers")
    if wanted.client_certificate:
        bind.append(f"ca-file {CLIENT_CA} verify required")
    return text(
        [
            *comments(
                wanted,
                "HAProxy 2.2 or later: a frontend, or lines for your own",
                *([_STAPLE] if wanted.stapling else []),
            ),
            "frontend https",
            "    mode http",
            f"    bind :443 {' '.join(bind)}",
            f'    http-after-response set-header Strict-Transport-Security "{wanted.hsts}"',
        ]
    )
