"""What to write in the configuration of the server that was recognised.

A server is recognised by the Server header field of its HTTP answer (RFC 9110 section 10.2.4), which is a claim: a
proxy may answer in the name of another. So the words say where the name is from, and the rule's own remedy comes first.
Directives are those of the products' documentation, with the values of the policy in force; CAPITALS stand for files of
the operator. What belongs into blocks of a Caddyfile has to stand in lines of its own, so the blocks are named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Known
from tlsaudit.model.limits import Limits
from tlsaudit.rules.rule import Rule
from tlsaudit.rules.words import Choice, choice, filled

_PRODUCTS: Final = (
    ("nginx", re.compile(r"(nginx|openresty)(?![\w-])", re.IGNORECASE)),
    ("Apache", re.compile(r"apache(?![\w-])", re.IGNORECASE)),
    ("Caddy", re.compile(r"caddy(?![\w-])", re.IGNORECASE)),
    ("Envoy", re.compile(r"envoy(?![\w-])", re.IGNORECASE)),
)
"""Products by how their Server header field begins; Apache-Coyote is Tomcat's."""

Directive = Callable[[Choice], str]
"""What to write under a policy; "" where nothing that it allows would help."""

_IN_TLS = "in the site's block tls:"
_WITH_ML_KEM = "(with OpenSSL 3.5 or later)"


def _fixed(directive: str) -> Directive:
    return lambda _: directive


def _openssl_versions(chosen: Choice, sign: str = "") -> str:
    names = ["TLSv1" if version == "TLSv1.0" else str(version) for version in chosen.versions]
    return " ".join(f"{sign}{name}" for name in names)


def _nginx_versions(chosen: Choice) -> str:
    return f"ssl_protocols {_openssl_versions(chosen)};"


def _apache_versions(chosen: Choice) -> str:
    return f"SSLProtocol -all {_openssl_versions(chosen, '+')}"


def _caddy_versions(chosen: Choice) -> str:
    """Caddy speaks TLS 1.2 and 1.3 alone."""
    names = [version.lower().replace("v", "") for version in chosen.versions]
    return f"{_IN_TLS} protocols {' '.join(names)}"


def _nginx_suites(chosen: Choice) -> str:
    """Where no suite below TLS 1.3 is allowed, the versions are what to write."""
    older = f"ssl_ciphers {chosen.older};" if chosen.older else _nginx_versions(chosen)
    return f"{older} ssl_conf_command Ciphersuites {chosen.newest};" if chosen.newest else older


def _apache_suites(chosen: Choice) -> str:
    older = f"SSLCipherSuite {chosen.older}" if chosen.older else _apache_versions(chosen)
    return f"{older} and SSLCipherSuite TLSv1.3 {chosen.newest}" if chosen.newest else older


def _nginx_hybrid(chosen: Choice) -> str:
    return f"ssl_ecdh_curve {chosen.openssl_groups(hybrid=True)}; {_WITH_ML_KEM}" if chosen.hybrid else ""


def _apache_hybrid(chosen: Choice) -> str:
    groups = chosen.openssl_groups(hybrid=True)
    return f"SSLOpenSSLConfCmd Groups {groups} {_WITH_ML_KEM}" if chosen.hybrid else ""


def _envoy_versions(chosen: Choice) -> str:
    return f"tls_params: {{tls_minimum_protocol_version: {chosen.versions[0].replace('.', '_')}}}"


