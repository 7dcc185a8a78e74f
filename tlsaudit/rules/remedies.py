"""What to write in the configuration of the server that was recognised.

A server is recognised by the Server header field of its HTTP answer (RFC 9110 section 10.2.4), which is a claim: a
proxy may answer in the name of another. So the words say where the name is from, and the rule's own remedy comes first.
Directives are those of the products' documentation; CAPITALS stand for files of the operator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Known
from tlsaudit.rules.rule import Rule

_PRODUCTS: Final = (
    ("nginx", re.compile(r"(nginx|openresty)(?![\w-])", re.IGNORECASE)),
    ("Apache", re.compile(r"apache(?![\w-])", re.IGNORECASE)),
    ("Caddy", re.compile(r"caddy(?![\w-])", re.IGNORECASE)),
    ("Envoy", re.compile(r"envoy(?![\w-])", re.IGNORECASE)),
)
"""Products by how their Server header field begins; Apache-Coyote is Tomcat's."""

_VERSIONS = {
    "nginx": "ssl_protocols TLSv1.2 TLSv1.3;",
    "Apache": "SSLProtocol -all +TLSv1.2 +TLSv1.3",
    "Caddy": "tls { protocols tls1.2 tls1.3 }",
    "Envoy": "tls_params: {tls_minimum_protocol_version: TLSv1_2}",
}
_SUITES = {
    "nginx": "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;",
    "Apache": "SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20",
}
_ORDER = {"nginx": "ssl_prefer_server_ciphers on;", "Apache": "SSLHonorCipherOrder on"}
_GROUPS = {"nginx": "ssl_ecdh_curve X25519:P-256:P-384;", "Apache": "SSLOpenSSLConfCmd Groups X25519:P-256:P-384"}
_HYBRID = {
    "nginx": "ssl_ecdh_curve X25519MLKEM768:X25519:P-256:P-384; (with OpenSSL 3.5 or later)",
    "Apache": "SSLOpenSSLConfCmd Groups X25519MLKEM768:X25519:P-256:P-384 (with OpenSSL 3.5 or later)",
}
_HSTS = {
    "nginx": 'add_header Strict-Transport-Security "max-age=31536000" always;',
    "Apache": 'Header always set Strict-Transport-Security "max-age=31536000"',
    "Caddy": 'header Strict-Transport-Security "max-age=31536000"',
}
_TO_HTTPS = {
    "nginx": "return 301 https://$host$request_uri; (in the server block without TLS)",
    "Apache": "Redirect permanent / https://NAME/ (in the virtual host without TLS)",
}
_STAPLING = {
    "nginx": "ssl_stapling on; ssl_stapling_verify on; (and a resolver)",
    "Apache": "SSLUseStapling on (and an SSLStaplingCache outside of the virtual host)",
}
_CHAIN = {
    "nginx": "ssl_certificate CHAIN.pem; (the server's certificate, then the intermediates)",
    "Apache": "SSLCertificateFile CHAIN.pem (the server's certificate, then the intermediates)",
}
_CLIENTS = {
    "nginx": "ssl_client_certificate CLIENT-CA.pem; ssl_verify_client on;",
    "Apache": "SSLCACertificateFile CLIENT-CA.pem and SSLVerifyClient require (both in the virtual host)",
    "Caddy": "tls { client_auth { mode require_and_verify; trust_pool file CLIENT-CA.pem } }",
    "Envoy": "require_client_certificate: true, with a trusted_ca in the validation_context",
}
_NAMES = {
    "nginx": "ssl_reject_handshake on; (in a default_server of its own, since 1.19.4)",
    "Apache": "SSLStrictSNIVHostCheck on",
}


def _table() -> Mapping[str, Mapping[str, str]]:
    """The directives by rule and product."""
    found: dict[str, Mapping[str, str]] = {}
    for directives, rules in (
        (_VERSIONS, "PROTO-002 PROTO-003 PROTO-004 PROTO-006 PROTO-007 PQ-004 VULN-004 VULN-010 ALPN-003"),
        (_SUITES, "CIPH-001 CIPH-002 CIPH-003 CIPH-004 CIPH-005 CIPH-006 CIPH-007 CIPH-008 CIPH-009 CIPH-010 CIPH-011"),
        (
            _SUITES,
            "CIPH-012 CIPH-013 CIPH-014 CIPH-015 CIPH-016 CIPH-017 CIPH-018 CIPH-022 CIPH-024 KEX-001 KEX-002 KEX-003",
        ),
        (_SUITES, "KEX-004 KEX-005 KEX-006 VULN-003 VULN-007 VULN-008 VULN-009 VULN-011 VULN-013 VULN-017"),
        (_ORDER, "CIPH-020 CIPH-021"),
        (_GROUPS, "KEX-008 KEX-009 KEX-011"),
        (_HYBRID, "PQ-001 PQ-002 PQ-003"),
        (_HSTS, "HTTP-001 HTTP-002 HTTP-005"),
        (_TO_HTTPS, "HTTP-006 HTTP-007 HTTP-008"),
        (_STAPLING, "REVO-003 REVO-004 REVO-005"),
        (_CHAIN, "CHAIN-003 CHAIN-004 CHAIN-005 CHAIN-006 CHAIN-007 CHAIN-009"),
        (_CLIENTS, "MTLS-001 MTLS-002 MTLS-003 MTLS-004 MTLS-016"),
        (_NAMES, "IMPL-003"),
        ({"nginx": "ssl_early_data off;"}, "SESS-005 MTLS-013"),
        ({"Apache": "SSLCompression off"}, "SESS-004"),
        ({"Apache": "SSLInsecureRenegotiation off"}, "SESS-001 SESS-002"),
    ):
        found |= {f"TLS-{rule}": directives for rule in rules.split()}
    return MappingProxyType(found)


DIRECTIVES: Final = _table()


def product_of(facts: Facts) -> str | None:
    """The product that the server calls itself; None where it says nothing, or nothing that is known here."""
    answer = facts.http.value if isinstance(facts.http, Known) else None
    named = answer.server if answer is not None and answer.server else ""
    return next((product for product, pattern in _PRODUCTS if pattern.match(named)), None)


def remedy_for(rule: Rule, product: str | None) -> str:
    """What to do about a failure of `rule`, with the directive of this product where there is one."""
    directive = DIRECTIVES.get(rule.id, {}).get(product or "")
    if directive is None:
        return rule.remedy
    return f"{rule.remedy} In {product}, which is what the server calls itself: {directive}"
