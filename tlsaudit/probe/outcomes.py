"""What became of each credential of a trial, from what was answered to it and to the others.

Trials look at one flaw of a credential at a time, and a server may turn a client away for another: for its name. So a
refusal counts only where it says what it is about, or where a control gets further: a sound credential of the client
CA that has, like the others made here, a name that nobody has authorised. Where neither is there it is left open.
Nobody is let in but by an answer of the application that is given to whom it serves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from tlsaudit.credentials import Provenance
from tlsaudit.model.facts import Attempt, Layer, TrialKind
from tlsaudit.model.knowledge import Basis, Fact, Known, Unknown, Why
from tlsaudit.probe import http
from tlsaudit.probe.client_auth import CUT_SHORT, NOT_HTTP, OF_A_CREDENTIAL, PROVES_NOTHING
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.starttls import Said
from tlsaudit.wire import AlertDescription

_REFUSALS = OF_A_CREDENTIAL | {AlertDescription.DECRYPT_ERROR}
"""A signature that the named issuer did not make is a decrypt_error (RFC 8446 section 6.2)."""
_UNTRUSTED = frozenset({TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA, TrialKind.IMPOSTOR_CA})
_CONTROLS = (TrialKind.WRONG_IDENTITY, TrialKind.GOOD)
_SAYS_WHY: Mapping[TrialKind, frozenset[int]] = {
    TrialKind.SELF_SIGNED: frozenset({AlertDescription.UNKNOWN_CA}),
    TrialKind.UNKNOWN_CA: frozenset({AlertDescription.UNKNOWN_CA}),
    TrialKind.IMPOSTOR_CA: frozenset({AlertDescription.UNKNOWN_CA, AlertDescription.DECRYPT_ERROR}),
    TrialKind.EXPIRED: frozenset({AlertDescription.CERTIFICATE_EXPIRED}),
    TrialKind.REVOKED: frozenset({AlertDescription.CERTIFICATE_REVOKED}),
    TrialKind.SERVER_AUTH_ONLY: frozenset({AlertDescription.UNSUPPORTED_CERTIFICATE}),
}
"""Alerts that name the very flaw of the credential (RFC 8446 section 6.2)."""
_OF_NO_CERTIFICATE = frozenset(
    {
        AlertDescription.HANDSHAKE_FAILURE,
        AlertDescription.NO_CERTIFICATE,
        AlertDescription.DECODE_ERROR,
        AlertDescription.DECRYPT_ERROR,
        AlertDescription.CERTIFICATE_REQUIRED,
    }
)
"""Refusals that may be about something else than the certificate that was presented."""
_TOO_MANY_REQUESTS = 429


class _Says(Enum):
    """The sorts of answers."""

    SERVED = auto()
    """The application answers as it does to those whom it serves."""
    TAKEN = auto()
    """TLS takes the credential, and the application says nothing."""
    HTTP_2 = auto()
    """TLS takes it, and the application speaks HTTP/2 alone."""
    GOES_ON = auto()
    """The application goes on, and may ask later whose certificate it is."""
    NOT_HTTP = auto()
    """The application says something that only its own clients understand."""
    OTHER_STATUS = auto()
    """A redirection or an error: an answer, or a refusal in disguise."""
    FORBIDDEN = auto()
    CLOSED = auto()
    """The server closes the connection instead of answering."""
    NAMED = auto()
    """The application refuses, and names the certificate."""
    ALERT = auto()


_REFUSING = frozenset({_Says.FORBIDDEN, _Says.CLOSED, _Says.NAMED, _Says.ALERT})
_BEYOND_TLS = frozenset({_Says.GOES_ON, _Says.NOT_HTTP, _Says.OTHER_STATUS, _Says.FORBIDDEN, _Says.NAMED})
"""What the application says to those whom TLS has let through, and whom it does not serve yet."""
_ASKED = _BEYOND_TLS | {_Says.SERVED}
_FURTHER: Mapping[_Says, frozenset[_Says]] = {
    _Says.ALERT: _BEYOND_TLS,
    _Says.NAMED: _BEYOND_TLS - {_Says.NAMED},
}
"""By a refusal, what those get who come further than it and are not served all the same."""
_NAMED_THEN_FORBIDDEN = (_Says.NAMED, _Says.FORBIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What one exchange says of the credential by itself; two answers in the same words are the same answer."""

    says: _Says
    words: str
    basis: Basis
    number: int = 0
    """The status, or the description of the alert."""
    data: bytes = field(default=b"", repr=False)
    """What was said, where it is not HTTP."""

    def same_as(self, other: _Answer) -> bool:
        return (self.says, self.words, self.data) == (other.says, other.words, other.data)


