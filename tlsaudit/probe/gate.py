"""Gate mode below TLS 1.3: nothing is offered but what the policy forbids, and what shows the certificates.

A refusal of a whole list proves as much as a refusal of each of its members. What is permitted is not enumerated, so
the facts leave it open, and rules that need it stay undecided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tlsaudit.data.suites import SUITES
from tlsaudit.model.forbidden import Forbidden
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import Enumeration, remove_the_winner
from tlsaudit.probe.groups import WITH_GROUPS, certificate_curve, chosen_group
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.notes import Notes
from tlsaudit.probe.suites import candidates, chosen_suite
from tlsaudit.probe.versions import VersionFindings, explore_version

_TLS_1_2 = ProtocolVersion.TLS_1_2
_WITH_CERTIFICATE = {"RSA", "ECDSA", "DSS", "GOST", "SM2"}


async def ask_classic(
    dialogue: Dialogue, shape: Shape, first: Answer, forbidden: Forbidden
) -> tuple[VersionFindings, Enumeration | None]:
    """TLS 1.2: forbidden suites, a certificate with another kind of key, and forbidden groups with each kind.

    `first` answered an offer of all suites.
    """
    if first.hello is None or first.version is not _TLS_1_2:
        return await explore_version(dialogue, shape, _TLS_1_2, first, None, forbidden=forbidden), None
    async with asyncio.TaskGroup() as tasks:
        exploring = tasks.create_task(explore_version(dialogue, shape, _TLS_1_2, first, None, forbidden=forbidden))
        asking = tasks.create_task(_ask_other_kind(dialogue, shape, first, forbidden))
        enumerating = tasks.create_task(_forbidden_groups(dialogue, shape, first, forbidden))
    found, other, groups = exploring.result(), asking.result(), enumerating.result()
    found.suites.merge(other)
    for answer in other.answers:
        if other.accepted and _is_ecdsa(answer) is not _is_ecdsa(first):
            groups.merge(await _forbidden_groups(dialogue, shape, answer, forbidden))
    return found, groups


def may_have_another_kind(notes: Notes) -> bool:
    """Whether TLS 1.3 has to be asked for another kind of key as well: not where TLS 1.2 has one kind alone."""
    found = notes.versions.get(_TLS_1_2)
    kinds = {_kind(answer) for answer in found.suites.answers if answer.version is _TLS_1_2} if found else set()
    return len(kinds - {""}) != 1


async def _ask_other_kind(dialogue: Dialogue, shape: Shape, first: Answer, forbidden: Forbidden) -> Enumeration:
    """One offer of all permitted suites whose certificate has another kind of key than the one that was shown."""
    shown = _auth(first)
    asked_elsewhere = {code for each in forbidden.suites.get(_TLS_1_2, ()) for code in each}
    offered = [
        code
        for code in candidates(_TLS_1_2)
        if code not in asked_elsewhere and SUITES[code].auth in _WITH_CERTIFICATE - {shown}
    ]
    found = Enumeration()
    if offered:
        answer = await dialogue.ask("TLSv1.2, another kind of certificate", shape.classic(_TLS_1_2, offered))
        found.take(answer, offered, chosen_suite(answer, _TLS_1_2))
    return found


async def _forbidden_groups(dialogue: Dialogue, shape: Shape, shown: Answer, forbidden: Forbidden) -> Enumeration:
    """Which forbidden groups are accepted with suites for the kind of key that `shown` showed.

    The curve of an ECDSA certificate has to be in every offer (RFC 8422 section 5.1.1), as the last: where the server
    picks it nevertheless, no client that has something better ever gets one of the others.
    """
    wanted = list(forbidden.groups.get(_TLS_1_2, ()))
    ecdsa = _is_ecdsa(shown)
    suites = [
        code
        for code in candidates(_TLS_1_2)
        if SUITES[code].kx in WITH_GROUPS - {"ECDHE_PSK"} and (SUITES[code].auth == "ECDSA") is ecdsa
    ]
    kept = certificate_curve(shown) if ecdsa else None

    async def ask(groups: Sequence[int]) -> Answer:
        hello = shape.classic(_TLS_1_2, suites, groups=groups)
        return await dialogue.ask(f"TLSv1.2, {len(groups)} groups, forbidden ones first", hello)

    found = Enumeration()
    first_choice = chosen_group(shown)
    if first_choice is not None:
        found.take(shown, [first_choice], first_choice)
        wanted = [group for group in wanted if group != first_choice]
    if kept is None:
        return await remove_the_winner(ask, wanted, chosen_group, found)
    wanted = [group for group in wanted if group != kept]
    while wanted:
        answer = await ask([*wanted, kept])
        if chosen_group(answer) == kept:
            found.take(answer, [kept], kept)
            found.refused.update(wanted)
            break
        wanted = found.take(answer, wanted, chosen_group(answer))
    return found


def _auth(answer: Answer) -> str:
    suite = SUITES.get(answer.hello.cipher_suite) if answer.hello is not None else None
    return suite.auth if suite is not None else ""


def _kind(answer: Answer) -> str:
    return _auth(answer) if _auth(answer) in _WITH_CERTIFICATE else ""


def _is_ecdsa(answer: Answer) -> bool:
    return _auth(answer) == "ECDSA"
