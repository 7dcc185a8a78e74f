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
    protocol,
    reference_clients,
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

ALL_RULES: tuple[Rule, ...] = tuple({each.id: each for each in sorted((*CATALOGUE, *FLEET_RULES), key=_id)}.values())
"""Every rule there is."""

__all__ = [
    "ALL_RULES",
    "CATALOGUE",
    "DECLARED_CA_RULES",
    "DECLARED_NAME_RULES",
    "FLEET_RULES",
    "MUTUAL_RULES",
    "RULESET",
    "SCAN_RULES",
    "Case",
    "Rule",
]
