"""TLS-SESS: extensions of the handshake, tickets and early data."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.knowledge import Known
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.model.vulnerability import RENEGOTIATIONS_ASKED
from tlsaudit.rules.registry import BELOW_TLS_1_3, speaks, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import cheat_sheet, rfc, wstg

_NIST = Source("NIST SP 800-52r2 section 3.4", verified=False)
_BSI = Source("BSI TR-02102-2 2025-01")
_TICKET_SECONDS_OF_THE_STANDARD = 604800
"""RFC 9846 section 4.7.1: a server must not use a longer lifetime. It is no limit that a policy could set."""
_WITH_TICKETS = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
_HELLO = "openssl s_client -connect {connect} -servername {servername} -no_tls1_3 </dev/null"


@rule(
    "TLS-SESS-001",
    title="Insecure renegotiation",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(300,),
    applies=speaks(*BELOW_TLS_1_3),
    expected="a client cannot renegotiate, or only bound to its session",
    why="Someone on the path puts a request of their own before that of a client, who then vouches for both.",
    remedy="Upgrade the TLS library; RFC 5746 is older than every supported one.",
    sources=(
        rfc(9325, "3.5"),
        rfc(5746, verified=False),
        wstg(),
        Source("CVE-2009-3555"),
        Source("SSL Labs Server Rating Guide 2009c"),
    ),
)
def insecure_renegotiation(case: Case) -> Iterable[Fail]:
    """The server grants a renegotiation to a client whose ServerHello had no renegotiation_info."""
    granted = sure(case.facts.session.insecure_renegotiation)
    if granted.value:
        yield Fail("a renegotiation without renegotiation_info is granted", (granted.basis,))


@rule(
    "TLS-SESS-002",
    title="No secure renegotiation",
    severity=Severity.MEDIUM,
    cap=Cap.A_MINUS,
    cwe=(300,),
    applies=speaks(*BELOW_TLS_1_3),
    enforces=("session/secure-renegotiation",),
    expected="renegotiation_info in the ServerHello",
    why="A client cannot tell whether an attacker has put a renegotiated session before its own (CVE-2009-3555).",
    remedy="Upgrade the TLS library; RFC 5746 is older than every supported one.",
    sources=(rfc(9325, "3.5"), rfc(5746, verified=False), _NIST, Source("SSL Labs Server Rating Guide 2009e")),
    reproduce=_HELLO,
)
def no_secure_renegotiation(case: Case) -> Iterable[Fail]:
    """The ServerHello of TLS 1.2 or below lacks the extension although the client sent it."""
    answered = sure(case.facts.session.secure_renegotiation)
    if not answered.value:
        yield Fail("renegotiation_info is not answered", (answered.basis,))


@rule(
    "TLS-SESS-003",
    title="Client-initiated renegotiation",
    severity=Severity.MEDIUM,
    cwe=(400,),
    applies=speaks(*BELOW_TLS_1_3),
    enforces=("session/client-renegotiation",),
    expected="renegotiation asked for by a client is refused",
    why="In one connection a client makes the server compute handshake after handshake, past every connection limit.",
    remedy="Switch renegotiation by clients off (OpenSSL: SSL_OP_NO_RENEGOTIATION).",
    sources=(_BSI, Source("CVE-2011-1473"), rfc(9113, "9.2.1")),
    reproduce="openssl s_client -connect {connect} -servername {servername} -no_tls1_3  # then type R and Enter",
)
def client_renegotiation(case: Case) -> Iterable[Fail]:
    """Worse where every renegotiation that was asked for was granted."""
    granted = sure(case.facts.session.client_renegotiations)
    if granted.value:
        unlimited = granted.value >= RENEGOTIATIONS_ASKED
        observed = f"{granted.value} of {RENEGOTIATIONS_ASKED} renegotiations are granted"
        yield Fail(observed, (granted.basis,), severity=Severity.HIGH if unlimited else None)


@rule(
    "TLS-SESS-004",
    title="TLS compression",
    severity=Severity.HIGH,
    cap=Cap.C,
    cause="COMPRESS",
    cwe=(327,),
    enforces=("compression/deflate",),
    expected="compression method null",
    why="CRIME guesses cookies and tokens from the length of compressed records.",
    remedy="Switch TLS compression off, or upgrade: current libraries have none.",
    sources=(cheat_sheet("Disable Compression"), rfc(9325, "3.3"), rfc(9113, "9.2.1"), Source("CVE-2012-4929")),
)
def compression(case: Case) -> Iterable[Fail]:
    """Milder where what answers is known not to be HTTP: there an attacker has no say in what is sent."""
    chosen = sure(case.facts.session.compression)
    http = case.facts.http
    not_http = isinstance(http, Known) and http.value is None
    if chosen.value:
        yield Fail("DEFLATE is chosen", (chosen.basis,), severity=Severity.MEDIUM if not_http else None)


@rule(
    "TLS-SESS-007",
    title="No extended master secret",
    severity=Severity.MEDIUM,
    cwe=(300,),
    applies=speaks(*BELOW_TLS_1_3),
    enforces=("session/extended-master-secret",),
    expected="extended_master_secret in the ServerHello",
    why="Two sessions can be made to share their keys (triple handshake), which undoes client authentication.",
    remedy="Upgrade the TLS library; OpenSSL has it since 1.1.0.",
    sources=(rfc(9325, "3.5"), rfc(9846, "1.4"), rfc(7627, verified=False), _NIST, _BSI),
    reproduce=_HELLO,
)
def no_extended_master_secret(case: Case) -> Iterable[Fail]:
    """The ServerHello of TLS 1.2 or below lacks the extension although the client sent it."""
    answered = sure(case.facts.session.extended_master_secret)
    if not answered.value:
        yield Fail("extended_master_secret is not answered", (answered.basis,))


@rule(
    "TLS-SESS-013",
    title="Truncated HMAC",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    cwe=(326,),
    enforces=("session/truncated-hmac",),
    expected="truncated_hmac is not answered",
    why="Records are authenticated by 80 bits only, which has been attacked together with CBC padding.",
    remedy="Disable the truncated_hmac extension.",
    sources=(rfc(9325, "4.6"), rfc(9846, "appendix E.5"), rfc(9847), _BSI),
)
def truncated_hmac(case: Case) -> Iterable[Fail]:
    """The server echoes extension 4."""
    answered = sure(case.facts.session.truncated_hmac)
    if answered.value:
        yield Fail("truncated_hmac is answered", (answered.basis,))


@rule(
    "TLS-SESS-014",
    title="Heartbeat offered",
    severity=Severity.LOW,
    enforces=("session/heartbeat",),
    expected="heartbeat is not answered",
    why="Nothing on the web needs it, and it is the extension that Heartbleed came through.",
    remedy="Build or configure the TLS library without heartbeat.",
    sources=(_BSI, Source("CVE-2014-0160")),
)
def heartbeat(case: Case) -> Iterable[Fail]:
    """The server echoes extension 15."""
    answered = sure(case.facts.session.heartbeat)
    if answered.value:
        yield Fail("heartbeat is answered", (answered.basis,))


@rule(
    "TLS-SESS-005",
    title="Early data (0-RTT) offered",
    severity=Severity.LOW,
    cwe=(294,),
    applies=speaks(ProtocolVersion.TLS_1_3),
    enforces=("session/early-data",),
    expected="tickets without early_data",
    why="Requests sent as early data can be recorded and sent again by an attacker on the path.",
    remedy="Switch early data off, or answer what may not be repeated with 425 Too Early (RFC 8470).",
    sources=(rfc(9325, "3.10"), rfc(9846, "8"), Source("NIST SP 800-52r2", verified=False), _BSI),
    reproduce="openssl s_client -connect {connect} -servername {servername} -tls1_3  # then read Max Early Data",
)
def early_data(case: Case) -> Iterable[Fail]:
    """A TLS 1.3 ticket allows early data; whether any is then accepted was not tried."""
    offered = sure(case.facts.behaviours.early_data)
    if offered.value is not None:
        yield Fail(f"offers 0-RTT: a ticket allows {offered.value} bytes of early data", (offered.basis,))


@rule(
    "TLS-SESS-009",
    title="Session tickets live long",
    severity=Severity.LOW,
    version=2,
    cwe=(324,),
    applies=speaks(*_WITH_TICKETS),
    reads=("ticket_seconds_max",),
    expected="tickets that live no longer than the policy allows",
    why="Whoever gets hold of a ticket key reads or impersonates every session that it still resumes.",
    remedy="Shorten the session timeout, and rotate ticket keys at least as often.",
    sources=(rfc(9846, "4.7.1"), rfc(9325, "3.4")),
    reproduce="openssl s_client -connect {connect} -servername {servername} </dev/null  # then read the lifetime hint",
)
def long_tickets(case: Case) -> Iterable[Fail]:
    """At TLS 1.3, or what it hints at below; worse beyond the seven days that TLS 1.3 allows at most."""
    behaviours, protocols = case.facts.behaviours, case.facts.protocols
    lifetimes = {
        "": behaviours.ticket_lifetime if protocols.offers(ProtocolVersion.TLS_1_3) else None,
        " below TLSv1.3": behaviours.classic_ticket_lifetime if protocols.any(_WITH_TICKETS[:-1]) else None,
    }
    for where, fact in lifetimes.items():
        if isinstance(fact, Known) and fact.value is not None and fact.value > case.limits.ticket_seconds_max:
            beyond = fact.value > _TICKET_SECONDS_OF_THE_STANDARD
            observed = f"a ticket lives {fact.value} seconds{where}"
            yield Fail(observed, (fact.basis,), severity=Severity.MEDIUM if beyond else None)
    for fact in lifetimes.values():
        if fact is not None:
            fact.need()


@rule(
    "TLS-SESS-015",
    title="NPN offered",
    severity=Severity.INFO,
    applies=speaks(*BELOW_TLS_1_3),
    expected="next_protocol_negotiation is not answered",
    why="ALPN replaced it years ago; a server that still has it runs old code.",
    remedy="Upgrade the TLS library or switch NPN off.",
    sources=(Source("draft-agl-tls-nextprotoneg-04", verified=False), rfc(7301, verified=False)),
    reproduce=(
        "openssl s_client -connect {connect} -servername {servername} -no_tls1_3 -nextprotoneg http/1.1 </dev/null"
    ),
)
def npn(case: Case) -> Iterable[Fail]:
    """The server answers extension 13172."""
    answered = sure(case.facts.behaviours.next_protocol_negotiation)
    if answered.value:
        yield Fail("next_protocol_negotiation is answered", (answered.basis,))


RULES: tuple[Rule, ...] = (
    insecure_renegotiation,
    client_renegotiation,
    no_secure_renegotiation,
    compression,
    no_extended_master_secret,
    truncated_hmac,
    heartbeat,
    early_data,
    long_tickets,
    npn,
)
