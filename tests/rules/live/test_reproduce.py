"""The command that a finding gives shows, at a shell, what the finding says."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.lab.servers import requires
from tests.rules.live.audits import Audits, result
from tests.rules.live.proofs import PROVEN

_SECONDS = 30
_REFUSED = r"(?s)alert (protocol version|handshake failure).*\Z"

SHOWS = {
    "TLS-PROTO-003": r"Protocol *: TLSv1$",
    "TLS-PROTO-004": r"Protocol *: TLSv1\.1$",
    "TLS-PROTO-006": r"Protocol *: TLSv1\.1$",
    "TLS-PROTO-007": _REFUSED,
    "TLS-CIPH-001": r"Cipher is ECDHE-RSA-NULL-SHA",
    "TLS-CIPH-002": r"Cipher is AECDH-AES128-SHA",
    "TLS-CIPH-009": r"\A(?!(?s:.*)encrypt-then-mac)(?s:.*)Cipher is ECDHE-RSA-AES128-SHA256",
    "TLS-CIPH-010": r"Cipher is AES128-GCM-SHA256",
    "TLS-CIPH-012": _REFUSED,
    "TLS-CIPH-014": _REFUSED,
    "TLS-CIPH-015": r"Cipher is DHE-RSA-AES128-GCM-SHA256",
    "TLS-CIPH-020": r"Cipher is AES128-GCM-SHA256",
    "TLS-CIPH-021": r"Cipher is AES128-GCM-SHA256",
    "TLS-CIPH-024": r"Cipher is ECDHE-RSA-CAMELLIA128-SHA256",
    "TLS-KEX-001": r"dh key too small",
    "TLS-KEX-002": r"DH, 1024 bits",
    "TLS-KEX-003": r"DH, 2048 bits",
    "TLS-KEX-005": r"DH, 1024 bits",
    "TLS-PQ-004": _REFUSED,
    "TLS-SIG-004": r"Peer signing digest: SHA1$",
    "TLS-SIG-005": r"wrong signature type",
    "TLS-REVO-003": r"OCSP response: no response sent",
    "TLS-REVO-004": r"Next Update: ",
    "TLS-REVO-005": r"OCSP response: no response sent",
    "TLS-ALPN-001": r"(?s)Cipher is ECDHE-RSA-AES128-SHA256.*ALPN protocol: h2",
    "TLS-ALPN-002": _REFUSED,
    "TLS-ALPN-003": r"(?s)ALPN protocol: h2.*Protocol *: TLSv1\.1",
    "TLS-HTTP-001": r"\A(?!(?s:.*)Strict-Transport-Security)HTTP/1.1 200",
    "TLS-HTTP-002": r"Strict-Transport-Security: max-age=300;",
    "TLS-HTTP-005": r"Strict-Transport-Security: max-age=soon",
    "TLS-HTTP-006": r"HTTP/1.1 200",
    "TLS-HTTP-007": r"Location: http://www.localhost/",
    "TLS-HTTP-008": r"HTTP/1.1 302",
    "TLS-HTTP-009": r"HTTP/1.1 301",
    "TLS-HTTP-010": r"(?s)HTTP/1.1 302.*Location: http://localhost/",
    "TLS-HTTP-014": r"\Ahttp://localhost/old.js$",
    "TLS-PROTO-014": r"(?s)HTTP/1.1 101 .*Upgrade: TLS/1.0",
    "TLS-VULN-014": r"No ALPN negotiated",
    "TLS-VULN-015": r"Content-Encoding: gzip",
    "TLS-VULN-018": r"(?s)HTTP/1.1 101 .*Upgrade: TLS/1.0",
    "TLS-HTTP-011": r"Set-Cookie: session=1; HttpOnly",
    "TLS-HTTP-012": r"Public-Key-Pins: ",
    "TLS-HTTP-013": r"Expect-CT: ",
    "TLS-MTLS-001": r"\A(?!(?s:.*)Requested Signature Algorithms)(?s:.*)No client certificate CA names sent",
    "TLS-MTLS-002": r"HTTP/1.1 200",
    "TLS-MTLS-010": r"Acceptable client certificate CA names\n.*CN = Lab Clients",
    "TLS-MTLS-011": r"(?s)No client certificate CA names sent.*Requested Signature Algorithms",
    "TLS-MTLS-014": r"(?s)GET / HTTP.*Hello request.*Request CERT",
    "TLS-MTLS-021": r"(?s)Requested Signature Algorithms.*Protocol *: TLSv1.2",
    "TLS-MTLS-022": r"HTTP/1.1 400",
    "TLS-MTLS-023": r"Requested Signature Algorithms: .*ECDSA\+SHA1",
    "TLS-ALPN-005": r"No ALPN negotiated",
    "TLS-IMPL-003": r"subject=CN = localhost",
    "TLS-SESS-015": r"Next protocol: \(1\) http/1\.1",
    "TLS-SESS-002": r"Secure Renegotiation IS NOT supported",
    "TLS-SESS-007": r"Extended master secret: no",
}
"""By rule, a pattern in what the command prints about the posture that fails it."""


@pytest.mark.slow
@pytest.mark.parametrize("rule", SHOWS)
def test_command_shows_the_finding(audits: Audits, rule: str) -> None:
    requires("openssl", "curl")
    command = result(audits.subject(PROVEN[rule].fails), rule).reproduce
    assert command is not None
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert re.search(SHOWS[rule], done.stdout + done.stderr, re.MULTILINE), f"{command}\n{done.stdout}{done.stderr}"
