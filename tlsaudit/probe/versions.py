"""TLS 1.1 and below: one hello rules out 1.1 and 1.0 together, SSL 3.0 and SSL 2.0 are asked alone."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from tlsaudit.data.suites import SSL2_CIPHERS
from tlsaudit.model.facts import Preference
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import Enumeration
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.suites import candidates, enumerate_suites, find_preference
from tlsaudit.wire import Ssl2ClientHello, Ssl2ServerHello


@dataclass(slots=True, kw_only=True)
class VersionFindings:
    """What was found at one version below TLS 1.3."""

    version: ProtocolVersion
    accepted: Fact[bool]
    suites: Enumeration = field(default_factory=Enumeration)
    preference: Fact[Preference] | None = None


def accepts(answer: Answer, version: ProtocolVersion) -> Fact[bool]:
    """Whether an answer to a hello of `version` says that the version is accepted.

    A server answers with its highest version up to the one offered (RFC 5246 appendix E.1), so a lower one is a no.
    """
    if answer.hello is not None:
        return Known(answer.version is version, answer.basis)
    if answer.refused:
        return Known(False, answer.basis)
    return Unknown(Why.NO_ANSWER, f"probe {answer.n}: {answer.summary()}")


async def explore_version(
    dialogue: Dialogue, shape: Shape, version: ProtocolVersion, first: Answer, piece: int
) -> VersionFindings:
    """Suites and preference at `version`; `first` answered an offer of all its suites."""
    found = VersionFindings(version=version, accepted=accepts(first, version))
    if not isinstance(found.accepted, Known) or not found.accepted.value:
        found.suites.answers.append(first)
        return found
    found.suites = await enumerate_suites(dialogue, shape, version, first=first, piece=piece)
    found.preference = await find_preference(dialogue, shape, version, found.suites)
    return found


async def explore_old(dialogue: Dialogue, shape: Shape, piece: int) -> list[VersionFindings]:
    """TLS 1.1 and 1.0. A refusal of 1.1, or an answer at 1.0, speaks of both."""
    first = await _ask(dialogue, shape, ProtocolVersion.TLS_1_1)
    at_11 = await explore_version(dialogue, shape, ProtocolVersion.TLS_1_1, first, piece)
    if first.hello is None:
        at_10 = VersionFindings(version=ProtocolVersion.TLS_1_0, accepted=accepts(first, ProtocolVersion.TLS_1_0))
        return [at_11, at_10]
    if first.version is not ProtocolVersion.TLS_1_0:
        first = await _ask(dialogue, shape, ProtocolVersion.TLS_1_0)
    return [at_11, await explore_version(dialogue, shape, ProtocolVersion.TLS_1_0, first, piece)]


async def explore_ssl3(dialogue: Dialogue, shape: Shape, piece: int) -> VersionFindings:
    """SSL 3.0, without extensions (RFC 6101 section 5.6.1.2)."""
    first = await _ask(dialogue, shape, ProtocolVersion.SSL_3)
    return await explore_version(dialogue, shape, ProtocolVersion.SSL_3, first, piece)


async def explore_ssl2(dialogue: Dialogue) -> VersionFindings:
    """SSL 2.0: its SERVER-HELLO lists every cipher that both sides know."""
    hello = Ssl2ClientHello(cipher_kinds=tuple(SSL2_CIPHERS), challenge=os.urandom(16))
    answer = await dialogue.ask("SSLv2, all ciphers", hello)
    found = VersionFindings(version=ProtocolVersion.SSL_2, accepted=accepts(answer, ProtocolVersion.SSL_2))
    found.suites.answers.append(answer)
    server_hello = answer.first(Ssl2ServerHello)
    if server_hello is not None:
        found.accepted = Known(True, answer.basis)
        found.suites.accepted = dict.fromkeys(server_hello.cipher_kinds, answer.basis)
        found.suites.refused = set(SSL2_CIPHERS) - set(server_hello.cipher_kinds)
    elif answer.hello is not None:
        found.accepted = Known(False, answer.basis)
    return found


async def _ask(dialogue: Dialogue, shape: Shape, version: ProtocolVersion) -> Answer:
    suites = candidates(version)
    return await dialogue.ask(f"{version}, {len(suites)} cipher suites", shape.classic(version, suites))
