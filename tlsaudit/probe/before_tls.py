"""A service that begins in plain text: may a client sign in there, and does TLS take over what it said there?

Of the second kind are the injections into STARTTLS (CVE-2011-0411; in PostgreSQL CVE-2021-23214): whoever is on the
path puts a command behind the client's request for TLS, and the server runs it as the client's own.
"""

from __future__ import annotations

from dataclasses import replace

from tlsaudit.model.beside import BeforeTls
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.target import Target
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.full import exchange
from tlsaudit.probe.notes import UNFINISHED, Notes
from tlsaudit.probe.starttls import NO_TLS, Said

_LONGEST = 65536
_NOBODY = "tlsaudit"
_BROKEN_OFF = frozenset({NO_TLS, "closed", "reset", ""})
"""How a connection ends on which the injected text was not taken, beside an alert: the others have nothing to say."""


def before_asking(dialogue: Dialogue, *, inventory: bool, full: bool) -> Fact[BeforeTls | None]:
    """What is known before the first question here: whether anything comes before TLS, and what will be asked of it."""
    derived = Basis(Origin.DERIVED, "probe:1")
    if dialogue.service is None:
        return Known(None, derived)
    if dialogue.service.guard is None or not inventory:
        return NOT_ASKED
    return Known(BeforeTls(signs_in=UNFINISHED, takes_injected=UNFINISHED if full else NOT_ASKED), derived)


async def ask_sign_in(dialogue: Dialogue, notes: Notes) -> None:
    """Whether a client that does not ask for TLS is asked to sign in."""
    service = dialogue.service
    if service is None or service.guard is None:
        return
    user = dialogue.user or _NOBODY
    n = dialogue.log.open(f"{service.opens} in plain text, user {user}")
    data, failure = b"", None
    try:
        async with dialogue.dial() as connection:
            await connection.write(service.opening(user))
            while len(data) < _LONGEST and not service.enough(data):
                received = await connection.read()
                if not received:
                    break
                data += received
    except NetworkError as error:
        dialogue.note(error)
        failure = error
    said = service.guard.plain(data) if data else None
    dialogue.log.close(n, said.words if said else str(failure or "closed without an answer"))
    found = _sign_in(said, failure, notes, user, Basis(Origin.OBSERVED, f"probe:{n}"))
    _note(notes, replace(_noted(notes), signs_in=found), n)


def _sign_in(
    said: Said | None, failure: NetworkError | None, notes: Notes, user: str, basis: Basis
) -> Fact[str | None]:
    """A client that is sent away without TLS is sent away for want of it only where with TLS it is not."""
    if said is None:
        return Unknown(Why.NO_ANSWER, f"without TLS: {failure}") if failure else Known(None, basis)
    if said.refused is False:
        return Known(f"{said.words}, user {user!a}", basis)
    within = notes.exchange.said if notes.exchange is not None else None
    if said.refused and within is not None and within.refused is not None:
        return Known(None, basis)
    if said.refused:
        return Unknown(Why.NO_ANSWER, f"nobody is let in under this name, with TLS as without: {said.words}")
    return Unknown(Why.NO_ANSWER, f"without TLS: {said.words}")


async def ask_injection(dialogue: Dialogue, notes: Notes, target: Target) -> None:
    """Whether a message in plain text behind the request for TLS is answered within TLS."""
    service = dialogue.service
    if service is None or service.guard is None:
        return
    answer = await exchange(
        dialogue,
        f"{service.opens} in plain text behind {service.asks}, and nothing within TLS",
        server_name=target.server_name,
        request=b"",
        enough=service.enough,
        injected=service.opening(dialogue.user or _NOBODY),
    )
    found: Fact[bool]
    if answer.data:
        found = Known(service.guard.answers(answer.data), answer.basis)
    elif answer.ended or answer.alert is not None or answer.failure in _BROKEN_OFF:
        found = Known(False, answer.basis)
    else:
        found = Unknown(Why.NO_ANSWER, f"a message in plain text behind {service.asks}: {answer.problem}")
    _note(notes, replace(_noted(notes), takes_injected=found), answer.n)


def _noted(notes: Notes) -> BeforeTls:
    found = notes.before_tls
    return found.value if isinstance(found, Known) and found.value is not None else BeforeTls()


def _note(notes: Notes, found: BeforeTls, n: int) -> None:
    notes.before_tls = Known(found, Basis(Origin.OBSERVED, f"probe:{n}"))
