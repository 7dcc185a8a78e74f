"""Asks whether the certificates of an endpoint were revoked: the responders and CRLs that they name, and CRL files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tlsaudit.model.certificate import (
    Certificate,
    CertificateDeployment,
    OcspStatus,
    RevocationCheck,
    Staple,
    StatusSource,
)
from tlsaudit.model.errors import DecodeError
from tlsaudit.model.facts import Facts
from tlsaudit.model.knowledge import NOT_ASKED, Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.pki import Crl, issued, normalise, ocsp_request, parse_crl, parse_staple, status_in
from tlsaudit.probe.fetch import Budget, Fetcher

_MOST_FETCHES = 24
"""Places that are asked for one endpoint."""
_MOST_PLACES = 3
"""Of one kind, of one certificate."""
_AT_ONCE = 4
"""Places that are asked side by side for one endpoint."""
_ENOUGH = Unknown(Why.NOT_ASKED, f"only {_MOST_FETCHES} places are asked for one endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCrl:
    """A list from a file; `place` is the file's name."""

    place: str
    crl: Crl


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSources:
    """Where the status of certificates comes from; without `fetcher` nothing is fetched."""

    fetcher: Fetcher | None = None
    crls: tuple[GivenCrl, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One place to ask about one certificate; `given` is the list where it is a file."""

    certificate: Certificate
    issuer: Certificate
    source: StatusSource
    place: str
    given: Crl | None = None


class _Asker:
    """Fetches for one endpoint, a few at once, within its seconds."""

    def __init__(self, fetcher: Fetcher, near: str | None, seconds: float) -> None:
        self._fetcher = fetcher
        self._near = near
        self._budget = Budget(seconds)
        self._seats = asyncio.Semaphore(_AT_ONCE)

    async def fetch(self, url: str, body: bytes | None = None) -> Fact[bytes]:
        """As `Fetcher.fetch`."""
        async with self._seats:
            return await self._fetcher.fetch(url, near=self._near, budget=self._budget, body=body)


async def with_revocation(facts: Facts, sources: StatusSources, seconds: float) -> Facts:
    """The facts with the status of every certificate that has an issuer; publishers get `seconds` to deliver in all."""
    deployments = facts.certificate_deployments
    if not isinstance(deployments, Known):
        return facts
    room = _MOST_FETCHES
    asker = _Asker(sources.fetcher, facts.endpoint.address, seconds) if sources.fetcher is not None else None
    found: list[CertificateDeployment] = []
    for each in deployments.value:
        questions = list(_questions(each, sources))
        asking = [question for question in questions if question.given is None][:room]
        room -= len(asking)
        checks = await asyncio.gather(*(_check(question, asker, ask=question in asking) for question in questions))
        found.append(replace(each, revocation=Known(tuple(checks), each.basis)))
    return replace(facts, certificate_deployments=Known(tuple(found), deployments.basis))


def _questions(deployment: CertificateDeployment, sources: StatusSources) -> Iterator[_Question]:
    analysis = deployment.analysis
    if not isinstance(analysis, Known):
        return
    for certificate, issuer in issued(deployment.chain, analysis.value.paths):
        places = [(StatusSource.OCSP, url) for url in certificate.ocsp_urls[:_MOST_PLACES]]
        places += [(StatusSource.CRL, url) for url in certificate.crl_urls[:_MOST_PLACES]]
        for source, place in dict.fromkeys(places):
            yield _Question(certificate=certificate, issuer=issuer, source=source, place=place)
        name = normalise(certificate.issuer_der)
        for given in sources.crls:
            if given.crl.issuer == name:
                yield _Question(
                    certificate=certificate,
                    issuer=issuer,
                    source=StatusSource.CRL,
                    place=given.place,
                    given=given.crl,
                )


async def _check(question: _Question, asker: _Asker | None, *, ask: bool) -> RevocationCheck:
    answer: Fact[Staple]
    if question.given is not None:
        basis = Basis(Origin.EXPLICIT, question.place)
        answer = await asyncio.to_thread(status_in, question.given, question.certificate, question.issuer, basis)
    elif asker is None:
        answer = NOT_ASKED
    elif not ask:
        answer = _ENOUGH
    elif question.source is StatusSource.OCSP:
        answer = await _respond(question, asker)
    else:
        answer = await _look_up(question, asker)
    certificate = question.certificate
    return RevocationCheck(
        sha256=certificate.sha256,
        subject=certificate.subject,
        source=question.source,
        place=question.place,
        answer=answer,
    )


async def _respond(question: _Question, asker: _Asker) -> Fact[Staple]:
    request = ocsp_request(question.certificate, question.issuer)
    if request is None:
        return Unknown(Why.UNSUPPORTED, "the issuer's key cannot be read")
    fetched = await asker.fetch(question.place, request)
    if isinstance(fetched, Unknown):
        return fetched
    staple = await asyncio.to_thread(parse_staple, fetched.value, question.certificate, question.issuer)
    return Known(staple, fetched.basis)


async def _look_up(question: _Question, asker: _Asker) -> Fact[Staple]:
    fetched = await asker.fetch(question.place)
    if isinstance(fetched, Unknown):
        return fetched
    return await asyncio.to_thread(_read, fetched.value, question, fetched.basis)


def _read(data: bytes, question: _Question, basis: Basis) -> Fact[Staple]:
    try:
        crl = parse_crl(data)
    except DecodeError as error:
        return Known(Staple(status=OcspStatus.UNREADABLE, detail=str(error)), basis)
    return status_in(crl, question.certificate, question.issuer, basis)