def decide(
    exchanges: Mapping[TrialKind, Exchange],
    provenance: Mapping[TrialKind, Provenance] | None = None,
    refuses_strangers: Layer | None = None,
) -> dict[TrialKind, Fact[Attempt]]:
    """What became of each credential at one version; `provenance` says where they come from, as far as it is known.

    `refuses_strangers` is who is known to refuse a client without a certificate.
    """
    readings = {kind: _read(kind, each) for kind, each in exchanges.items()}
    answers = {kind: each for kind, each in readings.items() if isinstance(each, _Answer)}
    trial = _Comparison(answers=answers, provenance=provenance or {}, refuses_strangers=refuses_strangers)
    return {kind: each if isinstance(each, Unknown) else trial.fact(kind, each) for kind, each in readings.items()}


def forbidden_at_random(exchanges: Mapping[TrialKind, Sequence[Exchange]]) -> str:
    """What a credential got in one connection that is forbidden in another, as by a limit on requests; else "".

    Whoever may come in at one moment and not at the next was not refused for what it presented.
    """
    for kind, each in exchanges.items():
        answers = [answer for one in each if isinstance(answer := _read(kind, one), _Answer)]
        other = next((answer for answer in answers if answer.says is not _Says.FORBIDDEN), None)
        if other is not None and len({answer.says is _Says.FORBIDDEN for answer in answers}) > 1:
            name = kind.value.replace("_", " ")
            return f"is also what the credential {name!r} gets, which gets {other.words} in another connection"
    return ""


