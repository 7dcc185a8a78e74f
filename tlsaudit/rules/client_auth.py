"""TLS-MTLS: client authentication, as seen without a client certificate.

Whether a *wrong* certificate is refused takes trials with credentials: `mutual_tls` has those rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlsaudit.data.signatures import SCHEMES, scheme_name
from tlsaudit.model.facts import ClientAuthAt, ClientAuthMode
from tlsaudit.model.knowledge import Basis, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity
from tlsaudit.rules.commands import GET
from tlsaudit.rules.deployments import listing
from tlsaudit.rules.registry import BELOW_TLS_1_3, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, asvs4, cheat_sheet, rfc

_SHEET = cheat_sheet("Client Certificates and Mutual TLS")
_ASK = "openssl s_client -connect {connect} -servername {servername} </dev/null"
_WEAK_HASHES = frozenset({"md5", "sha1"})


def _needs_client_auth(case: Case) -> bool:
    return case.expect.client_auth is ClientAuthMode.REQUIRED


def wants_client_auth(case: Case) -> bool:
    """Client authentication was declared, optional or required."""
    return case.expect.client_auth in {ClientAuthMode.REQUIRED, ClientAuthMode.OPTIONAL}


def _spares_some_clients(case: Case) -> bool:
    return case.expect.client_auth in {ClientAuthMode.NONE, ClientAuthMode.OPTIONAL}


def requests_certificate(case: Case) -> bool:
    """Some version shows a CertificateRequest, for `/` or for anything else that was asked for."""
    if requested_at(case):
        return True
    # Without a name, a server that refuses all such clients leaves nothing to ask.
    paths = (at for where, _, at in asked_for(case) if where.startswith("/"))
    unknown = next((at.requested for at in paths if isinstance(at.requested, Unknown)), None)
    if unknown is not None:
        unknown.need()
    if not case.facts.client_auth.per_protocol:
        case.facts.client_auth.mode.need()
    return False


def asked_for(case: Case) -> Iterator[tuple[str, ProtocolVersion, ClientAuthAt]]:
    """Client authentication everywhere: where, at which version, and what was found there."""
    auth = case.facts.client_auth
    for where, entries in (("/", auth.per_protocol), *auth.elsewhere.items()):
        yield from ((where, version, at) for version, at in entries.items())


def _requires(case: Case) -> bool:
    return case.facts.client_auth.mode.need() is ClientAuthMode.REQUIRED and requests_certificate(case)


@rule(
    "TLS-MTLS-001",
    title="Some version asks for no client certificate",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cause="MTLSGATE",
    cwe=(287, 306),
    applies=wants_client_auth,
    enforces=("client/requested",),
    reads=("client_auth",),
    expected="a client certificate is required at every version",
    why="Whoever connects at such a version is let in: there the mutual authentication that was declared is missing.",
    remedy="Require and verify client certificates on this listener (nginx: ssl_verify_client on).",
    sources=(asvs("12.3.5 (L3)"), asvs("13.2.1 (L2)"), asvs4("9.2.3"), _SHEET),
    reproduce=_ASK,
)
def not_requested(case: Case) -> Iterable[Fail]:
    """Client authentication was declared, and some version does without.

    Where it was declared as optional nobody comes in who should not, but no client can say who it is.
    """
    entries = case.facts.client_auth.per_protocol.values()
    if entries and all(_always_asks(at) for at in entries):
        return
    mode = sure(case.facts.client_auth.mode)
    if mode.value is not ClientAuthMode.NONE:
        return
    seen = {version: at.mode for version, at in case.facts.client_auth.per_protocol.items()}
    without = {
        version: at.basis for version, at in seen.items() if isinstance(at, Known) and at.value is ClientAuthMode.NONE
    }
    where = f"at {', '.join(without)} " if without else ""
    bases = tuple(dict.fromkeys(without.values())) or (mode.basis,)
    if _needs_client_auth(case):
        yield Fail(f"{where}no client certificate is asked for", bases)
    else:
        words = f"{where}no client certificate is asked for, which was declared to be optional"
        expected = "a client certificate is asked for at every version"
        yield Fail(words, bases, severity=Severity.MEDIUM, cap=Cap.B, expected=expected)


def _always_asks(at: ClientAuthAt) -> bool:
    """Whether a certificate is asked for, whatever then becomes of who has none; unless the answers contradict."""
    unstable = isinstance(at.mode, Unknown) and at.mode.why is Why.UNSTABLE
    return isinstance(at.requested, Known) and at.requested.value and not unstable


@rule(
    "TLS-MTLS-002",
    title="Client certificate optional",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cause="MTLSGATE",
    cwe=(287, 306),
    applies=_needs_client_auth,
    enforces=("client/required",),
    reads=("client_auth",),
    expected="a client without a certificate is refused at every version",
    why="The server asks for a certificate and serves clients that have none.",
    remedy="Make the certificate required and verified, not optional (nginx: ssl_verify_client on).",
    sources=(rfc(9846, "4.5.1.3"), asvs("12.1.3 (L2)"), asvs("12.3.5 (L3)")),
    reproduce=GET,
)
def optional_certificate(case: Case) -> Iterable[Fail]:
    """Some version asks for a certificate and serves clients without; where the application refuses, it is required."""
    mode = sure(case.facts.client_auth.mode)
    if mode.value is ClientAuthMode.OPTIONAL:
        yield Fail(_modes(case) or "optional", _mode_bases(case, mode.basis))


@rule(
    "TLS-MTLS-010",
    title="CA names disclose who may sign in",
    severity=Severity.INFO,
    cwe=(200,),
    applies=requests_certificate,
    expected="no CA names, or names that may be public",
    why="Anyone who connects learns the names of the certificate authorities behind the clients.",
    remedy="Leave the CA names out of the CertificateRequest where clients find their certificate without them.",
    sources=(rfc(9846, "4.3.4"),),
    reproduce=_ASK,
)
def ca_names_disclosed(case: Case) -> Iterable[Fail]:
    """Worse on an endpoint with a publicly trusted certificate, which strangers are meant to reach."""
    names = case.facts.client_auth.ca_names
    if names:
        severity = Severity.LOW if _is_public(case) else None
        count = "1 CA name" if len(names) == 1 else f"{len(names)} CA names"
        yield Fail(f"{count}: {listing(names, 3)}", requested_at(case), severity=severity)


@rule(
    "TLS-MTLS-011",
    title="CA name list empty",
    severity=Severity.INFO,
    applies=_requires,
    expected="the names of the certificate authorities that are accepted",
    why="A client with several certificates cannot tell which one is wanted and may send none or the wrong one.",
    remedy="Send the CA names where clients have to choose (nginx: ssl_client_certificate).",
    sources=(rfc(9846, "4.3.4"),),
    reproduce=_ASK,
)
def no_ca_names(case: Case) -> Iterable[Fail]:
    """A certificate is required and no CA is named."""
    if not case.facts.client_auth.ca_names:
        yield Fail("CertificateRequest without CA names", requested_at(case))


@rule(
    "TLS-MTLS-021",
    title="Client identity in clear",
    severity=Severity.INFO,
    cwe=(319,),
    applies=requests_certificate,
    expected="client certificates are asked for at TLS 1.3 only",
    why="Up to TLS 1.2 the client certificate, with the name of a person or service, crosses the network in clear.",
    remedy="Accept only TLS 1.3 where clients authenticate by certificate.",
    sources=(rfc(9846, "1.3"),),
    reproduce="openssl s_client -connect {connect} -servername {servername} -no_tls1_3 </dev/null",
)
def identity_in_clear(case: Case) -> Iterable[Fail]:
    """One `Fail` for each version below TLS 1.3 that asks for a client certificate."""
    seen: dict[ProtocolVersion, Basis] = {}
    unknown: Unknown | None = None
    for where, version, at in asked_for(case):
        if version not in BELOW_TLS_1_3:
            continue
        if isinstance(at.requested, Known) and at.requested.value:
            seen.setdefault(version, at.requested.basis)
        elif isinstance(at.requested, Unknown) and where.startswith("/"):
            unknown = unknown or at.requested
    for version, basis in seen.items():
        yield Fail(f"CertificateRequest at {version}", (basis,))
    if unknown is not None:
        unknown.need()


@rule(
    "TLS-MTLS-022",
    title="Unexpected client certificate request",
    severity=Severity.MEDIUM,
    applies=_spares_some_clients,
    reads=("client_auth",),
    expected="no client certificate is needed",
    why="Clients without a certificate are locked out of a service that was declared open to them, or asked for one.",
    remedy="Confirm the intent: remove the requirement, or declare that client authentication is expected.",
    sources=(_SHEET,),
    reproduce=GET,
)
def unexpected_requirement(case: Case) -> Iterable[Fail]:
    """A certificate is required of clients that were declared to need none, or asked of those that have none."""
    mode = sure(case.facts.client_auth.mode)
    if mode.value is ClientAuthMode.REQUIRED:
        yield Fail(_modes(case) or "required", _mode_bases(case, mode.basis))
    elif mode.value is ClientAuthMode.OPTIONAL and case.expect.client_auth is ClientAuthMode.NONE:
        yield Fail(_modes(case) or "optional", _mode_bases(case, mode.basis), severity=Severity.LOW)


@rule(
    "TLS-MTLS-023",
    title="Weak signature schemes for client certificates",
    severity=Severity.LOW,
    cwe=(327,),
    applies=requests_certificate,
    expected="signature schemes with SHA-256 or better",
    why="A client may sign with SHA-1 or MD5, for which collisions can be made.",
    remedy="Remove SHA-1 and MD5 from the signature algorithms of the server.",
    sources=(rfc(9847), rfc(9155, verified=False)),
    reproduce=_ASK,
)
def weak_client_signatures(case: Case) -> Iterable[Fail]:
    """The CertificateRequest of some version lists schemes with SHA-1 or MD5."""
    versions = {version: at for version, at in case.facts.client_auth.per_protocol.items() if _weak(at)}
    for version, at in versions.items():
        words = f"CertificateRequest at {version} lists {listing(map(scheme_name, _weak(at)), 10)}"
        yield Fail(words, (sure(at.requested).basis,))
    if versions:
        return
    weak = [code for code in case.facts.client_auth.signature_schemes if _has_weak_hash(code)]
    if not weak and case.facts.client_auth.schemes_unread is not None:
        case.facts.client_auth.schemes_unread.need()
    if weak:
        yield Fail(f"CertificateRequest lists {listing(map(scheme_name, weak), 10)}", requested_at(case))


def _weak(at: ClientAuthAt) -> list[int]:
    return [code for code in at.signature_schemes if _has_weak_hash(code)]


def _has_weak_hash(code: int) -> bool:
    scheme = SCHEMES.get(code)
    return scheme is not None and scheme.hash in _WEAK_HASHES


def requested_at(case: Case) -> tuple[Basis, ...]:
    """Where a CertificateRequest was seen."""
    asked = (each.requested for _, _, each in asked_for(case))
    return tuple(dict.fromkeys(each.basis for each in asked if isinstance(each, Known) and each.value))


def _modes(case: Case) -> str:
    """ "TLSv1.2: none; TLSv1.3: required", as far as known, with what the server said."""
    parts = []
    for version, at in case.facts.client_auth.per_protocol.items():
        if isinstance(at.mode, Known):
            parts.append(f"{version}: {at.mode.value}" + (f" ({at.evidence})" if at.evidence else ""))
    return "; ".join(parts)


def _mode_bases(case: Case, overall: Basis) -> tuple[Basis, ...]:
    """Where the modes were seen; those of the versions say more than that of the whole."""
    bases = [each.mode.basis for each in case.facts.client_auth.per_protocol.values() if isinstance(each.mode, Known)]
    return tuple(dict.fromkeys(bases)) or (overall,)


def _is_public(case: Case) -> bool:
    """Whether a publicly trusted certificate is served, as far as known: it only makes a finding worse."""
    deployments = case.facts.certificate_deployments
    if isinstance(deployments, Unknown):
        return False
    analyses = (each.analysis for each in deployments.value)
    return any(isinstance(each, Known) and each.value.public for each in analyses)


RULES: tuple[Rule, ...] = (
    not_requested,
    optional_certificate,
    ca_names_disclosed,
    no_ca_names,
    identity_in_clear,
    unexpected_requirement,
    weak_client_signatures,
)
