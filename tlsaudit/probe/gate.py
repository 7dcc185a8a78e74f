"""Gate mode below TLS 1.3: nothing is offered but what the policy forbids, and what shows the certificates.

A refusal of a whole list proves as much as a refusal of each of its members. What is permitted is not enumerated, so
the facts leave it open, and rules that need it stay undecided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tlsaudit.data.suites import SUITES
from tlsaudit.model.forbidden import Forbidden
from tlsaudit.model.knowledge import Known
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import Enumeration, remove_the_winner
from tlsaudit.probe.groups import WITH_GROUPS, certificate_curve, chosen_group
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.notes import Notes
from tlsaudit.probe.suites import candidates, chosen_suite, enumerate_only
from tlsaudit.probe.versions import VersionFindings, accepts, explore_version

_TLS_1_2 = ProtocolVersion.TLS_1_2
_WITH_CERTIFICATE = {"RSA", "ECDSA", "DSS", "GOST", "SM2"}


async def ask_classic(dialogue: Dialogue, notes: Notes, first: Answer, forbidden: Forbidden) -> None:
    """TLS 1.2: forbidden suites, a certificate with another kind of key, and forbidden groups with each kind.

    `first` answered an offer of all suites.
    """
    shape = notes.contact.shape
    accepted = accepts(first, _TLS_1_2)
    if not isinstance(accepted, Known) or not accepted.value:
        found = await explore_version(dialogue, shape, _TLS_1_2, first, None, forbidden=forbidden)
        notes.versions[_TLS_1_2] = found
        return

    async def suites() -> Enumeration:
        lists, other = forbidden.suites.get(_TLS_1_2, ()), _of_another_kind(first, forbidden)
        only = await enumerate_only(dialogue, shape, _TLS_1_2, first=first, lists=lists, any_of=other)
        await _one_of(dialogue, shape, forbidden.with_parameters, only.enumeration)
        notes.versions[_TLS_1_2] = VersionFindings(version=_TLS_1_2, accepted=accepted, suites=only.enumeration)
        return only.enumeration

    async with asyncio.TaskGroup() as tasks:
        exploring = tasks.create_task(suites())
        enumerating = tasks.create_task(_forbidden_groups(dialogue, shape, first, forbidden))
    groups = enumerating.result()
    kinds = {_is_ecdsa(first), None}
    other = next((each for each in exploring.result().answers if _is_ecdsa(each) not in kinds), None)
    if other is not None:
        groups.merge(await _forbidden_groups(dialogue, shape, other, forbidden))
    notes.groups_12 = groups


async def _one_of(dialogue: Dialogue, shape: Shape, suites: Sequence[int], enumeration: Enumeration) -> None:
    """Note one of `suites`, which are permitted, with the parameters that it is served with, or that there is none."""
    if not enumeration.accepted.keys().isdisjoint(suites):
        return
    offered = [code for code in suites if code not in enumeration.refused]
    if offered:
        asked = f"TLSv1.2, {len(offered)} suites that are served with parameters"
        answer = await dialogue.ask(asked, shape.classic(_TLS_1_2, offered))
        enumeration.take(answer, offered, chosen_suite(answer, _TLS_1_2))


def _of_another_kind(first: Answer, forbidden: Forbidden) -> list[int]:
    """All permitted suites whose certificate has another kind of key than the one that was shown."""
    shown = _auth(first)
    listed = {code for each in forbidden.suites.get(_TLS_1_2, ()) for code in each}
    return [
        code for code in candidates(_TLS_1_2) if code not in listed and SUITES[code].auth in _WITH_CERTIFICATE - {shown}
    ]


async def _forbidden_groups(dialogue: Dialogue, shape: Shape, shown: Answer, forbidden: Forbidden) -> Enumeration:
    """Which forbidden and required groups are accepted with suites for the kind of key that `shown` showed.

    Servers may want the curve of an ECDSA certificate in the offer (RFC 8422 section 5.1.1), so it is there, as the
    last, until it is chosen; then what is left is asked for without it. Where it is to be asked itself and was never
    chosen, it is at the end, alone.
    """
    wanted = list(forbidden.groups_to_ask(_TLS_1_2))
    ecdsa = bool(_is_ecdsa(shown))
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
    asked_apart = [group for group in wanted if group == kept]
    wanted = [group for group in wanted if group != kept]
    while wanted:
        answer = await ask([*wanted, kept])
        if chosen_group(answer) == kept:
            found.take(answer, [kept], kept)
            return await remove_the_winner(ask, wanted, chosen_group, found)
        wanted = found.take(answer, wanted, chosen_group(answer))
    return await remove_the_winner(ask, asked_apart, chosen_group, found)


def _auth(answer: Answer) -> str:
    suite = SUITES.get(answer.hello.cipher_suite) if answer.hello is not None else None
    return suite.auth if suite is not None else ""


def _is_ecdsa(answer: Answer) -> bool | None:
    """None where the answer shows no certificate."""
    auth = _auth(answer)
    return auth == "ECDSA" if auth in _WITH_CERTIFICATE else None
