"""Rules on the names in the leaf certificate: TLS-CERT-001 to 015 (rules on what a client compares, RFC 9525)."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.default_certificates import find_default_certificate
from tlsaudit.model.address import is_address
from tlsaudit.model.certificate import Certificate, CertificateDeployment
from tlsaudit.model.result import Cap, Fail, Severity
from tlsaudit.model.spiffe import is_spiffe
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
from tlsaudit.rules.dns_names import (
    is_ascii,
    is_bad_label,
    is_reserved,
    is_unregistered,
    is_well_formed_wildcard,
    is_wildcard_over_public_suffix,
    syntax_problem,
)
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, baseline, cheat_sheet, rfc, wstg, zlint

_SHOW_NAMES = (
    "openssl s_client -connect {connect} -servername {servername} </dev/null 2>/dev/null"
    " | openssl x509 -noout -subject -ext subjectAltName"
)
_DOMAIN_NAMES = cheat_sheet("Use Correct Domain Names")


def _dns_names(leaf: Certificate) -> tuple[str, ...]:
    return tuple(name.value for name in leaf.san or () if name.kind == "dns")


def _addresses(leaf: Certificate) -> tuple[str, ...]:
    return tuple(name.value for name in leaf.san or () if name.kind == "ip")


def _by_name(case: Case, deployment: CertificateDeployment) -> bool:
    """Whether clients compare a name: the one they ask for, also where they connect to an address with SNI."""
    return not _by_address(case, deployment)


def _by_address(_case: Case, deployment: CertificateDeployment) -> bool:
    return is_address(deployment.name.need().reference)


@rule(
    "TLS-CERT-001",
    title="Certificate does not match the host name",
    severity=Severity.CRITICAL,
    expected="a subjectAltName entry that matches the name clients ask for",
    why="Clients refuse the connection; people who click the warning away cannot tell this server from an impostor.",
    remedy="Issue a certificate that lists this host name as dNSName, or serve the right certificate for it (SNI).",
    sources=(_DOMAIN_NAMES, wstg("Validity"), rfc(9525, "6"), rfc(9325, "7.1")),
    applies=some(_by_name),
    cap=Cap.MISMATCH,
    cwe=(297,),
    reproduce=_SHOW_NAMES,
)
@each_deployment
def name_mismatch(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The reference identity is a name and matches no subjectAltName entry."""
    match = deployment.name.need()
    if _by_name(case, deployment) and not match.matches:
        kind, words = ("uri", "URIs") if is_spiffe(match.reference) else ("dns", "DNS names")
        names = listing(name.value for name in deployment.leaf.need().san or () if name.kind == kind)
        yield Fail(f"does not cover {match.reference}; its {words} are: {names or 'none'}")


