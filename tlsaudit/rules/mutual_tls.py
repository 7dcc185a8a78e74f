"""TLS-MTLS: who gets in with which client certificate, as trials presented them.

Getting in means an answer of the application other than a refusal of the credential. Without trials the rules on
credentials are not tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlsaudit.model.facts import Attempt, Trial, TrialKind, When
from tlsaudit.model.knowledge import NOT_ASKED, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.client_auth import asked_for, requests_certificate, wants_client_auth
from tlsaudit.rules.registry import BELOW_TLS_1_3, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import asvs, rfc

_WORDS = {
    TrialKind.SELF_SIGNED: "a self-signed certificate",
    TrialKind.UNKNOWN_CA: "a certificate of an unknown CA",
    TrialKind.IMPOSTOR_CA: "a certificate of an impostor that bears the CA's name",
    TrialKind.EXPIRED: "an expired certificate",
    TrialKind.NOT_YET_VALID: "a certificate that is not yet valid",
    TrialKind.SERVER_AUTH_ONLY: "a certificate for servers only",
    TrialKind.WRONG_IDENTITY: "the certificate of another identity",
    TrialKind.WEAK_KEY: "a certificate with a weak key",
    TrialKind.REVOKED: "a revoked certificate",
    TrialKind.GOOD: "the good certificate",
}


def _admitted(case: Case, needed: TrialKind, *others: TrialKind) -> Iterable[Fail]:
    """A `Fail` for each version that lets one of these in. `others` count only where they could be tried."""
    trials = case.facts.client_auth.trials
    unknown: Unknown | None = None
    for kind, trial in _trials(case, needed, *others):
        for version, fact in trial.at.items():
            if isinstance(fact, Known) and fact.value.admitted:
                where = f"{version}{_for(trial)}"
                yield Fail(f"{_WORDS[kind]} gets in at {where} ({fact.value.evidence})", (fact.basis,))
            elif isinstance(fact, Unknown) and (kind is needed or fact.why is not Why.NOT_ASKED):
                unknown = unknown or fact
    if needed not in trials:
        NOT_ASKED.need()
    if unknown is not None:
        unknown.need()


def _trials(case: Case, *kinds: TrialKind) -> Iterator[tuple[TrialKind, Trial]]:
    """The trials of these kinds, for every path."""
    auth = case.facts.client_auth
    for each in (auth.trials, *auth.trials_elsewhere.values()):
        yield from ((kind, each[kind]) for kind in kinds if kind in each)


def _for(trial: Trial) -> str:
    return f", for {trial.path}" if trial.path != "/" else ""


def _says_whether_it_verifies(case: Case) -> bool:
    """Without trials: a file does, where client authentication was declared. Else whoever is behind may verify."""
    auth = case.facts.client_auth
    return not auth.trials and wants_client_auth(case) and isinstance(auth.verifies, Known)


def _can_be_any(case: Case) -> bool:
    return _says_whether_it_verifies(case) or requests_certificate(case)


@rule(
    "TLS-MTLS-003",
    title="Any client certificate is accepted",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cause="MTLSGATE",
    cwe=(295, 287),
    version=2,
    applies=_can_be_any,
    reads=("client_auth",),
    expected="a self-signed certificate is refused at every version",
    why="Whoever makes a certificate gets in: the server asks for one and does not check it.",
    remedy="Verify client certificates against the client CA (nginx and Apache: not optional_no_ca; HAProxy: no "
    "crt-ignore-err; Go: RequireAndVerify).",
    sources=(asvs("12.1.3 (L2)"), rfc(9846, "4.5.1.3")),
)
def any_certificate(case: Case) -> Iterable[Fail]:
    """A throw-away certificate that nobody but itself has signed; a file needs no trial to tell."""
    auth = case.facts.client_auth
    if auth.trials or not wants_client_auth(case):
        return _admitted(case, TrialKind.SELF_SIGNED)
    verifies = sure(auth.verifies)
    words = "client certificates are asked for and not verified"
    return () if verifies.value else (Fail(words, (verifies.basis,)),)


@rule(
    "TLS-MTLS-004",
    title="Certificate of a foreign CA is accepted",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cause="MTLSGATE",
    cwe=(295, 296),
    applies=requests_certificate,
    expected="certificates of other CAs are refused at every version",
    why="A certificate of a CA that nobody trusts opens the door, with any name that its holder likes.",
    remedy="Verify client certificates against the client CA alone, with signature, not by the issuer's name.",
    sources=(asvs("12.1.3 (L2)"), asvs("12.3.4")),
)
def foreign_ca(case: Case) -> Iterable[Fail]:
    """Of a CA that was made for the trial; and of one that bears the name of an accepted CA, where there is a name."""
    return _admitted(case, TrialKind.UNKNOWN_CA, TrialKind.IMPOSTOR_CA)


@rule(
    "TLS-MTLS-005",
    title="Client certificate out of time is accepted",
    severity=Severity.CRITICAL,
    cap=Cap.D,
    cause="MTLSGATE",
    cwe=(298,),
    applies=requests_certificate,
    expected="expired certificates, and those of the future, are refused at every version",
    why="A certificate that was lost or handed back years ago still opens the door.",
    remedy="Check the validity of client certificates (Envoy: no allow_expired_certificate).",
    sources=(asvs("12.1.3 (L2)"),),
)
def out_of_time(case: Case) -> Iterable[Fail]:
    """Signed by the client CA itself, with a validity that is over, or has not begun."""
    return _admitted(case, TrialKind.EXPIRED, TrialKind.NOT_YET_VALID)


@rule(
    "TLS-MTLS-006",
    title="Purpose of client certificates is not checked",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(295,),
    applies=requests_certificate,
    expected="a certificate whose only purpose is serverAuth is refused",
    why="Every server certificate of the same CA is a client certificate as well.",
    remedy="Check that the extended key usage of client certificates has clientAuth.",
    sources=(rfc(5280, "4.2.1.12"),),
)
def purpose_unchecked(case: Case) -> Iterable[Fail]:
    """Signed by the client CA, for servers only."""
    return _admitted(case, TrialKind.SERVER_AUTH_ONLY)


@rule(
    "TLS-MTLS-007",
    title="Revoked client certificate is accepted",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(299,),
    applies=requests_certificate,
    expected="a revoked certificate is refused at every version",
    why="A key that is known to be stolen still opens the door until its certificate expires.",
    remedy="Load the CRL of the client CA and keep it fresh, or issue certificates that live for hours.",
    sources=(asvs("12.1.4"), rfc(9325, "7.5")),
)
def revoked_certificate(case: Case) -> Iterable[Fail]:
    """One that the operator has given and says is revoked."""
    return _admitted(case, TrialKind.REVOKED)


@rule(
    "TLS-MTLS-008",
    title="Every identity of the client CA is admitted",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(863,),
    applies=requests_certificate,
    expected="only the identities that are authorised get in",
    why="Whoever has any certificate of this CA gets in, for whatever purpose it was issued.",
    remedy="Allow the subject alternative names or SPIFFE IDs that may use this service, not the CA as a whole.",
    sources=(asvs("12.1.3 (L2)"),),
)
def identity_unchecked(case: Case) -> Iterable[Fail]:
    """Signed by the client CA, for an identity that nobody has authorised."""
    return _admitted(case, TrialKind.WRONG_IDENTITY)


@rule(
    "TLS-MTLS-009",
    title="Client certificate with a weak key is accepted",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(326,),
    applies=requests_certificate,
    expected="keys below 112 bits of strength are refused",
    why="A key of this size can be computed from the certificate, and the certificate crosses the network.",
    remedy="Raise the security level of the server's TLS library (OpenSSL: SECLEVEL 2).",
    sources=(rfc(9325, "4.5"),),
)
def weak_client_key(case: Case) -> Iterable[Fail]:
    """Signed by the client CA, with RSA of 1024 bits."""
    return _admitted(case, TrialKind.WEAK_KEY)


@rule(
    "TLS-MTLS-013",
    title="Early data beside client authentication",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(294,),
    applies=requests_certificate,
    expected="no 0-RTT where clients authenticate by certificate",
    why="Early data can be replayed, and it is accepted before the client has proven again who it is.",
    remedy="Turn early data off on listeners that ask for client certificates (nginx: ssl_early_data off).",
    sources=(rfc(9325, "3.10"), rfc(9846, "8")),
)
def early_data(case: Case) -> Iterable[Fail]:
    """A ticket offers 0-RTT on an endpoint that asks for a client certificate."""
    offered = sure(case.facts.behaviours.early_data)
    if offered.value is not None:
        yield Fail(f"tickets offer early data, up to {offered.value} bytes", (offered.basis,))


@rule(
    "TLS-MTLS-014",
    title="Client authentication by renegotiation",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(287,),
    applies=requests_certificate,
    expected="client certificates are asked for in the handshake",
    why="It needs renegotiation, which HTTP/2 forbids and TLS 1.3 has not: such clients are refused or let through.",
    remedy="Give what needs a client certificate a host name of its own, and ask in its handshake.",
    sources=(rfc(9113, "9.2.1"), rfc(9325, "3.5")),
    reproduce="curl -sSkv --tls-max 1.2 -o /dev/null --connect-to ::{connect} https://{servername}/",
)
def by_renegotiation(case: Case) -> Iterable[Fail]:
    """A CertificateRequest below TLS 1.3 that comes only after the request."""
    for where, version, at in asked_for(case):
        if version in BELOW_TLS_1_3 and at.when is When.LATE:
            requested = sure(at.requested)
            words = f"CertificateRequest at {version} after the request, for {where}"
            if _chooses_h2(case, version):
                yield Fail(f"{words}, where HTTP/2 is chosen", (requested.basis,), severity=Severity.HIGH)
            else:
                yield Fail(words, (requested.basis,))
    if not case.facts.client_auth.per_protocol:
        case.facts.client_auth.mode.need()


def _chooses_h2(case: Case, version: ProtocolVersion) -> bool:
    """Whether an offer of all names gets HTTP/2 at this version, as far as known: it only makes a finding worse."""
    chosen = case.facts.alpn_chosen.get(version)
    return isinstance(chosen, Known) and chosen.value == "h2"


def _asks_late_at_1_3(case: Case) -> bool:
    auth = case.facts.client_auth
    entries = [each.get(ProtocolVersion.TLS_1_3) for each in (auth.per_protocol, *auth.elsewhere.values())]
    if any(each is not None and each.when is When.LATE for each in entries):
        return True
    requests_certificate(case)  # where that is not known, neither is when
    return False


@rule(
    "TLS-MTLS-015",
    title="Client authentication after the request on HTTP/2",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(287,),
    applies=_asks_late_at_1_3,
    expected="no CertificateRequest on a connection with HTTP/2",
    why="HTTP/2 forbids it: of many requests at once nobody knows which is meant, and clients end the connection.",
    remedy="Give what needs a client certificate a host name of its own, and ask in its handshake.",
    sources=(rfc(9113, "9.2.3"), rfc(9325, "3.6", verified=False)),
)
def late_on_h2(case: Case) -> Iterable[Fail]:
    """TLS 1.3 asks by post-handshake authentication although h2 was chosen."""
    late = sure(case.facts.client_auth.late_on_h2)
    if late.value:
        yield Fail("CertificateRequest at TLSv1.3 after a request on h2", (late.basis,))


@rule(
    "TLS-MTLS-024",
    title="Good client is refused",
    severity=Severity.HIGH,
    applies=requests_certificate,
    expected="the client certificate that was given as good gets in",
    why="Clients that should be served are locked out.",
    remedy="Load the CA of these clients into the server's trust bundle, and check its intermediates and CRLs.",
    sources=(Source("what the operator declares with --client-cert"),),
)
def good_client_refused(case: Case) -> Iterable[Fail]:
    """At some version the good certificate does not get in."""
    trials = [trial for _, trial in _trials(case, TrialKind.GOOD) if not trial.made_here]
    if not trials:
        NOT_ASKED.need()  # nobody has declared that one made here should get in
    for trial in trials:
        for version, fact in trial.at.items():
            if isinstance(fact, Known) and not fact.value.admitted:
                where = f"{version}{_for(trial)}"
                yield Fail(f"refused at {where} by {_who(fact.value)} ({fact.value.evidence})", (fact.basis,))
    for trial in trials:
        for fact in trial.at.values():
            sure(fact)


def _who(attempt: Attempt) -> str:
    return "TLS" if attempt.layer == "tls" else "the application"


RULES: tuple[Rule, ...] = (
    any_certificate,
    foreign_ca,
    out_of_time,
    purpose_unchecked,
    revoked_certificate,
    identity_unchecked,
    weak_client_key,
    early_data,
    by_renegotiation,
    late_on_h2,
    good_client_refused,
)
