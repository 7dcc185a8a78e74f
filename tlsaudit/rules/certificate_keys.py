"""Rules on the public key of the leaf certificate: TLS-CERT-030 to 042."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.certificate import Certificate, CertificateDeployment, KeyWeakness
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.deployments import (
    each_deployment,
    each_leaf,
    each_public_leaf,
    is_public,
    printable,
    serves_certificate,
    some,
)
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, baseline, cheat_sheet, rfc, wstg, zlint

_SHOW_KEY = (
    "openssl s_client -connect {connect} -servername {servername} </dev/null 2>/dev/null"
    " | openssl x509 -noout -pubkey | openssl pkey -pubin -noout -text"
)
_STRONG_KEYS = cheat_sheet("Use Strong Keys and Protect Them")
_REPLACE = "Make a new key pair, P-256 or RSA of 3072 bits, and have a certificate issued for it."
_REPLACE_AND_REVOKE = "Make a new key pair with current software, replace the certificate and revoke this one."
_PUBLIC_RSA_BITS = 2048
"""The least that public CAs may certify (CA/B Forum Baseline Requirements section 6.1.5)."""


def _is_rsa(_case: Case, deployment: CertificateDeployment) -> bool:
    return deployment.leaf.need().key.type == "rsa"


def _is_elliptic(_case: Case, deployment: CertificateDeployment) -> bool:
    return deployment.leaf.need().key.type == "ec"


def _is_public_elliptic(case: Case, deployment: CertificateDeployment) -> bool:
    return is_public(case, deployment) and _is_elliptic(case, deployment)


def _rsa_bits(leaf: Certificate) -> int | None:
    return leaf.key.bits if leaf.key.type == "rsa" else None


@rule(
    "TLS-CERT-030",
    title="RSA key that can be factored",
    severity=Severity.CRITICAL,
    reads=("rsa_bits_broken", "rsa_bits_min"),
    expected="an RSA key of 2048 bits or more, or an elliptic-curve key",
    why="Keys this short can be factored: the attacker then holds the private key.",
    remedy=_REPLACE_AND_REVOKE,
    sources=(Source("SSL Labs Server Rating Guide 2009e"), rfc(9325, "4.5")),
    applies=some(_is_rsa),
    cap=Cap.F,
    cwe=(326,),
    reproduce=_SHOW_KEY,
)
@each_leaf
def rsa_broken(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """Fewer bits than what can be attacked."""
    bits = _rsa_bits(leaf)
    if bits is not None and bits < case.limits.rsa_bits_broken:
        yield Fail(f"RSA key of {bits} bits", expected=f"at least {case.limits.rsa_bits_min} bits")


@rule(
    "TLS-CERT-031",
    title="RSA key too short",
    severity=Severity.HIGH,
    reads=("rsa_bits_broken", "rsa_bits_min"),
    expected="an RSA key of at least the size that the policy requires",
    why="Its strength is below 112 bits, within reach of a well-funded attacker; browsers refuse it from public CAs.",
    remedy=_REPLACE,
    sources=(
        _STRONG_KEYS,
        rfc(9325, "4.5"),
        baseline("6.1.5"),
        Source("SSL Labs Server Rating Guide 2009k"),
    ),
    applies=some(_is_rsa),
    cap=Cap.B,
    cwe=(326,),
    reproduce=_SHOW_KEY,
)
@each_deployment
def rsa_too_short(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """From what can be attacked up to the size required; clients distrust public certificates below 2048 bits."""
    limits = case.limits
    bits = _rsa_bits(deployment.leaf.need())
    if bits is None or not limits.rsa_bits_broken <= bits < limits.rsa_bits_min:
        return
    distrusted = bits < _PUBLIC_RSA_BITS and is_public(case, deployment)
    yield Fail(
        f"RSA key of {bits} bits",
        expected=f"at least {limits.rsa_bits_min} bits",
        cap=Cap.TRUST if distrusted else None,
    )


@rule(
    "TLS-CERT-032",
    title="RSA key below 128-bit strength",
    severity=Severity.INFO,
    enforces=("key/rsa-of-wanted-size",),
    reads=("rsa_bits_min", "rsa_bits_wanted"),
    expected="an RSA key of about 3072 bits, or P-256",
    why="It is good enough today; guidance for data that must stay safe for many years asks for more.",
    remedy=_REPLACE,
    sources=(asvs("11.2.3 (L2)"), wstg("Cryptographic Weaknesses"), Source("BSI TR-02102-2 2025-01")),
    applies=some(_is_rsa),
    cwe=(326,),
    reproduce=_SHOW_KEY,
)
@each_leaf
def rsa_below_wanted(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The size required, but less than the policy wants."""
    bits = _rsa_bits(leaf)
    if bits is not None and case.limits.rsa_bits_min <= bits < case.limits.rsa_bits_wanted:
        yield Fail(f"RSA key of {bits} bits", expected=f"at least {case.limits.rsa_bits_wanted} bits")


