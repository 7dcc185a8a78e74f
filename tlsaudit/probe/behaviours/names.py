"""Server names: what a client gets that sends none, or one that the server cannot know (RFC 6066 section 3)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from tlsaudit.model.facts import NameAnswer, NameOutcome
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why
from tlsaudit.probe.behaviours.offers import Ground
from tlsaudit.probe.handshake import COMPUTABLE_GROUPS, handshake
from tlsaudit.probe.hellos import ALL_SCHEMES, Shape
from tlsaudit.probe.notes import Notes
from tlsaudit.probe.suites import candidates
from tlsaudit.wire import Alert, CertificateMessage


async def without(ground: Ground, notes: Notes) -> Fact[NameAnswer]:
    """What a client without a server name gets; where every hello was without one, that is known."""
    if ground.shape.server_name is None:
        return Known(NameAnswer(NameOutcome.SAME_CERTIFICATE), notes.contact.classic.basis)
    return await _ask(ground, notes, "without a server name", replace(ground.shape, server_name=None))


async def unknown(ground: Ground, notes: Notes) -> Fact[NameAnswer]:
    """What a client gets that asks for a name under .invalid, which nobody has (RFC 6761 section 6.4)."""
    name = f"{secrets.token_hex(8)}.invalid"
    return await _ask(ground, notes, f"server name {name}", replace(ground.shape, server_name=name))


async def _ask(ground: Ground, notes: Notes, asked: str, shape: Shape) -> Fact[NameAnswer]:
    """The name is refused where the same hello with the usual name is not: the refusal may be about something else."""
    found = await _once(ground, notes, asked, shape)
    if isinstance(found, Unknown) or found.value.outcome is not NameOutcome.REFUSED:
        return found
    usual = await _once(ground, notes, f"the usual server name, to compare with {asked}", ground.shape)
    if isinstance(usual, Known) and usual.value.outcome is not NameOutcome.REFUSED:
        return found
    return Unknown(Why.NO_ANSWER, f"{found.value.detail}, and as little answer with the usual name")


async def _once(ground: Ground, notes: Notes, asked: str, shape: Shape) -> Fact[NameAnswer]:
    # Another name may have a certificate with another type of key, and so other suites than those accepted so far.
    suites = candidates(ground.classic) if ground.classic is not None and notes.contact.piece is None else None
    answer = await ground.ask_classic(asked, shape, suites=suites)
    if answer is not None:
        message = answer.first(CertificateMessage)
        return _read(
            notes,
            message.certificates if message is not None else (),
            answer.alert,
            answer.basis,
            answer.summary(),
            closed=answer.confirmed_refusal,
        )
    unreadable = notes.unreadable_13()
    if unreadable is not None:
        return unreadable
    done = await handshake(
        ground.dialogue, shape, f"TLSv1.3, handshake {asked}", groups=COMPUTABLE_GROUPS, schemes=ALL_SCHEMES
    )
    message = done.certificate
    certificates = message.certificates if message is not None else ()
    return _read(notes, certificates, done.alert, done.basis, done.summary(), closed=False)


def _read(
    notes: Notes, certificates: Sequence[bytes], alert: Alert | None, basis: Basis, summary: str, *, closed: bool
) -> Fact[NameAnswer]:
    if certificates:
        same = certificates[0] in _leaves(notes)
        return Known(NameAnswer(NameOutcome.SAME_CERTIFICATE if same else NameOutcome.OTHER_CERTIFICATE), basis)
    if alert is not None:
        return Known(NameAnswer(NameOutcome.REFUSED, str(alert)), basis)
    if closed:
        return Known(NameAnswer(NameOutcome.REFUSED, "closed"), basis)
    return Unknown(Why.NO_ANSWER, f"{basis.at.replace(':', ' ')}: {summary}")


def _leaves(notes: Notes) -> set[bytes]:
    """The endpoint's own certificates, as far as they were seen."""
    messages = [answer.first(CertificateMessage) for answer in notes.answers()]
    messages += [done.certificate for done in (notes.tls13.handshakes if notes.tls13 else ())]
    return {message.certificates[0] for message in messages if message is not None and message.certificates}
