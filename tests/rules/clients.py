"""Minted certificates of clients and workloads as facts, judged under `owasp` with other limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.rules.facts import OWASP, RULES, asks, at, known, sound
from tests.rules.served import deployment, issuing
from tlsaudit.judge import judge
from tlsaudit.model.certificate import Certificate
from tlsaudit.model.facts import ClientAuthMode, ClientCertificate, Facts
from tlsaudit.model.knowledge import Fact, Known, Unknown, Why
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Result
from tlsaudit.pki import parse_certificate

NOW = datetime.now(UTC)
UNREADABLE: Fact[Any] = Unknown(Why.UNSUPPORTED, "it cannot be read")
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
WORKLOAD = "spiffe://prod.example/pay"


def judged(rule: str, facts: Facts, *, as_of: datetime = NOW, **limits: int | None) -> Result:
    policy = replace(OWASP, limits=replace(OWASP.limits, **limits))  # type: ignore[arg-type]
    judgement = judge(
        facts, policy, as_of=as_of, expect=Expectation(), mode="mtls", subject_id="x", rules=(RULES[rule],)
    )
    return judgement.results[0]


def parsed(certificate: x509.Certificate) -> Certificate:
    return parse_certificate(certificate.public_bytes(Encoding.DER))


def workload(*names: str, **changes: Any) -> x509.Certificate:
    """A certificate as the specification has it, but for what is changed."""
    return issuing().issue(*(names or (WORKLOAD,)), **{"purposes": BOTH, **changes}).certificate


def requires(**changes: Any) -> Facts:
    return sound(client_auth=asks(ClientAuthMode.REQUIRED, **changes))


def of_client(certificate: x509.Certificate, *, public: bool = False) -> Facts:
    return requires(client=Known(ClientCertificate(certificate=parsed(certificate), public=public), at(1)))


def served(certificate: x509.Certificate) -> Facts:
    return sound(certificate_deployments=known((deployment(certificate, issuing().certificate),)))


def living(hours: int) -> x509.Certificate:
    since = NOW.replace(microsecond=0)
    return workload(not_before=since, not_after=since + timedelta(hours=hours, seconds=-1))
