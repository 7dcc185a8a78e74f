"""Rules on workload identities: what breaks the specification, what lives too long, and what is no workload."""

from __future__ import annotations

import pytest
from cryptography import x509

from tests.rules.clients import BOTH, UNREADABLE, WORKLOAD, judged, living, of_client, requires, served, workload
from tests.rules.facts import known, sound
from tests.rules.served import issuing
from tlsaudit.demo.mint import key_usage
from tlsaudit.model.facts import Mesh

FAILS = {
    "TLS-MTLS-025": judged("TLS-MTLS-025", served(workload("spiffe://prod.example"))),
    "TLS-MTLS-026": judged("TLS-MTLS-026", of_client(workload("spiffe://prod.example"))),
    "TLS-MTLS-027": judged("TLS-MTLS-027", served(living(24)), workload_lifetime_hours_max=23),
    "TLS-MTLS-028": judged("TLS-MTLS-028", requires(mesh=known(Mesh.PERMISSIVE), plaintext=known(True))),
}
PASSES = {
    "TLS-MTLS-025": judged("TLS-MTLS-025", served(workload())),
    "TLS-MTLS-026": judged("TLS-MTLS-026", of_client(workload())),
    "TLS-MTLS-027": judged("TLS-MTLS-027", served(living(24)), workload_lifetime_hours_max=24),
    "TLS-MTLS-028": judged("TLS-MTLS-028", requires(mesh=known(Mesh.STRICT), plaintext=known(False))),
}


@pytest.mark.parametrize("rule", FAILS)
def test_one_that_fails_and_one_that_passes(rule: str) -> None:
    assert (FAILS[rule].outcome, PASSES[rule].outcome) == ("fail", "pass")
    assert FAILS[rule].observed
    assert FAILS[rule].evidence


BROKEN: dict[str, tuple[x509.Certificate, str]] = {
    "two URIs": (workload(WORKLOAD, "spiffe://prod.example/other"), "2 URIs instead of one"),
    "another URI beside it": (workload(WORKLOAD, "https://prod.example/"), "2 URIs instead of one"),
    "a trust domain alone": (workload("spiffe://prod.example"), "names a trust domain and no workload"),
    "a bad path": (workload("spiffe://prod.example/a//b"), "is no SPIFFE ID"),
    "no keyUsage": (workload(usages=()), "no keyUsage"),
    "no digitalSignature": (workload(usages=("key_agreement",)), "keyUsage without digitalSignature"),
    "signs certificates": (workload(usages=("digital_signature", "key_cert_sign")), "keyUsage with keyCertSign"),
    "signs lists": (workload(usages=("digital_signature", "crl_sign")), "keyUsage with cRLSign"),
    "a CA": (
        workload(extra=((x509.BasicConstraints(ca=True, path_length=None), True),)),
        "it is a CA certificate",
    ),
    "one purpose": (workload(purposes=BOTH[:1]), "extendedKeyUsage without clientAuth"),
    "a SAN that may be skipped": (workload(subject=x509.Name([])), "subjectAltName is not critical"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_malformed_identity(name: str) -> None:
    certificate, observed = BROKEN[name]
    for rule, facts in (("TLS-MTLS-025", served(certificate)), ("TLS-MTLS-026", of_client(certificate))):
        result = judged(rule, facts)
        assert (result.outcome, result.severity) == ("fail", "high")
        assert observed in result.observed
        assert result.evidence


@pytest.mark.parametrize(
    "certificate",
    [
        workload(),
        workload(WORKLOAD, "pay.prod.example"),
        workload(purposes=None),
        workload(usages=("digital_signature", "key_encipherment")),
        workload(extra=((key_usage("digital_signature"), True),)),
    ],
)
def test_a_sound_identity(certificate: x509.Certificate) -> None:
    assert judged("TLS-MTLS-025", served(certificate)).outcome == "pass"
    assert judged("TLS-MTLS-026", of_client(certificate)).outcome == "pass"


def test_certificates_of_people_and_hosts_are_no_workloads() -> None:
    host = issuing().issue("shop.example", "https://shop.example/").certificate
    assert judged("TLS-MTLS-025", served(host)).outcome == "not_applicable"
    assert judged("TLS-MTLS-026", of_client(host)).outcome == "not_applicable"
    assert judged("TLS-MTLS-027", served(host), workload_lifetime_hours_max=1).outcome == "not_applicable"


def test_identities_that_are_not_known() -> None:
    assert judged("TLS-MTLS-025", sound(certificate_deployments=UNREADABLE)).outcome == "inconclusive"
    assert judged("TLS-MTLS-026", requires()).outcome == "not_tested"


def test_the_life_of_a_workload_certificate() -> None:
    day = served(living(24))
    assert judged("TLS-MTLS-027", day).outcome == "not_applicable", "owasp has no limit"
    assert judged("TLS-MTLS-027", day, workload_lifetime_hours_max=24).outcome == "pass"
    result = judged("TLS-MTLS-027", day, workload_lifetime_hours_max=1)
    assert (result.outcome, result.severity, result.observed) == ("fail", "medium", "valid for 24 hours")
    assert result.expected == "no more than 1 h"


def test_ways_past_the_mesh() -> None:
    assert FAILS["TLS-MTLS-028"].observed == "permissive: plain text goes to the application"
    other = judged("TLS-MTLS-028", requires(mesh=known(Mesh.PERMISSIVE), plaintext=known(False)))
    assert other.observed == "permissive: TLS without the names of the mesh goes to the application"
    none = judged("TLS-MTLS-028", requires(mesh=known(Mesh.DISABLED), plaintext=known(True)))
    assert (none.outcome, none.severity, none.cap) == ("fail", "high", "C")
    assert judged("TLS-MTLS-028", requires(mesh=known(None))).outcome == "not_applicable"
    assert judged("TLS-MTLS-028", requires(mesh=UNREADABLE)).outcome == "inconclusive"
    assert judged("TLS-MTLS-028", requires()).outcome == "not_tested"
