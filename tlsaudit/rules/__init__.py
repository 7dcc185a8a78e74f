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
        "TLS-HTTP-011",
        "TLS-HTTP-012",
        "TLS-HTTP-013",
        "TLS-KEX-007",
        "TLS-KEX-010",
        "TLS-MTLS-010",
        "TLS-MTLS-011",
        "TLS-MTLS-023",
    }
)  # fmt: skip
"""Rules on what an endpoint does that no configuration file says, and that know no fact for "not said"."""

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
    "UPSTREAM_RULES",
    "Case",
    "Rule",
]
