"""TLS-MTLS: workload identities, which are SPIFFE IDs in certificates (X509-SVID), of servers and of clients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from tlsaudit.model.certificate import Certificate, CertificateDeployment
from tlsaudit.model.facts import Mesh
from tlsaudit.model.knowledge import Known
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.model.spiffe import is_spiffe, parse, problem_of
from tlsaudit.rules.deployments import each_leaf, lifetime, listing, printable, some
from tlsaudit.rules.registry import sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs

_SPECIFICATION = (
    Source("SPIFFE X509-SVID sections 2, 3.1 and 4"),
    Source("SPIFFE-ID section 2", verified=False),
)
_SIGNS = frozenset({"keyCertSign", "cRLSign"})
_PURPOSES = frozenset({"serverAuth", "clientAuth"})
_HOUR = timedelta(hours=1)


def is_workload(certificate: Certificate) -> bool:
    """Whether a certificate claims to be an X509-SVID: it bears a URI of that scheme."""
    return any(is_spiffe(uri) for uri in _uris(certificate))


def _uris(certificate: Certificate) -> tuple[str, ...]:
    return tuple(name.value for name in certificate.san or () if name.kind == "uri")


def _serves_workload(_case: Case, deployment: CertificateDeployment) -> bool:
    return is_workload(deployment.leaf.need())


def _is_client_workload(case: Case) -> bool:
    return is_workload(sure(case.facts.client_auth.client).value.certificate)


def _problems(certificate: Certificate) -> Iterator[str]:
    """Where a certificate breaks the specification of X509-SVIDs that are no authorities."""
    yield from _problems_of_identity(certificate)
    yield from _problems_of_usage(certificate)


def _problems_of_identity(certificate: Certificate) -> Iterator[str]:
    uris = _uris(certificate)
    if len(uris) > 1:
        yield f"{len(uris)} URIs instead of one: {listing(uris, 3)}"
    for uri in uris:
        problem = problem_of(uri)
        if problem is not None and is_spiffe(uri):
            yield f"{printable(uri)} is no SPIFFE ID: {problem}"
        found = parse(uri)
        if found is not None and not found.path:
            yield f"{found.text} names a trust domain and no workload"
    if not certificate.subject and not certificate.san_critical:
        yield "an empty subject, and subjectAltName is not critical"


def _problems_of_usage(certificate: Certificate) -> Iterator[str]:
    if certificate.is_ca:
        yield "it is a CA certificate"
    usage = certificate.key_usage
    if usage is None:
        yield "no keyUsage"
    elif "digitalSignature" not in usage:
        yield "keyUsage without digitalSignature"
    if usage is not None and usage & _SIGNS:
        yield f"keyUsage with {listing(sorted(usage & _SIGNS))}"
    purposes = certificate.extended_key_usage
    if purposes is not None and not set(purposes) >= _PURPOSES:
        yield f"extendedKeyUsage without {listing(sorted(_PURPOSES - set(purposes)))}"


@rule(
    "TLS-MTLS-025",
    title="Server's workload identity is malformed",
    severity=Severity.HIGH,
    cwe=(295,),
    applies=some(_serves_workload),
    expected="one SPIFFE ID with a path, in a certificate that may sign handshakes and issue nothing",
    why="Workloads that follow the specification refuse the certificate; others may take it for somebody else's.",
    remedy="Have the issuer (SPIRE, Istio, cert-manager) make certificates as the X509-SVID specification says.",
    sources=_SPECIFICATION,
    reproduce=(
        "openssl s_client -connect {connect} -servername {servername} </dev/null 2>/dev/null"
        " | openssl x509 -noout -ext subjectAltName,keyUsage,extendedKeyUsage,basicConstraints"
    ),
)
@each_leaf
def server_identity(_case: Case, leaf: Certificate) -> Iterable[Fail]:
    """One `Fail` for each way in which a leaf with a SPIFFE ID breaks the specification."""
    for problem in _problems(leaf) if is_workload(leaf) else ():
        yield Fail(problem)


@rule(
    "TLS-MTLS-026",
    title="Client's workload identity is malformed",
    severity=Severity.HIGH,
    cwe=(295,),
    applies=_is_client_workload,
    expected="one SPIFFE ID with a path, in a certificate that may sign handshakes and issue nothing",
    why="Servers that follow the specification refuse the client; others may take it for somebody else.",
    remedy="Have the issuer (SPIRE, Istio, cert-manager) make certificates as the X509-SVID specification says.",
    sources=_SPECIFICATION,
)
def client_identity(case: Case) -> Iterable[Fail]:
    """As for servers, of the certificate of --client-cert."""
    client = sure(case.facts.client_auth.client)
    for problem in _problems(client.value.certificate):
        yield Fail(problem, (client.basis,))


def _has_workload_life(case: Case) -> bool:
    return case.limits.workload_lifetime_hours_max is not None and some(_serves_workload)(case)


@rule(
    "TLS-MTLS-027",
    title="Server's workload certificate lives too long",
    severity=Severity.MEDIUM,
    cwe=(324,),
    applies=_has_workload_life,
    reads=("workload_lifetime_hours_max",),
    expected="workload certificates that live no longer than the policy says",
    why="They are revoked by not being renewed: until it ends, a stolen one is as good as its owner's.",
    remedy="Shorten the lifetime at the issuer (SPIRE: default_x509_svid_ttl).",
    sources=(Source("tlsaudit house rule; SPIRE and Istio issue for hours"),),
)
@each_leaf
def server_lifetime(case: Case, leaf: Certificate) -> Iterable[Fail]:
    """A leaf with a SPIFFE ID, against the policy's limit in hours."""
    longest, life = case.limits.workload_lifetime_hours_max, lifetime(leaf)
    if is_workload(leaf) and longest is not None and life > longest * _HOUR:
        yield Fail(f"valid for {life // _HOUR} hours", expected=f"no more than {longest} h")


def _is_mesh(case: Case) -> bool:
    return sure(case.facts.client_auth.mesh).value is not None


@rule(
    "TLS-MTLS-028",
    title="Mesh port is permissive",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(287, 319),
    applies=_is_mesh,
    expected="mutual TLS alone, from every client (STRICT)",
    why="Whoever reaches the port talks to the application past the mesh, without an identity.",
    remedy="Set mutual TLS to STRICT for this workload and port (Istio: PeerAuthentication, portLevelMtls too).",
    sources=(asvs("12.3.3"), asvs("12.3.5 (L3)"), Source("Istio PeerAuthentication", verified=False)),
)
def permissive_mesh(case: Case) -> Iterable[Fail]:
    """Beside mutual TLS for the mesh, plain text or TLS without a client certificate reaches the application."""
    mesh, plaintext = sure(case.facts.client_auth.mesh), case.facts.client_auth.plaintext
    if mesh.value in {Mesh.PERMISSIVE, Mesh.DISABLED}:
        way = "plain text" if isinstance(plaintext, Known) and plaintext.value else "TLS without the names of the mesh"
        words = "permissive" if mesh.value is Mesh.PERMISSIVE else "no mutual TLS"
        yield Fail(f"{words}: {way} goes to the application", (mesh.basis,))


OF_CLIENTS: tuple[Rule, ...] = (client_identity, server_lifetime, permissive_mesh)
"""On what the operator gives of the clients, and on meshes, with the short lives of their certificates."""

RULES: tuple[Rule, ...] = (server_identity, *OF_CLIENTS)