def is_forbidden(kind: TrialKind, exchange: Exchange) -> bool:
    """Whether the answer is a bare 401 or 403."""
    answer = _read(kind, exchange)
    return isinstance(answer, _Answer) and answer.says is _Says.FORBIDDEN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """The answers to all credentials at one version, and what each means beside the others."""

    answers: Mapping[TrialKind, _Answer]
    provenance: Mapping[TrialKind, Provenance]
    refuses_strangers: Layer | None

    def fact(self, kind: TrialKind, answer: _Answer) -> Fact[Attempt]:
        if self._admits(kind):
            return Known(Attempt(admitted=True, evidence=answer.words), answer.basis)
        if answer.says not in _REFUSING:
            return self._open(answer)
        doubt = self._doubt(kind, answer)
        if doubt:
            return Unknown(Why.NO_ANSWER, f"{answer.words} {doubt}")
        layer = Layer.TLS if answer.says is _Says.ALERT else Layer.APPLICATION
        return Known(Attempt(admitted=False, layer=layer, evidence=answer.words), answer.basis)

    def _admits(self, kind: TrialKind) -> bool:
        answer = self.answers.get(kind)
        if answer is None:
            return False
        match answer.says:
            case _Says.SERVED:
                return True
            case _Says.TAKEN | _Says.HTTP_2:
                # Who was not asked, or did not say, on an endpoint that answers others, has let nobody in.
                asked = answer.says is _Says.TAKEN and any(each.says in _ASKED for each in self.answers.values())
                return self._tls_refuses() and not asked
            case _Says.NOT_HTTP:
                return self._is_what_the_good_one_alone_is_told(answer)
            case _Says.OTHER_STATUS:
                good = self.answers.get(TrialKind.GOOD)
                return good is not None and good.number == answer.number and self._good_is_told_apart(good)
            case _:
                return False

    def _tls_refuses(self) -> bool:
        return self.refuses_strangers is Layer.TLS or any(each.says is _Says.ALERT for each in self.answers.values())

    def _good_is_told_apart(self, good: _Answer) -> bool:
        """Whether an error that answers the good credential is no refusal: a worse credential gets another answer."""
        others = {kind: each for kind, each in self.answers.items() if kind is not TrialKind.GOOD}
        none = others.pop(TrialKind.NONE, None)
        if any(each.says in {_Says.ALERT, _Says.NAMED} for each in others.values()):
            return True
        without = self.refuses_strangers is not None or (none is not None and not none.same_as(good))
        return without and not self._made_here(TrialKind.GOOD)

    def _is_what_the_good_one_alone_is_told(self, answer: _Answer) -> bool:
        """Whether it is the answer to a client that should get in, and not that to one who should not."""
        good, none = self.answers.get(TrialKind.GOOD), self.answers.get(TrialKind.NONE)
        if good is None or not good.same_as(answer) or self._made_here(TrialKind.GOOD):
            return False
        return self._tls_refuses() or (none is not None and not none.same_as(good))

    def _open(self, answer: _Answer) -> Unknown:
        good = self.answers.get(TrialKind.GOOD)
        if answer.says is _Says.GOES_ON:
            return Unknown(Why.NO_ANSWER, f"{answer.words}: whose certificate it is may be asked later")
        if answer.says is not _Says.OTHER_STATUS:
            return Unknown(Why.NO_ANSWER, f"{answer.words}: that it lets this credential in is not shown")
        if good is not None and not good.same_as(answer):
            return Unknown(Why.NO_ANSWER, f"{answer.words} may be a refusal: the good certificate gets {good.words}")
        return Unknown(Why.NO_ANSWER, f"{answer.words} may be a refusal: no good certificate gets it, and others not")

    def _doubt(self, kind: TrialKind, answer: _Answer) -> str:
        """Why a refusal is not known to be about what is wrong with this credential; "" where it is."""
        if answer.says is _Says.CLOSED and not self._closes_on_untrusted():
            return "once may be chance"
        match kind:
            case TrialKind.NONE:
                return self._doubt_of_none(answer)
            case TrialKind.GOOD:
                return self._doubt_of_good(answer)
            case TrialKind.WRONG_IDENTITY:
                return self._doubt_of_identity(answer)
            case _:
                return self._doubt_of_flaw(kind, answer)

    def _doubt_of_flaw(self, kind: TrialKind, answer: _Answer) -> str:
        controls = [each for each in _CONTROLS if self._compares(kind, each)]
        found = [self.answers[each] for each in controls]
        same = any(each.same_as(answer) for each in found)
        if answer.says is _Says.ALERT and answer.number in _SAYS_WHY.get(kind, ()) and (not same or kind in _UNTRUSTED):
            # An unknown CA is what it says, whoever else is of one; another flaw is not, if the sound one "has" it too.
            return ""
        if same:
            return "is also what a sound certificate of the client CA gets whose name is not authorised"
        if not controls:
            return "may refuse the name alone: there was no sound one of that name to compare; --client-cert gives it"
        further = _FURTHER.get(answer.says, frozenset())
        if any(self._admits(each) for each in controls) or any(each.says in further for each in found):
            return ""
        return "proves nothing where a sound certificate of the client CA is refused as well"

    def _compares(self, kind: TrialKind, control: TrialKind) -> bool:
        """Whether this sound certificate differs from the other in its flaw alone, as far as a server looks at them.

        It bears the same name; or one that nobody has authorised, and gets in, so that names are not looked at, or
        gets further, so that they are looked at later.
        """
        if control not in self.answers or not (kind in _UNTRUSTED or self._of_one_authority(kind, control)):
            return False
        unauthorised = control is TrialKind.WRONG_IDENTITY or self._made_here(control)
        later = self.answers[control].says in _FURTHER.get(self.answers[kind].says, frozenset())
        return self._bear_one_name(kind, control) or (unauthorised and (later or self._admits(control)))

    def _bear_one_name(self, one: TrialKind, other: TrialKind) -> bool:
        first, second = self.provenance.get(one), self.provenance.get(other)
        return first is not None and second is not None and first.names is not None and first.names == second.names

    def _doubt_of_none(self, answer: _Answer) -> str:
        if answer.says in {_Says.ALERT, _Says.NAMED} or self._admits_another(TrialKind.NONE):
            return ""
        return "proves nothing without a credential that is treated otherwise"

    def _doubt_of_good(self, answer: _Answer) -> str:
        explicit = answer.says is _Says.NAMED or (
            answer.says is _Says.ALERT and answer.number not in _OF_NO_CERTIFICATE
        )
        if explicit or self._admits_another(TrialKind.GOOD):
            return ""
        return "proves nothing without a credential that is treated otherwise"

    def _doubt_of_identity(self, answer: _Answer) -> str:
        """Another identity is refused as such if its CA is accepted: that of the good one, or one that gets further."""
        if not self._admits(TrialKind.GOOD):
            return "proves nothing without a good certificate that gets in"
        if self._of_one_authority(TrialKind.WRONG_IDENTITY, TrialKind.GOOD):
            return ""
        stranger = self.answers.get(TrialKind.UNKNOWN_CA)
        before = stranger.says if stranger is not None else None
        if answer.says in _BEYOND_TLS and (before is _Says.ALERT or (before, answer.says) == _NAMED_THEN_FORBIDDEN):
            return ""
        return "may refuse the CA: the good certificate is of another one"

    def _admits_another(self, kind: TrialKind) -> bool:
        return any(self._admits(each) for each in self.answers if each is not kind)

    def _closes_on_untrusted(self) -> bool:
        """Whether the server closes, without a word, on each credential that it cannot trust."""
        tried = [each for kind, each in self.answers.items() if kind in _UNTRUSTED]
        return len(tried) > 1 and all(each.says is _Says.CLOSED for each in tried)

    def _made_here(self, kind: TrialKind) -> bool:
        found = self.provenance.get(kind)
        return found is not None and found.made_here

    def _of_one_authority(self, one: TrialKind, other: TrialKind) -> bool:
        first, second = self.provenance.get(one), self.provenance.get(other)
        if first is None or second is None or first.authority is None:
            return False
        return first.authority == second.authority


