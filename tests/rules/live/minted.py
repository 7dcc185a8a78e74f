"""Minted certificates over the wire: a server that sends the chains of a case, audited from the outside.

The tests of the certificate rules give each rule a `Case` made from real certificates. Here the same chains are
sent in a first flight (which takes no private key), and everything else of the case is found out again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.lab.process import HOST
from tests.lab.script import Refused, Script
from tests.lab.scripted import Behaviour, Connection, ScriptedServer
from tests.rules import (
    test_certificate_extensions,
    test_certificate_keys,
    test_certificate_names,
    test_certificate_validity,
    test_chain,
    test_revocation,
    test_signature,
)
from tests.rules.served import CaseTable
from tlsaudit.app import Anchors, ScanOptions, scan
from tlsaudit.model import document as doc
from tlsaudit.model.certificate import ChainAnalysis
from tlsaudit.model.knowledge import Known
from tlsaudit.model.target import Target
from tlsaudit.pki import TrustStore
from tlsaudit.policy import load_policy
from tlsaudit.probe import Trusting
from tlsaudit.rules.rule import Case
from tlsaudit.wire.client_hello import ClientHello

_SECONDS = 20.0
_SUITES = (0xC02F, 0xC02B)
"""One a certificate, so that both of two are seen."""
_TESTS = (
    test_certificate_extensions,
    test_certificate_keys,
    test_certificate_names,
    test_certificate_validity,
    test_chain,
    test_revocation,
    test_signature,
)

FAILS: CaseTable = {rule: make for tests in _TESTS for rule, make in tests.FAILS.items()}
PASSES: CaseTable = {rule: make for tests in _TESTS for rule, make in tests.PASSES.items()}
"""The cases of all rules on certificates, by rule."""


def audited(case: Case) -> doc.Subject:
    """The report on a server that sends what the deployments of `case` consist of, by the policy of the case."""
    policy = replace(load_policy("owasp"), limits=case.limits)
    with ScriptedServer(_serving(case)) as server:
        target = Target(host=case.facts.endpoint.host, address=HOST, port=server.port)
        options = ScanOptions(policy=policy, anchors=_anchors(case), timeout=_SECONDS, as_of=case.as_of)
        (subject,) = asyncio.run(scan([target], options)).subjects
    return subject


def _serving(case: Case) -> Behaviour:
    """At TLS 1.2 each certificate under a suite of its own; the key exchange is signed with random bytes."""
    scripts = [
        Script(suites={suite: "ECDHE"}, chain=tuple(each.der for each in deployment.chain))
        for suite, deployment in zip(_SUITES, case.deployments(), strict=False)
    ]

    def answer(hello: ClientHello) -> bytes:
        for script in scripts[:-1]:
            if not set(script.suites).isdisjoint(hello.cipher_suites):
                return script.answer(hello)
        return scripts[-1].answer(hello)

    def play(connection: Connection) -> None:
        hello = connection.hello()
        try:
            said = answer(hello) if isinstance(hello, ClientHello) else scripts[0].refusal(Refused())
        except Refused as refused:
            said = scripts[0].refusal(refused)
        connection.sock.sendall(said)
        connection.drain()

    return play


def _anchors(case: Case) -> Anchors:
    """The trust stores of the case, with the anchors that its paths lead to."""
    analyses = [each.analysis.value for each in case.deployments() if isinstance(each.analysis, Known)]
    names = sorted({name for analysis in analyses for name in analysis.trust})
    stores = {name: TrustStore.from_ders(name, _ders(analyses, name)) for name in names}
    deciding = analyses[0].deciding_store if analyses else "mozilla"
    return Anchors(trusting=Trusting(stores=stores, deciding=deciding), dates=dict.fromkeys(stores, "2026-11-21"))


def _ders(analyses: list[ChainAnalysis], store: str) -> list[bytes]:
    paths = [path for analysis in analyses for path in analysis.paths]
    return sorted({path.anchor.der for path in paths if store in path.stores})
