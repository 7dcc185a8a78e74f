"""What a policy gives to the rules: thresholds, and what the operator says of the target.

Only `policy` fills these in; rules have no threshold of their own. Sizes are bits unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tlsaudit.model.facts import ClientAuthMode
from tlsaudit.model.protocol import ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The thresholds of one policy; None: the policy has no such limit.

    `broken` marks what can be attacked, `min` what everybody asks for today, `wanted` what is better: whether a policy
    demands that as well is said by the severity of the rule that reads it.
    """

    suites_allowed: frozenset[int] | None
    """IANA codes; nothing else may be accepted."""
    groups_allowed: frozenset[int] | None
    symmetric_bits_broken: int
    symmetric_bits_min: int
    block_bits_min: int
    dh_bits_broken: int
    dh_bits_min: int
    dh_bits_wanted: int
    curve_bits_min: int
    rsa_bits_broken: int
    rsa_bits_min: int
    rsa_bits_wanted: int
    rsa_exponent_min: int
    certificate_curves: frozenset[str]
    """Curves that a publicly trusted certificate may use."""
    certificate_curve_bits_min: int
    signature_hash_bits_min: int
    expiry_page_days: int
    expiry_page_fraction: float
    """Of the lifetime; the shorter of both windows counts, so that a certificate of six days does not always alert."""
    expiry_alert_days: int
    expiry_alert_fraction: float
    clock_tolerance_seconds: int
    public_lifetime_days: tuple[tuple[date, int], ...]
    """(issued from, longest lifetime), oldest first: the CA/B Forum table."""
    lifetime_days_max: int | None
    """The policy's own limit for any certificate."""
    short_lived_days: int
    intermediate_expiry_days: int
    san_count_max: int
    certificate_message_bytes_max: int
    path_depth_max: int
    ticket_seconds_max: int
    status_without_end_days_max: int
    """Age up to which an answer on revocation counts though it does not say when the next one comes (nextUpdate)."""
    hsts_seconds_broken: int
    hsts_seconds_min: int
    versions_allowed: frozenset[ProtocolVersion] | None = None
    versions_required: frozenset[ProtocolVersion] | None = None
    """All of them have to be accepted."""
    groups_required: frozenset[int] | None = None
    """One of them has to be accepted."""
    certificate_keys_allowed: frozenset[str] | None = None
    """Kinds of the leaf's key: a curve where it is one, else `PublicKey.type` (rsa, ed25519, a dotted OID)."""
    certificate_signatures_allowed: frozenset[str] | None = None
    """As in `Certificate.signature_algorithm`."""
    client_ca_expiry_days: int | None = None
    """How long before its end the authority of the clients has to be replaced."""
    client_lifetime_hours_max: int | None = None
    """Of a client certificate."""
    workload_lifetime_hours_max: int | None = None
    """Of a certificate with a SPIFFE ID, which is made anew by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the operator declares about the target; None: nothing was declared."""

    client_auth: ClientAuthMode | None = None
    kind: Literal["api", "web"] | None = None
    """Whether programs or browsers are its clients."""
    names: tuple[str, ...] = ()
    """What the certificate has to cover, instead of the target's host: names, addresses, SPIFFE IDs."""
