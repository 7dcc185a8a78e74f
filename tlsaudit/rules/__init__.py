"""The catalogue of rules: what facts mean. One module a topic; design and conditions stand beside each rule.

Ids are permanent. `RULESET` changes with every change of a rule's condition, severity, cap or cause.
"""

from __future__ import annotations

from typing import Final

from tlsaudit.rules import (
    alpn,
    certificate_extensions,
    certificate_keys,
    certificate_names,
    certificate_validity,
    chain,
    cipher,
    cipher_exchange,
    client_auth,
    client_certificates,
    client_trust,
    configuration,
    distrust,
    fleet,
    http,
    implementation,
    key_exchange,
    listed,
    mutual_gaps,
    mutual_tls,
    plain_http,
    post_quantum,
    private_key,
    protocol,
    reference_clients,
    resumption,
    revocation,
    revocation_status,
    session,
    signature,
    starttls,
    transparency,
    twin,
    upstream,
    vulnerability,
    workload,
)
from tlsaudit.rules.rule import Case, Rule

RULESET: Final = "2026.11"

_MODULES = (
    alpn,
    certificate_extensions,
    certificate_keys,
    certificate_names,
    certificate_validity,
    chain,
    cipher,
    cipher_exchange,
    client_auth,
    client_certificates,
    distrust,
    http,
    implementation,
    key_exchange,
    listed,
    mutual_gaps,
    mutual_tls,
    plain_http,
    post_quantum,
    protocol,
    reference_clients,
    resumption,
    revocation,
    revocation_status,
    session,
    signature,
    starttls,
    transparency,
    twin,
    vulnerability,
    workload,
)


def _id(rule: Rule) -> str:
    return rule.id


CATALOGUE: tuple[Rule, ...] = tuple(sorted((each for module in _MODULES for each in module.RULES), key=_id))
"""Every rule of an endpoint, in the order of the ids."""

MUTUAL_RULES: tuple[Rule, ...] = tuple(
    each for each in CATALOGUE if each.area == "MTLS" or each is mutual_gaps.plain_text_answered
)
"""The rules on client authentication, and on the way past it that has no TLS."""

DECLARED_NAME_RULES: tuple[Rule, ...] = (certificate_names.name_mismatch, certificate_names.address_not_covered)
"""What an audit of client authentication judges as well where it was declared what the server is called."""

DECLARED_CA_RULES: tuple[Rule, ...] = (chain.untrusted,)
"""And where it was declared which authority certifies the server."""

SCAN_RULES: tuple[Rule, ...] = tuple(
    each
    for each in CATALOGUE
    if each
    not in (
        *client_certificates.OF_CLIENTS,
        *workload.OF_CLIENTS,
        mutual_gaps.resumption_bypass,
        mutual_tls.late_on_h2,
    )
)
"""The rules of a scan: without those on what only an audit of client authentication looks at."""

FLEET_RULES: tuple[Rule, ...] = (*fleet.RULES, mutual_gaps.enforcement_gap)
"""Rules of several endpoints that are one service, in the order of the ids; some are of a single endpoint as well."""

_NO_FILE_SHOWS = frozenset(
    {
        "TLS-ALPN-005", "TLS-CERT-012", "TLS-CERT-041", "TLS-CHAIN-005",
        "TLS-HTTP-006", "TLS-HTTP-007", "TLS-HTTP-008", "TLS-HTTP-009", "TLS-HTTP-011", "TLS-HTTP-012", "TLS-HTTP-013",
        "TLS-HTTP-014",
        "TLS-IMPL-001", "TLS-IMPL-002", "TLS-IMPL-003", "TLS-IMPL-004", "TLS-IMPL-005",
        "TLS-KEX-007", "TLS-KEX-010", "TLS-KEX-014",
        "TLS-MTLS-004", "TLS-MTLS-005", "TLS-MTLS-006", "TLS-MTLS-007", "TLS-MTLS-008", "TLS-MTLS-009", "TLS-MTLS-010",
        "TLS-MTLS-011", "TLS-MTLS-012", "TLS-MTLS-023", "TLS-MTLS-024",
        "TLS-PQ-005",
        "TLS-PROTO-008", "TLS-PROTO-009", "TLS-PROTO-010", "TLS-PROTO-011", "TLS-PROTO-012", "TLS-PROTO-013",
        "TLS-PROTO-014", "TLS-PROTO-015",
        "TLS-REVO-001", "TLS-REVO-002", "TLS-REVO-003", "TLS-REVO-004", "TLS-REVO-005", "TLS-REVO-007", "TLS-REVO-008",
        "TLS-SESS-002", "TLS-SESS-003", "TLS-SESS-006", "TLS-SESS-007", "TLS-SESS-009", "TLS-SESS-011", "TLS-SESS-012",
        "TLS-SESS-013", "TLS-SESS-014", "TLS-SESS-015",
        "TLS-SIG-004", "TLS-SIG-005",
        "TLS-VULN-001", "TLS-VULN-002", "TLS-VULN-003", "TLS-VULN-005", "TLS-VULN-012", "TLS-VULN-014", "TLS-VULN-018",
    }
)  # fmt: skip
"""Rules on what an endpoint does and no configuration file says, or on facts of others: trials, responders, the wire.

A rule that any reader can decide, if in one direction only, is not among them.
"""

KEY_RULES: tuple[Rule, ...] = private_key.RULES
"""Rules of a file with a private key in it."""

_LISTENER_FILE_RULES = (*client_trust.RULES, *configuration.RULES)
_FILE_RULES = (*_LISTENER_FILE_RULES, *KEY_RULES, *upstream.RULES)

LISTENER_RULES: tuple[Rule, ...] = tuple(
    sorted((*(each for each in SCAN_RULES if each.id not in _NO_FILE_SHOWS), *_LISTENER_FILE_RULES), key=_id)
)
"""Rules of a listener in a configuration file: those of an endpoint, and what only a file shows."""

UPSTREAM_RULES: tuple[Rule, ...] = (
    *upstream.RULES,
    configuration.version_dependent,
    *(each for each in CATALOGUE if each.area == "PROTO" and each.id <= "TLS-PROTO-006"),
    *(each for each in CATALOGUE if each.area == "CIPH" and each.id <= "TLS-CIPH-008"),
)
"""Rules of what a server offers those behind it."""

UNSERVED_RULES: tuple[Rule, ...] = (configuration.unserved,)
"""Rules of a listener where TLS is meant and nobody speaks it: it offers no versions and no suites either."""

PLAIN_UPSTREAM_RULES: tuple[Rule, ...] = upstream.RULES
"""Rules of an upstream that is spoken to in clear, which offers no versions and no suites."""

ALL_RULES: tuple[Rule, ...] = tuple(
    {each.id: each for each in sorted((*CATALOGUE, *FLEET_RULES, *_FILE_RULES), key=_id)}.values()
)
"""Every rule there is."""

__all__ = [
    "ALL_RULES",
    "CATALOGUE",
    "DECLARED_CA_RULES",
    "DECLARED_NAME_RULES",
    "FLEET_RULES",
    "KEY_RULES",
    "LISTENER_RULES",
    "MUTUAL_RULES",
    "PLAIN_UPSTREAM_RULES",
    "RULESET",
    "SCAN_RULES",
    "UNSERVED_RULES",
    "UPSTREAM_RULES",
    "Case",
    "Rule",
]