@rule(
    "TLS-CERT-002",
    title="No subjectAltName",
    severity=Severity.HIGH,
    expected="a subjectAltName extension with every name the server is reached by",
    why="Clients compare names with subjectAltName only; a common name alone has matched nothing for years.",
    remedy="Reissue the certificate with its names in subjectAltName.",
    sources=(
        baseline("7.1.2.7.12"),
        rfc(9525, "appendix A"),
        _DOMAIN_NAMES,
        zlint("e_ext_san_missing"),
    ),
    applies=serves_certificate,
    cap=Cap.MISMATCH,
    cwe=(297,),
    reproduce=_SHOW_NAMES,
)
@each_leaf
def no_subject_alternative_name(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """The extension is absent or empty."""
    if not leaf.san:
        common = listing(leaf.common_names)
        yield Fail(f"has no subjectAltName; its common name is: {common or 'absent'}")


@rule(
    "TLS-CERT-003",
    title="Common name is not one of the certificate's names",
    severity=Severity.LOW,
    expected="no common name, or a character-for-character copy of a subjectAltName value",
    why="A name that no client checks misleads people and breaks the rules that public CAs follow.",
    remedy="Ask the CA for a profile without a common name, or with one taken from subjectAltName.",
    sources=(baseline("7.1.4.3"), zlint("e_subject_common_name_not_exactly_from_san")),
    applies=some(is_public),
    reproduce=_SHOW_NAMES,
)
@each_public_leaf
def common_name_not_in_san(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """A common name that is byte-equal to no subjectAltName value."""
    values = {name.value for name in leaf.san or ()}
    strangers = [name for name in leaf.common_names if name not in values]
    if strangers:
        yield Fail(f"common name {listing(strangers)} is not among its subjectAltName values")


@rule(
    "TLS-CERT-004",
    title="Certificate does not cover the address",
    severity=Severity.CRITICAL,
    expected="an iPAddress entry equal to the target address, or a target given by name",
    why="A client that connects by address compares it with iPAddress entries only, and refuses.",
    remedy="Connect by name, or issue a certificate with this address as iPAddress.",
    sources=(rfc(9525, "6.4"), rfc(9525, "7.4")),
    applies=some(_by_address),
    cap=Cap.MISMATCH,
    cwe=(297,),
    reproduce=_SHOW_NAMES,
)
@each_deployment
def address_not_covered(case: Case, deployment: CertificateDeployment) -> Iterable[Fail]:
    """The reference identity is an IP literal and no iPAddress has the same octets."""
    match = deployment.name.need()
    if _by_address(case, deployment) and not match.matches:
        leaf = deployment.leaf.need()
        yield Fail(
            f"does not cover the address {match.reference}; its addresses are: {listing(_addresses(leaf)) or 'none'};"
            f" its DNS names are: {listing(_dns_names(leaf)) or 'none'}"
        )


@rule(
    "TLS-CERT-005",
    title="Address written as a DNS name",
    severity=Severity.MEDIUM,
    expected="addresses as iPAddress, never as dNSName",
    why="A dNSName never matches an address, so clients that connect by address refuse the certificate.",
    remedy="Reissue with the address as iPAddress.",
    sources=(rfc(9525, "7.4"), baseline("7.1.2.7.12")),
    applies=serves_certificate,
    reproduce=_SHOW_NAMES,
)
@each_leaf
def address_as_dns_name(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """A dNSName that reads as an IPv4 or IPv6 address."""
    addresses = [name for name in _dns_names(leaf) if is_address(name)]
    if addresses:
        yield Fail(f"dNSName holds an address: {listing(addresses)}")


@rule(
    "TLS-CERT-006",
    title="Malformed wildcard",
    severity=Severity.MEDIUM,
    expected="a wildcard that is the whole left-most label, once: *.example.com",
    why="Clients do not agree on such patterns; most match nothing, some match more than was meant.",
    remedy="Reissue with *.example.com, or better with the names themselves.",
    sources=(rfc(9525, "6.3"), baseline("1.6.1"), zlint("e_dnsname_wildcard_only_in_left_label")),
    applies=serves_certificate,
    reproduce=_SHOW_NAMES,
)
@each_leaf
def malformed_wildcard(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """An asterisk that is not alone in the left-most label, or more than one."""
    malformed = [name for name in _dns_names(leaf) if "*" in name and not is_well_formed_wildcard(name)]
    if malformed:
        yield Fail(f"wildcard that clients do not match: {listing(malformed)}")


@rule(
    "TLS-CERT-007",
    title="Wildcard certificate in use",
    severity=Severity.INFO,
    expected="one certificate for each host, issued automatically",
    why="Whoever steals the key from the weakest host that holds it can pose as every name under the wildcard.",
    remedy="Prefer certificates for single names; where a wildcard stays, keep a list of the hosts that hold its key.",
    sources=(cheat_sheet("Carefully Consider the use of Wildcard Certificates"), asvs("V12.1, introduction")),
    applies=serves_certificate,
    reproduce=_SHOW_NAMES,
)
@each_leaf
def wildcard_in_use(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """A well-formed wildcard."""
    wildcards = [name for name in _dns_names(leaf) if is_well_formed_wildcard(name)]
    if wildcards:
        yield Fail(f"wildcard: {listing(wildcards)}")


@rule(
    "TLS-CERT-008",
    title="Wildcard over a public suffix",
    severity=Severity.HIGH,
    expected="wildcards below a domain that one party registered",
    why="Such a certificate is valid for domains of many unrelated owners.",
    remedy="Reissue for the registered domain only, and ask the CA how this one came to be.",
    sources=(baseline("3.2.2.6"), zlint("n_dnsname_wildcard_left_of_public_suffix")),
    applies=serves_certificate,
    reproduce=_SHOW_NAMES,
)
@each_leaf
def wildcard_over_public_suffix(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """What stands right of the wildcard is a suffix that registries hand out names under."""
    wide = [name for name in _dns_names(leaf) if is_wildcard_over_public_suffix(name)]
    if wide:
        yield Fail(f"wildcard over a public suffix: {listing(wide)}")


@rule(
    "TLS-CERT-009",
    title="Internal name or reserved address in a public certificate",
    severity=Severity.MEDIUM,
    expected="names under a registered top-level domain and public addresses only",
    why="Nobody owns an internal name, so the CA cannot have checked it; the certificate may be revoked any day.",
    remedy="Use a private CA for internal names.",
    sources=(baseline("4.2.2"), baseline("7.1.2.7.12"), _DOMAIN_NAMES),
    applies=some(is_public),
    reproduce=_SHOW_NAMES,
)
@each_public_leaf
def internal_name(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """A single label, an unknown top-level domain, or an address that is not global."""
    internal = [name for name in _dns_names(leaf) if is_ascii(name) and not is_address(name) and is_unregistered(name)]
    internal += [address for address in _addresses(leaf) if is_reserved(address)]
    if internal:
        yield Fail(f"not a public name or address: {listing(internal)}")


@rule(
    "TLS-CERT-010",
    title="Internationalised name not in A-label form",
    severity=Severity.MEDIUM,
    expected="internationalised names as valid A-labels (xn--...)",
    why="Clients compare A-labels; a name in another form matches nothing.",
    remedy="Reissue with the name converted to A-labels (IDNA 2008).",
    sources=(rfc(9525, "6.3"), rfc(9525, "7.3"), baseline("7.1.2.7.12"), zlint("e_international_dns_name_not_unicode")),
    applies=serves_certificate,
    reproduce=_SHOW_NAMES,
)
@each_leaf
def not_an_a_label(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """Bytes beyond ASCII, an xn-- label that is no valid A-label, or another label with -- in third place."""
    bad = [name for name in _dns_names(leaf) if not is_ascii(name) or any(map(is_bad_label, name.split(".")))]
    if bad:
        yield Fail(f"internationalised name that clients do not match: {listing(bad)}")


@rule(
    "TLS-CERT-011",
    title="Invalid DNS name",
    severity=Severity.MEDIUM,
    expected="dNSName values of letters, digits and hyphens, without a trailing dot",
    why="Clients treat such names differently; some refuse the whole certificate.",
    remedy="Reissue without the invalid name.",
    sources=(baseline("7.1.2.7.12"), zlint("e_underscore_not_permissible_in_dnsname")),
    applies=serves_certificate,
    reproduce=_SHOW_NAMES,
)
@each_leaf
def invalid_dns_name(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """Underscore, trailing dot, NUL, space, empty label, label over 63 or name over 253 characters."""
    problems = [
        f'"{printable(name)}" {problem}'
        for name in _dns_names(leaf)
        if is_ascii(name) and not is_address(name) and (problem := syntax_problem(name))
    ]
    if problems:
        yield Fail(f"invalid dNSName: {listing(problems)}")


@rule(
    "TLS-CERT-013",
    title="Address in a public certificate",
    severity=Severity.INFO,
    expected="names; addresses only where clients connect by address",
    why="An address changes hands more easily than a name, and the certificate stays valid for the next holder.",
    remedy="Leave the address out unless clients need it.",
    sources=(_DOMAIN_NAMES,),
    applies=some(is_public),
    reproduce=_SHOW_NAMES,
)
@each_public_leaf
def public_address(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """A publicly trusted certificate lists an address that is not the target itself."""
    others = [address for address in _addresses(leaf) if address != case.facts.endpoint.host]
    if others:
        yield Fail(f"covers the address {listing(others)}")


@rule(
    "TLS-CERT-014",
    title="Default certificate of a product served",
    severity=Severity.HIGH,
    expected="a certificate that was issued for this service",
    why="No client can trust it, and where its key ships with the product anyone can pose as this server.",
    remedy="Configure the certificate for this host name; the product fell back to its own.",
    sources=(
        cheat_sheet("Use an Appropriate Certification Authority for the Application's User Base"),
        asvs("12.2.2 (L1)"),
    ),
    applies=serves_certificate,
    cap=Cap.TRUST,
    cause="TRUST",
    cwe=(295,),
    reproduce=_SHOW_NAMES,
)
@each_leaf
def default_certificate(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """Subject, issuer or fingerprint is one that a product generates or ships."""
    product = find_default_certificate(subject=leaf.subject, issuer=leaf.issuer, sha256=leaf.sha256)
    if product is not None:
        yield Fail(f"is the default certificate of {product} (subject: {printable(leaf.subject) or 'empty'})")


@rule(
    "TLS-CERT-015",
    title="Very wide certificate",
    severity=Severity.INFO,
    reads=("san_count_max",),
    expected="a certificate for the names of one service",
    why="One stolen key exposes every name in it, and every handshake carries the whole list.",
    remedy="Split the certificate by service.",
    sources=(rfc(9325, "3.3.1"),),
    applies=serves_certificate,
    reproduce=_SHOW_NAMES,
)
@each_leaf
def very_wide(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """More subjectAltName entries than the policy wants."""
    most = case.limits.san_count_max
    count = len(leaf.san or ())
    if count > most:
        yield Fail(f"has {count} subjectAltName entries", expected=f"at most {most} entries")


RULES: tuple[Rule, ...] = (
    name_mismatch,
    no_subject_alternative_name,
    common_name_not_in_san,
    address_not_covered,
    address_as_dns_name,
    malformed_wildcard,
    wildcard_in_use,
    wildcard_over_public_suffix,
    internal_name,
    not_an_a_label,
    invalid_dns_name,
    public_address,
    default_certificate,
    very_wide,
)
