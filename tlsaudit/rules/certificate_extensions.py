"""Rules on the form and the extensions of the leaf certificate: TLS-CERT-050 to 066 (RFC 5280 section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tlsaudit.data.signatures import SCHEMES
from tlsaudit.model.certificate import Certificate, CertificateDeployment
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.deployments import (
    each_deployment,
    each_leaf,
    each_public_leaf,
    is_public,
    listing,
    printable,
    serves_certificate,
    some,
)
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import baseline, cheat_sheet, rfc, zlint

_SHOW = "openssl s_client -connect {connect} -servername {servername} </dev/null 2>/dev/null | openssl x509 -noout "
_REISSUE = "Have the certificate reissued from the profile for TLS servers."
_CHROME_CLIENT_AUTH = date(2027, 3, 15)
"""From here on Chrome refuses clientAuth in public server certificates (Chrome Root Program Policy 1.8)."""
_CT_POISON = "1.3.6.1.4.1.11129.2.4.3"
_FOREIGN_PURPOSES = ("anyExtendedKeyUsage", "codeSigning", "OCSPSigning", "timeStamping", "emailProtection")
_VALIDATION_TYPES = {
    "2.23.140.1.1": "extended validation (EV)",
    "2.23.140.1.2.1": "domain validated (DV)",
    "2.23.140.1.2.2": "organisation validated (OV)",
    "2.23.140.1.2.3": "individual validated (IV)",
}
"""Reserved policy identifiers (CA/B Forum Baseline Requirements section 7.1.6.1)."""


@rule(
    "TLS-CERT-050",
    title="Server certificate is a CA certificate",
    severity=Severity.HIGH,
    expected="basicConstraints without cA",
    why="Whoever takes the key from this server can issue certificates for any name, and clients may believe them.",
    remedy="Issue an end-entity certificate for the server, and keep the CA key off it.",
    sources=(baseline("7.1.2.7.8"), rfc(5280, "4.2.1.9"), zlint("e_sub_cert_not_is_ca")),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cwe=(295,),
    reproduce=_SHOW + "-ext basicConstraints",
)
@each_leaf
def leaf_is_a_ca(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """basicConstraints says cA."""
    if leaf.is_ca:
        yield Fail("basicConstraints says CA:TRUE")


@rule(
    "TLS-CERT-051",
    title="Not meant for TLS servers",
    severity=Severity.HIGH,
    expected="serverAuth in extendedKeyUsage",
    why="Clients refuse a certificate that was issued for other purposes only.",
    remedy=_REISSUE,
    sources=(baseline("7.1.2.7.10"), rfc(5280, "4.2.1.12")),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cwe=(295,),
    reproduce=_SHOW + "-ext extendedKeyUsage",
)
@each_leaf
def server_auth_missing(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """extendedKeyUsage is present and does not name serverAuth."""
    if leaf.extended_key_usage is not None and "serverAuth" not in leaf.extended_key_usage:
        yield Fail(f"extendedKeyUsage allows only: {listing(leaf.extended_key_usage) or 'nothing'}")


@rule(
    "TLS-CERT-052",
    title="Purposes of a public certificate too wide",
    severity=Severity.MEDIUM,
    expected="extendedKeyUsage with serverAuth, and no purpose outside TLS",
    why="Stolen from the server, such a key also signs code, mail or time stamps.",
    remedy=_REISSUE,
    sources=(baseline("7.1.2.7.6"), baseline("7.1.2.7.10")),
    applies=some(is_public),
    reproduce=_SHOW + "-ext extendedKeyUsage",
)
@each_public_leaf
def purposes_too_wide(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """extendedKeyUsage is absent, or names a purpose that has no place in a server certificate."""
    if leaf.extended_key_usage is None:
        yield Fail("has no extendedKeyUsage: every purpose is allowed")
        return
    foreign = [purpose for purpose in leaf.extended_key_usage if purpose in _FOREIGN_PURPOSES]
    if foreign:
        yield Fail(f"extendedKeyUsage also allows: {listing(foreign)}")


@rule(
    "TLS-CERT-053",
    title="Client authentication in a public server certificate",
    severity=Severity.INFO,
    expected="serverAuth alone",
    why="Public CAs are ending this use; mutual TLS that relies on it breaks at the next renewal.",
    remedy="Take client certificates from a private CA.",
    sources=(Source("Chrome Root Program Policy 1.8 section 1.3.2"), zlint("e_client_auth_not_allowed")),
    applies=some(is_public),
    reproduce=_SHOW + "-ext extendedKeyUsage",
)
@each_public_leaf
def client_auth_in_public_leaf(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """extendedKeyUsage names clientAuth; browsers forbid it to certificates issued after a given day."""
    if "clientAuth" in (leaf.extended_key_usage or ()):
        forbidden = leaf.not_before.date() >= _CHROME_CLIENT_AUTH
        severity = Severity.LOW if forbidden else None
        yield Fail(f"issued on {leaf.not_before.date()} with clientAuth", severity=severity)


@rule(
    "TLS-CERT-054",
    title="Key usage does not allow signatures",
    severity=Severity.MEDIUM,
    expected="digitalSignature in keyUsage",
    why="ECDHE and TLS 1.3 authenticate the server by a signature; clients that check keyUsage refuse this one.",
    remedy=_REISSUE,
    sources=(baseline("7.1.2.7.11"), rfc(5280, "4.2.1.3")),
    applies=serves_certificate,
    reproduce=_SHOW + "-ext keyUsage",
)
@each_deployment
def digital_signature_missing(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """keyUsage is present without digitalSignature where the key signs handshakes."""
    usage = deployment.leaf.need().key_usage
    if usage is not None and "digitalSignature" not in usage and _signs_handshakes(case, deployment):
        yield Fail(f"keyUsage allows only: {listing(sorted(usage)) or 'nothing'}")


def _signs_handshakes(case: Case, deployment: CertificateDeployment) -> bool:
    # Only an RSA key below TLS 1.3 can do without: static RSA key exchange encrypts instead.
    if deployment.leaf.need().key.type != "rsa" or ProtocolVersion.TLS_1_3 in deployment.versions:
        return True
    schemes = (SCHEMES.get(each.signature_scheme or 0) for each in case.facts.key_exchanges.need())
    return any(scheme is not None and scheme.algorithm.startswith("rsa") for scheme in schemes)


@rule(
    "TLS-CERT-055",
    title="Key usage of a CA in a server certificate",
    severity=Severity.HIGH,
    expected="neither keyCertSign nor cRLSign in keyUsage",
    why="These bits belong to CAs; a client that checks them alone would believe certificates signed by this key.",
    remedy=_REISSUE,
    sources=(baseline("7.1.2.7.11"), rfc(5280, "4.2.1.3"), rfc(5280, "4.2.1.9")),
    applies=serves_certificate,
    cwe=(295,),
    reproduce=_SHOW + "-ext keyUsage",
)
@each_leaf
def ca_key_usage(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """keyCertSign or cRLSign is set."""
    wrong = {"keyCertSign", "cRLSign"} & (leaf.key_usage or frozenset())
    if wrong:
        yield Fail(f"keyUsage has {listing(sorted(wrong))}")


_WRONG_USAGES = {
    "ec": frozenset({"keyEncipherment", "dataEncipherment"}),
    **dict.fromkeys(("ed25519", "ed448"), frozenset({"keyEncipherment", "dataEncipherment", "keyAgreement"})),
    "rsa": frozenset({"keyAgreement"}),
}


@rule(
    "TLS-CERT-056",
    title="Key usage does not fit the key",
    severity=Severity.LOW,
    expected="usages that the key's algorithm is capable of",
    why="The certificate claims what its key cannot do; strict clients refuse it.",
    remedy=_REISSUE,
    sources=(baseline("7.1.2.7.11"), rfc(8410, "5", verified=False)),
    applies=serves_certificate,
    reproduce=_SHOW + "-ext keyUsage",
)
@each_leaf
def usage_does_not_fit_key(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """Encipherment with a key that only signs or agrees, or agreement with an RSA key."""
    wrong = _WRONG_USAGES.get(leaf.key.type, frozenset()) & (leaf.key_usage or frozenset())
    if wrong:
        yield Fail(f"key of type {leaf.key.type} with keyUsage {listing(sorted(wrong))}")


@rule(
    "TLS-CERT-057",
    title="Not an X.509 version 3 certificate",
    severity=Severity.HIGH,
    expected="version 3",
    why="Older versions have no extensions, so nothing limits what the certificate is good for.",
    remedy=_REISSUE,
    sources=(baseline("7.1.2.7"), Source("NIST SP 800-52r2 section 3.2.1", verified=False)),
    applies=serves_certificate,
    reproduce=_SHOW + "-text",
)
@each_leaf
def not_version_3(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The version is not 3."""
    if leaf.version != 3:
        yield Fail(f"X.509 version {leaf.version}")


