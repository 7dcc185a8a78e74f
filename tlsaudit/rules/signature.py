"""Rules on signatures, in certificates and in handshakes: TLS-SIG-001 to 008.

A signature counts where a client has to verify it: on the best way from the leaf to the anchor that decides (see
`paths`), or where no such way is known, in the chain as sent. Self-signed certificates begin a path and are not
verified (RFC 9846 section 4.3.3), so their signatures never count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tlsaudit.data.signatures import SCHEMES, SignatureScheme
from tlsaudit.model.certificate import Certificate, CertificateDeployment
from tlsaudit.model.facts import KeyExchange, SchemeAt
from tlsaudit.model.knowledge import Seen
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.commands import SHOW_CHAIN
from tlsaudit.rules.deployments import (
    each_deployment,
    is_public,
    listing,
    printable,
    serves_certificate,
    some,
)
from tlsaudit.rules.paths import best_paths
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, baseline, cheat_sheet, rfc, zlint

_HASHING = cheat_sheet("Use Strong Cryptographic Hashing Algorithms")
_REISSUE = "Have the certificate reissued by a CA that signs with SHA-256 or better, or serve the newer chain."
_MD_FAMILY = frozenset({"md2", "md4", "md5"})
_HASH_BITS = {"sha224": 224, "sha3_224": 224, "sha256": 256, "sha3_256": 256, "sm3": 256}
"""Digest sizes that a policy's minimum can tell apart; what is longer always suffices."""
_PUBLIC_ALGORITHMS = frozenset(
    {
        "sha256WithRSAEncryption",
        "sha384WithRSAEncryption",
        "sha512WithRSAEncryption",
        "rsassaPss",
        "ecdsa-with-SHA256",
        "ecdsa-with-SHA384",
        "ecdsa-with-SHA512",
    }
)
"""CA/B Forum Baseline Requirements section 7.1.3.2, without SHA-1, which has its own rule."""

_Bad = Callable[[Certificate], bool]


def _signed_badly(case: Case, deployment: CertificateDeployment, bad: _Bad) -> tuple[Certificate, ...]:
    """The certificates with a bad signature on the way to the anchor; none where one of the best ways is free."""
    ways = [
        tuple(each for each in path.certificates if each.sha256 != path.anchor.sha256)
        for path in best_paths(deployment, case.as_of)
    ]
    for way in ways or [deployment.chain]:
        found = tuple(each for each in way if not each.self_signed and bad(each))
        if not found:
            return ()
    return found


def _signature_of(certificate: Certificate) -> str:
    return f"{printable(certificate.subject) or 'a certificate without subject'} is signed with"


