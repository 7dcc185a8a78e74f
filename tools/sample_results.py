"""Results for the sample reports: a builder, and what the rules say of the poor endpoint."""

from __future__ import annotations

import hashlib
from typing import Literal

from tlsaudit.model.document import EvidencePart, ResultPart, SourcePart, Suppression
from tlsaudit.rules import CATALOGUE

WHY = {rule.id: rule.why for rule in CATALOGUE}
"""What the catalogue says of each rule."""

Severity = Literal["info", "low", "medium", "high", "critical"]
Outcome = Literal["pass", "fail", "not_applicable", "not_tested", "inconclusive", "waived"]


def digest(text: str) -> str:
    """A SHA-256 in hex that is always the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()


def brief(outcome: Outcome, severity: Severity, *rules: str) -> list[ResultPart]:
    """Results in their brief form."""
    return [ResultPart(rule=rule, outcome=outcome, severity=severity) for rule in rules]


def told(  # noqa: PLR0917 - the six texts stand in the order in which a report shows them
    rule: str,
    severity: Severity,
    title: str,
    observed: str,
    expected: str,
    remedy: str,
    *,
    sources: tuple[str, ...] = (),
    unverified: tuple[str, ...] = (),
    probes: tuple[int, ...] = (),
    cause: str | None = None,
    implied_by: str | None = None,
    reproduce: str | None = None,
    outcome: Outcome = "fail",
    suppression: Suppression | None = None,
    confidence: Literal["confirmed", "possible"] = "confirmed",
) -> ResultPart:
    """A result in its full form; each probe named proves what was observed."""
    return ResultPart(
        rule=rule,
        outcome=outcome,
        severity=severity,
        title=title,
        cause=cause or rule,
        observed=observed,
        expected=expected,
        why=WHY.get(rule, ""),
        evidence=[EvidencePart(observed=observed, at=f"probe:{probe}") for probe in probes],
        sources=[
            *(SourcePart(ref=ref, verified=True) for ref in sources),
            *(SourcePart(ref=ref, verified=False) for ref in unverified),
        ],
        remedy=remedy,
        reproduce=reproduce,
        fingerprint=digest(rule + observed)[:32],
        confidence=confidence,
        implied_by=implied_by,
        suppression=suppression,
    )


def poor_results() -> list[ResultPart]:
    """What the rules say of the poor endpoint."""
    sheet = "OWASP TLS Cheat Sheet, "
    legacy = "which OpenSSL 3 and every browser have switched off"
    s_client = "openssl s_client -connect shop.example.com:443 -servername shop.example.com"
    return [
        told(
            "TLS-CERT-020",
            "critical",
            "Certificate expired",
            "CN=shop.example.com expired on 2026-11-18T12:42:00Z, 2 days before the audit; clients refuse it.",
            "notAfter lies ahead",
            "Renew the certificate now and find out why its renewal did not run.",
            sources=('OWASP WSTG-CRYP-01, "Validity"', "PCI DSS 4.0.1 req. 4.2.1", "RFC 5280 §4.1.2.5"),
            probes=(2,),
            cause="EXPIRY",
            reproduce=f"{s_client} </dev/null | openssl x509 -noout -dates",
        ),
        told(
            "TLS-CHAIN-003",
            "high",
            "Incomplete chain",
            "The chain ends at CN=shop.example.com; its issuer, CN=Example Issuing CA R3, was not sent.",
            "every certificate between the leaf and the anchor is sent",
            "Append the intermediate certificate to the server's certificate file.",
            sources=("RFC 9846 §4.5.1",),
            probes=(2,),
            cause="TRUST",
            reproduce=f"{s_client} -showcerts </dev/null",
        ),
        told(
            "TLS-CHAIN-001",
            "critical",
            "Untrusted chain",
            "No path leads from the leaf to an anchor of the Mozilla store with the certificates that were sent.",
            "a path to an anchor of the deciding store",
            "Send the missing intermediate.",
            sources=("OWASP ASVS 5.0 12.2.2",),
            probes=(2,),
            cause="TRUST",
            implied_by="TLS-CHAIN-003",
        ),
        told(
            "TLS-PROTO-003",
            "high",
            "TLS 1.0 accepted",
            f"TLSv1.0 is accepted with TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, {legacy}.",
            "TLS 1.2 is the oldest version accepted",
            "Set the minimum version to TLS 1.2 (nginx: ssl_protocols TLSv1.2 TLSv1.3).",
            sources=(
                "RFC 8996 §4",
                "RFC 9325 §3.1.1",
                sheet + '"Only Support Strong Protocols"',
                "OWASP ASVS 5.0 12.1.1",
            ),
            probes=(10,),
            cause="LEGACY",
            reproduce=f"{s_client} -tls1 -cipher 'ALL:@SECLEVEL=0'",
        ),
        told(
            "TLS-PROTO-004",
            "high",
            "TLS 1.1 accepted",
            "TLSv1.1 is accepted with TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA.",
            "TLS 1.2 is the oldest version accepted",
            "Set the minimum version to TLS 1.2.",
            sources=("RFC 8996 §5",),
            probes=(9,),
            cause="LEGACY",
            implied_by="TLS-PROTO-003",
        ),
        told(
            "TLS-VULN-010",
            "low",
            "BEAST",
            "TLSv1.0 is accepted with 3 CBC suites.",
            "no CBC suite below TLS 1.1",
            "Switch TLS 1.0 off.",
            sources=("CVE-2011-3389",),
            probes=(10,),
            cause="LEGACY",
            implied_by="TLS-PROTO-003",
            confidence="possible",
        ),
        told(
            "TLS-CIPH-006",
            "high",
            "64-bit block cipher",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA at TLSv1.0 to TLSv1.2: collisions reveal plaintext after 2^32 blocks.",
            "no suite with a block of 64 bits",
            "Remove 3DES from the cipher string (append :!3DES).",
            sources=("CVE-2016-2183", "OWASP ASVS 5.0 Appendix C"),
            probes=(7,),
            cause="B64",
            reproduce=f"{s_client} -tls1_2 -cipher '3DES:@SECLEVEL=0'",
        ),
        told(
            "TLS-CIPH-010",
            "high",
            "Static RSA key exchange",
            "TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_3DES_EDE_CBC_SHA: a stolen key opens all recorded traffic.",
            "only ephemeral key exchange",
            "Keep only ECDHE suites.",
            sources=("RFC 9325 §4.1", sheet + '"Only Support Strong Ciphers"'),
            unverified=("draft-ietf-tls-deprecate-obsolete-kex §4",),
            probes=(6, 7),
            cause="NOFS",
            reproduce=f"{s_client} -tls1_2 -cipher 'kRSA:@SECLEVEL=0'",
        ),
        told(
            "TLS-KEX-002",
            "high",
            "Diffie-Hellman group of 1024 to 2047 bits",
            "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384 with the 1024-bit prime modp1024 (RFC 2409), shared by many servers.",
            "at least 2048 bits",
            "Remove the DHE suites, or use ffdhe3072.",
            sources=("RFC 9325 §4.5", "CVE-2015-4000"),
            probes=(4,),
            cause="SMALLDH",
            reproduce=f"{s_client} -tls1_2 -cipher 'DHE:@SECLEVEL=0'",
        ),
        told(
            "TLS-REVO-004",
            "medium",
            "Bad OCSP staple",
            "The stapled response was valid until 2026-11-16T07:30:00Z.",
            "a staple within thisUpdate and nextUpdate, for this certificate",
            "Let the server fetch a new response (check its resolver and outbound access to the OCSP responder).",
            sources=("RFC 9325 §7.5",),
            probes=(2,),
        ),
        told(
            "TLS-HTTP-001",
            "medium",
            "HSTS missing",
            "The answer to GET / carries no Strict-Transport-Security header field.",
            "Strict-Transport-Security with max-age of at least 31536000 seconds",
            "Add the header field: Strict-Transport-Security: max-age=31536000",
            sources=("OWASP ASVS 5.0 3.4.1", "RFC 6797 §7.1"),
            probes=(12,),
            cause="HSTS",
            reproduce="curl -sI https://shop.example.com/ | grep -i strict-transport-security",
        ),
        told(
            "TLS-PROTO-007",
            "low",
            "TLS 1.3 not offered",
            "The newest version accepted is TLSv1.2.",
            "TLS 1.3 is accepted",
            "Enable TLS 1.3.",
            sources=("RFC 9325 §3.1.1",),
            probes=(1,),
        ),
        told(
            "TLS-CIPH-009",
            "low",
            "CBC without encrypt-then-MAC",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA was negotiated and encrypt_then_mac was not echoed.",
            "AEAD suites only, or encrypt-then-MAC",
            "Drop the CBC suites.",
            sources=("RFC 9325 §4.2",),
            probes=(5,),
            cause="CBC",
        ),
        told(
            "TLS-SESS-007",
            "medium",
            "No extended master secret",
            "extended_master_secret was offered and not echoed at TLSv1.2.",
            "the extension is echoed",
            "Upgrade the TLS library.",
            sources=("RFC 9325 §3.5",),
            probes=(2,),
            outcome="waived",
            suppression=Suppression(
                by="waiver",
                reason="The load balancer is replaced in January (CHG-4711)",
                owner="network-team@example.com",
                expires="2027-01-31",
            ),
        ),
        told(
            "TLS-VULN-003",
            "critical",
            "ROBOT",
            "The connection was reset in 2 of 3 attempts, so the answers to bad padding could not be compared.",
            "all invalid PKCS #1 messages are answered alike",
            "Drop the TLS_RSA suites.",
            sources=("CVE-2017-13099",),
            outcome="inconclusive",
        ),
        told(
            "TLS-PROTO-001",
            "critical",
            "SSL 2.0 accepted",
            "protocols.SSLv2 is unknown: no answer within 3.0 s, twice",
            "SSL 2.0 is refused",
            "Remove SSLv2 from the library or the listener.",
            sources=("RFC 6176",),
            outcome="inconclusive",
        ),
        *brief("pass", "critical", "TLS-CERT-001", "TLS-CIPH-001", "TLS-CIPH-002", "TLS-CIPH-003", "TLS-VULN-001"),
        *brief("pass", "high", "TLS-PROTO-002", "TLS-SIG-002", "TLS-CERT-031", "TLS-SESS-004"),
        *brief("not_applicable", "high", "TLS-PROTO-010"),
        *brief("not_tested", "high", "TLS-SESS-006", "TLS-MTLS-004"),
        *brief("not_tested", "medium", "TLS-SESS-003", "TLS-KEX-007"),
    ]
