"""Caddy, as a Caddyfile. Its session tickets have no directive: what stays for it stands in comments."""

from __future__ import annotations

from tlsaudit.config.writers.common import CERTIFICATE, CLIENT_CA, KEY, comments, iana, older_suites, text
from tlsaudit.data.groups import GROUPS
from tlsaudit.model.wanted import Wanted

_HYBRID = "x25519mlkem768"
_TICKETS = (
    "TLS-SESS-009 (low) stays: tickets are good for a week, with keys made anew every 12 hours; "
    "Caddy's JSON can switch them off (apps.tls.session_tickets.disabled), a Caddyfile cannot"
)
_BEFORE_2_8 = "before Caddy 2.8 (Go 1.21) TLS-SESS-007 stays: no extended master secret at TLS 1.2"


def caddy(wanted: Wanted) -> str:
    """Directives of a site block; they have to stand in lines of their own."""
    curves = [GROUPS[code].name.lower() for code in wanted.groups]
    notes = [_TICKETS, *([_BEFORE_2_8] if older_suites(wanted) else [])]
    if _HYBRID in curves and len(curves) > 1:
        notes.append(f"before Caddy 2.10 leave {_HYBRID} out")
    lines = [
        *comments(wanted, "Caddy 2.4 or later: in the site block", *notes),
        f"tls {CERTIFICATE} {KEY} {{",
        f"\tprotocols {_short(wanted.versions[0])} {_short(wanted.versions[-1])}",
    ]
    if older_suites(wanted):
        lines.append(f"\tciphers {' '.join(iana(older_suites(wanted)))}")
    lines.append(f"\tcurves {' '.join(curves)}")
    if wanted.client_certificate:
        lines += [
            "\tclient_auth {",
            "\t\tmode require_and_verify",
            f"\t\ttrusted_ca_cert_file {CLIENT_CA}",
            "\t}",
        ]
    return text([*lines, "}", f'header Strict-Transport-Security "{wanted.hsts}"'])


def _short(version: str) -> str:
    """tls1.2 of TLSv1.2."""
    return version.lower().replace("v", "")
