"""TLS-ALPN: HTTP/2 and the TLS below it. VULN-014: who is led here from another protocol."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.data.groups import group_name
from tlsaudit.data.suites import suite_name
from tlsaudit.model.facts import NameOutcome, SuiteAt
from tlsaudit.model.knowledge import Basis, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Confidence, Fail, Severity, Source
from tlsaudit.rules.deployments import listing
from tlsaudit.rules.registry import speaks, suite_of, suites_where, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import rfc

_TLS_1_2 = ProtocolVersion.TLS_1_2
_OLDER = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1)
"""Versions below TLS 1.2 that have extensions, and so ALPN."""
_MANDATORY_SUITE = 0xC02F
"""TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256."""
_MANDATORY_GROUP = 23
"""secp256r1."""
_RSA_SIGNED = suites_where(lambda suite: suite.ephemeral and suite.auth == "RSA", (_TLS_1_2,))
_H2_AT_1_2 = "openssl s_client -connect {connect} -servername {servername} -tls1_2 -alpn h2,http/1.1 </dev/null"


def _is_h2_at_1_2(case: Case) -> bool:
    return case.facts.protocols.offers(_TLS_1_2) and _chosen(case, _TLS_1_2).value == "h2"


def _is_h2_with_rsa(case: Case) -> bool:
    """HTTP/2 at TLS 1.2, with an RSA certificate: where only ECDSA is served, the mandatory suite cannot be."""
    return _is_h2_at_1_2(case) and bool(case.facts.cipher_suites.any(_RSA_SIGNED))


def _knows_alpn(case: Case) -> bool:
    return bool(case.facts.alpn.any(("h2", "http/1.1")))


@rule(
    "TLS-ALPN-001",
    title="HTTP/2 over a prohibited cipher suite",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(327,),
    applies=_is_h2_at_1_2,
    expected="HTTP/2 at TLS 1.2 with an ephemeral, authenticated-encryption suite",
    why="Clients may end such a connection with INADEQUATE_SECURITY, so that pages do not load.",
    remedy="Put ECDHE suites with AES-GCM or ChaCha20-Poly1305 first, or keep only those.",
    sources=(rfc(9113, "9.2.2"), rfc(9113, "appendix A")),
    reproduce=_H2_AT_1_2,
)
def h2_over_prohibited_suite(case: Case) -> Iterable[Fail]:
    """What the server picks from an offer of everything is on the list of prohibited suites."""
    order = case.facts.suite_order.get(_TLS_1_2)
    if not order:
        case.facts.cipher_suites.rest.need()
    picked: SuiteAt = (_TLS_1_2, order[0])
    suite = suite_of(picked)
    if suite is not None and suite.h2_prohibited:
        basis = (case.facts.cipher_suites.accepted.get(picked), _chosen(case, _TLS_1_2).basis)
        yield Fail(f"h2 with {suite_name(suite.code)}", tuple(each for each in basis if each is not None))


@rule(
    "TLS-ALPN-002",
    title="HTTP/2 mandatory cipher suite missing",
    severity=Severity.LOW,
    applies=_is_h2_with_rsa,
    expected="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 with secp256r1 at TLS 1.2",
    why="A client that has only what HTTP/2 makes mandatory cannot connect.",
    remedy="Enable TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 and secp256r1.",
    sources=(rfc(9113, "9.2.2"),),
    reproduce=(
        "openssl s_client -connect {connect} -servername {servername} -tls1_2 -alpn h2 "
        "-cipher ECDHE-RSA-AES128-GCM-SHA256 -curves prime256v1 </dev/null"
    ),
)
def h2_without_mandatory_suite(case: Case) -> Iterable[Fail]:
    """The suite or the group that RFC 9113 makes mandatory is refused."""
    at = (_chosen(case, _TLS_1_2).basis,)
    if not case.facts.cipher_suites.offers((_TLS_1_2, _MANDATORY_SUITE)):
        yield Fail(f"h2 without {suite_name(_MANDATORY_SUITE)}", at)
    elif not case.facts.groups.offers((_TLS_1_2, _MANDATORY_GROUP)):
        yield Fail(f"h2 without {group_name(_MANDATORY_GROUP)}", at)


@rule(
    "TLS-ALPN-003",
    title="HTTP/2 below TLS 1.2",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(326,),
    applies=speaks(*_OLDER),
    expected="HTTP/2 only at TLS 1.2 or 1.3",
    why="HTTP/2 forbids older versions: clients end the connection, or use protocols that have been broken.",
    remedy="Set the minimum protocol version to TLS 1.2.",
    sources=(rfc(9113, "9.2"),),
    reproduce=(
        "openssl s_client -connect {connect} -servername {servername} -no_tls1_2 -no_tls1_3 -alpn h2 "
        "-cipher ALL:@SECLEVEL=0 </dev/null"
    ),
)
def h2_below_1_2(case: Case) -> Iterable[Fail]:
    """One `Fail` for each older version that answers an offer of h2 with h2."""
    accepted = case.facts.protocols.any(_OLDER)
    answers = [(seen.item, case.facts.alpn_chosen.get(seen.item, case.facts.alpn.rest)) for seen in accepted]
    fails = [
        Fail(f"h2 at {version}", (answer.basis,))
        for version, answer in answers
        if isinstance(answer, Known) and answer.value == "h2"
    ]
    if not fails:
        for _version, answer in answers:
            answer.need()
    return fails


@rule(
    "TLS-ALPN-004",
    title="HTTP/2 with renegotiation or compression",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(327, 400),
    applies=_is_h2_at_1_2,
    confidence=Confidence.POSSIBLE,
    expected="at TLS 1.2 with HTTP/2 neither renegotiation nor compression of TLS",
    why="HTTP/2 forbids both: clients end such a connection, and what either makes possible (CRIME) stays possible.",
    remedy="Switch TLS compression and renegotiation off, at least for HTTP/2.",
    sources=(rfc(9113, "9.2.1"),),
)
def h2_with_forbidden_features(case: Case) -> Iterable[Fail]:
    """Compression was seen in an answer at TLS 1.2, or a client was granted a renegotiation, without HTTP/2."""
    session = case.facts.session
    fails: list[Fail] = []
    if isinstance(session.compression, Known) and session.compression.value:
        fails.append(Fail("h2 is spoken, and TLS compresses", (session.compression.basis,), cause="COMPRESS"))
    granted = session.client_renegotiations
    if isinstance(granted, Known) and granted.value:
        fails.append(Fail("h2 is spoken, and without it clients may renegotiate", (granted.basis,)))
    if not fails:
        sure(session.compression)
        sure(granted)
    return fails


@rule(
    "TLS-ALPN-005",
    title="ALPN is not strict",
    severity=Severity.LOW,
    applies=_knows_alpn,
    expected="unknown protocol names alone are refused with no_application_protocol",
    why="A client of another protocol can be led here and have its messages taken for this one's (ALPACA).",
    remedy="Have the server refuse a client that offers no protocol name it knows.",
    sources=(rfc(9325, "3.8"), rfc(7301, "3.2", verified=False)),
    reproduce="openssl s_client -connect {connect} -servername {servername} -alpn unknown </dev/null",
)
def alpn_not_strict(case: Case) -> Iterable[Fail]:
    """An offer of an unknown name alone is answered as if there were no ALPN."""
    strict = sure(case.facts.behaviours.strict_alpn)
    if not strict.value:
        yield Fail("an offer of an unknown protocol name alone is accepted", (strict.basis,))


@rule(
    "TLS-VULN-014",
    title="ALPACA",
    severity=Severity.MEDIUM,
    cwe=(290, 346),
    confidence=Confidence.POSSIBLE,
    expected="clients of another protocol, or for another name, are refused in the handshake",
    why="A client of another service under this certificate is led here, and this one's answer taken for that one's.",
    remedy="Refuse unknown protocol names and unknown server names, and give each service a certificate of its own.",
    sources=(Source("CVE-2021-3618"), rfc(9325, "3.7"), rfc(9325, "3.8"), rfc(9325, "3.9")),
    reproduce="openssl s_client -connect {connect} -servername {servername} -alpn unknown </dev/null",
)
def alpaca(case: Case) -> Iterable[Fail]:
    """Neither protocol names nor server names are looked at, and the certificate covers more names than this one.

    Whether another service is reached under those names is not known; under this name alone even less is.
    """
    at: list[Basis] = []
    if _knows_alpn(case):
        strict = sure(case.facts.behaviours.strict_alpn)
        if strict.value:
            return
        at.append(strict.basis)
    unknown_name = sure(case.facts.behaviours.unknown_sni)
    if unknown_name.value.outcome is NameOutcome.REFUSED:
        return
    others = _other_names(case)
    if not others:
        Unknown(Why.NOT_ASKED, "whether another service has this certificate is not known: it has one name").need()
    words = "an unknown protocol name and an unknown server name are taken"
    yield Fail(f"{words}; the certificate also covers {listing(others)}", (*at, unknown_name.basis))


def _other_names(case: Case) -> list[str]:
    """What the certificates cover beside the name of the endpoint and its twin with or without `www.`."""
    endpoint = case.facts.endpoint
    own = {(endpoint.sni or endpoint.host).removeprefix("www."), endpoint.host.removeprefix("www.")}
    leaves = [each.leaf.need() for each in case.deployments()]
    names = {name.value.lower() for leaf in leaves for name in leaf.san or () if name.kind == "dns"}
    return sorted(name for name in names if name.removeprefix("www.") not in own)


def _chosen(case: Case, version: ProtocolVersion) -> Known[str | None]:
    """What the server answers to an offer of all protocol names at this version."""
    return sure(case.facts.alpn_chosen.get(version, case.facts.alpn.rest))


RULES: tuple[Rule, ...] = (
    h2_over_prohibited_suite,
    h2_without_mandatory_suite,
    h2_below_1_2,
    h2_with_forbidden_features,
    alpn_not_strict,
    alpaca,
)
