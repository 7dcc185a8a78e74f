"""Cipher suites of SSL 3.0 to TLS 1.2, in the server's order, and whether it has one."""

from __future__ import annotations

from collections.abc import Sequence

from tlsaudit.data.suites import suites_for
from tlsaudit.model.facts import Preference
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.enumeration import Enumeration, remove_the_winner
from tlsaudit.probe.hellos import Shape


def candidates(version: ProtocolVersion) -> tuple[int, ...]:
    """Every suite that can be negotiated at `version`, the strongest first."""
    return tuple(suite.code for suite in suites_for(version))


def chosen_suite(answer: Answer, version: ProtocolVersion) -> int | None:
    """The suite of an answer at `version`; None where there is none or the version is another."""
    return answer.hello.cipher_suite if answer.hello is not None and answer.version is version else None


async def enumerate_suites(
    dialogue: Dialogue, shape: Shape, version: ProtocolVersion, *, first: Answer | None, piece: int
) -> Enumeration:
    """The accepted suites at `version`. `first` is an answer to an offer of all of them, where there is one.

    Servers that break on long lists get them in pieces of `piece`.
    """
    offered = list(candidates(version))
    enumeration = Enumeration()
    if first is not None:
        offered = enumeration.take(first, offered, chosen_suite(first, version))

    async def ask(suites: Sequence[int]) -> Answer:
        return await dialogue.ask(f"{version}, {len(suites)} cipher suites", shape.classic(version, suites))

    for start in range(0, len(offered), piece):
        offer = offered[start : start + piece]
        await remove_the_winner(ask, offer, lambda answer: chosen_suite(answer, version), enumeration)
        if enumeration.rest.why is not Why.NOT_ASKED:
            break
    return enumeration


async def find_preference(
    dialogue: Dialogue, shape: Shape, version: ProtocolVersion, enumeration: Enumeration
) -> Fact[Preference] | None:
    """Whose order decides at `version`: the accepted suites are offered in reverse. None: fewer than two suites.

    A server that puts ChaCha20 first for clients that do still follows its own order otherwise, so the reversed list
    begins with a suite that is not the server's first choice, whatever it is.
    """
    order = list(enumeration.accepted)
    if len(order) < 2:
        return None
    answer = await dialogue.ask(f"{version}, accepted suites in reverse", shape.classic(version, order[::-1]))
    return preference_of(answer, order)


def preference_of(answer: Answer, order: Sequence[int]) -> Fact[Preference]:
    """What the answer to an offer of `order` in reverse says of the preference."""
    if answer.hello is None or answer.hello.cipher_suite not in order:
        return Unknown(Why.NO_ANSWER, f"probe {answer.n}: {answer.summary()}")
    own = answer.hello.cipher_suite == order[0]
    return Known(Preference.SERVER if own else Preference.CLIENT, Basis(Origin.OBSERVED, f"probe:{answer.n}"))
