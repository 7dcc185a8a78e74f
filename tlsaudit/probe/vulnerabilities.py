"""Whether named attacks work: asked with sslyze, after everything else, and only where the facts leave it open.

    Heartbleed       where heartbeat is answered (1 connection)
    CCS injection    where a version below TLS 1.3 is accepted (1)
    ROBOT            where a suite with static RSA is accepted (6; 18 where the answers differ)
    renegotiation    as CCS injection (1); whether it is bound to the session (RFC 5746) the ServerHello has said
    resumption       as CCS injection (2 by session id, 2 by ticket): no attack, but it takes whole handshakes as well

Elsewhere the attack is not applicable. sslyze runs in a process of its own (`isolation`), and its connections go
through a relay (`relay`): measured, all four probes work through it, so caps, counting and whatever else `net` does
hold for them too, which fixed numbers of connections in a table could not promise.

sslyze calls silence "not vulnerable", and so it does a handshake that never came about. Here such a verdict counts
only where the relay saw the server's whole first flight in that connection and, except for Heartbleed (RFC 6520
section 4 tells servers to be silent), that the server did not fall silent after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from tlsaudit.data.suites import openssl_name, suites_for
from tlsaudit.manners import Allowance
from tlsaudit.model.facts import ClientAuthMode, Facts, Layer, Session
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Undecided, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.vulnerability import Verdict, Vulnerability
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.isolation import Report, Sslyze
from tlsaudit.probe.relay import Passage, Relay

_RENEGOTIATION = "renegotiation"
_RESUMPTIONS = ("resumption_by_id", "resumption_by_ticket")
_RESUMED = {"resumed": True, "not_resumed": False}
_CLASSIC = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_0, ProtocolVersion.SSL_3)
"""Versions that these attacks are on, newest first."""
_WITH_EXTENSIONS = _CLASSIC[:-1]
_MOST_CONNECTIONS = {
    Vulnerability.HEARTBLEED: 1,
    Vulnerability.CCS_INJECTION: 1,
    Vulnerability.ROBOT: 21,  # three rounds of two tries to read the key, and five paddings
    _RENEGOTIATION: 1,
    **dict.fromkeys(_RESUMPTIONS, 2),
}
_SHOWING = {Vulnerability.HEARTBLEED: 1, Vulnerability.CCS_INJECTION: 1, Vulnerability.ROBOT: 5}
"""How many connections, the last ones, show that an attack does not work; before them ROBOT reads the key."""
NEEDS_CERTIFICATE = Unknown(Why.NOT_ASKED, "the handshake asks for a client certificate, and none was presented")
_LONGEST_DETAIL = 200


@dataclass(frozen=True, slots=True)
class _Question:
    """One of sslyze's probes, to be made at `version`."""

    name: str
    version: ProtocolVersion


@dataclass(slots=True)
class _Plan:
    """What is to be asked, and what the facts decide (or leave open) without asking."""

    questions: list[_Question] = field(default_factory=list)
    verdicts: dict[Vulnerability, Fact[Verdict]] = field(default_factory=dict)
    renegotiations: Fact[int] = NOT_ASKED
    resumptions: dict[str, Fact[bool]] = field(default_factory=dict)


async def ask_vulnerabilities(facts: Facts, dialogue: Dialogue, sslyze: Sslyze, allowance: Allowance) -> Facts:
    """`facts` with the verdicts. Nothing else in `facts` changes."""
    plan = _plan(facts)
    verdicts, renegotiations, resumptions = plan.verdicts, plan.renegotiations, plan.resumptions
    if plan.questions:
        answers = await _ask(plan.questions, facts, dialogue, sslyze, allowance)
        verdicts |= {each: _verdict(each, answers[each]) for each in _SHOWING if each in answers}
        if _RENEGOTIATION in answers:
            renegotiations = _renegotiations(answers[_RENEGOTIATION])
        resumptions |= {name: _resumed(answers[name]) for name in _RESUMPTIONS if name in answers}
    return replace(
        facts,
        connections=len(dialogue.log.probes),
        probes=tuple(dialogue.log),
        vulnerabilities={**facts.vulnerabilities, **verdicts},
        session=_with_resumptions(with_renegotiations(facts.session, renegotiations), resumptions),
    )


def undecided(facts: Facts, unknown: Unknown) -> Facts:
    """`facts` where nothing was asked for the reason that `unknown` gives."""
    session = _with_resumptions(with_renegotiations(facts.session, unknown), dict.fromkeys(_RESUMPTIONS, unknown))
    return replace(facts, vulnerabilities=dict.fromkeys(Vulnerability, unknown), session=session)


