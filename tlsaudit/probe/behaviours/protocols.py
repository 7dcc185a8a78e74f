"""Application protocols: unknown names in ALPN (RFC 7301 section 3.2), and NPN, which came before ALPN."""

from __future__ import annotations

from dataclasses import replace

from tlsaudit.model.knowledge import NOT_ASKED, Fact, Known, Unknown, Why
from tlsaudit.probe.behaviours.offers import Ground, unanswered
from tlsaudit.probe.handshake import COMPUTABLE_GROUPS, handshake
from tlsaudit.probe.hellos import ALL_SCHEMES
from tlsaudit.probe.notes import Notes
from tlsaudit.wire import AlertDescription, ExtensionType, extensions

_UNKNOWN_NAME = "tlsaudit-unknown"


async def strict(ground: Ground, notes: Notes) -> Fact[bool]:
    """Whether a client that offers only an unknown name is refused; asked where the server knows ALPN at all."""
    if not _knows_alpn(notes):
        return NOT_ASKED
    shape = replace(ground.shape, alpn=(_UNKNOWN_NAME,))
    asked = "an unknown protocol name alone"
    answer = await ground.ask_classic(asked, shape)
    if answer is not None:
        if answer.hello is not None:
            return Known(False, answer.basis)
        refused = answer.alert is not None and answer.alert.description == AlertDescription.NO_APPLICATION_PROTOCOL
        return Known(True, answer.basis) if refused else unanswered(answer)
    done = await handshake(
        ground.dialogue, shape, f"TLSv1.3, handshake with {asked}", groups=COMPUTABLE_GROUPS, schemes=ALL_SCHEMES
    )
    if done.complete:
        return Known(False, done.basis)
    if done.alert is not None and done.alert.description == AlertDescription.NO_APPLICATION_PROTOCOL:
        return Known(True, done.basis)
    return Unknown(Why.NO_ANSWER, f"probe {done.n}: {done.summary()}")


async def npn(ground: Ground) -> Fact[bool]:
    """Whether next_protocol_negotiation is answered; there is none at TLS 1.3."""
    shape = replace(ground.shape, alpn=())
    answer = await ground.ask_classic(
        "next_protocol_negotiation instead of ALPN", shape, extensions.next_protocol_negotiation()
    )
    if answer is None:
        return NOT_ASKED
    if answer.hello is None:
        return unanswered(answer)
    return Known(ExtensionType.NEXT_PROTOCOL_NEGOTIATION in answer.hello.extensions, answer.basis)


def _knows_alpn(notes: Notes) -> bool:
    chosen = [answer.hello.alpn for answer in notes.answers() if answer.hello is not None]
    chosen += [done.alpn for done in (notes.tls13.handshakes if notes.tls13 else ())]
    chosen += [notes.exchange.alpn] if notes.exchange is not None else []
    return any(chosen)
