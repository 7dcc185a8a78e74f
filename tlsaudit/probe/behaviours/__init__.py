"""Behaviours: what a server does with hellos that a sound one takes, or refuses, in the one right way.

One question a module: `versions` (fallback, drafts), `tolerance` (unknown values, long hellos), `names` (server names),
`protocols` (ALPN, NPN), `schemes` (broken signature schemes), `resumption` (tickets of TLS 1.3), `classic_tickets`
(those of older versions). They build on `offers`, which puts together what the
endpoint is known to accept, and each asks only what earlier facts leave open. `seen` needs no question at all: it reads
what the answers to all others show; `unequal` is its part about back ends that differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import fields, replace
from typing import Any

from tlsaudit.model.facts import Behaviours
from tlsaudit.model.knowledge import Fact, Unknown
from tlsaudit.model.target import Target
from tlsaudit.probe.behaviours import classic_tickets, names, protocols, resumption, schemes, tolerance, versions
from tlsaudit.probe.behaviours.offers import Ground
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.notes import Notes


def all_unknown(unknown: Unknown) -> Behaviours:
    """Behaviours of which nothing is known, for one reason."""
    return Behaviours(**{each.name: unknown for each in fields(Behaviours)})


async def ask_behaviours(dialogue: Dialogue, notes: Notes, target: Target) -> None:
    """Ask everything, side by side; each answer is noted when it is there."""
    ground = Ground.of(dialogue, notes)

    async def note(name: str, question: Awaitable[Fact[Any]]) -> None:
        found = {name: await question}
        notes.behaviours = replace(notes.behaviours, **found)

    async with asyncio.TaskGroup() as tasks:
        for name, question in (
            ("fallback_refused", versions.fallback(dialogue, notes)),
            ("draft_version", versions.draft(ground)),
            ("large_hello", tolerance.large(ground)),
            ("no_sni", names.without(ground, notes)),
            ("unknown_sni", names.unknown(ground, notes)),
            ("strict_alpn", protocols.strict(ground, notes)),
            ("next_protocol_negotiation", protocols.npn(ground)),
        ):
            tasks.create_task(note(name, question))
        tasks.create_task(tolerance.unknown_values(ground, notes))
        tasks.create_task(schemes.try_broken(ground, notes))
        tasks.create_task(classic_tickets.ask(ground, notes, target))
        tasks.create_task(resumption.ask(ground, notes, target))
    # Which names get another certificate is known by now.
    await note("tickets_across_names", classic_tickets.across_names(ground, notes))