def _plan(facts: Facts) -> _Plan:
    plan = _Plan()
    openers = {
        Vulnerability.HEARTBLEED: _heartbeat_at,
        Vulnerability.CCS_INJECTION: _classic_at,
        Vulnerability.ROBOT: _static_rsa_at,
    }
    for vulnerability, opener in openers.items():
        try:
            found = opener(facts)
        except Undecided as undecided_fact:
            plan.verdicts[vulnerability] = undecided_fact.unknown
            continue
        if not isinstance(found, ProtocolVersion):
            plan.verdicts[vulnerability] = Known(Verdict.NOT_APPLICABLE, found)
        elif vulnerability is Vulnerability.ROBOT and _asks_for_certificate(facts, found):
            # sslyze sends its ClientKeyExchange where the server waits for a Certificate: the answers are all alike.
            plan.verdicts[vulnerability] = NEEDS_CERTIFICATE
        else:
            plan.questions.append(_Question(vulnerability, found))
    _plan_sessions(plan, facts)
    return plan


def _plan_sessions(plan: _Plan, facts: Facts) -> None:
    """Renegotiation and resumption, which need whole handshakes."""
    try:
        found = _classic_at(facts)
    except Undecided as undecided_fact:
        plan.renegotiations = undecided_fact.unknown
        plan.resumptions |= dict.fromkeys(_RESUMPTIONS, undecided_fact.unknown)
        return
    if not isinstance(found, ProtocolVersion):
        plan.renegotiations = Known(0, found)
        plan.resumptions |= dict.fromkeys(_RESUMPTIONS, Known(False, found))
    elif needs_certificate(facts, found):
        plan.renegotiations = NEEDS_CERTIFICATE
        plan.resumptions |= dict.fromkeys(_RESUMPTIONS, NEEDS_CERTIFICATE)
    else:
        plan.questions += [_Question(name, found) for name in (_RENEGOTIATION, *_RESUMPTIONS)]


def _classic_at(facts: Facts, versions: Iterable[ProtocolVersion] = _CLASSIC) -> ProtocolVersion | Basis:
    """The newest accepted of `versions`, or why there is none; raises Undecided."""
    for version in versions:
        if facts.protocols.offers(version):
            return version
    return _absence(facts)


def _heartbeat_at(facts: Facts) -> ProtocolVersion | Basis:
    found = _classic_at(facts, _WITH_EXTENSIONS)
    if not isinstance(found, ProtocolVersion):
        return found
    heartbeat = facts.session.heartbeat
    return found if heartbeat.need() else _derived(heartbeat)


def _static_rsa_at(facts: Facts) -> ProtocolVersion | Basis:
    for version in _CLASSIC:
        codes = [(version, suite.code) for suite in suites_for(version) if suite.kx == "RSA" and not suite.export]
        if facts.cipher_suites.any(codes):
            return version
    return _absence(facts)


def _absence(facts: Facts) -> Basis:
    """That something is not accepted follows from what is."""
    shown = (*facts.protocols.accepted.values(), *facts.cipher_suites.accepted.values())
    return Basis(Origin.DERIVED, shown[0].at if shown else "probe:1")


def _derived(fact: Fact[bool]) -> Basis:
    return Basis(Origin.DERIVED, fact.basis.at if isinstance(fact, Known) else "probe:1")


def _asks_for_certificate(facts: Facts, version: ProtocolVersion) -> bool:
    at = facts.client_auth.per_protocol.get(version)
    return at is not None and isinstance(at.requested, Known) and at.requested.value


