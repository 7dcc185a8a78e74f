"""Rules of the catalogue that are not there yet, and why: what no report can have judged.

An id keeps its meaning from the day it is listed here; a rule that is written leaves this list.
"""

from __future__ import annotations

from dataclasses import dataclass

_FILES = "needs more of configuration files than is read yet"
_DNS = "needs DNS, which is not asked yet"
_MONITOR = "needs a monitor of Certificate Transparency logs, which are not asked"
_COMPARED = "no rule compares endpoints of different names with each other yet"
_UNDECLARED = "needs what an inventory has no place for yet"
_HISTORY = "needs earlier reports of the same endpoint"
_SCHANNEL = "a fingerprint of Schannel does not tell what is patched, and the attack itself may crash the server"


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule to come: its id, what it will be about, and why it is not there."""

    id: str
    title: str
    reason: str


PLANNED: tuple[Planned, ...] = (
    Planned("TLS-PROTO-005", "DTLS 1.0 accepted", "needs DTLS, which is not spoken yet"),
    Planned("TLS-PROTO-016", "No Encrypted Client Hello", _DNS),
    Planned("TLS-KEX-013", "Points off the curve accepted", "needs key shares that our key exchange cannot send yet"),
    Planned("TLS-PQ-006", "Below the level of CNSA 2.0", "the rules on lists judge it under the policy cnsa-2"),
    Planned("TLS-CERT-024", "Renewal overdue", _HISTORY),
    Planned(
        "TLS-CERT-037",
        "Weak key of Debian's OpenSSL",
        "no package that is still served has the list of these keys; with one of your own --blocklist finds them",
    ),
    Planned("TLS-CERT-040", "Prime shared with another key", _COMPARED),
    Planned("TLS-CERT-059", "Issuer and serial number of another certificate", _COMPARED),
    Planned("TLS-CHAIN-016", "Unexpected authority", "an expected one is the only anchor: TLS-CHAIN-001 says it"),
    Planned("TLS-CT-004", "Unexpected certificate logged", _MONITOR),
    Planned(
        "TLS-CT-005", "Internal names logged", "needs the operator's internal suffixes, which nothing declares yet"
    ),
    Planned("TLS-SESS-008", "No encrypt-then-MAC", "TLS-CIPH-009 says it"),
    Planned("TLS-SESS-010", "Ticket key not rotated", _HISTORY),
    Planned("TLS-VULN-016", "Winshock", _SCHANNEL),
    Planned("TLS-ALPN-006", "HTTP/3 differs", "needs QUIC, which is not spoken yet"),
    Planned("TLS-DNS-001", "No CAA", _DNS),
    Planned("TLS-DNS-002", "CAA forbids the issuer", _DNS),
    Planned("TLS-DNS-003", "CAA without account or method", _DNS),
    Planned("TLS-DNS-004", "CAA with an unknown critical tag", _DNS),
    Planned("TLS-DNS-005", "TLSA does not match", _DNS),
    Planned("TLS-DNS-006", "TLSA without DNSSEC", _DNS),
    Planned("TLS-DNS-007", "TLSA of the present key alone", _DNS),
    Planned("TLS-DNS-008", "HTTPS record disagrees", _DNS),
    Planned("TLS-DNS-009", "Dangling name", _DNS),
    Planned("TLS-DNS-010", "Mail without MTA-STS or DANE", _DNS),
    Planned("TLS-CONF-004", "Client code that verifies nothing", _FILES),
    Planned("TLS-CONF-006", "Mesh that takes plain text", _FILES),
    Planned("TLS-CONF-020", "Keys used twice by configuration", _FILES),
    Planned("TLS-CONF-021", "Wildcard with an HTTP-01 solver", _FILES),
    Planned("TLS-KEY-003", "Private key in an image", _FILES),
    Planned("TLS-KEY-005", "Key kept at renewal", _HISTORY),
    Planned("TLS-KEY-007", "Key outside of hardware", _FILES),
    Planned("TLS-FLEET-001", "Key shared by hosts", _COMPARED),
    Planned("TLS-FLEET-002", "Key shared across zones", _COMPARED),
    Planned("TLS-FLEET-003", "Shared key with a weak host", _COMPARED),
    Planned("TLS-FLEET-004", "Wildcard on many hosts", _COMPARED),
    Planned(
        "TLS-FLEET-006", "Endpoint outside of the inventory", "no rule holds what is found against an inventory yet"
    ),
    Planned("TLS-FLEET-007", "Inventory out of date", _UNDECLARED),
    Planned("TLS-FLEET-008", "Review overdue", _UNDECLARED),
    Planned("TLS-FLEET-009", "Many certificates that expire together", _COMPARED),
    Planned("TLS-FLEET-010", "No record of post-quantum migration", _UNDECLARED),
    Planned("TLS-FLEET-011", "Public endpoint with a private authority", "no rule reads the zones of an inventory yet"),
    Planned("TLS-FLEET-012", "One trust domain with several authorities", _COMPARED),
)
