"""TLS-IMPL: what an implementation does that a sound one does not."""

from __future__ import annotations

from collections.abc import Iterable

from tlsaudit.model.facts import NameOutcome
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.result import Cap, Fail, Severity, Source
from tlsaudit.rules.registry import speaks, sure
from tlsaudit.rules.rule import Case, Rule, rule
from tlsaudit.rules.sources import rfc

_TLS = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)


@rule(
    "TLS-IMPL-001",
    title="Intolerant of unknown values",
    severity=Severity.MEDIUM,
    cap=Cap.B,
    applies=speaks(*_TLS),
    expected="unknown versions, suites, groups, extensions and names are ignored",
    why="Browsers send such values on purpose: they cannot connect, or will not when the next standard comes.",
    remedy="Upgrade the TLS library or the device in front that reads handshakes.",
    sources=(rfc(9846, "9.3"), rfc(8701, verified=False)),
)
def intolerant(case: Case) -> Iterable[Fail]:
    """The hello that is taken without unknown values was refused twice with them."""
    found = sure(case.facts.behaviours.intolerant_of)
    if found.value:
        yield Fail(f"a hello is refused for {', '.join(found.value)}", (found.basis,))


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


@rule(
    "TLS-IMPL-003",
    title="Unknown server name accepted",
    severity=Severity.LOW,
    applies=speaks(*_TLS),
    expected="a server name that is not served is refused with unrecognized_name",
    why="Connections that were meant for, or led to, another host complete here, which cross-protocol attacks use.",
    remedy="Refuse unknown names: nginx ssl_reject_handshake in a default server, HAProxy strict-sni.",
    sources=(rfc(9325, "3.7"),),
    reproduce="openssl s_client -connect {connect} -servername nobody.invalid </dev/null",
)
def unknown_name(case: Case) -> Iterable[Fail]:
    """A hello for a name under .invalid gets a certificate."""
    answer = sure(case.facts.behaviours.unknown_sni)
    if answer.value.outcome is not NameOutcome.REFUSED:
        same = answer.value.outcome is NameOutcome.SAME_CERTIFICATE
        which = "the same certificate" if same else "another certificate"
        yield Fail(f"a name under .invalid gets {which}", (answer.basis,))


@rule(
    "TLS-IMPL-004",
    title="Different results from try to try",
    severity=Severity.MEDIUM,
    applies=speaks(*_TLS),
    expected="the same hello gets the same answer",
    why="One of the servers behind the address is not configured like the others, and hides behind them.",
    remedy="Bring all servers behind the address to the same configuration and certificates.",
    sources=(rfc(9325, "3.9"),),
)
def inconsistent(case: Case) -> Iterable[Fail]:
    """Answers to one and the same offer differ in what configuration decides."""
    differing = sure(case.facts.behaviours.inconsistency)
    if differing.value is not None:
        yield Fail(f"{differing.value} differed between answers to the same offer", (differing.basis,))


@rule(
    "TLS-IMPL-005",
    title="Server random comes twice",
    severity=Severity.CRITICAL,
    cap=Cap.F,
    cwe=(330,),
    applies=speaks(*_TLS),
    expected="a fresh random in every ServerHello",
    why="Without a working source of randomness keys and signatures can be computed from what goes over the network.",
    remedy="Give the machine a source of entropy, or replace the TLS library; then replace keys and certificates.",
    sources=(rfc(9325, "7.2"), Source("TLS-Scanner, grading caps")),
)
def repeated_random(case: Case) -> Iterable[Fail]:
    """Two connections got the same random."""
    repeated = sure(case.facts.behaviours.repeated_random)
    if repeated.value:
        yield Fail("two ServerHellos bear the same random", (repeated.basis,))


RULES: tuple[Rule, ...] = (intolerant, unoffered_choice, unknown_name, inconsistent, repeated_random)