def needs_certificate(facts: Facts, version: ProtocolVersion) -> bool:
    """Whether TLS itself lets nobody in without a client certificate."""
    at = facts.client_auth.per_protocol.get(version)
    mode = at.mode if at is not None else NOT_ASKED
    required = isinstance(mode, Known) and mode.value is ClientAuthMode.REQUIRED
    return required and at is not None and at.enforced_by is Layer.TLS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What sslyze said to one question ("" where it could not tell), and what went through the relay meanwhile."""

    verdict: str = ""
    detail: str = ""
    count: int = 0
    passages: Sequence[Passage] = ()

    @property
    def basis(self) -> Basis:
        """The last connection of the question, which shows the answer."""
        return Basis(Origin.OBSERVED, f"probe:{self.passages[-1].n}")


async def _ask(
    questions: Sequence[_Question], facts: Facts, dialogue: Dialogue, sslyze: Sslyze, allowance: Allowance
) -> dict[str, _Answer]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(sslyze.place(allowance))
        relays: dict[str, Relay] = {}
        for each in questions:
            asked = f"{each.name} at {each.version} (sslyze)"
            try:
                relay = Relay(dialogue, asked, most=_MOST_CONNECTIONS[each.name])
            except OSError as error:  # out of descriptors, say: the facts that are there stand
                short = _Answer(detail=f"this machine has no resources for another connection: {error.strerror}")
                return dict.fromkeys((question.name for question in questions), short)
            relays[each.name] = await stack.enter_async_context(relay)
        ports = {name: relay.port for name, relay in relays.items()}
        request = _request(questions, facts, dialogue, ports, allowance.left)
        report = await sslyze.ask(request, allowance)
    return {name: _read(name, report, relay.passages) for name, relay in relays.items()}


def _request(
    questions: Sequence[_Question], facts: Facts, dialogue: Dialogue, ports: Mapping[str, int], seconds: float
) -> bytes:
    turn = dialogue.network.limits.longest_turn
    asked = {
        "server_name": dialogue.endpoint.sni,
        "timeout": dialogue.network.limits.read_timeout + turn,
        "seconds": seconds + turn * max(_MOST_CONNECTIONS.values()),
        "questions": [
            {
                "name": each.name,
                "version": each.version,
                "port": ports[each.name],
                "ciphers": ":".join(_names(facts, each.version)),
            }
            for each in questions
        ],
    }
    return json.dumps(asked).encode()


def _names(facts: Facts, version: ProtocolVersion) -> list[str]:
    """OpenSSL's names of the suites that the server accepts at `version`."""
    return [openssl_name(code) for at, code in facts.cipher_suites.accepted if at is version]


def _read(name: str, report: Report, passages: Sequence[Passage]) -> _Answer:
    """The answer to one question; a line that is not as it should be is no answer."""
    said = next((line for line in map(_parse, report.lines) if line.get("question") == name), None)
    if said is None or not passages:
        return _Answer(detail=report.problem or "sslyze's process ended without an answer", passages=passages)
    verdict, detail, count = said.get("verdict"), said.get("detail"), said.get("count", 0)
    if not (isinstance(verdict, str) and isinstance(detail, str) and isinstance(count, int)):
        return _Answer(detail="sslyze's process gave no readable answer", passages=passages)
    return _Answer(verdict=verdict, detail=detail[:_LONGEST_DETAIL], count=count, passages=passages)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _verdict(vulnerability: Vulnerability, answer: _Answer) -> Fact[Verdict]:
    if answer.verdict == Verdict.VULNERABLE:
        return Known(Verdict.VULNERABLE, answer.basis)
    if answer.verdict != Verdict.NOT_VULNERABLE:
        return Unknown(Why.NO_ANSWER, answer.detail)
    shown = answer.passages[-_SHOWING[vulnerability] :]
    if not all(passage.flight for passage in shown):
        return Unknown(Why.NO_ANSWER, "the server did not answer with a whole flight")
    if vulnerability is not Vulnerability.HEARTBLEED and any(_fell_silent(passage) for passage in shown):
        return Unknown(Why.NO_ANSWER, "the server fell silent in the middle of the handshake")
    return Known(Verdict.NOT_VULNERABLE, answer.basis)


def _fell_silent(passage: Passage) -> bool:
    return passage.end == "timeout" and not passage.later


def _renegotiations(answer: _Answer) -> Fact[int]:
    if answer.verdict not in {Verdict.VULNERABLE, Verdict.NOT_VULNERABLE}:
        return Unknown(Why.NO_ANSWER, answer.detail)
    if not answer.count and any(not passage.flight or passage.end == "timeout" for passage in answer.passages):
        return Unknown(Why.NO_ANSWER, "the server fell silent when a renegotiation was asked for")
    return Known(answer.count, answer.basis)


def _resumed(answer: _Answer) -> Fact[bool]:
    if answer.verdict not in _RESUMED:
        return Unknown(Why.NO_ANSWER, answer.detail)
    return Known(_RESUMED[answer.verdict], answer.basis)


def _with_resumptions(session: Session, found: Mapping[str, Fact[bool]]) -> Session:
    by_id, by_ticket = (found[name] for name in _RESUMPTIONS)
    return replace(session, resumption_by_id=by_id, resumption_by_ticket=by_ticket)


def with_renegotiations(session: Session, renegotiations: Fact[int]) -> Session:
    """CVE-2009-3555 needs a renegotiation that is granted and not bound to the session (RFC 5746)."""
    insecure = session.insecure_renegotiation
    bound = session.secure_renegotiation
    if isinstance(insecure, Unknown) and isinstance(bound, Known) and not bound.value:
        granted = renegotiations
        insecure = Known(granted.value > 0, granted.basis) if isinstance(granted, Known) else granted
    elif isinstance(insecure, Unknown) and isinstance(renegotiations, Known) and not renegotiations.value:
        insecure = Known(False, renegotiations.basis)
    return replace(session, client_renegotiations=renegotiations, insecure_renegotiation=insecure)
