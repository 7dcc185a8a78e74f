"""The questions asked of one endpoint. What is known prunes what is asked next; nothing here knows a policy.

    audit_endpoint(target, network, settings) -> Audit     facts, and why they are incomplete if they are

The questions live one a module: `contact`, `versions`, `suites`, `groups`, `tls13`, `certificates`, `client_auth`,
`http`, `session`, `vulnerabilities`, and in `behaviours`. They share `dialogue` (one hello, one answer), `handshake`
(our own TLS 1.3 client) and `full` (pyOpenSSL); `notes` collects, `assemble` turns notes into facts. Attacks are asked
with sslyze in a child process (`isolation`, `relay`, `sslyze_child`). What certificates point to is fetched last
(`revocation`, `fetch`), and only where somebody asked for that.
"""

from tlsaudit.probe.audit import INTERRUPTED, Audit, Problem, Settings, audit_endpoint
from tlsaudit.probe.certificates import Trusting
from tlsaudit.probe.contact import NotAuditedError
from tlsaudit.probe.fetch import Fetcher
from tlsaudit.probe.isolation import Sslyze
from tlsaudit.probe.revocation import GivenCrl, StatusSources

__all__ = [
    "INTERRUPTED",
    "Audit",
    "Fetcher",
    "GivenCrl",
    "NotAuditedError",
    "Problem",
    "Settings",
    "Sslyze",
    "StatusSources",
    "Trusting",
    "audit_endpoint",
]