@rule(
    "TLS-SIG-001",
    title="Certificate signed with MD5 or older",
    severity=Severity.CRITICAL,
    expected="SHA-256 or better",
    why="Collisions take seconds: an attacker can hold a CA certificate with the same signature.",
    remedy=_REISSUE,
    sources=(rfc(9846, "4.5.1.3"), _HASHING, asvs("11.4.1 (L1)"), Source("SSL Labs Server Rating Guide 2009k")),
    applies=serves_certificate,
    cap=Cap.F,
    cwe=(327,),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def md5_signature(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """MD2, MD4 or MD5 in a signature that clients verify."""
    for each in _signed_badly(case, deployment, lambda certificate: certificate.signature_hash in _MD_FAMILY):
        yield Fail(f"{_signature_of(each)} {each.signature_algorithm}")


@rule(
    "TLS-SIG-002",
    title="Certificate signed with SHA-1",
    severity=Severity.HIGH,
    expected="SHA-256 or better",
    why="Collisions are affordable and browsers refuse the certificate.",
    remedy=_REISSUE,
    sources=(
        rfc(9325, "4.5"),
        rfc(9846, "4.3.3"),
        baseline("7.1.3.2.1"),
        asvs("11.4.3 (L2)"),
        zlint("e_sub_cert_or_sub_ca_using_sha1"),
    ),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cause="SHA1",
    cwe=(327,),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def sha1_signature(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """SHA-1 in a signature that clients verify."""
    for each in _signed_badly(case, deployment, lambda certificate: certificate.signature_hash == "sha1"):
        yield Fail(f"{_signature_of(each)} {each.signature_algorithm}")


@rule(
    "TLS-SIG-003",
    title="Certificate signed with a short digest",
    severity=Severity.MEDIUM,
    reads=("signature_hash_bits_min",),
    expected="a digest of at least the size that the policy requires",
    why="A short digest is the weakest part of the signature.",
    remedy=_REISSUE,
    sources=(Source("OWASP ASVS 5.0 appendix C"), rfc(9847)),
    applies=serves_certificate,
    cap=Cap.B,
    cwe=(327,),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def short_digest(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """A digest below the policy's size; MD5 and SHA-1 have rules of their own."""
    least = case.limits.signature_hash_bits_min

    def is_short(certificate: Certificate) -> bool:
        return _HASH_BITS.get(certificate.signature_hash or "", least) < least

    for each in _signed_badly(case, deployment, is_short):
        yield Fail(f"{_signature_of(each)} {each.signature_algorithm}", expected=f"a digest of {least} bits or more")


@rule(
    "TLS-SIG-004",
    title="Handshake signed with SHA-1 or MD5",
    severity=Severity.MEDIUM,
    expected="SHA-256 or better",
    why="A collision in the signed part of the handshake lets an attacker in the middle pose as the server (SLOTH).",
    remedy="Remove the SHA-1 and MD5 schemes from the server's signature algorithms, or update its TLS library.",
    sources=(rfc(9155, verified=False), rfc(9847), rfc(9325, "4.5"), Source("CVE-2015-7575", verified=False)),
    cap=Cap.B,
    cwe=(327,),
    reproduce=(
        "openssl s_client -connect {connect} -servername {servername} -tls1_2 -sigalgs RSA+SHA1:ECDSA+SHA1"
        " -cipher DEFAULT@SECLEVEL=0 </dev/null"
    ),
)
def weak_handshake_signature(case: Case) -> Iterable[Fail]:
    """A ServerKeyExchange or CertificateVerify over SHA-1 or MD5; milder where only a client without better gets it."""
    used = set()
    for exchange in _one_of_each(case.facts.key_exchanges.need()):
        scheme = SCHEMES.get(exchange.signature_scheme or 0)
        if scheme is not None and _is_broken(scheme):
            used.add((exchange.version, scheme.code))
            yield Fail(
                f"{exchange.version} handshake signed with {scheme.name}",
                at=(exchange.basis,),
                severity=Severity.HIGH if scheme.hash == "md5" else None,
            )
    for seen in _broken_where_nothing_better_is_offered(case):
        if seen.item not in used:
            version, code = seen.item
            yield Fail(
                f"{version} handshake signed with {SCHEMES[code].name} where nothing better is offered",
                at=(seen.basis,),
                severity=Severity.MEDIUM if SCHEMES[code].hash == "md5" else Severity.LOW,
                cap=Cap.B if SCHEMES[code].hash == "md5" else Cap.A_MINUS,
            )


def _broken_where_nothing_better_is_offered(case: Case) -> tuple[Seen[SchemeAt], ...]:
    versions = [each for each in _SIGNING if case.facts.protocols.offers(each)]
    wanted = [scheme.code for scheme in SCHEMES.values() if _is_broken(scheme)]
    return case.facts.signature_schemes.any((version, code) for version in versions for code in wanted)


def _is_broken(scheme: SignatureScheme) -> bool:
    return scheme.hash in {"sha1", "md5"}


_SIGNING = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)


def _one_of_each(exchanges: Iterable[KeyExchange]) -> tuple[KeyExchange, ...]:
    """The first exchange of each (version, scheme): the same server signs many handshakes alike."""
    first: dict[tuple[ProtocolVersion, int | None], KeyExchange] = {}
    for exchange in exchanges:
        first.setdefault((exchange.version, exchange.signature_scheme), exchange)
    return tuple(first.values())


def _speaks_tls_1_3(case: Case) -> bool:
    return case.facts.protocols.offers(ProtocolVersion.TLS_1_3)


@rule(
    "TLS-SIG-005",
    title="PKCS #1 v1.5 signature in a TLS 1.3 handshake",
    severity=Severity.HIGH,
    expected="RSASSA-PSS, ECDSA or EdDSA",
    why="TLS 1.3 forbids it: clients must abort, and the server's library is broken in other ways, too.",
    remedy="Update the TLS library of the server.",
    sources=(rfc(9846, "4.3.3"),),
    applies=_speaks_tls_1_3,
    cap=Cap.C,
    cwe=(327,),
    reproduce="openssl s_client -connect {connect} -servername {servername} -tls1_3 </dev/null",
)
def pkcs1_in_tls_1_3(case: Case) -> Iterable[Fail]:
    """A CertificateVerify with a scheme that is for certificates only."""
    for exchange in _one_of_each(case.facts.key_exchanges.need()):
        scheme = SCHEMES.get(exchange.signature_scheme or 0)
        if exchange.version is ProtocolVersion.TLS_1_3 and scheme is not None and scheme.algorithm == "rsa_pkcs1":
            yield Fail(f"CertificateVerify signed with {scheme.name}", at=(exchange.basis,))
            return
    wanted = [scheme for scheme in SCHEMES.values() if scheme.algorithm == "rsa_pkcs1" and not _is_broken(scheme)]
    for seen in case.facts.signature_schemes.any((ProtocolVersion.TLS_1_3, scheme.code) for scheme in wanted):
        name = SCHEMES[seen.item[1]].name
        yield Fail(f"CertificateVerify signed with {name} where nothing better is offered", at=(seen.basis,))


@rule(
    "TLS-SIG-006",
    title="DSA key or signature",
    severity=Severity.HIGH,
    expected="RSA, ECDSA or EdDSA",
    why="TLS 1.3 has no DSA and clients have dropped it; one repeated random number gives the private key away.",
    remedy="Have a certificate issued for a P-256 or RSA key.",
    sources=(baseline("6.1.5"), rfc(9846, "4.3.3"), Source("OWASP ASVS 5.0 appendix C")),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cwe=(327,),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def dsa(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The leaf has a DSA key, or a signature that clients verify is one of DSA."""
    leaf = deployment.leaf.need()
    if leaf.key.type == "dsa":
        yield Fail(f"DSA key of {leaf.key.bits} bits")
    for each in _signed_badly(case, deployment, lambda certificate: certificate.signature_algorithm.startswith("dsa-")):
        yield Fail(f"{_signature_of(each)} {each.signature_algorithm}")


@rule(
    "TLS-SIG-007",
    title="Signature algorithm that public CAs may not use",
    severity=Severity.MEDIUM,
    expected="RSA or ECDSA with SHA-256, SHA-384 or SHA-512, and a plain rsaEncryption key",
    why="Browsers implement few algorithms; many clients cannot verify the certificate.",
    remedy=_REISSUE,
    sources=(baseline("7.1.3.1.1"), baseline("7.1.3.2")),
    applies=some(is_public),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def unusual_public_algorithm(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """An algorithm outside the list, or a key that is limited to RSASSA-PSS."""
    if not is_public(case, deployment):
        return
    if deployment.leaf.need().key.pss:
        yield Fail("key is identified as id-RSASSA-PSS")
    for each in _signed_badly(case, deployment, _is_unusual):
        yield Fail(f"{_signature_of(each)} {each.signature_algorithm}")


def _is_unusual(certificate: Certificate) -> bool:
    # Old digests and DSA are the rules above.
    if certificate.signature_hash in _MD_FAMILY | {"sha1", "sha224"}:
        return False
    return certificate.signature_algorithm not in _PUBLIC_ALGORITHMS


@rule(
    "TLS-SIG-008",
    title="Two signature algorithms in one certificate",
    severity=Severity.HIGH,
    expected="the same algorithm inside and outside of the signed part",
    why="An attacker may have exchanged the outer one; clients must refuse the certificate.",
    remedy="Have the certificate reissued by software that follows RFC 5280.",
    sources=(rfc(5280, "4.1.1.2"), zlint("e_cert_sig_alg_not_match_tbs_sig_alg")),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cwe=(347,),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def algorithms_differ(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """signatureAlgorithm differs from tbsCertificate.signature."""
    bad = [each for each in deployment.chain if not each.signature_matches_tbs]
    if bad:
        yield Fail(f"signed part and signature name different algorithms: {listing(each.subject for each in bad)}")
    elif deployment.unparsed:
        deployment.leaf.need()


def _has_signature_list(case: Case) -> bool:
    return case.limits.certificate_signatures_allowed is not None and serves_certificate(case)


@rule(
    "TLS-SIG-009",
    title="Signature algorithm outside the policy",
    severity=Severity.LOW,
    expected="certificates signed with an algorithm that the policy lists",
    why="What the policy does not list has not been judged to be fit, and its clients may not know it.",
    remedy=_REISSUE,
    sources=(Source("Mozilla Server Side TLS 6.0, certificate_signatures"),),
    applies=_has_signature_list,
    enforces=("signature/unlisted",),
    reads=("certificate_signatures_allowed",),
    cwe=(327,),
    reproduce=SHOW_CHAIN,
)
@each_deployment
def signature_outside_policy(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The leaf's signature is made with another algorithm; how its issuers are signed is the CA's affair."""
    allowed = case.limits.certificate_signatures_allowed
    leaf = deployment.leaf.need()
    if allowed is not None and leaf.signature_algorithm not in allowed:
        yield Fail(f"{_signature_of(leaf)} {leaf.signature_algorithm}", expected=f"one of {', '.join(sorted(allowed))}")


RULES: tuple[Rule, ...] = (
    md5_signature,
    sha1_signature,
    short_digest,
    weak_handshake_signature,
    pkcs1_in_tls_1_3,
    dsa,
    unusual_public_algorithm,
    algorithms_differ,
    signature_outside_policy,
)