def _read(kind: TrialKind, exchange: Exchange) -> _Answer | Unknown:
    """What one exchange says of the credential by itself."""
    if exchange.certificate_requested and kind is not TrialKind.NONE and not exchange.presented:
        return Unknown(Why.UNSUPPORTED, "it was not presented: it does not suit the signature algorithms asked for")
    if exchange.alert is not None:
        words = str(exchange.alert)
        if exchange.certificate_requested and exchange.alert.description in _REFUSALS:
            # It counts even after data: a TLS 1.3 server may speak before it has seen the certificate.
            return _Answer(says=_Says.ALERT, words=words, basis=exchange.basis, number=exchange.alert.description)
        if not exchange.data:
            return Unknown(Why.NO_ANSWER, f"{words} says nothing of the certificate")
    if not exchange.certificate_requested:
        return Unknown(Why.NO_ANSWER, exchange.problem or "this time no client certificate was asked for")
    return _by_data(kind, exchange) if exchange.data else _unanswered(exchange)


def _by_data(kind: TrialKind, exchange: Exchange) -> _Answer | Unknown:
    if exchange.said is not None:
        return _by_saying(kind, exchange.basis, exchange.said)
    reading = http.read(exchange.data, ended=exchange.ended) if exchange.alpn != "h2" else None
    if reading is not None:
        return _by_reading(exchange.basis, reading)
    if exchange.alpn != "h2" and http.may_be_http(exchange.data):
        return Unknown(Why.NO_ANSWER, CUT_SHORT)
    if not exchange.accepted_by_tls:
        # What is no answer to the request may have been sent before the certificate was seen.
        return Unknown(Why.NO_ANSWER, "the application speaks, and whether TLS takes the certificate is not known")
    if exchange.alpn == "h2":
        # Its first frame is an answer, and it would say so had it refused the connection.
        return _Answer(
            says=_Says.HTTP_2, words="TLS takes it, and the application speaks HTTP/2 alone", basis=exchange.basis
        )
    return _Answer(says=_Says.NOT_HTTP, words=NOT_HTTP, basis=exchange.basis, data=exchange.data)


def _by_saying(kind: TrialKind, basis: Basis, said: Said) -> _Answer | Unknown:
    if said.refused is None:
        return Unknown(Why.NO_ANSWER, f"{said.words}: that proves nothing")
    if said.refused:
        return _Answer(says=_Says.NAMED, words=said.words, basis=basis)
    goes_on = kind is TrialKind.WRONG_IDENTITY and not said.identified
    return _Answer(says=_Says.GOES_ON if goes_on else _Says.SERVED, words=said.words, basis=basis)


def _unanswered(exchange: Exchange) -> _Answer | Unknown:
    """TLS takes a credential where the server says so: by its Finished below TLS 1.3, a ticket, or close_notify.

    A server that closes instead of answering may refuse it so, as Node.js does.
    """
    waits = exchange.established and exchange.failure == "timeout"
    if exchange.accepted_by_tls and (waits or exchange.closing):
        words = "TLS takes it, and the application says nothing"
        return _Answer(says=_Says.TAKEN, words=words, basis=exchange.basis)
    if exchange.presented and not exchange.closing and exchange.failure in {"", "reset"}:
        return _Answer(says=_Says.CLOSED, words="the server closes without an answer", basis=exchange.basis)
    return Unknown(Why.NO_ANSWER, exchange.problem or "the application says nothing")


def _by_reading(basis: Basis, reading: http.Reading) -> _Answer | Unknown:
    words, status = http.describe(reading), reading.status
    if http.refuses_certificate(reading):
        return _Answer(says=_Says.NAMED, words=words, basis=basis, number=status)
    if status in PROVES_NOTHING:
        return _Answer(says=_Says.FORBIDDEN, words=words, basis=basis, number=status)
    if status >= 500 or status == _TOO_MANY_REQUESTS:
        return Unknown(Why.NO_ANSWER, f"{words} says nothing of the certificate")
    says = _Says.OTHER_STATUS if status >= 300 else _Says.SERVED
    return _Answer(says=says, words=words, basis=basis, number=status)
