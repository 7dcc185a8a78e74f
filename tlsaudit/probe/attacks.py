"""Attacks that our own client tries: Ticketbleed and padding oracles. As with those of sslyze, last of all.

Ticketbleed      where a ticket comes below TLS 1.3 (1 connection, and 1 more where the session is not resumed)
padding oracle   where a suite with AES in CBC mode is accepted (7; 19 where the answers differ)
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

from tlsaudit.manners import Allowance
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import Fact, Undecided
from tlsaudit.model.target import Target
from tlsaudit.model.vulnerability import Verdict, Vulnerability
from tlsaudit.probe.behaviours.offers import Ground
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.notes import UNFINISHED, Notes
from tlsaudit.probe.padding_oracle import padding_oracle
from tlsaudit.probe.ticketbleed import ticketbleed


async def ask_attacks(facts: Facts, notes: Notes, dialogue: Dialogue, target: Target, allowance: Allowance) -> Facts:
    """`facts` with the verdicts on these attacks; nothing else in them changes."""
    bleeding = await _within(allowance, ticketbleed(Ground.of(dialogue, notes), notes))
    oracle = await _within(allowance, padding_oracle(facts, dialogue, target))
    verdicts = {Vulnerability.TICKETBLEED: bleeding, Vulnerability.PADDING_ORACLE: oracle}
    return replace(
        facts,
        connections=len(dialogue.log.probes),
        probes=tuple(dialogue.log),
        vulnerabilities={**facts.vulnerabilities, **verdicts},
    )


async def _within(allowance: Allowance, question: Awaitable[Fact[Verdict]]) -> Fact[Verdict]:
    try:
        async with allowance.bounds():
            return await question
    except TimeoutError:
        return UNFINISHED
    except Undecided as undecided:
        return undecided.unknown
