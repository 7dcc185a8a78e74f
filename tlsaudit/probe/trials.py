"""Trials: client certificates that are wrong, each in its own way, and what becomes of whoever presents them.

Getting in means an answer of the application other than a refusal of the credential; a handshake that succeeds is
none. Each credential is presented at most once at each version and path that asks for one, in a connection of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tlsaudit.credentials import Credential, Credentials, Provenance, Unavailable
from tlsaudit.model.facts import Attempt, ClientAuth, ClientAuthAt, ClientAuthMode, Trial, TrialKind, When
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.model.protocol import ProtocolVersion
from tlsaudit.model.target import Target
from tlsaudit.probe.dialogue import Dialogue
from tlsaudit.probe.full import Exchange
from tlsaudit.probe.get import get, http_names
from tlsaudit.probe.late import exchange_late
from tlsaudit.probe.notes import UNFINISHED, Notes
from tlsaudit.probe.outcomes import decide, forbidden_at_random, is_forbidden
from tlsaudit.wire import CertificateRequest

_UNTRUSTED = (TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA, TrialKind.IMPOSTOR_CA)
_DECIDES_TRUST = (TrialKind.SELF_SIGNED, TrialKind.UNKNOWN_CA)
_ENDS = (TrialKind.GOOD, TrialKind.WRONG_IDENTITY)
_MOST_SLOW = 2
_GONE = Unknown(Why.NO_ANSWER, "it was not presented: the server had stopped answering")
_ECDSA_P256 = 0x0403
_ECDSA_SIGN = 64
"""ClientCertificateType ecdsa_sign (RFC 8422 section 5.5)."""


async def present(
    dialogue: Dialogue, notes: Notes, target: Target, credentials: Credentials, *, paths: Sequence[str] = ("/",)
) -> None:
    """Present what the run has, at every version that asks for a client certificate; the results go to the notes.

    It is presented with one request for each of `paths` that asks.
    """
    kinds = list(TrialKind) if credentials.trials is not None else [TrialKind.GOOD] if credentials.good else []
    asking = {path: versions for path in paths if (versions := _asking(_entries(notes, path)))}
    if not kinds or not asking:
        return
    every = {version for versions in asking.values() for version in versions}
    seen = notes.certificate_requests()
    requests = [*(seen[each] for each in every if each in seen), *notes.late_requests.values()]
    made = await asyncio.to_thread(_prepare, credentials, kinds, requests)
    origins = _provenance(credentials, made)
    for path, versions in asking.items():
        trials = {
            kind: Trial(
                serial=each.serial if isinstance(each, Credential) else None,
                made_here=origins[kind].made_here if kind in origins else False,
                path=path,
                at=dict.fromkeys(versions, UNFINISHED),
            )
            for kind, each in made.items()
        }
        if notes.trials:
            notes.trials_elsewhere[path] = trials
        else:
            notes.trials = trials
        trying = _Round(
            dialogue=dialogue, notes=notes, target=target, made=made, provenance=origins, path=path, trials=trials
        )
        async with asyncio.TaskGroup() as tasks:
            for version in versions:
                tasks.create_task(trying.at(version))
        trying.compare_versions()
        trying.settle_modes()


def verifies(trials: Sequence[Mapping[TrialKind, Trial]]) -> Fact[bool]:
    """Whether a certificate that no known authority signed is refused, wherever one is asked for."""
    attempts = {kind: [at for each in trials if kind in each for at in each[kind].at.values()] for kind in _UNTRUSTED}
    for fact in (each for found in attempts.values() for each in found):
        if isinstance(fact, Known) and fact.value.admitted:
            return Known(False, fact.basis)
    deciding = [fact for kind in _DECIDES_TRUST for fact in attempts[kind] or [NOT_ASKED]]
    unknown = next((fact for fact in deciding if isinstance(fact, Unknown)), None)
    if unknown is not None:
        return unknown
    return Known(True, next(Basis(Origin.DERIVED, fact.basis.at) for fact in deciding if isinstance(fact, Known)))


def with_trials(auth: ClientAuth, notes: Notes) -> ClientAuth:
    """Client authentication with what other requests and trials showed.

    The mode stays that of `GET /` without a certificate.
    """
    verified = verifies((notes.trials, *notes.trials_elsewhere.values())) if notes.trials else auth.verifies
    unstable = next((at.mode for at in auth.per_protocol.values() if _is_unstable(at.mode)), None)
    if isinstance(unstable, Unknown) and isinstance(verified, Known) and verified.value:
        verified = unstable
    return replace(
        auth,
        elsewhere=dict(notes.elsewhere),
        trials=dict(notes.trials),
        trials_elsewhere={path: dict(each) for path, each in notes.trials_elsewhere.items()},
        verifies=verified,
        resumed=dict(notes.resumed),
        late_on_h2=notes.late_on_h2,
        plaintext=notes.plaintext,
        mesh=notes.mesh,
    )


def _is_unstable(mode: Fact[ClientAuthMode]) -> bool:
    return isinstance(mode, Unknown) and mode.why is Why.UNSTABLE


def _entries(notes: Notes, path: str) -> dict[ProtocolVersion, ClientAuthAt]:
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


def _provenance(
    credentials: Credentials, made: Mapping[TrialKind, Credential | Unavailable | None]
) -> dict[TrialKind, Provenance]:
    plan = credentials.trials
    if plan is None:
        return {}
    return {kind: plan.provenance(kind, each) for kind, each in made.items() if isinstance(each, Credential)}


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
    provenance: Mapping[TrialKind, Provenance]
    path: str
    trials: dict[TrialKind, Trial]
    exchanges: dict[ProtocolVersion, dict[TrialKind, Exchange]] = field(default_factory=dict)
    strangers: dict[ProtocolVersion, Fact[Attempt]] = field(default_factory=dict)
    """What becomes of a client without a certificate, beside those that have one."""

    async def at(self, version: ProtocolVersion) -> None:
        """All of them at one version, one after the other, the good one first: it shows what an answer looks like.

        An application that says nothing is not asked again, and one that is slow only so often.
        """
        exchanges = self.exchanges.setdefault(version, self._before(version))
        refuses_strangers = _entries(self.notes, self.path)[version].enforced_by
        silent, slow, gone = self._is_silent(), 0, False
        for kind in sorted(self.made, key=_turn):
            credential = self.made[kind]
            if isinstance(credential, Unavailable):
                self._set(kind, version, Unknown(Why.NOT_ASKED, str(credential)))
                continue
            if gone:
                self._set(kind, version, _GONE)
                continue
            close = silent or slow >= _MOST_SLOW
            exchanges[kind] = answer = await self._ask(version, kind, credential, close=close)
            waited = answer.established and answer.failure == "timeout"
            silent = silent or (kind is TrialKind.GOOD and waited and not answer.data)
            slow += waited
            facts = decide(exchanges, self.provenance, refuses_strangers)
            self.strangers[version] = facts.get(TrialKind.NONE, NOT_ASKED)
            for each in facts.keys() & self.trials.keys():
                self._set(each, version, facts[each])
            gone = answer.failure == "timeout" and (answer.closing or not answer.established)
        best = max(self.notes.client_auth, key=lambda each: each.rank)
        if version is best and self.path == "/" and _got_in(self.trials.get(TrialKind.GOOD), version):
            self.notes.admitted = exchanges.get(TrialKind.GOOD)

    def _before(self, version: ProtocolVersion) -> dict[TrialKind, Exchange]:
        """What was seen before, where no client without a certificate is among the trials."""
        seen = self.notes.strangers.get(version) if self.path == "/" and TrialKind.NONE not in self.made else None
        return {TrialKind.NONE: seen[0]} if seen else {}

    def compare_versions(self) -> None:
        """Take back each refusal by HTTP 403 where 403 does not depend on the credential."""
        kinds = {kind for each in self.exchanges.values() for kind in each}
        every = {kind: [each[kind] for each in self.exchanges.values() if kind in each] for kind in kinds}
        if self.path == "/":
            every.setdefault(TrialKind.NONE, []).extend(one for each in self.notes.strangers.values() for one in each)
        doubt = forbidden_at_random(every)
        for version, each in self.exchanges.items() if doubt else ():
            for kind, answer in each.items():
                if not is_forbidden(kind, answer):
                    continue
                fact = Unknown(Why.UNSTABLE, f"HTTP 401 or 403 {doubt}")
                if kind is TrialKind.NONE:
                    self.strangers[version] = fact
                if kind in self.trials:
                    self._set(kind, version, fact)

    def settle_modes(self) -> None:
        """Where an answer to a client without a certificate was open by itself, others may show what it means."""
        entries = _entries(self.notes, self.path)
        for version, fact in self.strangers.items():
            entry = entries[version]
            if isinstance(entry.mode, Known) or not isinstance(fact, Known):
                continue
            attempt = fact.value
            mode = ClientAuthMode.OPTIONAL if attempt.admitted else ClientAuthMode.REQUIRED
            when = entry.when or When.HANDSHAKE
            entries[version] = replace(
                entry, mode=Known(mode, fact.basis), enforced_by=attempt.layer, when=when, evidence=attempt.evidence
            )

    def _is_silent(self) -> bool:
        """Whether the application said nothing to a client without a certificate."""
        first = self.notes.exchange if self.path == "/" else None
        return first is not None and first.established and first.failure == "timeout" and not first.data

    async def _ask(
        self, version: ProtocolVersion, kind: TrialKind, credential: Credential | None, *, close: bool
    ) -> Exchange:
        alpn, whose = self.notes.contact.shape.alpn, _words(kind, credential)
        late = _entries(self.notes, self.path)[version].when is When.LATE
        if late and version is ProtocolVersion.TLS_1_3:
            names = http_names(alpn)
            answer, _ = await exchange_late(
                self.dialogue, self.target, path=self.path, whose=whose, credential=credential, alpn=names
            )
            return answer
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
            whole=kind is TrialKind.GOOD and self.path == "/",
        )

    def _set(self, kind: TrialKind, version: ProtocolVersion, fact: Fact[Attempt]) -> None:
        trial = self.trials[kind]
        self.trials[kind] = replace(trial, at={**trial.at, version: fact})


def _turn(kind: TrialKind) -> int:
    """The good one first; the control last, so that whoever was shut out meanwhile is seen to be."""
    order = (TrialKind.GOOD, *(each for each in TrialKind if each not in _ENDS), TrialKind.WRONG_IDENTITY)
    return order.index(kind)


def _got_in(trial: Trial | None, version: ProtocolVersion) -> bool:
    fact = trial.at[version] if trial is not None else NOT_ASKED
    return isinstance(fact, Known) and fact.value.admitted


def _words(kind: TrialKind, credential: Credential | None) -> str:
    if credential is None:
        return "without a client certificate (trial)"
    return f"with the client certificate {kind.value.replace('_', ' ')!r}, serial {credential.serial}"
