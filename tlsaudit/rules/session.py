"""TLS-SESS and TLS-IMPL: extensions and behaviours of the handshake."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.knowledge import Known
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import BELOW_TLS_1_3, speaks, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import cheat_sheet, rfc

_NIST = Source("NIST SP 800-52r2 section 3.4", verified=False)
_BSI = Source("BSI TR-02102-2 2025-01")
_HELLO = "openssl s_client -connect {connect} -servername {servername} -no_tls1_3 </dev/null"


@rule(
    "TLS-SESS-002",
    title="No secure renegotiation",
    severity=Severity.MEDIUM,
    cap=Cap.A_MINUS,
    cwe=(300,),
    applies=speaks(*BELOW_TLS_1_3),
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
    "TLS-IMPL-002",
    title="Chooses what was not offered",
    severity=Severity.HIGH,
    cap=Cap.C,
    cwe=(757,),
    expected="the server chooses only what the client offered",
    why="Sound clients abort, and others use cryptography that they meant to rule out.",
    remedy="Upgrade the TLS library or the device that terminates TLS.",
    sources=(rfc(9846, "9.3"), rfc(9846, "4.2.3")),
)
def unoffered_choice(case: Case) -> Iterable[Fail]:
    """A ServerHello with a suite or group that was not in the ClientHello."""
    chosen = sure(case.facts.session.unoffered_choice)
    if chosen.value is not None:
        yield Fail(f"the server chose {chosen.value}, which was not on offer", (chosen.basis,))


RULES: tuple[Rule, ...] = (
    no_secure_renegotiation,
    compression,
    no_extended_master_secret,
    truncated_hmac,
    heartbeat,
    unoffered_choice,
)
