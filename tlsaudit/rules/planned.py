"""Rules of the catalogue that are not there yet, and why: what no report can have judged.

An id keeps its meaning from the day it is listed here; a rule that is written leaves this list.
"""

from __future__ import annotations

from dataclasses import dataclass

_FILES = "needs configuration files, which are not read yet"
_DNS = "needs DNS, which is not asked yet"
_MONITOR = "needs a monitor of Certificate Transparency logs, which are not asked"
_FLEET = "needs a fleet with its inventory and history"
_HISTORY = "needs earlier reports of the same endpoint"
_ATTACK = "needs an attack that is not tried: it may crash the server or read foreign memory"
_PROBE = "needs a question that is not asked yet"


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule to come: its id, what it will be about, and why it is not there."""

    id: str
    title: str
    reason: str


PLANNED: tuple[Planned, ...] = (
    Planned("TLS-PROTO-005", "DTLS 1.0 accepted", "needs DTLS, which is not spoken yet"),
    Planned("TLS-PROTO-016", "No Encrypted Client Hello", _DNS),
    Planned("TLS-KEX-013", "Points off the curve accepted", _ATTACK),
    Planned("TLS-PQ-006", "Below the level of CNSA 2.0", "the rules on lists judge it under the policy cnsa-2"),
    Planned("TLS-CERT-024", "Renewal overdue", _HISTORY),
    Planned(
        "TLS-CERT-037",
        "Weak key of Debian's OpenSSL",
        "no package that is still served has the list of these keys; with one of your own --blocklist finds them",
    ),
    Planned("TLS-CERT-040", "Prime shared with another key", _FLEET),
    Planned("TLS-CERT-059", "Issuer and serial number of another certificate", _FLEET),
    Planned("TLS-CHAIN-016", "Unexpected authority", "an expected one is the only anchor: TLS-CHAIN-001 says it"),
    Planned("TLS-CT-004", "Unexpected certificate logged", _MONITOR),
    Planned(
        "TLS-CT-005", "Internal names logged", "needs the operator's internal suffixes, which nothing declares yet"
    ),
    Planned("TLS-SESS-006", "Early data accepted twice", _PROBE),
    Planned("TLS-SESS-008", "No encrypt-then-MAC", "TLS-CIPH-009 says it"),
    Planned("TLS-SESS-010", "Ticket key not rotated", _HISTORY),
    Planned("TLS-SESS-011", "Tickets accepted for other names", "TLS-MTLS-017 says where it matters most"),
    Planned("TLS-SESS-012", "Resumption without a new key exchange", _PROBE),
    Planned("TLS-VULN-005", "Padding oracles in CBC", _ATTACK),
    Planned("TLS-VULN-012", "Ticketbleed", _ATTACK),
    Planned("TLS-VULN-016", "Winshock", _ATTACK),
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
    Planned("TLS-CONF-001", "Plain text behind a terminator", _FILES),
    Planned("TLS-CONF-002", "Upstream certificate not verified", _FILES),
    Planned("TLS-CONF-003", "Upstream name not checked", _FILES),
    Planned("TLS-CONF-004", "Client code that verifies nothing", _FILES),
    Planned("TLS-CONF-006", "Mesh that takes plain text", _FILES),
    Planned("TLS-CONF-007", "Errors of client certificates ignored", _FILES),
    Planned("TLS-CONF-008", "Public authorities trusted for clients", _FILES),
    Planned("TLS-CONF-009", "No revocation of client certificates", _FILES),
    Planned("TLS-CONF-010", "Header with the client's identity can be forged", _FILES),
    Planned("TLS-CONF-012", "Security level lowered", _FILES),
    Planned("TLS-CONF-013", "Weak or old Diffie-Hellman parameters", _FILES),
    Planned("TLS-CONF-014", "Ticket key in a file", _FILES),
    Planned("TLS-CONF-015", "Early data without a guard", _FILES),
    Planned("TLS-CONF-016", "HSTS lost in a nested block", _FILES),
    Planned("TLS-CONF-017", "No default host that refuses", _FILES),
    Planned("TLS-CONF-018", "Stapling that cannot work", _FILES),
    Planned("TLS-CONF-019", "TLS failures of upstreams not logged", _FILES),
    Planned("TLS-CONF-020", "Keys used twice by configuration", _FILES),
    Planned("TLS-CONF-021", "Wildcard with an HTTP-01 solver", _FILES),
    Planned("TLS-KEY-001", "Key file that others can read", _FILES),
    Planned("TLS-KEY-002", "Private key in the repository", _FILES),
    Planned("TLS-KEY-003", "Private key in an image", _FILES),
    Planned("TLS-KEY-004", "Key and certificate do not match", _FILES),
    Planned("TLS-KEY-005", "Key kept at renewal", _HISTORY),
    Planned("TLS-KEY-006", "Key of an authority on a server", _FILES),
    Planned("TLS-KEY-007", "Key outside of hardware", _FILES),
    Planned("TLS-FLEET-001", "Key shared by hosts", _FLEET),
    Planned("TLS-FLEET-002", "Key shared across zones", _FLEET),
    Planned("TLS-FLEET-003", "Shared key with a weak host", _FLEET),
    Planned("TLS-FLEET-004", "Wildcard on many hosts", _FLEET),
    Planned("TLS-FLEET-006", "Endpoint outside of the inventory", _FLEET),
    Planned("TLS-FLEET-007", "Inventory out of date", _FLEET),
    Planned("TLS-FLEET-008", "Review overdue", _FLEET),
    Planned("TLS-FLEET-009", "Many certificates that expire together", _FLEET),
    Planned("TLS-FLEET-010", "No record of post-quantum migration", _FLEET),
    Planned("TLS-FLEET-011", "Public endpoint with a private authority", _FLEET),
    Planned("TLS-FLEET-012", "One trust domain with several authorities", _FLEET),
)
