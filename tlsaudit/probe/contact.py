"""First contact: is anybody there, is it TLS, and in which shape does it take a hello.

A hello with everything is tried first. What fails it may still answer TLS 1.3 alone, a shorter hello, or an old version
alone; only when nothing is answered is the endpoint given up, with the reason that says most.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from tlsaudit.model.errors import TlsauditError
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.net import NOT_THE_TARGETS
from tlsaudit.probe.dialogue import Answer, Dialogue, End
from tlsaudit.probe.hellos import Shape
from tlsaudit.probe.starttls import NO_TLS
from tlsaudit.probe.suites import ask_all, candidates
from tlsaudit.probe.tls13 import GROUPS_13, SUITES_13, ask_retry
from tlsaudit.probe.versions import hello_ssl2
from tlsaudit.wire import AlertDescription, ContentType

_PIECE = 64
"""Suites in a hello that stays below 512 bytes."""
_TLS_RECORDS = {ContentType.ALERT, ContentType.HANDSHAKE}


class NotAuditedError(TlsauditError):
    """Nothing can be said of the endpoint: `status` and `code` are those of the report."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What first contact found. `classic` answered an offer of all suites of TLS 1.2, `retry` one of all of TLS 1.3.

    `piece` is the number of suites to offer at once where the server does not take all, else None. `tolerant` is
    False where the server was seen to refuse a hello of a higher version than its own.
    """

    shape: Shape
    classic: Answer
    retry: Answer | None = None
    piece: int | None = None
    tolerant: bool = True


async def make_contact(dialogue: Dialogue, shape: Shape) -> Contact:
    """Find a hello that is answered, and make it the dialogue's control; raises NotAuditedError."""
    classic = await ask_all(dialogue, shape, ProtocolVersion.TLS_1_2, behaviours=True)
    if classic.alert is not None and classic.alert.description == AlertDescription.NO_APPLICATION_PROTOCOL:
        shape = replace(shape, alpn=())
        classic = await ask_all(dialogue, shape, ProtocolVersion.TLS_1_2, behaviours=True)
    if classic.answered:
        dialogue.control = classic.sent
        return Contact(shape=shape, classic=classic)
    if classic.alert is not None and classic.alert.description == AlertDescription.UNRECOGNIZED_NAME:
        name = f"the name {shape.server_name}" if shape.server_name else "a client that names no server"
        message = f"the server refuses {name} (alert 112): say which name it serves with --sni, or NAME@ADDRESS"
        raise NotAuditedError("incomplete", "unrecognized_name", message)
    if classic.end is End.UNREACHED or (classic.end is End.MALFORMED and not _is_tls(classic)):
        raise _not_audited(classic)
    return await _try_otherwise(dialogue, shape, classic)


async def _try_otherwise(dialogue: Dialogue, shape: Shape, classic: Answer) -> Contact:
    """Contact with a server that did not take the hello with everything; raises NotAuditedError."""
    short_shape = replace(shape, padded=False)
    short = short_shape.classic(ProtocolVersion.TLS_1_2, candidates(ProtocolVersion.TLS_1_2)[:_PIECE])
    tls10 = shape.classic(ProtocolVersion.TLS_1_0, candidates(ProtocolVersion.TLS_1_0))
    ssl3 = shape.classic(ProtocolVersion.SSL_3, candidates(ProtocolVersion.SSL_3))
    retry, *others = await asyncio.gather(
        ask_retry(dialogue, shape, SUITES_13, GROUPS_13),
        dialogue.ask(f"TLSv1.2, {_PIECE} suites", short),
        dialogue.ask("TLSv1.0, all suites", tls10),
        dialogue.ask("SSLv3, all suites", ssl3),
        dialogue.ask("SSLv2, all ciphers", hello_ssl2()),
    )
    answered = next((answer for answer in (retry, *others) if answer.answered), None)
    if answered is None and all(answer.alert is None for answer in (classic, retry, *others)):
        raise _not_audited(classic)
    dialogue.control = answered.sent if answered is not None else None
    if others[0].answered:
        return Contact(shape=short_shape, classic=classic, piece=_PIECE)
    if classic.ended_in_silence and answered is not None:
        # Now that there is a control, it can be told what the silence means.
        classic = await ask_all(dialogue, shape, ProtocolVersion.TLS_1_2, behaviours=True)
    return Contact(
        shape=shape,
        classic=classic,
        retry=None if retry.ended_in_silence else retry,
        tolerant=not any(answer.answered for answer in others),
    )


def _is_tls(answer: Answer) -> bool:
    """Whether an answer begins like a TLS record, whatever is wrong with it then."""
    return len(answer.first_bytes) > 1 and answer.first_bytes[0] in _TLS_RECORDS and answer.first_bytes[1] == 3


def _not_audited(answer: Answer) -> NotAuditedError:
    """Why an endpoint that gave this answer cannot be audited."""
    if answer.end is End.UNREACHED:
        status = "incomplete" if answer.code in NOT_THE_TARGETS else "unreachable"
        status = "not_tls" if answer.code == NO_TLS else status
        return NotAuditedError(status, answer.code, answer.problem)
    if answer.end is End.MALFORMED:
        what = "the server's TLS is broken" if _is_tls(answer) else "the server does not speak TLS"
        return NotAuditedError("not_tls", "not_tls", f"{what}: {_greeting(answer)}")
    if answer.end is End.TIMEOUT:
        return NotAuditedError(
            "unreachable", "timeout", "the server accepts connections but does not answer a ClientHello"
        )
    if answer.end is End.RESET:
        return NotAuditedError("unreachable", "reset", "the server resets the connection after a ClientHello")
    if answer.first_bytes:
        return NotAuditedError("not_tls", "not_tls", f"the server does not speak TLS: {_greeting(answer)}")
    return NotAuditedError(
        "unreachable", "closed", "the server closes the connection after a ClientHello without an answer"
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
    return answer.problem if _is_tls(answer) and answer.problem else f"it begins with {first[:16].hex(' ')}"
