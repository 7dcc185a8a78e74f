"""Remove the winner: offer all candidates, the server picks one, offer the rest, until it refuses.

k accepted items cost k+1 connections, which is the least there is, and they come out in the server's own order where
it has one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tlsaudit.model.knowledge import NOT_ASKED, Basis, Known, Unknown, Why
from tlsaudit.probe.dialogue import Answer

NONE_OF_THEM = -1
"""The choice of a server that answers with something else than what is enumerated: another protocol version, say."""

Ask = Callable[[Sequence[int]], Awaitable[Answer]]
Chosen = Callable[[Answer], int | None]
"""What an answer chose: an item, `NONE_OF_THEM`, or None where it does not say (refused, cut short, malformed)."""


@dataclass(slots=True)
class Enumeration:
    """What came of an enumeration so far; `rest` says why those that are in neither set are unknown."""

    accepted: dict[int, Basis] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    rest: Unknown = NOT_ASKED
    answers: list[Answer] = field(default_factory=list)
    unoffered: Known[int] | None = None
    """A choice that was not on offer."""

    def take(self, answer: Answer, offered: Sequence[int], chosen: int | None) -> list[int]:
        """Note the answer to an offer of `offered`; returns what is still open (nothing, where it is decided)."""
        self.answers.append(answer)
        if answer.refused or chosen == NONE_OF_THEM:
            self.refused.update(offered)
            return []
        if chosen is None:
            self.rest = Unknown(Why.NO_ANSWER, f"probe {answer.n}: {answer.summary()}")
            return []
        if chosen not in offered:
            self.unoffered = Known(chosen, answer.basis)
            self.rest = Unknown(Why.UNSTABLE, f"the server chose 0x{chosen:04X}, which was not on offer")
            return []
        self.accepted[chosen] = answer.basis
        return [item for item in offered if item != chosen]

    def merge(self, part: Enumeration) -> None:
        """Add what was found of other candidates; the first reason for something unknown stays."""
        self.accepted.update(part.accepted)
        self.refused.update(part.refused)
        self.answers.extend(part.answers)
        self.unoffered = self.unoffered or part.unoffered
        if self.rest is NOT_ASKED:
            self.rest = part.rest


async def remove_the_winner(
    ask: Ask, candidates: Sequence[int], chosen: Chosen, into: Enumeration | None = None
) -> Enumeration:
    """Enumerate `candidates` one connection at a time; `into` continues an enumeration that has begun."""
    enumeration = into if into is not None else Enumeration()
    remaining = list(candidates)
    while remaining:
        answer = await ask(remaining)
        remaining = enumeration.take(answer, remaining, chosen(answer))
    return enumeration
