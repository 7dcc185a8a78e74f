"""First contact: is anybody there, is it TLS, and in which shape does it take a hello.

A hello with everything is tried first. What fails it may still answer TLS 1.3 alone, a short list, or an old version;
only when nothing is answered is the endpoint given up, with the reason that says most.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from tlsaudit.model.errors import TlsauditError
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.probe.dialogue import Answer, Dialogue, End
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.suites import candidates
from tlsaudit.probe.tls13 import GROUPS_13, SUITES_13, ask_retry
from tlsaudit.wire import AlertDescription, ClientHello

_SHORT_LIST = 32
_PIECE = 64
_ALL = 65535


class NotAuditedError(TlsauditError):
    """Nothing can be said of the endpoint: `status` and `code` are those of the report."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What first contact found. `classic` answered an offer of all suites of TLS 1.2, `retry` one of all of TLS 1.3.

    `piece` is the longest list of suites to offer at once.
    """

    shape: Shape
    classic: Answer
    retry: Answer | None = None
    piece: int = _ALL


async def make_contact(dialogue: Dialogue, shape: Shape) -> Contact:
    """Find a hello that is answered, and make it the dialogue's control; raises NotAuditedError."""
    classic = await _ask_all(dialogue, shape)
    if classic.alert is not None and classic.alert.description == AlertDescription.NO_APPLICATION_PROTOCOL:
        shape = replace(shape, alpn=())
        classic = await _ask_all(dialogue, shape)
    if classic.hello is not None:
        _set_control(dialogue, classic)
        return Contact(shape=shape, classic=classic)
    if classic.end in {End.UNREACHED, End.MALFORMED}:
        raise _not_audited(classic)
    short = shape.classic(ProtocolVersion.TLS_1_2, candidates(ProtocolVersion.TLS_1_2)[:_SHORT_LIST])
    old = shape.classic(ProtocolVersion.TLS_1_0, candidates(ProtocolVersion.TLS_1_0))
    retry, narrow, tls10 = await asyncio.gather(
        ask_retry(dialogue, shape, SUITES_13, GROUPS_13),
        dialogue.ask(f"TLSv1.2, {_SHORT_LIST} cipher suites", short),
        dialogue.ask("TLSv1.0, all cipher suites", old),
    )
    for answer in (retry, narrow, tls10):
        if answer.hello is not None:
            _set_control(dialogue, answer)
            piece = _PIECE if narrow.hello is not None else _ALL
            return Contact(shape=shape, classic=classic, retry=retry, piece=piece)
    if all(answer.alert is None for answer in (classic, retry, narrow, tls10)):
        raise _not_audited(classic)
    return Contact(shape=shape, classic=classic, retry=retry)


async def _ask_all(dialogue: Dialogue, shape: Shape) -> Answer:
    suites = candidates(ProtocolVersion.TLS_1_2)
    hello = shape.classic(ProtocolVersion.TLS_1_2, suites, behaviours=True)
    return await dialogue.ask(f"TLSv1.2, {len(suites)} cipher suites and all extensions", hello)


def _set_control(dialogue: Dialogue, answer: Answer) -> None:
    if isinstance(answer.sent, ClientHello):
        dialogue.control = answer.sent


def _not_audited(answer: Answer) -> NotAuditedError:
    """Why an endpoint that gave this answer cannot be audited."""
    if answer.end is End.UNREACHED:
        return NotAuditedError("incomplete" if answer.code == "local" else "unreachable", answer.code, answer.problem)
    if answer.end is End.MALFORMED:
        return NotAuditedError("not_tls", "not_tls", f"the server does not speak TLS: {_greeting(answer)}")
    if answer.end is End.TIMEOUT:
        return NotAuditedError(
            "unreachable", "timeout", "the server accepts connections but does not answer a ClientHello"
        )
    if answer.end is End.RESET:
        return NotAuditedError("unreachable", "reset", "the server resets the connection after a ClientHello")
    if answer.first_bytes:
        return NotAuditedError("not_tls", "not_tls", f"the server does not speak TLS: {_greeting(answer)}")
    return NotAuditedError(
        "not_tls", "closed", "the server closes the connection after a ClientHello without an answer"
    )


def _greeting(answer: Answer) -> str:
    """What the first bytes look like."""
    first = answer.first_bytes
    known = {
        b"SSH-": "it speaks SSH",
        b"HTTP/": "it speaks plain HTTP",
        b"220": "it greets like SMTP or FTP (needs STARTTLS)",
        b"* OK": "it greets like IMAP (needs STARTTLS)",
        b"+OK": "it greets like POP3 (needs STARTTLS)",
        b"<": "it answers with markup",
    }
    for start, meaning in known.items():
        if first.startswith(start):
            return meaning
    return f"{answer.problem}; it begins with {first[:16].hex(' ')}"