_MODULUS_DEFECTS = {
    KeyWeakness.EVEN_MODULUS: "is even",
    KeyWeakness.SMALL_FACTOR: "has a small prime factor",
    KeyWeakness.ODD_SIZE: "has a size that is no multiple of 8 bits",
}


@rule(
    "TLS-CERT-033",
    title="Unusual RSA modulus",
    severity=Severity.MEDIUM,
    expected="a modulus that is the product of two large primes, its size a multiple of 8 bits",
    why="Sound software never makes such a modulus: the key may be damaged, or weak enough to be factored.",
    remedy=_REPLACE_AND_REVOKE,
    sources=(baseline("6.1.5"), baseline("6.1.6")),
    applies=some(_is_rsa),
    cwe=(326,),
    reproduce=_SHOW_KEY,
)
@each_leaf
def unusual_modulus(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """Even, with a small factor, or of a size that is no multiple of 8."""
    for weakness, words in _MODULUS_DEFECTS.items():
        if weakness in leaf.key.weaknesses:
            yield Fail(f"RSA modulus of {leaf.key.bits} bits {words}")


@rule(
    "TLS-CERT-034",
    title="Unusual RSA exponent",
    severity=Severity.LOW,
    reads=("rsa_exponent_min",),
    expected="the public exponent 65537",
    why="With the exponent 1 there is no secret at all; small ones have let signatures be forged.",
    remedy="Make a new RSA key with the exponent 65537, or an elliptic-curve key.",
    sources=(baseline("6.1.6"), zlint("w_rsa_public_exponent_not_in_range"), Source("testssl.sh 3.3dev")),
    applies=some(_is_rsa),
    cwe=(326,),
    reproduce=_SHOW_KEY,
)
@each_leaf
def unusual_exponent(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """One or even: broken. Below what the policy wants, or beyond 64 bits: unusual."""
    key = leaf.key
    if key.type != "rsa" or key.exponent is None:
        return
    if KeyWeakness.EXPONENT_ONE in key.weaknesses:
        yield Fail("RSA public exponent is 1: nothing is secret", severity=Severity.CRITICAL, cap=Cap.F)
    elif KeyWeakness.EXPONENT_EVEN in key.weaknesses:
        yield Fail("RSA public exponent is even: no private key fits it", severity=Severity.CRITICAL)
    elif key.exponent == -1:
        yield Fail("RSA public exponent has more than 64 bits, which many clients cannot read")
    elif key.exponent < case.limits.rsa_exponent_min:
        yield Fail(f"RSA public exponent is {key.exponent}", expected=f"at least {case.limits.rsa_exponent_min}")


@rule(
    "TLS-CERT-035",
    title="Curve that public certificates may not use",
    severity=Severity.MEDIUM,
    reads=("certificate_curves",),
    expected="P-256, P-384 or P-521 as a named curve",
    why="Browsers support few curves for certificates; with another one many clients cannot connect.",
    remedy="Make a new key on P-256.",
    sources=(baseline("6.1.5"), baseline("7.1.3.1.2"), Source("Mozilla TLS guideline 6.0, certificate_curves")),
    applies=some(_is_public_elliptic),
    reproduce=_SHOW_KEY,
)
@each_public_leaf
def unusual_curve(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """An elliptic-curve key on a curve outside the list, or with parameters spelt out."""
    allowed = case.limits.certificate_curves
    if leaf.key.type == "ec" and leaf.key.curve not in allowed:
        curve = leaf.key.curve or "unreadable"
        yield Fail(f"curve of the key: {curve}", expected=", ".join(sorted(allowed)))


@rule(
    "TLS-CERT-036",
    title="Elliptic-curve key too short",
    severity=Severity.HIGH,
    reads=("certificate_curve_bits_min",),
    expected="a curve of 256 bits or more",
    why="Discrete logarithms on small curves are within reach: the attacker then holds the private key.",
    remedy="Make a new key on P-256 and revoke the old certificate.",
    sources=(rfc(9325, "4.5"),),
    applies=some(_is_elliptic),
    cap=Cap.F,
    cwe=(326,),
    reproduce=_SHOW_KEY,
)
@each_leaf
def curve_too_short(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """Fewer bits than the policy requires of a certificate's curve."""
    key, least = leaf.key, case.limits.certificate_curve_bits_min
    if key.type == "ec" and key.bits is not None and key.bits < least:
        yield Fail(f"key of {key.bits} bits (curve: {key.curve})", expected=f"at least {least} bits")


@rule(
    "TLS-CERT-038",
    title="ROCA key (CVE-2017-15361)",
    severity=Severity.CRITICAL,
    expected="an RSA key made with sound randomness",
    why="The key comes from a chip library whose primes have a structure that lets the modulus be factored.",
    remedy="Update the firmware of the device that made the key; then make a new key and revoke this certificate.",
    sources=(baseline("6.1.1.3"), Source("CVE-2017-15361")),
    applies=some(_is_rsa),
    cap=Cap.F,
    cwe=(326,),
    reproduce=_SHOW_KEY,
)
@each_leaf
def roca(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The modulus has the fingerprint of the Infineon library."""
    if KeyWeakness.ROCA in leaf.key.weaknesses:
        yield Fail(f"RSA modulus of {leaf.key.bits} bits has the ROCA fingerprint")


@rule(
    "TLS-CERT-039",
    title="RSA primes too close together",
    severity=Severity.CRITICAL,
    expected="an RSA key made with sound randomness",
    why="Fermat's method, which a pocket calculator could run, finds the primes: anyone can have the private key.",
    remedy=_REPLACE_AND_REVOKE,
    sources=(baseline("6.1.1.3"), asvs("11.6.1"), zlint("e_rsa_fermat_factorization")),
    applies=some(_is_rsa),
    cap=Cap.F,
    cwe=(326,),
    reproduce=_SHOW_KEY,
)
@each_leaf
def close_primes(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """Fermat's method factors the modulus within a hundred rounds."""
    if KeyWeakness.CLOSE_PRIMES in leaf.key.weaknesses:
        yield Fail(f"RSA modulus of {leaf.key.bits} bits is factored by Fermat's method")


def _has_key_list(case: Case) -> bool:
    return case.limits.certificate_keys_allowed is not None and serves_certificate(case)


@rule(
    "TLS-CERT-041",
    title="Private key known to others",
    severity=Severity.CRITICAL,
    expected="a key whose private half nobody else has",
    why="Whoever has read it can pose as this server, or as whatever else the certificate is for.",
    remedy="Make a new key pair on the server itself, replace the certificate and revoke this one.",
    sources=(baseline("6.1.1.3"), baseline("4.9.1.1"), rfc(9500, "2")),
    applies=serves_certificate,
    cap=Cap.F,
    cwe=(321,),
    reproduce=_SHOW_KEY,
)
@each_deployment
def published_key(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The key is one of those that are published for tests, or of the list that was given."""
    where = deployment.published.need()
    if where is not None:
        digest = deployment.leaf.need().spki_sha256
        yield Fail(f"the private key is known: {printable(where)} (public key {digest[:16]})")


@rule(
    "TLS-CERT-042",
    title="Kind of key outside the policy",
    severity=Severity.LOW,
    applies=_has_key_list,
    enforces=("key/unlisted",),
    reads=("certificate_keys_allowed",),
    expected="a key of a kind that the policy lists",
    why="What the policy does not list has not been judged to be fit, and its clients may not know it.",
    remedy="Make a new key of a listed kind, and have a certificate issued for it.",
    sources=(Source("Mozilla Server Side TLS 6.0, certificate_types and certificate_curves"), asvs("11.2.3 (L2)")),
    cwe=(327,),
    reproduce=_SHOW_KEY,
)
@each_leaf
def key_outside_policy(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """Elliptic-curve keys are listed by their curve, all others by their type."""
    allowed = case.limits.certificate_keys_allowed
    kind = leaf.key.curve or "unreadable" if leaf.key.type == "ec" else leaf.key.type
    if allowed is not None and kind not in allowed:
        yield Fail(f"kind of the key: {kind}", expected=f"one of {', '.join(sorted(allowed))}")


RULES: tuple[Rule, ...] = (
    rsa_broken,
    rsa_too_short,
    rsa_below_wanted,
    unusual_modulus,
    unusual_exponent,
    unusual_curve,
    curve_too_short,
    roca,
    close_primes,
    published_key,
    key_outside_policy,
)
