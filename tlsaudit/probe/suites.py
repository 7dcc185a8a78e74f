"""Cipher suites, in the server's order, and whether it has one.

Some servers that have an order move ChaCha20 up for a client whose first known suite is ChaCha20 (OpenSSL's
PRIORITIZE_CHACHA), or is not AES-GCM (Go). So ChaCha20 always comes last in an offer, and AES-GCM first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tlsaudit.data.suites import SUITES, suites_for
from tlsaudit.model.facts import Preference
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import NONE_OF_THEM, Ask, Chosen, Enumeration, remove_the_winner
from tlsaudit.probe.hellos import Shape
from tlsaudit.wire import AlertDescription, ClientHello

_USUAL_KEY_EXCHANGES = ("ECDHE", "DHE", "RSA")
_KNOWN_TO_ALL = {0xC009, 0xC00A, 0xC02B, 0xC02C}
"""ECDHE_ECDSA with AES: suites that every TLS library knows, whether they are enabled or not."""
_IN_A_ROW = 2
_LISTS = 5
"""Lists to ask for side by side; each costs one refusal more, so that a few suites are found in a row first.

Like suites come in pairs and fours (AES-128 and 256, with ECDSA and RSA): dealt to an odd number of lists, they fall
into different ones, and the lists of a server end about together.
"""


def _candidates(version: ProtocolVersion) -> tuple[int, ...]:
    suites = {suite.code: suite for suite in suites_for(version)}
    if version is ProtocolVersion.SSL_3:
        suites |= {suite.code: suite for suite in suites_for(ProtocolVersion.TLS_1_0)}
    return tuple(sorted(suites, key=lambda code: suites[code].enc == "CHACHA20"))


_CANDIDATES = {version: _candidates(version) for version in ProtocolVersion}


def candidates(version: ProtocolVersion) -> tuple[int, ...]:
    """Every suite that can be negotiated at `version`, the strongest first, but ChaCha20 last.

    At SSL 3.0 these include the suites of TLS 1.0, elliptic curves among them: servers have accepted them.
    """
    return _CANDIDATES[version]


def chosen_suite(answer: Answer, version: ProtocolVersion) -> int | None:
    """What an answer to a hello of `version` chose."""
    if answer.hello is None:
        return None
    return answer.hello.cipher_suite if answer.version is version else NONE_OF_THEM


async def ask_all(dialogue: Dialogue, shape: Shape, version: ProtocolVersion, *, behaviours: bool = False) -> Answer:
    """The answer to an offer of all suites of `version`; where that is refused, to one of all but those for ECDSA.

    HAProxy takes its ECDSA certificate for every client that offers a suite for one, and refuses it where it has no
    such suite itself, whatever else is on offer.
    """
    suites = candidates(version)
    more = " and all extensions" if behaviours else ""
    asked = f"{version}, {len(suites)} suites{more}"
    answer = await dialogue.ask(asked, shape.classic(version, suites, behaviours=behaviours))
    if version is ProtocolVersion.SSL_3 or not _may_be_about_ecdsa(answer):
        return answer
    others = _not_of_ecdsa(suites)
    asked = f"{version}, {len(others)} suites, not of ECDSA{more}"
    other = await dialogue.ask(asked, shape.classic(version, others, behaviours=behaviours))
    return other if other.answered else answer


def _may_be_about_ecdsa(answer: Answer) -> bool:
    return answer.alert is not None and answer.alert.description == AlertDescription.HANDSHAKE_FAILURE


def _is_of_ecdsa(code: int) -> bool:
    return SUITES[code].auth == "ECDSA"


def _not_of_ecdsa(codes: Iterable[int]) -> list[int]:
    return [code for code in codes if not _is_of_ecdsa(code)]


@dataclass(slots=True, kw_only=True)
class Suites:
    """The accepted suites at one version; `preference` is None where there are fewer than two of them."""

    enumeration: Enumeration
    preference: Fact[Preference] | None


async def enumerate_suites(
    dialogue: Dialogue, shape: Shape, version: ProtocolVersion, *, first: Answer | None, piece: int | None
) -> Suites:
    """The accepted suites at `version`, below TLS 1.3. `first` answered an offer of all of them, where there is one.

    A server with an order of its own shows it in as many rounds as it has suites. Where the client's order decides
    there is none to find, so a long list is asked for in a few disjoint lists side by side. Servers that break on long
    lists get them in pieces of `piece`, and what they accept once more for the order. So do, by kind of key exchange,
    those that fail over an offer: the failure is about the kind of suite they chose and says nothing of other kinds
    (GnuTLS without finite-field groups chooses a suite with DHE all the same, and fails).
    """

    async def ask(suites: Sequence[int]) -> Answer:
        return await dialogue.ask(f"{version}, {len(suites)} suites", shape.classic(version, suites))

    def chosen(answer: Answer) -> int | None:
        return chosen_suite(answer, version)

    offered = list(candidates(version))
    if first is None or failed_over(first):
        return await _in_pieces(ask, chosen, version, _pieces(offered, piece) if piece else _by_key_exchange(offered))
    enumeration = _begun(first, version)
    offered = enumeration.take(first, _offered(first, version), chosen(first))
    if not enumeration.accepted:
        return Suites(enumeration=enumeration, preference=None)
    preference, offered = await _turned_round(ask, chosen, version, enumeration, offered)
    if isinstance(preference, Known) and preference.value is Preference.CLIENT:
        await _side_by_side(ask, chosen, enumeration, offered)
    else:
        await remove_the_winner(ask, offered, chosen, enumeration)
    await _again_without_ecdsa(ask, chosen, enumeration)
    if any(failed_over(answer) for answer in enumeration.answers):
        return await _in_pieces(ask, chosen, version, _by_key_exchange(candidates(version)), before=enumeration)
    return Suites(enumeration=enumeration, preference=preference if len(enumeration.accepted) > 1 else None)


async def enumerate_only(
    dialogue: Dialogue,
    shape: Shape,
    version: ProtocolVersion,
    *,
    first: Answer,
    lists: Sequence[Sequence[int]],
    any_of: Sequence[int] = (),
) -> Suites:
    """Which suites of `lists` are accepted at `version`, each list asked by itself until it is refused.

    `first` answered an offer of all suites; what it chose is known, everything else is not asked for. Of `any_of`,
    which is offered behind the last list, one is enough. A server that fails over an offer is asked for everything
    after all.
    """

    async def ask(suites: Sequence[int]) -> Answer:
        return await dialogue.ask(f"{version}, {len(suites)} forbidden suites", shape.classic(version, suites))

    def chosen(answer: Answer) -> int | None:
        return chosen_suite(answer, version)

    enumeration = _begun(first, version)
    enumeration.take(first, _offered(first, version), chosen(first))
    *others, last = _by_certificate(lists, enumeration)
    parts = [Enumeration() for _ in (*others, last)]
    async with asyncio.TaskGroup() as tasks:
        for each, part in zip(others, parts, strict=False):
            tasks.create_task(remove_the_winner(ask, each, chosen, part))
        tasks.create_task(_with_any_of(ask, chosen, last, any_of, parts[-1]))
    for part in parts:
        enumeration.merge(part)
    if any(failed_over(answer) for answer in enumeration.answers):
        return await enumerate_suites(dialogue, shape, version, first=first, piece=None)
    return Suites(enumeration=enumeration, preference=None)


def _offered(first: Answer, version: ProtocolVersion) -> list[int]:
    """What of the suites of `version` was on offer."""
    listed = set(first.sent.cipher_suites) if isinstance(first.sent, ClientHello) else set()
    return [code for code in candidates(version) if code in listed]


def _begun(first: Answer, version: ProtocolVersion) -> Enumeration:
    """An enumeration before its first answer: what was not on offer has been refused (`ask_all`)."""
    return Enumeration(refused=set(candidates(version)).difference(_offered(first, version)))


def _by_certificate(lists: Sequence[Sequence[int]], enumeration: Enumeration) -> list[list[int]]:
    """`lists` without what is known; where an ECDSA certificate was seen, suites for it are a list of their own.

    The reason is that of `ask_all`. The last list is of suites for other certificates.
    """
    left = [[code for code in each if code not in enumeration.accepted] for each in lists] or [[]]
    if not any(map(_is_of_ecdsa, enumeration.accepted)):
        return left
    ecdsa = [code for each in left for code in each if _is_of_ecdsa(code)]
    return [ecdsa, *(_not_of_ecdsa(each) for each in left)]


async def _again_without_ecdsa(ask: Ask, chosen: Chosen, enumeration: Enumeration) -> None:
    """Once more without suites for ECDSA what was refused together with them, where such a certificate was seen.

    The reason is that of `ask_all`. A server that ever chose another suite although one for ECDSA was on offer does
    not do so.
    """
    if not any(map(_is_of_ecdsa, enumeration.accepted)) or any(map(_weighs_each_suite, enumeration.answers)):
        return
    open_ = _not_of_ecdsa(sorted(enumeration.refused, key=candidates(ProtocolVersion.TLS_1_2).index))
    enumeration.refused.difference_update(open_)
    await remove_the_winner(ask, open_, chosen, enumeration)


def _weighs_each_suite(answer: Answer) -> bool:
    if answer.hello is None or not isinstance(answer.sent, ClientHello):
        return False
    suite = SUITES.get(answer.hello.cipher_suite)
    return suite is not None and suite.auth != "ECDSA" and not _KNOWN_TO_ALL.isdisjoint(answer.sent.cipher_suites)


async def _with_any_of(ask: Ask, chosen: Chosen, offered: list[int], any_of: Sequence[int], part: Enumeration) -> None:
    """As `remove_the_winner`, with `any_of` in the offer until one of them is chosen."""
    behind = list(any_of)
    while behind and (remaining := [*offered, *behind]):
        answer = await ask(remaining)
        winner = chosen(answer)
        left = part.take(answer, remaining, winner)
        if not left:
            return
        offered = [code for code in offered if code in left]
        behind = [] if winner in behind else behind
    await remove_the_winner(ask, offered, chosen, part)


def failed_over(answer: Answer) -> bool:
    """Whether the server chose something on offer and then failed (RFC 8446 section 6.2: internal_error)."""
    return answer.alert is not None and answer.alert.description == AlertDescription.INTERNAL_ERROR


def _pieces(offered: Sequence[int], piece: int) -> list[Sequence[int]]:
    return [offered[start : start + piece] for start in range(0, len(offered), piece)]


def _by_key_exchange(offered: Sequence[int]) -> list[Sequence[int]]:
    """One piece for each of the usual key exchanges with each kind of certificate, and one for all others.

    What a server fails over is making the parameters of a key exchange, or signing them: it is the same for all suites
    of a piece, so that a failure over one of them speaks of the piece.
    """
    pieces: dict[tuple[str, str], list[int]] = {}
    for code in offered:
        suite = SUITES[code]
        kind = (suite.kx, suite.auth) if suite.kx in _USUAL_KEY_EXCHANGES else ("", "")
        pieces.setdefault(kind, []).append(code)
    return list(pieces.values())


async def _turned_round(
    ask: Ask, chosen: Chosen, version: ProtocolVersion, enumeration: Enumeration, offered: list[int]
) -> tuple[Fact[Preference], list[int]]:
    """Whose order decides, by an offer of everything in reverse; with what is open after it."""
    winner = next(iter(enumeration.accepted))
    answer = await ask(in_reverse([winner, *offered], version, winner))
    own = chosen(answer)
    if own in offered:
        offered = enumeration.take(answer, offered, own)
    else:
        enumeration.answers.append(answer)
    return preference_of(answer, winner, enumeration.accepted), offered


async def _side_by_side(ask: Ask, chosen: Chosen, enumeration: Enumeration, offered: list[int]) -> None:
    """What is left where the client's order decides: a few in a row, and if there are more, lists at once."""
    for _ in range(_IN_A_ROW):
        if offered:
            answer = await ask(offered)
            offered = enumeration.take(answer, offered, chosen(answer))
    parts = [Enumeration() for _ in range(_LISTS)]
    async with asyncio.TaskGroup() as tasks:
        for start, part in enumerate(parts):
            tasks.create_task(remove_the_winner(ask, offered[start::_LISTS], chosen, part))
    for part in parts:
        enumeration.merge(part)


