"""Hellos that every server must take: with values that nobody knows yet (RFC 8701), and longer than one packet.

"A server receiving a ClientHello MUST correctly ignore all unrecognized cipher suites, extensions, and other
parameters." (RFC 8446 section 9.3) A server is called intolerant only where it fails such a hello twice and takes the
plain one in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.behaviours.offers import TOO_OLD, Ground, Offer, unanswered
from tlsaudit.probe.dialogue import Answer, End
from tlsaudit.probe.notes import Notes
from tlsaudit.wire import Extension, extensions

_LARGE = 1800
"""Bytes of a hello with an X25519MLKEM768 share, which is 1,216 bytes long, and what goes with it."""

UNKNOWN_VALUES: Mapping[str, Callable[[Offer], Offer]] = {
    "version": lambda offer: replace(offer, versions=(0x2A2A, *offer.versions)),
    "cipher suite": lambda offer: replace(offer, suites=(0x0A0A, *offer.suites)),
    "named group": lambda offer: replace(offer, groups=(0x1A1A, *offer.groups), shares=((0x1A1A, b"\0"),)),
    "signature scheme": lambda offer: replace(offer, schemes=(0x5A5A, *offer.schemes)),
    "extension": lambda offer: replace(offer, first=(Extension(0x3A3A),), more=(Extension(0x4A4A, b"\0"),)),
    "protocol name": lambda offer: replace(offer, shape=replace(offer.shape, alpn=("jj", *offer.shape.alpn))),
}
"""GREASE values (RFC 8701 section 2) by what they stand for; "jj" are the bytes 0x6A 0x6A."""


async def unknown_values(ground: Ground, notes: Notes) -> None:
    """Note what the server is intolerant of, and which version an offer of all of them gets."""
    if not ground.versions:
        notes.behaviours = replace(notes.behaviours, intolerant_of=TOO_OLD, negotiated_version=TOO_OLD)
        return
    plain = ground.everything()
    greased = plain
    for change in UNKNOWN_VALUES.values():
        greased = change(greased)
    found, answer = await _takes(ground, "unknown values", greased, plain, _refuses)
    notes.behaviours = replace(notes.behaviours, negotiated_version=_negotiated(ground, notes, answer))
    notes.behaviours = replace(notes.behaviours, intolerant_of=await _culprits(ground, plain, found))


def _negotiated(ground: Ground, notes: Notes, answer: Answer) -> Fact[ProtocolVersion]:
    newest = notes.accepted()[-1]
    if newest not in ground.versions:
        return Unknown(Why.UNSUPPORTED, f"{newest} is accepted, but not in a hello that offers older versions too")
    return Known(answer.version, answer.basis) if answer.version is not None else unanswered(answer)


async def _culprits(ground: Ground, plain: Offer, found: Fact[bool]) -> Fact[tuple[str, ...]]:
    """What of all that was asked together is refused alone."""
    if isinstance(found, Unknown):
        return found
    if found.value:
        return Known((), found.basis)
    culprits: list[str] = []
    basis = found.basis
    for name, change in UNKNOWN_VALUES.items():
        answer = await ground.dialogue.ask(f"every version, with an unknown {name}", change(plain).hello())
        if _refuses(answer):
            culprits.append(f"an unknown {name}")
            basis = answer.basis
    return Known(tuple(culprits) or ("several unknown values at once",), basis)


async def large(ground: Ground) -> Fact[bool]:
    """Whether a hello longer than a packet is answered. A middlebox may drop it in silence, so silence counts too."""
    if not ground.versions:
        return TOO_OLD
    plain = ground.everything()
    short = max(1, _LARGE - len(plain.hello().handshake()))
    found, _ = await _takes(
        ground, "a hello of two packets", replace(plain, more=(extensions.padding(short),)), plain, _fails
    )
    return found


async def _takes(
    ground: Ground, asked: str, special: Offer, plain: Offer, failed: Callable[[Answer], bool]
) -> tuple[Fact[bool], Answer]:
    """Whether `special` is answered, and the answer to it or, where it is not, to `plain`."""
    first = await ground.dialogue.ask(f"every version, {asked}", special.hello())
    if first.answered:
        return Known(True, first.basis), first
    control = await ground.dialogue.ask(f"every version, without {asked}", plain.hello())
    if not control.answered:
        return Unknown(Why.NO_ANSWER, f"probe {control.n}, without {asked}: {control.summary()}"), control
    second = await ground.dialogue.ask(f"every version, {asked} (again)", special.hello())
    if second.answered:
        return Known(True, second.basis), second
    if failed(first) and failed(second):
        return Known(False, second.basis), control
    return unanswered(second), control


def _refuses(answer: Answer) -> bool:
    """Any fatal alert will do: what is compared with is the same hello without what is asked about."""
    return answer.refused or answer.alert is not None


def _fails(answer: Answer) -> bool:
    return _refuses(answer) or answer.end is End.TIMEOUT
