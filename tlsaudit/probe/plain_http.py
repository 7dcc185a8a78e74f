"""`GET /` without TLS, on the port of plain HTTP beside the endpoint; with an offer to go on with TLS (RFC 2817).

Both are one question. Who does not speak RFC 2817 ignores the offer (RFC 9110 section 7.8), but for a few proxies,
Envoy among them, which answer with an error: what is no success and no redirect is asked for once more without it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from tlsaudit.model.beside import PlainAnswer, PlainHttp, PlainState
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.target import Target
from tlsaudit.net import NOT_THE_TARGETS
from tlsaudit.probe import http
from tlsaudit.probe.dialogue import Dialogue

_PATIENCE: Final = 2.0
"""Seconds for the connection: where the endpoint has answered, a port that takes longer is behind a filter."""
_LONGEST = 65536
_LONGEST_NAME = 60
_SWITCHES = 101
_TLS_OFFER = "TLS/1.0"
"""The token of RFC 2817 section 3.1, which its few servers look for to the letter."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came of one request."""

    basis: Basis
    answer: Fact[PlainAnswer]
    offer: Fact[str | None]
    """The Upgrade header field of the answer, where it names TLS."""
    reset: bool = False


async def ask_plain_http(dialogue: Dialogue, target: Target) -> Fact[PlainHttp | None]:
    """What the port of plain HTTP that belongs to the target answers; None where there is no such port."""
    port = target.plain_http_port
    if port is None:
        return no_port(target)
    first = await _ask(dialogue, target, port, upgrade=True)
    if isinstance(first, Unknown):
        return first
    upgrade = first.offer
    if not _may_be_about_the_offer(first):
        return Known(PlainHttp(port=port, answer=first.answer, upgrade=upgrade), first.basis)
    second = await _ask(dialogue, target, port, upgrade=False)
    if isinstance(second, Unknown):
        return Known(PlainHttp(port=port, answer=second, upgrade=upgrade), first.basis)
    if isinstance(upgrade, Known) and upgrade.value is None and _words_of(second.offer):
        upgrade = second.offer
    return Known(PlainHttp(port=port, answer=second.answer, upgrade=upgrade), second.basis)


def no_port(target: Target) -> Fact[PlainHttp | None]:
    """What is known without a question: whether there is such a port at all."""
    return Known(None, Basis(Origin.DERIVED, "probe:1")) if target.plain_http_port is None else NOT_ASKED


def _may_be_about_the_offer(heard: _Heard) -> bool:
    """Whether the answer might be another one without the offer of TLS."""
    if isinstance(heard.answer, Unknown):
        return heard.reset
    answer = heard.answer.value
    status = answer.status or 0
    return answer.state is PlainState.MUTE or status == _SWITCHES or status >= http.FIRST_ERROR


async def _ask(dialogue: Dialogue, target: Target, port: int, *, upgrade: bool) -> _Heard | Unknown:
    """One request; Unknown where no connection came about, so that it was not asked."""
    offering = ", with an offer to go on with TLS" if upgrade else ""
    n = dialogue.log.open(f"GET / in plain text on port {port}{offering}")
    basis = Basis(Origin.OBSERVED, f"probe:{n}")
    sent = f"Upgrade\r\nUpgrade: {_TLS_OFFER}" if upgrade else "close"
    response, begun = http.Response(upgrade=upgrade), b""
    heard: _Heard | Unknown
    connected = False
    try:
        async with dialogue.dial(port, _PATIENCE) as connection:
            connected = True
            await connection.write(http.request(target, port=port, connection=sent))
            ended = False
            while not ended and len(begun) < _LONGEST and not _is_enough(response, begun):
                received = await connection.read()
                begun, ended = begun + received, not received
                response.feed(received, ended=ended)
        heard = _heard(response, begun, basis)
    except asyncio.CancelledError:
        dialogue.log.close(n, "given up")
        raise
    except NetworkError as error:
        heard = _failure(dialogue, error, basis, connected=connected, answered=bool(begun))
        if connected and response.reading() is not None:
            heard = _heard(response, begun, basis)
    dialogue.log.close(n, _words(heard, response))
    return heard


def _is_enough(response: http.Response, begun: bytes) -> bool:
    reading = response.reading()
    if reading is None:
        return response.over or not http.may_be_http(begun)
    return reading.enough or reading.status >= http.FIRST_REDIRECT or bool(reading.body)


def _heard(response: http.Response, begun: bytes, basis: Basis) -> _Heard:
    answer = _answer(response, begun, basis)
    unread = response.reading() is None and isinstance(answer, Unknown) and answer
    return _Heard(basis, answer, unread or Known(_offer(response), basis))


def _answer(response: http.Response, begun: bytes, basis: Basis) -> Fact[PlainAnswer]:
    reading = response.reading()
    if reading is not None:
        succeeds = 200 <= reading.status < http.FIRST_REDIRECT
        if succeeds and not response.length and not reading.whole:
            return Unknown(Why.NO_ANSWER, f"{http.describe(reading)} in plain text broke off where its body begins")
        content = succeeds and response.length > 0
        answer = PlainAnswer(
            state=PlainState.HTTP, status=reading.status, location=reading.field("location"), content=content
        )
        return Known(answer, basis)
    if not begun:
        return Known(PlainAnswer(state=PlainState.MUTE), basis)
    if http.may_be_http(begun):
        return Unknown(Why.UNSUPPORTED, "the head of the answer in plain text is malformed, or larger than is read")
    return Known(PlainAnswer(state=PlainState.OTHER), basis)


def _offer(response: http.Response) -> str | None:
    reading = response.reading()
    offer = reading.field("upgrade") if reading is not None else None
    if reading is None or offer is None or "tls/" not in offer.lower():
        return None
    return f"HTTP {reading.status}, Upgrade: {offer[:_LONGEST_NAME]}"


def _words_of(offer: Fact[str | None]) -> str:
    return offer.value or "" if isinstance(offer, Known) else ""


def _failure(
    dialogue: Dialogue, error: NetworkError, basis: Basis, *, connected: bool, answered: bool
) -> _Heard | Unknown:
    """Refused is closed. Without any connection nothing was asked: what a filter or a proxy lets through is theirs."""
    if error.code == "local":
        dialogue.note(error)
        return Unknown(Why.NO_ANSWER, str(error))
    if error.code == "refused" and not connected:
        return _Heard(basis, Known(PlainAnswer(state=PlainState.CLOSED), basis), Known(None, basis))
    if not connected or error.code in NOT_THE_TARGETS:
        return Unknown(Why.NOT_ASKED, f"no connection came about: {error}")
    words = "an answer broke off" if answered else "no answer"
    unheard = Unknown(Why.NO_ANSWER, f"{words} in plain text: {error}")
    return _Heard(basis, unheard, unheard, reset=error.code == "reset")


def _words(heard: _Heard | Unknown, response: http.Response) -> str:
    if isinstance(heard, Unknown):
        return heard.detail
    if isinstance(heard.answer, Unknown):
        return heard.answer.detail
    reading = response.reading()
    if reading is None:
        state = heard.answer.value.state
        return {
            PlainState.CLOSED: "the connection is refused",
            PlainState.MUTE: "closed without an answer",
        }.get(state, "what answers is not HTTP")
    location = heard.answer.value.location
    to = f" to {location[:200]!a}" if location is not None else ""
    return f"{http.describe(reading)}{to}" + (f", {offer}" if (offer := _words_of(heard.offer)) else "")
