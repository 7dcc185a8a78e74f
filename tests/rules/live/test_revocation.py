"""Proof over the network of the rules on revocation: CRLs from a web server, answers of `openssl ocsp`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags, ocsp

from tests.lab.pki import NAMES, write_private
from tests.lab.revocation import Publisher, Served, make_crl, points_at, responder
from tests.lab.servers import Lab
from tests.rules.live.audits import assert_proves, result
from tlsaudit.app import ScanOptions, load_anchors, load_crls, scan
from tlsaudit.demo import mint
from tlsaudit.model import document as doc
from tlsaudit.model.target import parse_target
from tlsaudit.policy import load_policy

PROVEN = frozenset({"TLS-REVO-001", "TLS-REVO-002", "TLS-REVO-007", "TLS-REVO-008", "TLS-REVO-010"})
_HOUR = timedelta(hours=1)


def audited(
    lab: Lab, leaf: mint.Leaf, *, staple: Path | None = None, crls: tuple[Path, ...] = (), fetch: bool = True
) -> doc.Subject:
    """The report on a server with this certificate."""
    files = lab.pki.write(f"revocation-{leaf.certificate.serial_number}", leaf)
    server = lab.openssl(*(("-status_file", staple) if staple else ()), certificate=files)
    options = ScanOptions(
        policy=load_policy("owasp"),
        anchors=load_anchors(lab.pki.root_file),
        timeout=20.0,
        fetch=fetch,
        crls=load_crls(*crls),
    )
    (subject,) = asyncio.run(scan([parse_target(f"localhost@127.0.0.1:{server.port}")], options)).subjects
    return subject


def outcome(subject: doc.Subject, rule: str) -> str:
    return result(subject, rule).outcome


def fails(subject: doc.Subject, rule: str, severity: str, *words: str) -> None:
    found = result(subject, rule)
    assert (found.outcome, found.severity) == ("fail", severity), found
    assert all(each in found.observed for each in words), found.observed
    assert_proves(subject, found)


def test_a_crl_that_lists_the_certificate_and_one_that_does_not(lab: Lab) -> None:
    issuer = lab.pki.intermediate
    with Publisher() as publisher:
        leaf = issuer.issue(*NAMES, extra=points_at(crl=publisher.url("/issuing.crl")))
        serial = leaf.certificate.serial_number
        revoked = make_crl(issuer, 17, serial, 19, reason=ReasonFlags.key_compromise)
        publisher.pages["/issuing.crl"] = Served(body=revoked)
        bad = audited(lab, leaf)
        publisher.pages["/issuing.crl"] = Served(body=make_crl(issuer, 17, serial + 1))
        good = audited(lab, leaf)
    fails(bad, "TLS-REVO-001", "critical", "revoked on ", "(keyCompromise)", "the CRL http://127.0.0.1:")
    assert bad.score is not None
    assert bad.score.grade == "T"
    fails(bad, "TLS-REVO-010", "info", "a CRL and no OCSP responder")
    assert outcome(good, "TLS-REVO-001") == outcome(good, "TLS-REVO-007") == "pass"
    assert outcome(good, "TLS-REVO-008") == "not_applicable"
    assert publisher.asked == ["GET /issuing.crl"] * 2


def test_a_responder_that_says_revoked_one_that_says_good_and_none(lab: Lab, tmp_path: Path) -> None:
    issuer = lab.pki.intermediate
    one, other = 0x1A2B, 0x80_00_01
    with responder(tmp_path, issuer, good=(one,), revoked=(other,)) as running:
        url = f"http://127.0.0.1:{running.port}/"
        good = audited(lab, issuer.issue(*NAMES, extra=points_at(ocsp=url), serial=one))
        bad = audited(lab, issuer.issue(*NAMES, extra=points_at(ocsp=url), serial=other))
        stranger = audited(lab, issuer.issue(*NAMES, extra=points_at(ocsp=url)))
    dead = audited(lab, issuer.issue(*NAMES, extra=points_at(ocsp=url)))
    assert {outcome(good, rule) for rule in ("TLS-REVO-001", "TLS-REVO-008", "TLS-REVO-010")} == {"pass"}
    assert outcome(good, "TLS-REVO-007") == "not_applicable"
    fails(bad, "TLS-REVO-001", "critical", "(keyCompromise), says the OCSP responder http://127.0.0.1:")
    fails(stranger, "TLS-REVO-008", "low", "does not know the certificate")
    fails(dead, "TLS-REVO-008", "low", "refused the connection")
    assert outcome(stranger, "TLS-REVO-001") == outcome(dead, "TLS-REVO-001") == "inconclusive"


def test_a_revoked_intermediate(lab: Lab) -> None:
    with Publisher() as publisher:
        usual = mint.Authority.root("unused").subordinate("unused").certificate.extensions
        extensions = [
            (each.value, each.critical) for each in usual if each.oid.dotted_string in {"2.5.29.19", "2.5.29.15"}
        ]
        middle = lab.pki.root.subordinate(
            "Revoked Issuing", extensions=[*extensions, *points_at(crl=publisher.url("/root.crl"))]
        )
        leaf = middle.issue(*NAMES, extra=points_at(crl=publisher.url("/middle.crl")))
        publisher.pages["/middle.crl"] = Served(body=make_crl(middle))
        publisher.pages["/root.crl"] = Served(body=make_crl(lab.pki.root, middle.certificate.serial_number))
        bad = audited(lab, leaf)
        publisher.pages["/root.crl"] = Served(body=make_crl(lab.pki.root))
        good = audited(lab, leaf)
    fails(bad, "TLS-REVO-002", "critical", "CN=Revoked Issuing", "says the CRL")
    assert outcome(bad, "TLS-REVO-001") == "pass"
    assert outcome(good, "TLS-REVO-002") == "pass"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Served(status=404), "HTTP status 404"),
        (Served(body=b"<html>"), "cannot be read"),
        (None, "not signed by the issuer"),
    ],
)
def test_crls_that_nobody_can_use(lab: Lab, page: Served | None, words: str) -> None:
    issuer = lab.pki.intermediate
    with Publisher() as publisher:
        leaf = issuer.issue(*NAMES, extra=points_at(crl=publisher.url("/a.crl")))
        publisher.pages["/a.crl"] = page or Served(
            body=make_crl(issuer, leaf.certificate.serial_number, key=mint.ec_key())
        )
        subject = audited(lab, leaf)
    fails(subject, "TLS-REVO-007", "medium", words)
    assert outcome(subject, "TLS-REVO-001") == "inconclusive"


def test_an_old_crl_clears_nobody_and_still_convicts(lab: Lab) -> None:
    issuer = lab.pki.intermediate
    with Publisher() as publisher:
        leaf = issuer.issue(*NAMES, extra=points_at(crl=publisher.url("/a.crl")))
        publisher.pages["/a.crl"] = Served(body=make_crl(issuer, age=5 * _HOUR, lasts=_HOUR))
        silent = audited(lab, leaf)
        serial = leaf.certificate.serial_number
        publisher.pages["/a.crl"] = Served(body=make_crl(issuer, serial, age=5 * _HOUR, lasts=_HOUR))
        revoked = audited(lab, leaf)
    fails(silent, "TLS-REVO-007", "medium", "out of date since")
    assert outcome(silent, "TLS-REVO-001") == "inconclusive"
    fails(revoked, "TLS-REVO-001", "critical", "revoked on")


def test_a_staple_that_says_revoked_needs_no_fetch(lab: Lab) -> None:
    issuer = lab.pki.intermediate
    leaf = issuer.issue(*NAMES, extra=points_at(ocsp="http://ocsp.lab.test/"))
    now = datetime.now(UTC)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.REVOKED,
        this_update=now - _HOUR,
        next_update=now + _HOUR,
        revocation_time=now - 2 * _HOUR,
        revocation_reason=ReasonFlags.superseded,
    )
    signed = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate).sign(issuer.key, hashes.SHA256())
    staple = write_private(lab.directory / "revoked.ocsp", signed.public_bytes(Encoding.DER))
    subject = audited(lab, leaf, staple=staple, fetch=False)
    fails(subject, "TLS-REVO-001", "critical", "(superseded), says the stapled OCSP response")
    assert outcome(subject, "TLS-REVO-008") == "not_tested"


def test_a_list_from_a_file_needs_no_pointer_and_no_network(lab: Lab, tmp_path: Path) -> None:
    issuer = lab.pki.intermediate
    leaf = issuer.issue(*NAMES)
    bad = write_private(tmp_path / "bad.crl", make_crl(issuer, leaf.certificate.serial_number))
    good = write_private(tmp_path / "good.crl", make_crl(issuer))
    fails(audited(lab, leaf, crls=(bad,), fetch=False), "TLS-REVO-001", "critical", f"the CRL {bad}")
    assert outcome(audited(lab, leaf, crls=(good,), fetch=False), "TLS-REVO-001") == "pass"
    assert outcome(audited(lab, leaf, fetch=False), "TLS-REVO-001") == "not_applicable"


def test_nothing_is_fetched_unless_somebody_asks(lab: Lab) -> None:
    with Publisher() as publisher:
        leaf = lab.pki.intermediate.issue(*NAMES, extra=points_at(crl=publisher.url("/a.crl")))
        subject = audited(lab, leaf, fetch=False)
    assert publisher.asked == []
    assert outcome(subject, "TLS-REVO-001") == outcome(subject, "TLS-REVO-007") == "not_tested"
    assert subject.facts is not None
    assert subject.facts.certificate_deployments[0].revocation is None


def test_several_endpoints_share_one_fetch(lab: Lab) -> None:
    issuer = lab.pki.intermediate
    with Publisher() as publisher:
        extra = points_at(crl=publisher.url("/a.crl"))
        publisher.pages["/a.crl"] = Served(body=make_crl(issuer))
        files = [lab.pki.write(f"shared-{number}", issuer.issue(*NAMES, extra=extra)) for number in range(3)]
        targets = [parse_target(f"localhost@127.0.0.1:{lab.nginx(certificates=(each,)).port}") for each in files]
        options = ScanOptions(
            policy=load_policy("owasp"), anchors=load_anchors(lab.pki.root_file), timeout=20.0, fetch=True
        )
        subjects = asyncio.run(scan(targets, replace(options, mode="gate"))).subjects
    assert publisher.asked == ["GET /a.crl"]
    assert [outcome(each, "TLS-REVO-001") for each in subjects] == ["pass"] * 3
