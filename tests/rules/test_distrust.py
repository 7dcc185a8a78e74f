"""The rule on distrusted authorities: with ends of trust of our own root, and what the real table says."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from fixtures.transparency import Log, logged
from tests.rules.served import (
    DAY,
    HOST,
    NOW,
    CaseTable,
    assert_complete,
    assert_fails,
    assert_passes,
    case,
    deployment,
    failures,
    issuing,
    only,
    root,
    serving,
)
from tlsaudit.data import distrusted as table
from tlsaudit.data.distrusted import EndOfTrust, ends_of_trust
from tlsaudit.data.trust import mozilla
from tlsaudit.demo.mint import Authority
from tlsaudit.model.result import Cap
from tlsaudit.rules import distrust

END = NOW - 30 * DAY
LOG = Log.new("Lab", "Lab")


def digest(authority: Authority) -> str:
    return sha256(authority.certificate.public_bytes(Encoding.DER)).hexdigest()


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust in our root ended a month ago."""
    sha = digest(root())
    ends = tuple(EndOfTrust(program=each, sha256=sha, name="Root", after=END) for each in ("Chrome", "Mozilla"))
    monkeypatch.setitem(table._ENDS, sha, ends)


FAILS: CaseTable = {"TLS-CHAIN-014": lambda: serving(issuing().issue(HOST, not_before=END + DAY), public=True)}
PASSES: CaseTable = {"TLS-CHAIN-014": lambda: serving(issuing().issue(HOST, not_before=END - DAY), public=True)}


def test_the_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(distrust.RULES, FAILS, PASSES)
    assert_fails(distrust.distrusted, FAILS)
    assert_passes(distrust.distrusted, PASSES)


def test_both_programs_are_named() -> None:
    chrome, mozilla_ = failures(distrust.distrusted, FAILS["TLS-CHAIN-014"]())
    assert chrome.observed == (
        f"Chrome accepts certificates below Root up to {END:%Y-%m-%d}, and this one is of {END + DAY:%Y-%m-%d}"
    )
    assert mozilla_.observed.startswith("Mozilla accepts")
    assert distrust.distrusted.cap is Cap.TRUST


def test_chrome_goes_by_the_timestamps_and_mozilla_by_the_first_day() -> None:
    logged_before = logged(issuing(), HOST, by=(LOG,), not_before=END + DAY, at=END - DAY)
    assert only(distrust.distrusted, serving(logged_before, public=True)).observed.startswith("Mozilla")
    logged_after = logged(issuing(), HOST, by=(LOG,), not_before=END - DAY, at=END + DAY)
    assert only(distrust.distrusted, serving(logged_after, public=True)).observed.startswith("Chrome")


def test_one_path_to_another_root_is_enough() -> None:
    other = Authority.root("Other")
    cross = other.subordinate("Issuing", key=issuing().key)
    leaf = issuing().issue(HOST, not_before=END + DAY)
    sent = (leaf.certificate, issuing().certificate, cross.certificate)
    served = deployment(*sent, anchors=[root().certificate, other.certificate], public=True)
    assert failures(distrust.distrusted, case(served)) == []


def test_private_roots_are_nobodys_business() -> None:
    assert not distrust.distrusted.applies(serving(issuing().issue(HOST, not_before=END + DAY)))


def test_the_real_table_knows_entrust() -> None:
    (entrust,) = ends_of_trust("43df5774b03e7fef5fe40d931a7bedf1bb2e6b42738c4e6d3841103d3aa7f339")
    assert (entrust.program, entrust.name) == ("Mozilla", "Entrust Root Certification Authority - G2")
    assert entrust.after == datetime(2024, 11, 30, 23, 59, 59, tzinfo=UTC)
    assert ends_of_trust("00" * 32) == ()


def test_the_real_table_is_about_roots_that_we_have() -> None:
    ours = {sha256(der).hexdigest() for der in mozilla().ders}
    assert len(ours & table._ENDS.keys()) > 30
