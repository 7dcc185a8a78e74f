"""The status of certificates in words, for text and HTML alike: who was asked, and what they said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tlsaudit.model.document import DeploymentPart, RevocationPart, rfc3339

_SOURCES: Final = {"ocsp": "OCSP", "crl": "CRL"}
_WORDS: Final = {
    "good": "not revoked",
    "unknown": "does not know the certificate",
    "error": "answers with an error",
    "unreadable": "cannot be read",
    "not_asked": "not asked",
    "no_answer": "no answer",
}
_BAD: Final = frozenset({"unknown", "error", "unreadable", "no_answer"})


@dataclass(frozen=True, slots=True)
class Status:
    """One line: the verdict with its tone, which certificate it is of, and the rest."""

    verdict: str
    tone: Literal["critical", "medium", "good", "dim"]
    of: str
    rest: str


def statuses(deployment: DeploymentPart) -> Iterator[Status]:
    """What every place said of every certificate."""
    for each in deployment.revocation or ():
        yield Status(_verdict(each), _tone(each), _of(each, deployment), _rest(each))


def _verdict(part: RevocationPart) -> str:
    if part.status == "revoked":
        at = f" {rfc3339(part.revoked_at)}" if part.revoked_at is not None else ""
        return f"revoked{at}{f' ({part.reason})' if part.reason else ''}"
    return _WORDS.get(part.status, part.status)


def _tone(part: RevocationPart) -> Literal["critical", "medium", "good", "dim"]:
    if part.status == "revoked":
        return "critical"
    if part.status in _BAD or part.verified is False:
        return "medium"
    return "good" if part.status == "good" and part.verified else "dim"


def _of(part: RevocationPart, deployment: DeploymentPart) -> str:
    if deployment.chain and deployment.chain[0].sha256 == part.certificate:
        return "the certificate"
    issuer = next((each.subject for each in deployment.chain if each.sha256 == part.certificate), None)
    return issuer or part.certificate[:16]


def _rest(part: RevocationPart) -> str:
    ends = f"until {rfc3339(part.next_update)}" if part.next_update is not None else ""
    unsigned = "not signed by the issuer" if part.verified is False else ""
    said = [f"{_SOURCES[part.source]} {part.place}", ends, unsigned, part.detail]
    return ", ".join(each for each in said if each)
