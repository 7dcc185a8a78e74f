"""The status of certificates, and their timestamps, in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tlsaudit.model.document import DeploymentPart, Document, RevocationPart, Subject, TimestampPart
from tlsaudit.report import FORMATS, Style
from tlsaudit.report.revocation import statuses
from tlsaudit.report.view import timestamp_words

THEN = datetime(2026, 11, 20, 12, tzinfo=UTC)


def served(sound: Subject, **status: object) -> DeploymentPart:
    """The deployment of the sound sample with one status."""
    assert sound.facts is not None
    (deployment, *_) = sound.facts.certificate_deployments
    plain = {"certificate": deployment.chain[0].sha256, "source": "crl", "place": "http://a/", "status": "good"}
    part = RevocationPart.model_validate({**plain, **status})
    return deployment.model_copy(update={"revocation": [part]})


@pytest.mark.parametrize(
    ("status", "verdict", "tone", "rest"),
    [
        ({"verified": True}, "not revoked", "good", "CRL http://a/"),
        ({"verified": False}, "not revoked", "medium", "CRL http://a/, not signed by the issuer"),
        ({"verified": None}, "not revoked", "dim", "CRL http://a/"),
        (
            {"status": "revoked", "revoked_at": THEN, "reason": "keyCompromise", "next_update": THEN, "source": "ocsp"},
            "revoked 2026-11-20T12:00:00Z (keyCompromise)",
            "critical",
            "OCSP http://a/, until 2026-11-20T12:00:00Z",
        ),
        ({"status": "revoked"}, "revoked", "critical", "CRL http://a/"),
        ({"status": "no_answer", "detail": "refused"}, "no answer", "medium", "CRL http://a/, refused"),
        ({"status": "not_asked"}, "not asked", "dim", "CRL http://a/"),
        ({"status": "undecided"}, "undecided", "dim", "CRL http://a/"),
    ],
)
def test_each_status_in_words(sound: Subject, status: dict[str, object], verdict: str, tone: str, rest: str) -> None:
    (found,) = statuses(served(sound, **status))
    assert (found.verdict, found.tone, found.of, found.rest) == (verdict, tone, "the certificate", rest)


def test_other_certificates_are_named(sound: Subject) -> None:
    deployment = served(sound)
    (of_nobody,) = statuses(served(sound, certificate="ab" * 32))
    assert of_nobody.of == "ab" * 8
    issuer = deployment.chain[-1]
    (of_issuer,) = statuses(served(sound, certificate=issuer.sha256))
    assert of_issuer.of in {"the certificate", issuer.subject}


def test_timestamps_in_words() -> None:
    good = TimestampPart(log="Heath", operator="Lab", at=THEN, origin="embedded", verified=True)
    doubts = [good.model_copy(update={"verified": verified}) for verified in (True, False, None)]
    assert timestamp_words(doubts) == (
        "Heath (2026-11-20); Heath (2026-11-20, wrong signature); Heath (2026-11-20, not verified)"
    )


def test_text_and_html_show_both(document: Document) -> None:
    text = re.sub(r"\s+", " ", FORMATS["text"].render(document, Style()))
    assert "logged Example 'Heath2026h2' (" in text
    assert "revoked? not revoked the certificate CRL http://crl.example.org/r3/17.crl, until" in text
    page = FORMATS["html"].render(document, Style())
    assert "<dt>Revoked?</dt>" in page
    assert "<dt>Logged</dt>" in page