_VERSIONS: Mapping[str, Directive] = {
    "nginx": _nginx_versions,
    "Apache": _apache_versions,
    "Caddy": _caddy_versions,
    "Envoy": _envoy_versions,
}
_SUITES: Mapping[str, Directive] = {"nginx": _nginx_suites, "Apache": _apache_suites}
_ORDER = {"nginx": _fixed("ssl_prefer_server_ciphers on;"), "Apache": _fixed("SSLHonorCipherOrder on")}
_GROUPS: Mapping[str, Directive] = {
    "nginx": lambda chosen: f"ssl_ecdh_curve {chosen.openssl_groups()};",
    "Apache": lambda chosen: f"SSLOpenSSLConfCmd Groups {chosen.openssl_groups()}",
}
_HYBRID: Mapping[str, Directive] = {"nginx": _nginx_hybrid, "Apache": _apache_hybrid}
_HSTS: Mapping[str, Directive] = {
    "nginx": lambda chosen: f'add_header Strict-Transport-Security "{chosen.hsts}" always;',
    "Apache": lambda chosen: f'Header always set Strict-Transport-Security "{chosen.hsts}"',
    "Caddy": lambda chosen: f'header Strict-Transport-Security "{chosen.hsts}"',
}
_TO_HTTPS = {
    "nginx": _fixed("return 301 https://$host$request_uri; (in the server block without TLS)"),
    "Apache": _fixed("Redirect permanent / https://NAME/ (in the virtual host without TLS)"),
}
_STAPLING = {
    "nginx": _fixed("ssl_stapling on; ssl_stapling_verify on; (and a resolver)"),
    "Apache": _fixed("SSLUseStapling on (and an SSLStaplingCache outside of the virtual host)"),
}
_CHAIN = {
    "nginx": _fixed("ssl_certificate CHAIN.pem; (the server's certificate, then the intermediates)"),
    "Apache": _fixed("SSLCertificateFile CHAIN.pem (the server's certificate, then the intermediates)"),
}
_CLIENTS = {
    "nginx": _fixed("ssl_client_certificate CLIENT-CA.pem; ssl_verify_client on;"),
    "Apache": _fixed("SSLCACertificateFile CLIENT-CA.pem and SSLVerifyClient require (both in the virtual host)"),
    "Caddy": _fixed(
        f"{_IN_TLS} in its block client_auth: mode require_and_verify and, in a line of its own, "
        "trusted_ca_cert_file CLIENT-CA.pem (from Caddy 2.8 on better trust_pool file CLIENT-CA.pem)"
    ),
    "Envoy": _fixed("require_client_certificate: true, with a trusted_ca in the validation_context"),
}
_NAMES = {
    "nginx": _fixed("ssl_reject_handshake on; (in a default_server of its own, since 1.19.4)"),
    "Apache": _fixed("SSLStrictSNIVHostCheck on"),
}


def _table() -> Mapping[str, Mapping[str, Directive]]:
    """The directives by rule and product."""
    found: dict[str, Mapping[str, Directive]] = {}
    for directives, rules in (
        (_VERSIONS, "PROTO-002 PROTO-003 PROTO-004 PROTO-006 PROTO-007 PROTO-017 PQ-004 VULN-004 VULN-010 ALPN-003"),
        (_SUITES, "CIPH-001 CIPH-002 CIPH-003 CIPH-004 CIPH-005 CIPH-006 CIPH-007 CIPH-008 CIPH-009 CIPH-010 CIPH-011"),
        (
            _SUITES,
            "CIPH-012 CIPH-013 CIPH-014 CIPH-015 CIPH-016 CIPH-017 CIPH-018 CIPH-019 CIPH-022 CIPH-024 KEX-001",
        ),
        (_SUITES, "KEX-002 KEX-003 KEX-004 KEX-005 KEX-006 VULN-003 VULN-005 VULN-007 VULN-008 VULN-009"),
        (_SUITES, "VULN-011 VULN-013 VULN-017"),
        (_ORDER, "CIPH-020 CIPH-021"),
        (_GROUPS, "KEX-008 KEX-009 KEX-011 KEX-012"),
        (_HYBRID, "PQ-001 PQ-002 PQ-003"),
        (_HSTS, "HTTP-001 HTTP-002 HTTP-005"),
        (_TO_HTTPS, "HTTP-006 HTTP-007 HTTP-008"),
        (_STAPLING, "REVO-003 REVO-004 REVO-005"),
        (_CHAIN, "CHAIN-003 CHAIN-004 CHAIN-005 CHAIN-006 CHAIN-007 CHAIN-009"),
        (_CLIENTS, "MTLS-001 MTLS-002 MTLS-003 MTLS-004 MTLS-016"),
        (_NAMES, "IMPL-003"),
        ({"nginx": _fixed("ssl_early_data off;")}, "SESS-005 SESS-006 MTLS-013"),
        ({"Apache": _fixed("SSLCompression off")}, "SESS-004"),
        ({"Apache": _fixed("SSLInsecureRenegotiation off")}, "SESS-001 SESS-002"),
    ):
        found |= {f"TLS-{rule}": directives for rule in rules.split()}
    return MappingProxyType(found)


DIRECTIVES: Final = _table()


def product_of(facts: Facts) -> str | None:
    """The product that the server calls itself; None where it says nothing, or nothing that is known here."""
    answer = facts.http.value if isinstance(facts.http, Known) else None
    named = answer.server if answer is not None and answer.server else ""
    return next((product for product, pattern in _PRODUCTS if pattern.match(named)), None)


def remedy_for(rule: Rule, product: str | None, limits: Limits, required: Collection[str] = ()) -> str:
    """What to do about a failure of `rule`, with the directive of this product where there is one.

    `limits` and `required` are those of the policy in force: nothing that it does not allow is named.
    """
    remedy = filled(rule.remedy, limits)
    write = DIRECTIVES.get(rule.id, {}).get(product or "")
    directive = write(choice(limits, required)) if write is not None else ""
    return f"{remedy} In {product}, which is what the server calls itself: {directive}" if directive else remedy
