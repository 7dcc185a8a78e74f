"""The same questions once more: behind one address may be servers that differ, and only repetition shows it.

The hello that was answered first, and every offer that was refused, are asked again at once, so that a balancer hands
them to different back ends. What one of these takes no refusal by another can rule out.
"""

from __future__ import annotations

import asyncio

from tlsaudit.probe.dialogue import Answer, Dialogue
from tlsaudit.probe.notes import Notes

_TIMES = 2
_MOST_REFUSALS = 12
"""A sound server has fewer; each is asked again as often as `_TIMES` says."""


async def ask_again(dialogue: Dialogue, notes: Notes) -> None:
    """Note each answer that is repeated, with its repetition."""
    refused = {answer.sent: answer for answer in notes.offers() if answer.refused}
    first = [answer for answer in (notes.contact.classic, notes.contact.retry) if answer is not None]
    again = [answer for answer in first if answer.sent == dialogue.control][:1]
    again += list(refused.values())[:_MOST_REFUSALS]
    async with asyncio.TaskGroup() as tasks:
        for answer in again:
            for _ in range(_TIMES):
                tasks.create_task(_ask(dialogue, notes, answer))


async def _ask(dialogue: Dialogue, notes: Notes, before: Answer) -> None:
    notes.repeated.append((before, await dialogue.ask(f"as probe {before.n}", before.sent)))
