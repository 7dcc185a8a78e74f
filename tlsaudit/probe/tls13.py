"""TLS 1.3: suites and groups by HelloRetryRequest, certificates by real handshakes.

An empty key_share makes the server name suite and group in a HelloRetryRequest (RFC 8446 section 4.1.4), and hybrid
groups are found without any post-quantum cryptography. Once one of each is known, suites are asked with the known
group and groups with the known suite, side by side, so that a refusal speaks of one of them alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tlsaudit.data.groups import GROUPS, groups_for
from tlsaudit.model.facts import Preference
from tlsaudit.model.forbidden import Forbidden
from tlsaudit.model.knowledge import Basis, Fact, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import NONE_OF_THEM, Enumeration, remove_the_winner
from tlsaudit.probe.handshake import COMPUTABLE_GROUPS, Handshake, handshake
from tlsaudit.probe.hellos import ALL_SCHEMES, OTHER_SCHEMES, RSA_SCHEMES, Shape
from tlsaudit.probe.suites import candidates, chosen_suite, in_reverse, preference_of
from tlsaudit.wire import CertificateVerify

SUITES_13 = candidates(ProtocolVersion.TLS_1_3)
GROUPS_13 = tuple(group.code for group in groups_for(ProtocolVersion.TLS_1_3))


@dataclass(slots=True, kw_only=True)
class Tls13:
    """What was found at TLS 1.3, which `basis` shows to be accepted."""

    basis: Basis
    suites: Enumeration = field(default_factory=Enumeration)
    groups: Enumeration = field(default_factory=Enumeration)
    preference: Fact[Preference] | None = None
    handshakes: list[Handshake] = field(default_factory=list)


async def ask_retry(dialogue: Dialogue, shape: Shape, suites: Sequence[int], groups: Sequence[int]) -> Answer:
    """The answer to an offer of these suites and groups with an empty key_share."""
    asked = f"TLSv1.3, suites: {len(suites)}, groups: {len(groups)}"
    return await dialogue.ask(asked, shape.retry(suites, groups))


async def explore(
    dialogue: Dialogue,
    shape: Shape,
    first: Answer,
    shaking: asyncio.Task[Handshake],
    *,
    forbidden: Forbidden | None = None,
) -> Tls13:
    """Suites, groups, preference and certificates at TLS 1.3; `first` answered an offer of everything.

    `shaking` is a handshake (`shake_hands`) that may still be going on.
    Beyond what it chose, only suites and groups of `forbidden` are asked for, where it is given.
    """
    found = Tls13(basis=first.basis)
    suites = found.suites.take(first, SUITES_13, _suite(first))
    groups = found.groups.take(first, GROUPS_13, _group(first))
    if forbidden is not None:
        suites = _among(suites, *forbidden.suites.get(ProtocolVersion.TLS_1_3, ()))
        groups = _among(groups, forbidden.groups_to_ask(ProtocolVersion.TLS_1_3))
    if not (found.suites.accepted and found.groups.accepted):
        await _handshakes(dialogue, shape, found, shaking)
        return found
    curves = [code for code in groups if GROUPS[code].kind != "ff"]
    finite = [code for code in groups if GROUPS[code].kind == "ff"]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_handshakes(dialogue, shape, found, shaking))
        tasks.create_task(_suites(dialogue, shape, found, suites, with_order=forbidden is None))
        tasks.create_task(_groups(dialogue, shape, found, curves, found.groups))
        finite_task = tasks.create_task(_groups(dialogue, shape, found, finite, Enumeration()))
    found.groups.merge(finite_task.result())
    return found


def without_retry(only: Handshake) -> Tls13 | None:
    """TLS 1.3 by a real key share, for servers that do not answer an empty one; None where this failed as well."""
    if only.hello is None or only.hello.version != ProtocolVersion.TLS_1_3.code:
        return None
    found = Tls13(basis=only.basis, handshakes=[only])
    rest = Unknown(Why.UNSUPPORTED, "the server does not answer a hello with an empty key_share")
    found.suites = Enumeration(accepted={only.hello.cipher_suite: only.basis}, rest=rest)
    if only.hello.selected_group is not None:
        found.groups = Enumeration(accepted={only.hello.selected_group: only.basis}, rest=rest)
    return found


def _suite(answer: Answer) -> int | None:
    return chosen_suite(answer, ProtocolVersion.TLS_1_3)


def _group(answer: Answer) -> int | None:
    if answer.hello is None:
        return None
    return answer.hello.selected_group if answer.version is ProtocolVersion.TLS_1_3 else NONE_OF_THEM


def _among(codes: Iterable[int], *lists: Sequence[int]) -> list[int]:
    return [code for code in codes if any(code in each for each in lists)]


async def _suites(dialogue: Dialogue, shape: Shape, found: Tls13, suites: Sequence[int], *, with_order: bool) -> None:
    known_group = next(iter(found.groups.accepted))

    async def ask(offer: Sequence[int]) -> Answer:
        return await ask_retry(dialogue, shape, offer, (known_group,))

    await remove_the_winner(ask, suites, _suite, found.suites)
    order = list(found.suites.accepted)
    if with_order and len(order) > 1:
        answer = await ask(in_reverse(order, ProtocolVersion.TLS_1_3, order[0]))
        found.preference = preference_of(answer, order[0], order)


async def _groups(
    dialogue: Dialogue, shape: Shape, found: Tls13, groups: Sequence[int], into: Enumeration
) -> Enumeration:
    known_suite = next(iter(found.suites.accepted))

    async def ask(offer: Sequence[int]) -> Answer:
        return await ask_retry(dialogue, shape, (known_suite,), offer)

    return await remove_the_winner(ask, groups, _group, into)


async def shake_hands(dialogue: Dialogue, shape: Shape) -> Handshake:
    """A handshake with whatever certificate the server prefers."""
    asked = "TLSv1.3, handshake without a client certificate"
    return await handshake(dialogue, shape, asked, groups=COMPUTABLE_GROUPS, schemes=ALL_SCHEMES)


async def _handshakes(dialogue: Dialogue, shape: Shape, found: Tls13, shaking: asyncio.Task[Handshake]) -> None:
    """The handshake that was begun, and one that asks for the other kind of key."""
    first = await shaking
    found.handshakes.append(first)
    proof = first.first(CertificateVerify)
    if proof is None:
        return
    rsa = proof.scheme in RSA_SCHEMES
    kind, schemes = ("a key other than RSA", OTHER_SCHEMES) if rsa else ("an RSA key", RSA_SCHEMES)
    other = await handshake(
        dialogue, shape, f"TLSv1.3, handshake with signatures of {kind}", groups=COMPUTABLE_GROUPS, schemes=schemes
    )
    found.handshakes.append(other)
