"""Trials: client certificates that are wrong, each in its own way, and what becomes of whoever presents them.

Getting in means an answer of the application other than a refusal of the credential; a handshake that succeeds is
none. Each credential is presented at most once at each version that asks for one, in a connection of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tlsaudit.credentials import Credential, Credentials, Unavailable
from tlsaudit.model.facts import Attempt, ClientAuth, ClientAuthAt, Layer, Trial, TrialKind, When
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.probe import http
from tlsaudit.probe.client_auth import OF_A_CREDENTIAL, PROVES_NOTHING
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.get import get
from tlsaudit.probe.late import exchange_late
from tlsaudit.probe.notes import UNFINISHED, Notes
from tlsaudit.probe.starttls import Said
from tlsaudit.wire import AlertDescription, CertificateRequest

_REFUSALS = OF_A_CREDENTIAL | {AlertDescription.DECRYPT_ERROR}
"""A signature that the named issuer did not make is a decrypt_error (RFC 8446 section 6.2)."""
_UNTRUSTED = (TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA, TrialKind.IMPOSTOR_CA)
_DECIDES_TRUST = (TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA)
_TOO_MANY_REQUESTS = 429
_GONE = Unknown(Why.NO_ANSWER, "it was not presented: the server had stopped answering")
_ECDSA_P256 = 0x0403
_ECDSA_SIGN = 64
"""ClientCertificateType ecdsa_sign (RFC 8422 section 5.5)."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An answer that decides only beside the answer to another credential."""

    words: str
    basis: Basis
    status: int | None = None
    """None: TLS takes the credential, and the application says nothing."""
    cut: bool = False
    """The server closed the connection instead of answering."""


_Reading = Known[Attempt] | Unknown | _Open


async def present(
    dialogue: Dialogue, notes: Notes, target: Target, credentials: Credentials, *, paths: Sequence[str] = ("/",)
) -> None:
    """Present what the run has, at every version that asks for a client certificate; the results go to the notes.

    It is presented with one request, for the first of `paths` that asks.
    """
    kinds = list(TrialKind) if credentials.trials is not None else [TrialKind.GOOD] if credentials.good else []
    path = next((each for each in paths if _asking(_entries(notes, each))), None)
    if not kinds or path is None:
        return
    asking = _asking(_entries(notes, path))
    seen = notes.certificate_requests()
    requests = [*(seen[each] for each in asking if each in seen), *notes.late_requests.values()]
    made = await asyncio.to_thread(_prepare, credentials, kinds, requests)
    notes.trials = {
        kind: Trial(serial=each.serial if isinstance(each, Credential) else None, at=dict.fromkeys(asking, UNFINISHED))
        for kind, each in made.items()
    }
    trying = _Round(dialogue=dialogue, notes=notes, target=target, made=made, path=path)
    async with asyncio.TaskGroup() as tasks:
        for version in asking:
            tasks.create_task(trying.at(version))


def verifies(trials: Mapping[TrialKind, Trial]) -> Fact[bool]:
    """Whether a certificate that no known authority signed is refused, at every version that asks for one."""
    attempts = {kind: list(trials[kind].at.values()) for kind in _UNTRUSTED if kind in trials}
    for fact in (each for found in attempts.values() for each in found):
        if isinstance(fact, Known) and fact.value.admitted:
            return Known(False, fact.basis)
    deciding = [fact for kind in _DECIDES_TRUST for fact in attempts.get(kind, [NOT_ASKED])]
    unknown = next((fact for fact in deciding if isinstance(fact, Unknown)), None)
    if unknown is not None:
        return unknown
    return Known(True, next(Basis(Origin.DERIVED, fact.basis.at) for fact in deciding if isinstance(fact, Known)))


def with_trials(auth: ClientAuth, notes: Notes) -> ClientAuth:
    """Client authentication with what other requests and trials showed.

    The mode stays that of `GET /` without a certificate.
    """
    verified = verifies(notes.trials) if notes.trials else auth.verifies
    return replace(
        auth,
        elsewhere=dict(notes.elsewhere),
        trials=dict(notes.trials),
        verifies=verified,
        resumed=dict(notes.resumed),
        plaintext=notes.plaintext,
        mesh=notes.mesh,
    )


