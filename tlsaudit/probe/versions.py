"""The versions below TLS 1.3: one hello rules out 1.1 and 1.0 together, SSL 3.0 and SSL 2.0 are asked alone."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field

from tlsaudit.data.suites import SSL2_CIPHERS
from tlsaudit.model.facts import Preference
from tlsaudit.model.forbidden import Forbidden
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import Enumeration
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.suites import ask_all, enumerate_only, enumerate_suites, failed_over
from tlsaudit.wire import Ssl2ClientHello, Ssl2Error, Ssl2ServerHello


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
    dialogue: Dialogue,
    shape: Shape,
    version: ProtocolVersion,
    first: Answer | None,
    piece: int | None,
    *,
    forbidden: Forbidden | None = None,
) -> VersionFindings:
    """Suites and preference at `version`. `first` answered an offer of all its suites, if such an offer can be made.

    Where the server failed over that offer, it has not refused the version. Of `forbidden`, where it is given, only
    those suites are asked for; servers that take no long offer, or fail over one, are asked for all.
    """
    found = VersionFindings(version=version, accepted=_UNDECIDED)
    whole = first is not None and not failed_over(first)
    if first is not None and whole:
        found.accepted = accepts(first, version)
        if not isinstance(found.accepted, Known) or not found.accepted.value:
            found.suites.answers.append(first)
            return found
    if first is not None and whole and forbidden is not None:
        suites = await enumerate_only(dialogue, shape, version, first=first, lists=forbidden.suites.get(version, ()))
    else:
        suites = await enumerate_suites(dialogue, shape, version, first=first, piece=piece)
    found.suites, found.preference = suites.enumeration, suites.preference
    if not whole:
        found.accepted = _accepted_in_pieces(found.suites, version)
    return found


_UNDECIDED = Unknown(Why.NO_ANSWER)


def _accepted_in_pieces(suites: Enumeration, version: ProtocolVersion) -> Fact[bool]:
    """Whether a version is accepted of which all suites were offered, but not at once."""
    spoken = next((answer for answer in suites.answers if answer.version is version), None)
    if spoken is not None:
        return Known(True, spoken.basis)
    return Known(False, suites.answers[-1].basis) if suites.rest.why is Why.NOT_ASKED else suites.rest


async def explore_old(
    dialogue: Dialogue, shape: Shape, *, piece: int | None, together: bool, forbidden: Forbidden | None = None
) -> list[VersionFindings]:
    """TLS 1.1 and 1.0, with suites in pieces of `piece` (None: all at once).

    `together`: the server answers a hello of a higher version than its own with its own, so a refusal of 1.1, or an
    answer at 1.0, speaks of both.
    """
    first = await _ask_all(dialogue, shape, ProtocolVersion.TLS_1_1, piece)

    async def at_1_0() -> VersionFindings:
        if together and first is not None and first.hello is None and not failed_over(first):
            return VersionFindings(version=ProtocolVersion.TLS_1_0, accepted=accepts(first, ProtocolVersion.TLS_1_0))
        shown = first
        if shown is None or shown.version is not ProtocolVersion.TLS_1_0:
            shown = await _ask_all(dialogue, shape, ProtocolVersion.TLS_1_0, piece)
        return await explore_version(dialogue, shape, ProtocolVersion.TLS_1_0, shown, piece, forbidden=forbidden)

    async with asyncio.TaskGroup() as tasks:
        at_1_1 = explore_version(dialogue, shape, ProtocolVersion.TLS_1_1, first, piece, forbidden=forbidden)
        both = (tasks.create_task(at_1_1), tasks.create_task(at_1_0()))
    return [each.result() for each in both]


async def explore_ssl3(
    dialogue: Dialogue, shape: Shape, piece: int | None, forbidden: Forbidden | None = None
) -> VersionFindings:
    """SSL 3.0, without extensions (RFC 6101 section 5.6.1.2)."""
    first = await _ask_all(dialogue, shape, ProtocolVersion.SSL_3, piece)
    return await explore_version(dialogue, shape, ProtocolVersion.SSL_3, first, piece, forbidden=forbidden)


def hello_ssl2() -> Ssl2ClientHello:
    """An SSL 2.0 hello with all ciphers."""
    return Ssl2ClientHello(cipher_kinds=tuple(SSL2_CIPHERS), challenge=os.urandom(16))


async def explore_ssl2(dialogue: Dialogue) -> VersionFindings:
    """SSL 2.0: its SERVER-HELLO lists every cipher that both sides know."""
    answer = await dialogue.ask("SSLv2, all ciphers", hello_ssl2())
    found = VersionFindings(version=ProtocolVersion.SSL_2, accepted=accepts(answer, ProtocolVersion.SSL_2))
    found.suites.answers.append(answer)
    server_hello = answer.first(Ssl2ServerHello)
    if server_hello is not None:
        found.accepted = Known(True, answer.basis)
        found.suites.accepted = dict.fromkeys(server_hello.cipher_kinds, answer.basis)
        found.suites.refused = set(SSL2_CIPHERS) - set(server_hello.cipher_kinds)
    elif answer.hello is not None or answer.first(Ssl2Error) is not None:
        found.accepted = Known(False, answer.basis)
    return found


async def _ask_all(dialogue: Dialogue, shape: Shape, version: ProtocolVersion, piece: int | None) -> Answer | None:
    """The answer to an offer of all suites; None where they have to be offered in pieces."""
    if piece is not None:
        return None
    return await ask_all(dialogue, shape, version)
