"""Facts for the sample reports: suites, certificates, and what a well-kept web server shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tlsaudit.model.document import (
    BasisPart,
    CertificatePart,
    ClientAuthAtPart,
    ClientAuthPart,
    DeploymentPart,
    EndpointPart,
    FactsPart,
    Group,
    HstsPart,
    HttpPart,
    Key,
    NamePart,
    PlainHttpPart,
    ProbePart,
    Problem,
    ResultPart,
    RevocationPart,
    ScorePart,
    Status,
    Subject,
    Suite,
    TimestampPart,
    TrustPart,
    UnknownPart,
    Verdict,
)
from tools.sample_results import digest

AS_OF = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)

AES_256_GCM = Suite(code="0x1302", name="TLS_AES_256_GCM_SHA384", openssl_name="TLS_AES_256_GCM_SHA384")
CHACHA20 = Suite(code="0x1303", name="TLS_CHACHA20_POLY1305_SHA256", openssl_name="TLS_CHACHA20_POLY1305_SHA256")
AES_128_GCM = Suite(code="0x1301", name="TLS_AES_128_GCM_SHA256", openssl_name="TLS_AES_128_GCM_SHA256")
TLS_1_3_SUITES = [AES_256_GCM, CHACHA20, AES_128_GCM]
ECDHE_256 = Suite(
    code="0xC030", name="TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", openssl_name="ECDHE-RSA-AES256-GCM-SHA384"
)
ECDHE_128 = Suite(
    code="0xC02F", name="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", openssl_name="ECDHE-RSA-AES128-GCM-SHA256"
)
DHE_256 = Suite(code="0x009F", name="TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", openssl_name="DHE-RSA-AES256-GCM-SHA384")
ECDHE_CBC = Suite(code="0xC014", name="TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", openssl_name="ECDHE-RSA-AES256-SHA")
RSA_CBC = Suite(code="0x002F", name="TLS_RSA_WITH_AES_128_CBC_SHA", openssl_name="AES128-SHA")
RSA_3DES = Suite(code="0x000A", name="TLS_RSA_WITH_3DES_EDE_CBC_SHA", openssl_name="DES-CBC3-SHA")
HYBRID = Group(code="0x11EC", name="X25519MLKEM768")
X25519 = Group(code="0x001D", name="x25519")
P_256 = Group(code="0x0017", name="secp256r1")


def certificate(
    subject: str,
    issuer: str,
    *sans: str,
    days_left: int,
    days: int = 90,
    key: Key | None = None,
    signature: str = "sha256WithRSAEncryption",
) -> CertificatePart:
    """A certificate whose digests are made up but stable."""
    not_after = AS_OF + timedelta(days=days_left, hours=5, minutes=12)
    return CertificatePart(
        subject=subject,
        issuer=issuer,
        serial=digest(subject + issuer)[:32],
        sha256=digest(subject + issuer + "der"),
        spki_sha256=digest(subject + "spki"),
        not_before=not_after - timedelta(days=days),
        not_after=not_after,
        sans=list(sans),
        key=key or Key(type="rsa", bits=2048),
        signature_algorithm=signature,
    )


def intermediate() -> CertificatePart:
    """The issuing CA of the samples."""
    return certificate(
        "CN=Example Issuing CA R3,O=Example Trust,C=US",
        "CN=Example Root X1,O=Example Trust,C=US",
        days_left=900,
        days=1825,
        key=Key(type="rsa", bits=4096),
    )


def probes(*dialogue: tuple[str, str]) -> list[ProbePart]:
    """A probe log of these questions and answers."""
    return [ProbePart(n=n, asked=asked, answered=answered) for n, (asked, answered) in enumerate(dialogue, 1)]


def protocols(*accepted: str) -> dict[str, Verdict]:
    """The verdict on every version: these are accepted, the rest is rejected."""
    versions = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    return {version: "accepted" if version in accepted else "rejected" for version in versions}


def deployment(*chain: CertificatePart, reference: str) -> DeploymentPart:
    """A complete, trusted chain for this name."""
    return DeploymentPart(
        chain=list(chain),
        chain_status="complete",
        trust={"mozilla": TrustPart(trusted=True, reason="path to Example Root X1")},
        name_match=True,
        name=NamePart(reference=reference, matched=reference, reason="exact match"),
        stapled_ocsp=None,
        scts=2,
        versions=["TLSv1.2", "TLSv1.3"],
        timestamps=[
            TimestampPart(log=log, operator=operator, at=chain[0].not_before, origin="embedded", verified=True)
            for log, operator in (("Example 'Heath2026h2'", "Example Trust"), ("Moor2026h2", "Moor Logs"))
        ],
        revocation=[
            RevocationPart(
                certificate=chain[0].sha256,
                source="crl",
                place="http://crl.example.org/r3/17.crl",
                status="good",
                this_update=AS_OF - timedelta(hours=9),
                next_update=AS_OF + timedelta(days=6),
                verified=True,
            )
        ],
    )


def facts(host: str, address: str, *deployments: DeploymentPart, port: int = 443) -> FactsPart:
    """What a well-kept web server shows; the subjects change what they need."""
    nobody = ClientAuthAtPart(mode="none", enforced_by=None, evidence="no CertificateRequest in the handshake")
    return FactsPart(
        endpoint=EndpointPart(host=host, port=port, address=address, sni=host, transport="tcp", starttls=None),
        connections=24,
        protocols=protocols("TLSv1.2", "TLSv1.3"),
        cipher_suites={"TLSv1.2": [ECDHE_256, ECDHE_128], "TLSv1.3": TLS_1_3_SUITES},
        cipher_preference={"TLSv1.2": "client", "TLSv1.3": "client"},
        groups={"TLSv1.2": [X25519, P_256], "TLSv1.3": [HYBRID, X25519, P_256]},
        certificate_deployments=list(deployments),
        client_auth=ClientAuthPart(
            mode="none",
            enforced_by=None,
            verifies=None,
            when=None,
            per_protocol={"TLSv1.2": nobody, "TLSv1.3": nobody},
            ca_names=[],
            signature_schemes=[],
        ),
        alpn=["h2", "http/1.1"],
        session={"secure_renegotiation": True, "extended_master_secret": True, "compression": False},
        http=HttpPart(
            status=200,
            server="nginx",
            hsts=HstsPart(
                raw="max-age=63072000; includeSubDomains",
                max_age=63_072_000,
                include_subdomains=True,
                preload=False,
                error=None,
            ),
            plain=PlainHttpPart(port=80, state="http", status=301, location="https://www.example.com/"),
        ),
        vulnerabilities={"heartbleed": "not_applicable", "ccs_injection": "not_vulnerable", "robot": "not_applicable"},
    )


def subject(
    name: str,
    seen: FactsPart | None,
    results: list[ResultPart],
    score: ScorePart | None,
    *,
    log: list[ProbePart],
    duration: float,
    status: Status = "audited",
    error: Problem | None = None,
    unknown: dict[str, UnknownPart] | None = None,
) -> Subject:
    """An endpoint with what was found."""
    return Subject(
        id=name,
        kind="endpoint",
        name=name,
        status=status,
        error=error,
        duration_s=duration,
        location=None,
        facts=seen,
        basis={"protocols.TLSv1.2": BasisPart(origin="observed", probe=1)} if seen else {},
        unknown=unknown or {},
        probes=log,
        results=results,
        score=score,
    )
