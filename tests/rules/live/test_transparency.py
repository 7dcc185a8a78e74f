"""Proof over the network of the rules on Certificate Transparency and on distrusted authorities."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from fixtures.transparency import Log, logged, of_whole, serialized
from tests.lab.process import HOST
from tests.lab.script import Script
from tests.lab.scripted import ScriptedServer
from tests.rules.live.audits import assert_proves, result
from tlsaudit.app import Anchors, ScanOptions, scan
from tlsaudit.data import distrusted
from tlsaudit.data.ct_logs import CtLogs
from tlsaudit.data.distrusted import EndOfTrust
from tlsaudit.demo.mint import Authority, Leaf
from tlsaudit.model import document as doc
from tlsaudit.model.target import Target
from tlsaudit.pki import TrustStore
from tlsaudit.policy import load_policy
from tlsaudit.probe import Trusting
from tlsaudit.wire import ExtensionType

PROVEN = frozenset({"TLS-CT-001", "TLS-CT-002", "TLS-CT-003", "TLS-CERT-028", "TLS-CHAIN-014"})
NAME = "shop.example.com"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
ROOT = Authority.root("Public root")
ISSUING = ROOT.subordinate("Public issuing")
A1, A2, B1 = Log.new("A1", "A"), Log.new("A2", "A"), Log.new("B1", "B")
LOGS = CtLogs(date=NOW.date(), logs=dict(log.listed() for log in (A1, A2, B1)))


def der(authority: Authority) -> bytes:
    return authority.certificate.public_bytes(Encoding.DER)


def audited(leaf: Leaf, *, handshake: bytes | None = None) -> doc.Subject:
    """The report on a server with this certificate, whose root is publicly trusted."""
    chain = tuple(each.public_bytes(Encoding.DER) for each in leaf.chain())
    extensions: dict[int, bytes] = {ExtensionType.RENEGOTIATION_INFO: b"\x00"}
    if handshake is not None:
        extensions[ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP] = handshake
    trusting = Trusting(stores={"mozilla": TrustStore.from_ders("mozilla", [der(ROOT)])}, deciding="mozilla", logs=LOGS)
    options = ScanOptions(policy=load_policy("owasp"), anchors=Anchors(trusting=trusting, dates={}), timeout=20.0)
    with ScriptedServer(Script(chain=chain, extensions=extensions)) as server:
        target = Target(host=NAME, address=HOST, port=server.port)
        (subject,) = asyncio.run(scan([target], options)).subjects
    return subject


def outcomes(subject: doc.Subject) -> dict[str, str]:
    return {rule: result(subject, rule).outcome for rule in sorted(PROVEN)}


def fails(subject: doc.Subject, rule: str, severity: str, words: str) -> None:
    found = result(subject, rule)
    assert (found.outcome, found.severity) == ("fail", severity), found
    assert words in found.observed
    assert_proves(subject, found)


def test_two_logs_of_two_operators_pass() -> None:
    subject = audited(logged(ISSUING, NAME, by=(A1, B1)))
    assert set(outcomes(subject).values()) == {"pass"}
    assert subject.facts is not None
    (deployment,) = subject.facts.certificate_deployments
    assert deployment.timestamps is not None
    assert [(each.log, each.origin, each.verified) for each in deployment.timestamps] == [
        ("A1", "embedded", True),
        ("B1", "embedded", True),
    ]


def test_one_log_and_one_operator_fail() -> None:
    fails(audited(logged(ISSUING, NAME, by=(A1,))), "TLS-CT-001", "medium", "of 1 logs, where 2 are needed")
    one = audited(logged(ISSUING, NAME, by=(A1, A2)))
    assert outcomes(one)["TLS-CT-001"] == "pass"
    fails(one, "TLS-CT-002", "medium", "of logs of A")


def test_timestamps_of_another_certificate_fail() -> None:
    subject = audited(logged(ISSUING, NAME, by=(A1, B1), spoil=True))
    fails(subject, "TLS-CT-003", "medium", "A1: the signature is wrong; B1: the signature is wrong")
    fails(subject, "TLS-CT-001", "medium", "of 0 logs")


def test_timestamps_in_the_handshake_count() -> None:
    leaf = logged(ISSUING, NAME)
    stamps = serialized(of_whole(A1, leaf, NOW), of_whole(B1, leaf, NOW))
    assert set(outcomes(audited(leaf, handshake=stamps)).values()) == {"pass"}
    broken = audited(leaf, handshake=b"\0\1")
    fails(broken, "TLS-CT-001", "medium", "of 0 logs")


def test_a_backdated_certificate_fails() -> None:
    leaf = logged(ISSUING, NAME, by=(A1, B1), not_before=NOW - 20 * DAY, at=NOW - 10 * DAY)
    fails(audited(leaf), "TLS-CERT-028", "low", "and logged first on")


def test_a_distrusted_root_fails_for_what_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    sha = sha256(der(ROOT)).hexdigest()
    end = EndOfTrust(program="Chrome", sha256=sha, name="Public root", after=NOW - 30 * DAY)
    monkeypatch.setitem(distrusted._ENDS, sha, (end,))
    later = audited(logged(ISSUING, NAME, by=(A1, B1), not_before=NOW - 10 * DAY))
    fails(later, "TLS-CHAIN-014", "high", "Chrome accepts certificates below Public root up to")
    earlier = audited(logged(ISSUING, NAME, by=(A1, B1), not_before=NOW - 40 * DAY))
    assert outcomes(earlier)["TLS-CHAIN-014"] == "pass"
