"""Traefik: dynamic configuration of the file provider."""

from __future__ import annotations

from tlsaudit.config.writers.common import CERTIFICATE, CLIENT_CA, KEY, comments, groups, iana, older_suites, text
from tlsaudit.model.wanted import Wanted

_STARTED = "written from Traefik's documentation; tlsaudit's tests parse it and do not start it"
_CURVES = {"P-256": "CurveP256", "P-384": "CurveP384", "P-521": "CurveP521"}


def traefik(wanted: Wanted) -> str:
    """The certificate, the default TLS options, and a middleware for the header field."""
    least, most = (f"VersionTLS{version.removeprefix('TLSv').replace('.', '')}" for version in _ends(wanted))
    lines = [
        *comments(
            wanted,
            "Traefik 3.5 or later: in a file of the file provider",
            "the middleware hsts has to be named in the entry point or in the routers: hsts@file",
            _STARTED,
        ),
        "tls:",
        "  certificates:",
        f"  - certFile: {CERTIFICATE}",
        f"    keyFile: {KEY}",
        "  options:",
        "    default:",
        f"      minVersion: {least}",
        f"      maxVersion: {most}",
        *_list("cipherSuites", iana(older_suites(wanted))),
        *_list("curvePreferences", [_CURVES.get(name, name) for name in groups(wanted)]),
        "      disableSessionTickets: true",
    ]
    if wanted.client_certificate:
        lines += [
            "      clientAuth:",
            f"        caFiles: [{CLIENT_CA}]",
            "        clientAuthType: RequireAndVerifyClientCert",
        ]
    lines += [
        "http:",
        "  middlewares:",
        "    hsts:",
        "      headers:",
        f"        stsSeconds: {wanted.hsts_seconds}",
        f"        stsIncludeSubdomains: {str(wanted.hsts_subdomains).lower()}",
    ]
    return text(lines)


def _ends(wanted: Wanted) -> tuple[str, str]:
    return wanted.versions[0], wanted.versions[-1]


def _list(name: str, items: list[str]) -> list[str]:
    return [f"      {name}:", *(f"      - {item}" for item in items)] if items else []
