"""Every rule that a server can break, with a posture that does and one that does not.

A rule is proven by an audit over the network under the policy `owasp`, not by facts made for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """A posture that fails the rule and one that passes it; what the failure says of the culprit, and how bad it is."""

    fails: str
    passes: str
    severity: str
    observed: str


_MODERN, _TLS_1_2 = "modern", "TLS 1.2 only"
_STATIC_RSA = "TLS_RSA_WITH_AES_128_GCM_SHA256"
_ONE = "one identity"
_TO_HTTPS, _HOSTSSL = "redirects to HTTPS", "PostgreSQL with hostssl"
_CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"

PROVEN: Mapping[str, Proof] = {
    "TLS-PROTO-001": Proof("SSL 2.0", _MODERN, "critical", "SSLv2 is accepted"),
    "TLS-PROTO-002": Proof("SSL 3.0", _MODERN, "high", "SSLv3 is accepted"),
    "TLS-PROTO-003": Proof("up to TLS 1.1", _MODERN, "high", "TLSv1.0 is accepted"),
    "TLS-PROTO-004": Proof("up to TLS 1.1", _MODERN, "high", "TLSv1.1 is accepted"),
    "TLS-PROTO-006": Proof("up to TLS 1.1", _TLS_1_2, "critical", "the newest version is TLSv1.1"),
    "TLS-PROTO-007": Proof(_TLS_1_2, _MODERN, "low", "TLSv1.3 is refused"),
    "TLS-PROTO-008": Proof("older version first", _MODERN, "medium", "gets TLSv1.2, although TLSv1.3 is accepted"),
    "TLS-PROTO-009": Proof("fallback", "up to TLS 1.1", "medium", "bears TLS_FALLBACK_SCSV"),
    "TLS-PROTO-010": Proof("no downgrade mark", _MODERN, "medium", "does not say that TLSv1.3 is spoken"),
    "TLS-PROTO-011": Proof("TLS 1.3 draft", _MODERN, "low", "draft 28 of TLSv1.3"),
    "TLS-PROTO-012": Proof("PostgreSQL without hostssl", _HOSTSSL, "medium", "without TLS it asks for a password"),
    "TLS-PROTO-013": Proof("PostgreSQL that takes injections", _HOSTSSL, "high", "is answered within TLS"),
    "TLS-PROTO-014": Proof("upgrade from plain HTTP", _TO_HTTPS, "high", "HTTP 101, Upgrade: TLS/1.0"),
    "TLS-CIPH-001": Proof("left-overs", _MODERN, "critical", "TLS_ECDHE_RSA_WITH_NULL_SHA at TLSv1.0"),
    "TLS-CIPH-002": Proof("left-overs", _MODERN, "critical", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
    "TLS-CIPH-003": Proof("museum", _MODERN, "critical", "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    "TLS-CIPH-004": Proof("SSL 3.0", _MODERN, "high", "TLS_RSA_WITH_RC4_128_SHA at SSLv3"),
    "TLS-CIPH-005": Proof("museum", _MODERN, "high", "TLS_RSA_WITH_IDEA_CBC_SHA"),
    "TLS-CIPH-006": Proof("SSL 3.0", _MODERN, "high", "TLS_RSA_WITH_3DES_EDE_CBC_SHA at "),
    "TLS-CIPH-007": Proof("museum", _MODERN, "critical", "TLS_RSA_WITH_DES_CBC_SHA"),
    "TLS-CIPH-008": Proof("SSL 3.0", _MODERN, "medium", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    "TLS-CIPH-009": Proof("CBC only", "CBC with encrypt-then-MAC", "low", _CBC),
    "TLS-CIPH-010": Proof("static RSA only", _MODERN, "high", _STATIC_RSA),
    "TLS-CIPH-011": Proof("museum", _MODERN, "high", "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256"),
    "TLS-CIPH-012": Proof("static RSA only", "static RSA first", "high", "no accepted suite has ephemeral"),
    "TLS-CIPH-013": Proof("static RSA first", _MODERN, "medium", f"Chrome 133 gets {_STATIC_RSA}"),
    "TLS-CIPH-014": Proof("CBC only", "CBC with encrypt-then-MAC", "medium", "no AEAD suite at TLSv1.2"),
    "TLS-CIPH-015": Proof("DHE of 3072 bits", _MODERN, "low", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 at TLSv1.2"),
    "TLS-CIPH-016": Proof("SSL 3.0", _MODERN, "high", "TLS_RSA_WITH_RC4_128_MD5"),
    "TLS-CIPH-017": Proof("left-overs", _MODERN, "low", "TLS_AES_128_CCM_8_SHA256 at TLSv1.3"),
    "TLS-CIPH-020": Proof("static RSA first", "left-overs", "high", f"{_STATIC_RSA} at TLSv1.2, before TLS_ECDHE_RSA"),
    "TLS-CIPH-021": Proof("left-overs", "static RSA first", "low", "the client's order decides at TLSv1.2"),
    "TLS-CIPH-022": Proof("left-overs", _MODERN, "low", "TLS_PSK_WITH_AES_128_GCM_SHA256"),
    "TLS-CIPH-023": Proof("museum", _MODERN, "low", "OLD_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    "TLS-CIPH-024": Proof("left-overs", _MODERN, "info", "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"),
    "TLS-CIPH-025": Proof("left-overs", _MODERN, "low", "TLS_AES_128_CCM_8_SHA256"),
    "TLS-KEX-001": Proof("DHE of 768 bits", "DHE of 3072 bits", "critical", "768 bits (modp768)"),
    "TLS-KEX-002": Proof("DHE of 1024 bits", "DHE of 3072 bits", "high", "1024 bits (modp1024)"),
    "TLS-KEX-003": Proof("DHE of 2048 custom bits", "DHE of 3072 bits", "info", "2048 bits"),
    "TLS-KEX-004": Proof("DHE of a composite", "DHE of 2048 custom bits", "critical", "the modulus is not prime"),
    "TLS-KEX-005": Proof("DHE of 1024 bits", "DHE of 3072 bits", "high", "1024 bits (modp1024)"),
    "TLS-KEX-006": Proof("DHE of 2048 custom bits", "DHE of 3072 bits", "low", "2048 bits"),
    "TLS-KEX-007": Proof("one ephemeral key", "modern, RSA", "low", "one ECDHE public value in "),
    "TLS-KEX-008": Proof("small curves", _MODERN, "high", "secp192r1 at TLSv1.2"),
    "TLS-KEX-009": Proof("small curves", _MODERN, "medium", "secp224r1 at TLSv1.2"),
    "TLS-KEX-010": Proof("explicit curve", _MODERN, "medium", "explicit_prime parameters at TLSv1.2"),
    "TLS-KEX-011": Proof("one large curve", _MODERN, "low", "secp256r1 and x25519 are refused"),
    "TLS-KEX-012": Proof("one large curve", _MODERN, "info", "secp521r1 at TLSv1.2, TLSv1.3"),
    "TLS-KEX-014": Proof("withdrawn extensions", _MODERN, "low", "ec_point_formats without uncompressed"),
    "TLS-PQ-001": Proof(_MODERN, "post-quantum", "info", "no group with ML-KEM"),
    "TLS-PQ-002": Proof("classical group first", "post-quantum", "low", "the server asks for x25519"),
    "TLS-PQ-003": Proof("Kyber draft", "post-quantum", "low", "X25519Kyber768Draft00 at TLSv1.3"),
    "TLS-PQ-004": Proof(_TLS_1_2, _MODERN, "info", "the newest version is TLSv1.2"),
    "TLS-PQ-005": Proof("intolerant of length", _MODERN, "medium", "1800 bytes fails"),
    "TLS-SIG-004": Proof("SHA-1 in the handshake", _MODERN, "medium", "TLSv1.2 handshake signed with rsa_pkcs1_sha1"),
    "TLS-SIG-005": Proof("PKCS #1 at TLS 1.3", "modern, RSA", "high", "signed with rsa_pkcs1_sha256"),
    "TLS-CHAIN-005": Proof("museum", _MODERN, "high", "CN=localhost"),
    "TLS-REVO-003": Proof("no staple", "stapled", "high", "no OCSP response was sent"),
    "TLS-REVO-004": Proof("old staple", "stapled", "medium", "the response expired"),
    "TLS-REVO-005": Proof("no staple", "stapled", "low", "http://ocsp.lab.test/"),
    "TLS-ALPN-001": Proof("h2 over CBC", "h2", "medium", f"h2 with {_CBC}"),
    "TLS-ALPN-002": Proof("h2 without its suite", "h2", "low", "h2 without TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    "TLS-ALPN-003": Proof("up to TLS 1.1", "TLS 1.1 without h2", "high", "h2 at TLSv1.0; h2 at TLSv1.1"),
    "TLS-ALPN-004": Proof("HTTP/2 with renegotiation", "h2", "medium", "clients may renegotiate"),
    "TLS-ALPN-005": Proof("h2", _MODERN, "low", "an unknown protocol name alone is accepted"),
    "TLS-HTTP-001": Proof("no HSTS", _MODERN, "medium", "HTTP 200 without Strict-Transport-Security"),
    "TLS-HTTP-002": Proof("careless headers", _MODERN, "medium", "max-age is 300 seconds"),
    "TLS-HTTP-003": Proof("careless headers", _MODERN, "info", "no includeSubDomains"),
    "TLS-HTTP-004": Proof("careless headers", _MODERN, "low", "preload without includeSubDomains"),
    "TLS-HTTP-005": Proof("broken HSTS", _MODERN, "medium", "'soon' is no number of seconds"),
    "TLS-HTTP-006": Proof("page over plain HTTP", _TO_HTTPS, "high", "HTTP 200 with content on port"),
    "TLS-HTTP-007": Proof("redirects elsewhere", _TO_HTTPS, "low", "HTTP 301 leads to 'http://www.localhost/'"),
    "TLS-HTTP-008": Proof("redirects for now", _TO_HTTPS, "info", "HTTP 302 leads to https://"),
    "TLS-HTTP-009": Proof("API that redirects", "API without plain HTTP", "low", "HTTP 301 redirects the API"),
    "TLS-HTTP-010": Proof("back to plain HTTP", _MODERN, "high", "HTTP 302 over TLS leads to 'http://localhost/'"),
    "TLS-HTTP-014": Proof("page with an old script", _TO_HTTPS, "medium", "loads 'http://localhost/old.js'"),
    "TLS-HTTP-011": Proof("careless headers", _MODERN, "medium", "cookie 'session' is set without Secure"),
    "TLS-HTTP-012": Proof("careless headers", _MODERN, "low", "Public-Key-Pins is sent"),
    "TLS-HTTP-013": Proof("careless headers", _MODERN, "info", "Expect-CT is sent"),
    "TLS-MTLS-001": Proof("mutual TLS not asked for", "declared mutual TLS", "critical", "at TLSv1.2, TLSv1.3 no"),
    "TLS-MTLS-002": Proof("mutual TLS not enforced", "declared mutual TLS", "critical", "TLSv1.3: optional (HTTP 200)"),
    "TLS-MTLS-003": Proof(
        "mutual TLS that checks nothing", _ONE, "critical", "a self-signed certificate gets in at TLSv1.2"
    ),
    "TLS-MTLS-004": Proof("mutual TLS that checks nothing", _ONE, "critical", "of an unknown CA gets in at TLSv1.2"),
    "TLS-MTLS-005": Proof(
        "mutual TLS that checks nothing", _ONE, "critical", "an expired certificate gets in at TLSv1.2"
    ),
    "TLS-MTLS-006": Proof("mutual TLS that checks nothing", _ONE, "medium", "a certificate for servers only gets in"),
    "TLS-MTLS-007": Proof("mutual TLS that checks nothing", _ONE, "high", "a revoked certificate gets in"),
    "TLS-MTLS-008": Proof(
        "mutual TLS that checks nothing", _ONE, "high", "the certificate of another identity gets in"
    ),
    "TLS-MTLS-009": Proof("mutual TLS that checks nothing", _ONE, "medium", "a certificate with a weak key gets in"),
    "TLS-MTLS-010": Proof("declared mutual TLS", "mutual TLS without CA names", "info", "CN=Lab Clients"),
    "TLS-MTLS-011": Proof("mutual TLS without CA names", "declared mutual TLS", "info", "without CA names"),
    "TLS-MTLS-013": Proof("mutual TLS with early data", _ONE, "high", "tickets offer early data"),
    "TLS-MTLS-014": Proof("mutual TLS by renegotiation", _ONE, "medium", "at TLSv1.2 after the request, for /"),
    "TLS-MTLS-016": Proof("mutual TLS at TLS 1.3 alone", _ONE, "critical", "required at TLSv1.3, but none at TLSv1.2"),
    "TLS-MTLS-021": Proof("mutual TLS at TLS 1.2", "mutual TLS at TLS 1.3", "info", "CertificateRequest at TLSv1.2"),
    "TLS-MTLS-022": Proof("mutual TLS by surprise", "declared open", "medium", "TLSv1.3: required"),
    "TLS-MTLS-023": Proof("mutual TLS with SHA-1", "mutual TLS at TLS 1.2", "low", "ecdsa_sha1"),
    "TLS-MTLS-024": Proof("mutual TLS of another CA", _ONE, "high", "refused at TLSv1.2 by the application"),
    "TLS-SESS-001": Proof("GnuTLS without extensions", _MODERN, "critical", "without renegotiation_info is granted"),
    "TLS-SESS-002": Proof("GnuTLS without extensions", _MODERN, "medium", "renegotiation_info is not answered"),
    "TLS-SESS-003": Proof("GnuTLS without extensions", _MODERN, "high", "10 of 10 renegotiations are granted"),
    "TLS-SESS-004": Proof("withdrawn extensions", _MODERN, "high", "DEFLATE is chosen"),
    "TLS-SESS-005": Proof("long tickets, early data", _MODERN, "low", "offers 0-RTT: a ticket allows 16384 bytes"),
    "TLS-SESS-007": Proof("GnuTLS without extensions", _MODERN, "medium", "extended_master_secret is not answered"),
    "TLS-SESS-009": Proof("long tickets, early data", _MODERN, "low", "a ticket lives 172800 seconds"),
    "TLS-SESS-013": Proof("withdrawn extensions", _MODERN, "medium", "truncated_hmac is answered"),
    "TLS-SESS-014": Proof("GnuTLS without extensions", _MODERN, "low", "heartbeat is answered"),
    "TLS-SESS-015": Proof("NPN", _MODERN, "info", "next_protocol_negotiation is answered"),
    "TLS-IMPL-001": Proof("intolerant of suites", _MODERN, "medium", "refused for an unknown cipher suite"),
    "TLS-VULN-001": Proof("Heartbleed", "GnuTLS without extensions", "critical", "an over-long heartbeat is answered"),
    "TLS-VULN-002": Proof("CCS injection", _MODERN, "critical", "ChangeCipherSpec is taken before"),
    "TLS-VULN-003": Proof("ROBOT", "static RSA first", "critical", "RSA padding get different answers"),
    "TLS-VULN-004": Proof("SSL 3.0", _MODERN, "high", "TLS_RSA_WITH_3DES_EDE_CBC_SHA at SSLv3"),
    "TLS-VULN-006": Proof("SSL 2.0", _MODERN, "critical", "SSLv2 is accepted"),
    "TLS-VULN-007": Proof("museum", _MODERN, "critical", "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    "TLS-VULN-008": Proof("DHE of 1024 bits", _MODERN, "high", "1024 bits (modp1024)"),
    "TLS-VULN-009": Proof("SSL 3.0", _MODERN, "medium", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    "TLS-VULN-010": Proof("up to TLS 1.1", _MODERN, "low", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA at TLSv1.0"),
    "TLS-VULN-011": Proof("CBC only", "CBC with encrypt-then-MAC", "low", _CBC),
    "TLS-VULN-013": Proof("museum", _MODERN, "medium", "TLS_DH_RSA_WITH_AES_128_GCM_SHA256"),
    "TLS-VULN-014": Proof("several services", _MODERN, "medium", "also covers mail.lab.test"),
    "TLS-VULN-015": Proof("page with an old script", _MODERN, "low", "compressed with 'gzip' (BREACH)"),
    "TLS-VULN-018": Proof("upgrade from plain HTTP", _TO_HTTPS, "high", "HTTP 101, Upgrade: TLS/1.0"),
    "TLS-VULN-017": Proof("DHE of 3072 bits", _MODERN, "low", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 at TLSv1.2"),
    "TLS-IMPL-002": Proof(
        "unoffered choice", _MODERN, "high", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, which was not on offer"
    ),
    "TLS-IMPL-003": Proof(_MODERN, "strict server name", "low", "a name under .invalid gets the same certificate"),
    "TLS-IMPL-005": Proof("one random", _MODERN, "critical", "the same random"),
    "TLS-IMPL-004": Proof("two back ends", _MODERN, "medium", "the cipher suite differed"),
}

PROVEN_APART = frozenset({"TLS-CIPH-018", "TLS-CIPH-019", "TLS-KEX-015", "TLS-PROTO-017", "TLS-PROTO-018"})
"""Rules that nothing breaks under `owasp` and the registry of today: in `test_live`, with lists of a policy, or a
registry that goes further."""
