"""The subjects of the sample reports.

They show what a report has to carry: a sound endpoint, a poor one with implied, waived and undecided findings, one
with mutual TLS, one that cannot be reached, and one that sends hostile text. Names and addresses are those kept for
documentation (RFC 2606, RFC 5737).
"""

from __future__ import annotations

from datetime import timedelta

from tlsaudit.model.document import (
    CapPart,
    ClientAuthAtPart,
    ClientAuthPart,
    DeductionPart,
    HttpPart,
    Key,
    KeyExchangePart,
    PlainHttpPart,
    Problem,
    ScorePart,
    StaplePart,
    Subject,
    TrialAtPart,
    TrialPart,
    TrustPart,
    UnknownPart,
)
from tools.sample_facts import (
    AS_OF,
    DHE_256,
    ECDHE_128,
    ECDHE_256,
    ECDHE_CBC,
    P_256,
    RSA_3DES,
    RSA_CBC,
    certificate,
    deployment,
    facts,
    intermediate,
    probes,
    protocols,
    subject,
)
from tools.sample_results import brief, poor_results, told


def sound() -> Subject:
    """An endpoint with nothing to complain about but a note."""
    host = "www.example.com"
    key = Key(type="ec", bits=256, curve="secp256r1")
    issuer = "CN=Example Issuing CA R3,O=Example Trust,C=US"
    leaf = certificate(f"CN={host}", issuer, host, "example.com", days_left=61, key=key)
    results = [
        *brief("pass", "critical", "TLS-PROTO-001", "TLS-CHAIN-001", "TLS-CERT-001", "TLS-CERT-020"),
        *brief("pass", "high", "TLS-PROTO-002", "TLS-PROTO-003", "TLS-PROTO-004", "TLS-CHAIN-003"),
        *brief("not_applicable", "medium", "TLS-REVO-004"),
        told(
            "TLS-CHAIN-006",
            "info",
            "Root included in the chain",
            "The chain ends with the self-signed anchor Example Root X1 (1,391 bytes that no client needs).",
            "the chain stops below the anchor",
            "Leave the root out of the certificate file.",
            sources=("RFC 9846 §4.5.1",),
            probes=(2,),
        ),
    ]
    log = probes(
        (
            "TLS 1.3: all suites, all groups, empty key_share",
            "HelloRetryRequest: TLS_AES_256_GCM_SHA384, X25519MLKEM768",
        ),
        ("TLS 1.2: all suites", "ServerHello: TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        ("TLS 1.1 and below: all suites", "alert protocol_version (70)"),
    )
    score = ScorePart(value=100, grade="A+", letter_if_trusted=None, caps=[], deductions=[], coverage=1.0)
    seen = facts(host, "192.0.2.10", deployment(leaf, intermediate(), reference=host))
    return subject(f"{host}:443", seen, results, score, log=log, duration=0.28)


def poor() -> Subject:
    """An endpoint that was last looked after years ago."""
    host = "shop.example.com"
    sans = (
        host,
        *(f"{word}.shop.example.com" for word in ("api", "cdn", "img", "m", "pay", "static", "www", "beta", "eu")),
    )
    leaf = certificate(
        "CN=shop.example.com,O=Example Shop GmbH,L=Köln,C=DE",
        "CN=Example Issuing CA R3,O=Example Trust,C=US",
        *sans,
        days_left=-3,
        days=365,
    )
    served = deployment(leaf, reference=host).model_copy(
        update={
            "chain_status": "incomplete",
            "trust": {"mozilla": TrustPart(trusted=False, reason="no path to an anchor with the certificates sent")},
            "missing_issuer": "CN=Example Issuing CA R3,O=Example Trust,C=US",
            "scts": 3,
            "timestamps": None,
            "revocation": None,
            "stapled_ocsp": StaplePart(
                status="good",
                this_update=AS_OF - timedelta(days=12),
                next_update=AS_OF - timedelta(days=5),
                verified=None,
                detail="past its nextUpdate",
            ),
        }
    )
    legacy = [ECDHE_CBC, RSA_CBC, RSA_3DES]
    seen = facts(host, "203.0.113.20", served).model_copy(
        update={
            "connections": 41,
            "protocols": protocols("TLSv1.0", "TLSv1.1", "TLSv1.2") | {"SSLv2": "unknown"},
            "cipher_suites": {
                "TLSv1.0": legacy,
                "TLSv1.1": legacy,
                "TLSv1.2": [ECDHE_256, ECDHE_128, DHE_256, *legacy],
            },
            "cipher_preference": {"TLSv1.0": "server", "TLSv1.1": "server", "TLSv1.2": "server"},
            "groups": {"TLSv1.2": [P_256]},
            "key_exchanges": [
                KeyExchangePart(
                    version="TLSv1.2", suite=ECDHE_256.name, group="secp256r1", signature_scheme="rsa_pkcs1_sha256"
                ),
                KeyExchangePart(version="TLSv1.2", suite=DHE_256.name, dh_bits=1024, dh_name="modp1024"),
            ],
            "alpn": ["http/1.1"],
            "session": {
                "secure_renegotiation": True,
                "extended_master_secret": False,
                "encrypt_then_mac": False,
                "compression": False,
                "session_ticket": True,
                "truncated_hmac": None,
            },
            "http": HttpPart(
                status=301,
                server="Apache/2.4.29 (Ubuntu)",
                location="https://www.shop.example.com/",
                plain=PlainHttpPart(port=80, state="http", status=302, location="https://shop.example.com/"),
            ),
            "vulnerabilities": {
                "heartbleed": "not_vulnerable",
                "ccs_injection": "not_vulnerable",
                "robot": "inconclusive",
            },
        }
    )
    log = probes(
        ("TLS 1.3: all suites, all groups, empty key_share", "alert protocol_version (70)"),
        ("TLS 1.2: all suites", "ServerHello: TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, Certificate (1), group secp256r1"),
        ("TLS 1.2: 361 suites left", "ServerHello: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("TLS 1.2: 360 suites left", "ServerHello: TLS_DHE_RSA_WITH_AES_256_GCM_SHA384, 1024-bit modulus"),
        ("TLS 1.2: 359 suites left", "ServerHello: TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
        ("TLS 1.2: 358 suites left", "ServerHello: TLS_RSA_WITH_AES_128_CBC_SHA"),
        ("TLS 1.2: 357 suites left", "ServerHello: TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        ("TLS 1.2: 356 suites left", "alert handshake_failure (40)"),
        ("TLS 1.1 and below: all suites", "ServerHello: TLSv1.1, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
        ("TLS 1.0: all suites", "ServerHello: TLSv1.0, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
        ("SSL 2.0: all ciphers", "no answer within 3.0 s"),
        ("GET / over TLS 1.2", "HTTP/1.1 301, Location: https://www.shop.example.com/"),
    )
    score = ScorePart(
        value=0,
        grade="T",
        letter_if_trusted="F",
        caps=[
            CapPart(rule="TLS-CERT-020", cap="T"),
            CapPart(rule="TLS-CHAIN-003", cap="B"),
            CapPart(rule="TLS-CIPH-006", cap="C"),
            CapPart(rule="TLS-KEX-002", cap="B"),
            CapPart(rule="TLS-PROTO-003", cap="B"),
        ],
        deductions=[
            DeductionPart(rule="TLS-CERT-020", cause="EXPIRY", severity="critical", points=40),
            DeductionPart(rule="TLS-CHAIN-003", cause="TRUST", severity="high", points=15),
            DeductionPart(rule="TLS-PROTO-003", cause="LEGACY", severity="high", points=15),
            DeductionPart(rule="TLS-CIPH-006", cause="B64", severity="high", points=15),
            DeductionPart(rule="TLS-CIPH-010", cause="NOFS", severity="high", points=15),
            DeductionPart(rule="TLS-KEX-002", cause="SMALLDH", severity="high", points=15),
            DeductionPart(rule="TLS-HTTP-001", cause="HSTS", severity="medium", points=6),
            DeductionPart(rule="TLS-REVO-004", cause="TLS-REVO-004", severity="medium", points=6),
            DeductionPart(rule="TLS-PROTO-007", cause="TLS-PROTO-007", severity="low", points=2),
            DeductionPart(rule="TLS-CIPH-009", cause="CBC", severity="low", points=2),
        ],
        coverage=0.96,
    )
    unknown = {"protocols.SSLv2": UnknownPart(why="no_answer", detail="no answer within 3.0 s, twice")}
    return subject(
        f"{host}:443", seen, poor_results(), score, log=log, duration=1.94, status="incomplete", unknown=unknown
    )


def mutual() -> Subject:
    """An internal service whose client authentication has a hole."""
    host = "payments.internal.example.com"
    key = Key(type="ec", bits=256, curve="secp256r1")
    issuer = "CN=Example Internal Issuing CA 2,O=Example Corp"
    leaf = certificate(
        f"CN={host}", issuer, host, "spiffe://example.com/ns/prod/sa/payments", days_left=19, days=30, key=key
    )
    above = certificate(issuer, "CN=Example Internal Root,O=Example Corp", days_left=420, days=1095, key=key)
    served = deployment(leaf, above, reference=host).model_copy(
        update={
            "trust": {
                "custom": TrustPart(trusted=True, reason="path to Example Internal Root"),
                "mozilla": TrustPart(trusted=False, reason="no path to an anchor of this store"),
            },
            "scts": 0,
        }
    )
    got_in = {version: TrialAtPart(outcome="accepted", evidence="HTTP 200") for version in ("TLSv1.2", "TLSv1.3")}
    unmade = TrialAtPart(outcome="not_tested", evidence="give one with --trial revoked=FILE")
    trials = [
        TrialPart(
            credential="none",
            per_protocol={
                "TLSv1.2": TrialAtPart(outcome="refused", by="tls", evidence="alert 40 handshake_failure"),
                "TLSv1.3": TrialAtPart(outcome="refused", by="tls", evidence="alert 116 certificate_required"),
            },
        ),
        TrialPart(
            credential="self_signed",
            serial="6fa1c2",
            per_protocol={name: each.model_copy(update={"probe": 3}) for name, each in got_in.items()},
        ),
        TrialPart(
            credential="unknown_ca",
            serial="6fa1c3",
            per_protocol={name: each.model_copy(update={"probe": 4}) for name, each in got_in.items()},
        ),
        TrialPart(credential="revoked", per_protocol=dict.fromkeys(got_in, unmade)),
        TrialPart(credential="good", serial="1d", per_protocol=got_in),
    ]
    required = ClientAuthAtPart(mode="required", enforced_by="tls", evidence="alert certificate_required (116)")
    asked = ClientAuthPart(
        mode="required",
        enforced_by="tls",
        verifies=False,
        when="handshake",
        per_protocol={
            "TLSv1.2": required.model_copy(update={"evidence": "alert handshake_failure (40)"}),
            "TLSv1.3": required,
        },
        ca_names=["CN=Example Internal Root,O=Example Corp", "CN=Example Partner CA,O=Example Partner,C=FR"],
        signature_schemes=["ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256", "rsa_pkcs1_sha256"],
        trials=trials,
    )
    seen = facts(host, "192.0.2.77", served, port=8443).model_copy(
        update={"client_auth": asked, "alpn": ["h2"], "http": HttpPart(status=200, server="haproxy"), "connections": 33}
    )
    results = [
        told(
            "TLS-MTLS-003",
            "critical",
            "Any client certificate is accepted",
            "A self-signed throw-away certificate got HTTP 200 at TLSv1.2 and TLSv1.3.",
            "only certificates of the declared client CA get an answer",
            "HAProxy: remove crt-ignore-err and ca-ignore-err from the bind line.",
            sources=("OWASP ASVS 5.0 12.1.3", "RFC 9846 §4.5.1.3"),
            probes=(3,),
            cause="MTLSGATE",
            reproduce="tlsaudit mtls payments.internal.example.com:8443 --trials",
        ),
        told(
            "TLS-MTLS-004",
            "critical",
            "Certificate of a foreign CA is accepted",
            "A certificate of an unknown CA got HTTP 200 at TLSv1.2 and TLSv1.3.",
            "certificates of other CAs are refused",
            "Verify client certificates against the client CA.",
            sources=("OWASP ASVS 5.0 12.1.3",),
            probes=(4,),
            cause="MTLSGATE",
            implied_by="TLS-MTLS-003",
        ),
        told(
            "TLS-MTLS-010",
            "info",
            "CA names disclose internals",
            "CertificateRequest names CN=Example Internal Root,O=Example Corp and 1 more.",
            "no internal names on a public endpoint",
            "Leave the list of CA names out where clients do not need it.",
            sources=("RFC 9846 §4.3.4",),
            probes=(2,),
        ),
        *brief("pass", "critical", "TLS-PROTO-001", "TLS-MTLS-001", "TLS-MTLS-002", "TLS-CHAIN-001"),
        *brief("not_tested", "critical", "TLS-MTLS-005"),
    ]
    log = probes(
        (
            "TLS 1.3: all suites, all groups, empty key_share",
            "HelloRetryRequest: TLS_AES_256_GCM_SHA384, X25519MLKEM768",
        ),
        (
            "TLS 1.3: full handshake without a client certificate",
            "CertificateRequest, then alert certificate_required (116)",
        ),
        ("TLS 1.3: full handshake, self-signed client certificate, GET /", "HTTP/1.1 200"),
        ("TLS 1.3: full handshake, client certificate of an unknown CA, GET /", "HTTP/1.1 200"),
    )
    score = ScorePart(
        value=39,
        grade="F",
        letter_if_trusted=None,
        caps=[CapPart(rule="TLS-MTLS-003", cap="F")],
        deductions=[DeductionPart(rule="TLS-MTLS-003", cause="MTLSGATE", severity="critical", points=40)],
        coverage=0.97,
    )
    return subject(f"{host}:8443", seen, results, score, log=log, duration=0.77)


def hostile() -> Subject:
    """An endpoint that tries to write into the report itself."""
    host = "trap.example.net"
    script = "<script>alert(1)</script>"
    leaf = certificate(
        f"CN={script}\x1b[2J\x1b[31mtrusted\x07,O=\u202egnp.exe\u200b,OU=[bold red]markup[/]\r\nGrade: A+",
        f'CN="><img src=x onerror=alert(1)>,O={"A" * 5000}',
        host,
        f"{script}.example.net",
        "a" * 300,
        *(f"host{n}.example.net" for n in range(150)),
        days_left=40,
    )
    served = deployment(leaf, reference=host).model_copy(
        update={"chain_status": "self_signed", "trust": {"mozilla": TrustPart(trusted=False, reason="self-signed")}}
    )
    seen = facts(host, "198.51.100.66", served).model_copy(
        update={"http": HttpPart(status=200, server=f"{script}\x9b31m{{{{7*7}}}}", location="javascript:alert(1)")}
    )
    results = [
        told(
            "TLS-CHAIN-002",
            "critical",
            "Self-signed certificate",
            f"CN={script}\x1b[2J\x1b[31mtrusted\x07 signs itself.",
            "a certificate of a trusted CA",
            "Get a certificate from a CA that the clients trust.",
            sources=("OWASP ASVS 5.0 12.3.4",),
            probes=(1,),
            cause="TRUST",
            reproduce="openssl s_client -connect trap.example.net:443 -showcerts </dev/null",
        )
    ]
    score = ScorePart(
        value=60,
        grade="T",
        letter_if_trusted="A",
        caps=[CapPart(rule="TLS-CHAIN-002", cap="T")],
        deductions=[DeductionPart(rule="TLS-CHAIN-002", cause="TRUST", severity="critical", points=40)],
        coverage=1.0,
    )
    log = probes(("TLS 1.2: all suites", f"ServerHello, Certificate: CN={script}\x1b[2J"))
    return subject(f"{host}:443", seen, results, score, log=log, duration=0.31)


def unreachable() -> Subject:
    """An endpoint where nobody answers."""
    error = Problem(code="timeout", message="192.0.2.200:443 did not answer within 5.0 s (3 attempts)")
    return subject("old.example.com:443", None, [], None, log=[], duration=15.02, status="unreachable", error=error)