async def _in_pieces(
    ask: Ask,
    chosen: Chosen,
    version: ProtocolVersion,
    pieces: Sequence[Sequence[int]],
    *,
    before: Enumeration | None = None,
) -> Suites:
    """Each piece on its own, and what was accepted together; what was accepted or wrong `before` stays so."""
    enumeration = Enumeration()
    if before is not None:
        enumeration.answers.extend(before.answers)
        enumeration.accepted.update(before.accepted)
        enumeration.unoffered = before.unoffered
    for piece in pieces:
        await remove_the_winner(ask, piece, chosen, enumeration)
        if enumeration.rest.why is not Why.NOT_ASKED:
            break
    enumeration.refused -= enumeration.accepted.keys()
    if len(pieces) > 1:
        await _put_in_order(ask, chosen, enumeration)
    order = list(enumeration.accepted)
    if len(order) < 2:
        return Suites(enumeration=enumeration, preference=None)
    answer = await ask(in_reverse(order, version, order[0]))
    return Suites(enumeration=enumeration, preference=preference_of(answer, order[0], order))


async def _put_in_order(ask: Ask, chosen: Chosen, enumeration: Enumeration) -> None:
    """What was accepted out of several offers, in the order of one."""
    together = await remove_the_winner(ask, list(enumeration.accepted), chosen)
    enumeration.accepted = {code: enumeration.accepted[code] for code in (*together.accepted, *enumeration.accepted)}


def in_reverse(order: Sequence[int], version: ProtocolVersion, winner: int) -> list[int]:
    """`order` in reverse, led by a suite of AES-GCM other than the winner, accepted or not, where the version has one.

    A client's order decides for the lead or for the last of `order`, a server's for the winner.
    """
    lead = [code for code in candidates(version) if SUITES[code].mode == "GCM" and code != winner][:1]
    return [*lead, *(code for code in reversed(order) if code not in lead)]


def preference_of(answer: Answer, winner: int, accepted: Collection[int]) -> Fact[Preference]:
    """Whose order decided, where an offer in reverse got `answer` and the offer in order got the winner."""
    if answer.hello is None or answer.hello.cipher_suite not in accepted:
        return Unknown(Why.NO_ANSWER, f"probe {answer.n}: {answer.summary()}")
    own = answer.hello.cipher_suite == winner
    return Known(Preference.SERVER if own else Preference.CLIENT, answer.basis)
