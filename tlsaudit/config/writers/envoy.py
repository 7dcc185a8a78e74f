"""Envoy: a transport socket of a listener, and the header field for its route configuration (v3 API)."""

from __future__ import annotations

from tlsaudit.config.writers.common import (
    CERTIFICATE,
    CLIENT_CA,
    KEY,
    STAPLE,
    comments,
    groups,
    older,
    text,
    versions,
)
from tlsaudit.model.wanted import Wanted

_TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
_STARTED = "written from Envoy's documentation; tlsaudit's tests parse it and do not start it"


def envoy(wanted: Wanted) -> str:
    """The transport socket of a filter chain, and `response_headers_to_add` of its route configuration."""
    since = "Envoy 1.34" if "X25519MLKEM768" in groups(wanted) else "Envoy 1.24"
    names = versions(wanted)
    lines = [
        *comments(wanted, f"{since} or later: in the filter chain, and in the route_config", _STARTED),
        "transport_socket:",
        "  name: envoy.transport_sockets.tls",
        "  typed_config:",
        f'    "@type": {_TYPE}',
        f"    require_client_certificate: {str(wanted.client_certificate).lower()}",
        "    disable_stateless_session_resumption: true",
    ]
    if wanted.stapling:
        lines.append("    ocsp_staple_policy: STRICT_STAPLING")
    lines += [
        "    common_tls_context:",
        "      tls_params:",
        f"        tls_minimum_protocol_version: {_version(names[0])}",
        f"        tls_maximum_protocol_version: {_version(names[-1])}",
        *_list("cipher_suites", older(wanted).removesuffix(":@SECLEVEL=0").split(":") if older(wanted) else []),
        *_list("ecdh_curves", groups(wanted)),
        "      tls_certificates:",
        f"      - certificate_chain: {{filename: {CERTIFICATE}}}",
        f"        private_key: {{filename: {KEY}}}",
    ]
    if wanted.stapling:
        lines.append(f"        ocsp_staple: {{filename: {STAPLE}}}")
    if wanted.client_certificate:
        lines += ["      validation_context:", f"        trusted_ca: {{filename: {CLIENT_CA}}}"]
    lines += [
        "response_headers_to_add:",
        f'- header: {{key: Strict-Transport-Security, value: "{wanted.hsts}"}}',
        "  append_action: OVERWRITE_IF_EXISTS_OR_ADD",
    ]
    return text(lines)


def _version(name: str) -> str:
    """TLSv1_2 of TLSv1.2, and TLSv1_0 of TLSv1."""
    return "TLSv1_0" if name == "TLSv1" else name.replace(".", "_")


def _list(name: str, items: list[str]) -> list[str]:
    return [f"        {name}:", *(f"        - {item}" for item in items)] if items else []