def decide(exchanges: Mapping[TrialKind, Exchange]) -> dict[TrialKind, Fact[Attempt]]:
    """What became of each credential at one version; what is ambiguous alone is read beside the others."""
    readings = {kind: _read(kind, each) for kind, each in exchanges.items()}
    settled = [each for each in readings.values() if isinstance(each, Known)]
    good = readings.get(TrialKind.GOOD)
    others = _Others(
        refused_by_tls=any(each.value.layer is Layer.TLS for each in settled),
        admitted=any(each.value.admitted for each in settled),
        closed_on_untrusted=_closes_on_untrusted(readings),
        good_status=_status(exchanges.get(TrialKind.GOOD)) if isinstance(good, Known) and good.value.admitted else None,
    )
    return {kind: each if not isinstance(each, _Open) else _settle(each, others) for kind, each in readings.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Others:
    """What became of the other credentials at the same version."""

    refused_by_tls: bool
    admitted: bool
    closed_on_untrusted: bool
    good_status: int | None


def _closes_on_untrusted(readings: Mapping[TrialKind, _Reading]) -> bool:
    """Whether the server closes, without a word, on each credential that it cannot trust: once could be chance."""
    tried = [readings[kind] for kind in _UNTRUSTED if kind in readings]
    return len(tried) > 1 and all(isinstance(each, _Open) and each.cut for each in tried)


def _entries(notes: Notes, path: str) -> Mapping[ProtocolVersion, ClientAuthAt]:
    return notes.client_auth if path == "/" else notes.elsewhere.get(path, {})


def _asking(entries: Mapping[ProtocolVersion, ClientAuthAt]) -> list[ProtocolVersion]:
    """The versions that ask for a client certificate, in the handshake or late; OpenSSL has no SSL 3.0 to try."""
    return [
        version
        for version, at in entries.items()
        if isinstance(at.requested, Known) and at.requested.value and version is not ProtocolVersion.SSL_3
    ]


def _prepare(
    credentials: Credentials, kinds: list[TrialKind], requests: list[CertificateRequest]
) -> dict[TrialKind, Credential | Unavailable | None]:
    """The credential of each kind (for `none` there is none), or why it is not there; takes time for RSA keys."""
    names = max((request.ca_names for request in requests), key=len, default=())
    use_rsa = not all(_takes_ecdsa(request) for request in requests)
    made: dict[TrialKind, Credential | Unavailable | None] = {}
    for kind in kinds:
        if kind is TrialKind.NONE or credentials.trials is None:
            made[kind] = None if kind is TrialKind.NONE else credentials.good
            continue
        try:
            made[kind] = credentials.trials.credential(kind, ca_names=names, use_rsa=use_rsa)
        except Unavailable as reason:
            made[kind] = reason
    return made


def _takes_ecdsa(request: CertificateRequest) -> bool:
    """Whether a P-256 key can sign for this server; below TLS 1.2 the certificate type alone says so."""
    by_type = not request.certificate_types or _ECDSA_SIGN in request.certificate_types
    return by_type and (not request.signature_schemes or _ECDSA_P256 in request.signature_schemes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """All credentials at one endpoint for one path."""

    dialogue: Dialogue
    notes: Notes
    target: Target
    made: Mapping[TrialKind, Credential | Unavailable | None]
    path: str

    async def at(self, version: ProtocolVersion) -> None:
        """All of them at one version, one after the other. An application that says nothing is not asked again."""
        exchanges: dict[TrialKind, Exchange] = {}
        silent = gone = False
        for kind, credential in self.made.items():
            if isinstance(credential, Unavailable):
                self._set(kind, version, Unknown(Why.NOT_ASKED, str(credential)))
                continue
            if gone:
                self._set(kind, version, _GONE)
                continue
            exchanges[kind] = answer = await self._ask(version, kind, credential, close=silent)
            silent = silent or (answer.established and answer.failure == "timeout")
            for each, fact in decide(exchanges).items():
                self._set(each, version, fact)
            gone = answer.failure == "timeout" and (answer.closing or not answer.established)
        best = max(self.notes.client_auth, key=lambda each: each.rank)
        if version is best and self.path == "/" and _got_in(self.notes.trials.get(TrialKind.GOOD), version):
            self.notes.admitted = exchanges.get(TrialKind.GOOD)

    async def _ask(
        self, version: ProtocolVersion, kind: TrialKind, credential: Credential | None, *, close: bool
    ) -> Exchange:
        alpn, whose = self.notes.contact.shape.alpn, _words(kind, credential)
        late = _entries(self.notes, self.path)[version].when is When.LATE
        if late and version is ProtocolVersion.TLS_1_3:
            names = ("http/1.1",) if alpn else ()
            return await exchange_late(
                self.dialogue, self.target, path=self.path, whose=whose, credential=credential, alpn=names
            )
        return await get(
            self.dialogue,
            alpn,
            self.target,
            version,
            path=self.path,
            credential=credential,
            whose=whose,
            close=close and not late,
            as_good=kind is TrialKind.WRONG_IDENTITY,
        )

    def _set(self, kind: TrialKind, version: ProtocolVersion, fact: Fact[Attempt]) -> None:
        trial = self.notes.trials[kind]
        self.notes.trials[kind] = Trial(serial=trial.serial, at={**trial.at, version: fact})


def _got_in(trial: Trial | None, version: ProtocolVersion) -> bool:
    fact = trial.at[version] if trial is not None else NOT_ASKED
    return isinstance(fact, Known) and fact.value.admitted


def _words(kind: TrialKind, credential: Credential | None) -> str:
    if credential is None:
        return "without a client certificate (trial)"
    return f"with the client certificate {kind.value.replace('_', ' ')!r}, serial {credential.serial}"


def _read(kind: TrialKind, exchange: Exchange) -> _Reading:
    """What one exchange says of the credential by itself."""
    if exchange.certificate_requested and kind is not TrialKind.NONE and not exchange.presented:
        return Unknown(Why.UNSUPPORTED, "it was not presented: it does not suit the signature algorithms asked for")
    if exchange.alert is not None and not exchange.data:
        return _by_alert(exchange)
    if not exchange.certificate_requested:
        return Unknown(Why.NO_ANSWER, exchange.problem or "this time no client certificate was asked for")
    return _by_answer(kind, exchange)


def _by_answer(kind: TrialKind, exchange: Exchange) -> _Reading:
    if not exchange.data:
        return _unanswered(exchange)
    if exchange.said is not None:
        return _by_saying(kind, exchange, exchange.said)
    if exchange.alpn == "h2":
        # Its first frame is an answer, and it would say so had it refused the connection.
        return _Open("TLS takes it, and the application speaks HTTP/2 alone", exchange.basis)
    reading = http.read(exchange.data, ended=exchange.ended)
    if reading is not None:
        return _by_reading(exchange, reading)
    return Known(Attempt(admitted=True, evidence="the application answers (not HTTP)"), exchange.basis)


def _by_saying(kind: TrialKind, exchange: Exchange, said: Said) -> _Reading:
    if said.refused is None:
        return Unknown(Why.NO_ANSWER, f"{said.words}: that proves nothing")
    if kind is TrialKind.WRONG_IDENTITY and not said.refused and not said.identified:
        return Unknown(Why.NO_ANSWER, f"{said.words}: whose certificate it is may be asked later")
    layer = Layer.APPLICATION if said.refused else None
    return Known(Attempt(admitted=not said.refused, layer=layer, evidence=said.words), exchange.basis)


def _by_alert(exchange: Exchange) -> _Reading:
    assert exchange.alert is not None
    words = f"alert {exchange.alert.description} {exchange.alert.name}"
    asked = exchange.certificate_requested
    if asked and exchange.alert.description in _REFUSALS:
        return Known(Attempt(admitted=False, layer=Layer.TLS, evidence=words), exchange.basis)
    return Unknown(Why.NO_ANSWER, f"{words} says nothing of the certificate")


def _unanswered(exchange: Exchange) -> _Reading:
    """TLS takes a credential where the server then waits, or where it answers close_notify with its own or a ticket.

    A server that closes instead of answering may refuse it so, as Node.js does.
    """
    waits = exchange.established and exchange.failure == "timeout"
    if waits or (exchange.closing and exchange.accepted_by_tls):
        return _Open("TLS takes it, and the application says nothing", exchange.basis)
    if exchange.presented and not exchange.closing and exchange.failure in {"", "reset"}:
        return _Open("the server closes without an answer", exchange.basis, cut=True)
    return Unknown(Why.NO_ANSWER, exchange.problem or "the application says nothing")


def _by_reading(exchange: Exchange, reading: http.Reading) -> _Reading:
    words = http.describe(reading)
    if http.refuses_certificate(reading):
        return Known(Attempt(admitted=False, layer=Layer.APPLICATION, evidence=words), exchange.basis)
    if reading.status in PROVES_NOTHING or 300 <= reading.status < 400:
        return _Open(words, exchange.basis, reading.status)
    if reading.status >= 500 or reading.status == _TOO_MANY_REQUESTS:
        return Unknown(Why.NO_ANSWER, f"{words} says nothing of the certificate")
    return Known(Attempt(admitted=True, evidence=words), exchange.basis)


def _settle(reading: _Open, others: _Others) -> Fact[Attempt]:
    """The fact of a reading that is open by itself."""
    words, basis = reading.words, reading.basis
    admitted = Known(Attempt(admitted=True, evidence=words), basis)
    refused = Known(Attempt(admitted=False, layer=Layer.APPLICATION, evidence=words), basis)
    open_ = Unknown(Why.NO_ANSWER, f"{words}; that proves nothing without a credential that is treated otherwise")
    if reading.cut:
        return refused if others.admitted and others.closed_on_untrusted else open_
    if reading.status is None:
        return admitted if others.refused_by_tls else open_
    if reading.status in PROVES_NOTHING:
        return refused if others.admitted else open_
    if others.good_status not in {None, reading.status}:
        gets = f"{words} may be a refusal: the good certificate gets HTTP {others.good_status}"
        return Unknown(Why.NO_ANSWER, gets)
    return admitted


def _status(exchange: Exchange | None) -> int | None:
    reading = http.read(exchange.data, ended=exchange.ended) if exchange is not None and exchange.data else None
    return reading.status if reading is not None else None