@rule(
    "TLS-CERT-058",
    title="Unsound serial number",
    severity=Severity.LOW,
    expected="a positive serial number of 8 to 20 octets",
    why="Revocation goes by serial number, and unpredictable ones keep colliding certificates from being crafted.",
    remedy="Ask the CA for sound serial numbers; with a private CA, configure random ones.",
    sources=(baseline("7.1.2.7"), rfc(5280, "4.1.2.2")),
    applies=serves_certificate,
    reproduce=_SHOW + "-serial",
)
@each_deployment
def unsound_serial(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """Not positive, longer than 20 octets, or from a public CA and shorter than 64 random bits would be."""
    serial = deployment.leaf.need().serial
    public = is_public(case, deployment)
    octets = serial.bit_length() // 8 + 1  # with the sign bit, as encoded
    if serial <= 0:
        problem = "is not positive"
    elif octets > 20:
        problem = f"has {octets} octets"
    elif public and serial.bit_length() <= 56:
        problem = f"has only {serial.bit_length()} bits"
    else:
        return
    yield Fail(f"serial number {problem}", severity=Severity.MEDIUM if public else None)


@rule(
    "TLS-CERT-060",
    title="Critical extension that no client knows",
    severity=Severity.HIGH,
    expected="critical extensions of RFC 5280 only",
    why="A client must refuse a certificate with a critical extension that it does not understand.",
    remedy=_REISSUE,
    sources=(rfc(5280, "4.2"),),
    applies=serves_certificate,
    cap=Cap.TRUST,
    reproduce=_SHOW + "-text",
)
@each_leaf
def unknown_critical_extension(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """An extension that is critical and not understood; the poison of precertificates is TLS-CERT-066."""
    unknown = [oid for oid in leaf.unknown_critical if oid != _CT_POISON]
    if unknown:
        yield Fail(f"critical extension {listing(unknown)}")


@rule(
    "TLS-CERT-061",
    title="Malformed certificate",
    severity=Severity.MEDIUM,
    expected="certificates in DER as RFC 5280 defines them",
    why="Clients differ in what they forgive: some refuse the connection, some read another meaning.",
    remedy="Reissue the certificate with software that encodes it correctly, or repair the file that is served.",
    sources=(rfc(5280, "4.2"), zlint("e_ext_duplicate_extension"), zlint("e_cert_ext_invalid_der")),
    applies=serves_certificate,
    reproduce=_SHOW + "-text",
)
@each_deployment
def malformed(_case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """A certificate of the chain cannot be read, or the leaf breaks the encoding rules."""
    for unparsed in deployment.unparsed:
        yield Fail(f"certificate {unparsed.index + 1} as sent cannot be read: {printable(unparsed.error, 200)}")
    if any(unparsed.index == 0 for unparsed in deployment.unparsed):
        return
    defects = deployment.leaf.need().defects
    if defects:
        yield Fail(listing(defects))


@rule(
    "TLS-CERT-062",
    title="Name constraints in a server certificate",
    severity=Severity.LOW,
    expected="nameConstraints in CA certificates only",
    why="The extension has no meaning here; some clients refuse the certificate.",
    remedy=_REISSUE,
    sources=(baseline("7.1.2.7.6"), rfc(5280, "4.2.1.10")),
    applies=serves_certificate,
    reproduce=_SHOW + "-ext nameConstraints",
)
@each_leaf
def name_constraints_on_leaf(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """nameConstraints is present."""
    if leaf.has_name_constraints and not leaf.is_ca:
        yield Fail("has a nameConstraints extension")


@rule(
    "TLS-CERT-063",
    title="Criticality of subjectAltName does not fit the subject",
    severity=Severity.LOW,
    expected="subjectAltName critical exactly where the subject is empty",
    why="A client that skips subjectAltName would find no identity at all, or refuse a sound certificate.",
    remedy=_REISSUE,
    sources=(baseline("7.1.2.7.12"), rfc(5280, "4.2.1.6")),
    applies=serves_certificate,
    reproduce=_SHOW + "-subject -ext subjectAltName",
)
@each_leaf
def san_criticality(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """An empty subject without a critical subjectAltName, or the reverse."""
    if leaf.san is not None and bool(leaf.subject) == leaf.san_critical:
        has_subject = "not empty and subjectAltName is critical"
        yield Fail(f"subject is {has_subject if leaf.subject else 'empty and subjectAltName is not critical'}")


@rule(
    "TLS-CERT-064",
    title="Issuer of a public certificate hard to find",
    severity=Severity.LOW,
    expected="authorityKeyIdentifier, and authorityInfoAccess with caIssuers",
    why="Clients and tools need both to find the issuer's certificate when a chain is incomplete.",
    remedy=_REISSUE,
    sources=(baseline("7.1.2.7.6"), baseline("7.1.2.7.7")),
    applies=some(is_public),
    reproduce=_SHOW + "-ext authorityKeyIdentifier,authorityInfoAccess",
)
@each_public_leaf
def issuer_hard_to_find(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """authorityKeyIdentifier or authorityInfoAccess is missing, or the latter has no caIssuers."""
    if leaf.authority_key_id is None:
        yield Fail("has no authorityKeyIdentifier")
    if not leaf.authority_info_access:
        yield Fail("has no authorityInfoAccess")
    elif not leaf.ca_issuer_urls:
        yield Fail("authorityInfoAccess has no caIssuers", severity=Severity.INFO)


@rule(
    "TLS-CERT-065",
    title="Validation type",
    severity=Severity.INFO,
    expected="any: the validation type makes no difference to the security of TLS",
    why="It tells how the CA checked the owner; browsers no longer show the difference.",
    remedy="Nothing to do.",
    sources=(cheat_sheet("Consider the Certificate's Validation Type"), baseline("7.1.2.7.1")),
    applies=serves_certificate,
    reproduce=_SHOW + "-ext certificatePolicies",
)
@each_leaf
def validation_type(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """A reserved policy identifier of the CA/B Forum is present: recorded, never scored."""
    types = [_VALIDATION_TYPES[policy] for policy in leaf.policies if policy in _VALIDATION_TYPES]
    if types:
        yield Fail(listing(types))


@rule(
    "TLS-CERT-066",
    title="Precertificate served",
    severity=Severity.CRITICAL,
    expected="the final certificate",
    why="A precertificate carries a poison extension so that every client refuses it.",
    remedy="Fetch the final certificate from the CA and serve that.",
    sources=(rfc(6962, "3.1", verified=False),),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cwe=(295,),
    reproduce=_SHOW + "-text",
)
@each_leaf
def precertificate_served(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The poison extension of Certificate Transparency is present."""
    if leaf.has_ct_poison:
        yield Fail(f"has the critical poison extension {_CT_POISON}")


RULES: tuple[Rule, ...] = (
    leaf_is_a_ca,
    server_auth_missing,
    purposes_too_wide,
    client_auth_in_public_leaf,
    digital_signature_missing,
    ca_key_usage,
    usage_does_not_fit_key,
    not_version_3,
    unsound_serial,
    unknown_critical_extension,
    malformed,
    name_constraints_on_leaf,
    san_criticality,
    issuer_hard_to_find,
    validation_type,
    precertificate_served,
)
