"""Rules on Certificate Transparency: real timestamps of logs of our own, as the probe would have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from fixtures.transparency import Log, logged, of_whole
from tests.rules.served import (
    BASIS,
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
)
from tlsaudit.demo.mint import Leaf
from tlsaudit.model.certificate import CertificateDeployment, SctOrigin, Timestamps
from tlsaudit.model.knowledge import NOT_ASKED, Known, Undecided, Why
from tlsaudit.pki import Entry, checked, parse_certificate
from tlsaudit.pki.scts import parse_sct
from tlsaudit.rules import transparency as rules
from tlsaudit.rules.rule import Case, Rule

A1, A2, B1, C1 = (Log.new(f"Lab {name}", f"Operator {name[0]}") for name in ("A1", "A2", "B1", "C1"))
TODAY = NOW.date()


def timestamped(
    of: Leaf,
    *known: Log,
    out: dict[str, date] | None = None,
    logs_date: date = TODAY,
    handshake: Sequence[bytes] = (),
    public: bool = True,
    unreadable: int = 0,
) -> CertificateDeployment:
    """A server with this certificate, its timestamps looked up in these logs."""
    served = deployment(*of.chain(), public=public)
    leaf = served.leaf.need()
    listed = dict(log.listed((out or {}).get(log.name)) for log in known)
    entry = Entry(leaf=leaf, issuer=parse_certificate(served.chain[1].der))
    came = [(SctOrigin.EMBEDDED, sct) for sct in leaf.scts]
    came += [(SctOrigin.TLS, parse_sct(each)) for each in handshake]
    found = tuple(checked(sct, origin, entry, listed) for origin, sct in came)
    return replace(served, timestamps=Known(Timestamps(logs_date=logs_date, found=found, unreadable=unreadable), BASIS))


def leaf(
    *by: Log, days: int = 90, spoil: bool = False, begin: datetime | None = None, at: datetime | None = None
) -> Leaf:
    """A certificate with timestamps of these logs."""
    return logged(issuing(), HOST, by=by, days=days, spoil=spoil, not_before=begin, at=at)


def serving(*by: Log, known: Sequence[Log] = (A1, A2, B1, C1), days: int = 90, logs_date: date = TODAY) -> Case:
    """A server with timestamps of `by`, where these logs are known."""
    return case(timestamped(leaf(*by, days=days), *known, logs_date=logs_date))


FAILS: CaseTable = {
    "TLS-CT-001": lambda: serving(A1),
    "TLS-CT-002": lambda: serving(A1, A2),
    "TLS-CT-003": lambda: case(timestamped(leaf(A1, B1, spoil=True), A1, B1)),
    "TLS-CERT-028": lambda: case(timestamped(leaf(A1, B1, begin=NOW - 10 * DAY, at=NOW - 7 * DAY), A1, B1)),
}
PASSES: CaseTable = dict.fromkeys(FAILS, lambda: serving(A1, B1))


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    assert_complete(rules.RULES, FAILS, PASSES)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.id)
def test_bad_timestamps_fail_and_good_ones_pass(rule: Rule) -> None:
    assert_fails(rule, FAILS)
    assert_passes(rule, PASSES)


@pytest.mark.parametrize(
    ("by", "days", "words"),
    [
        ((), 90, "of 0 logs, where 2"),
        ((A1,), 90, "of 1 logs, where 2"),
        ((A1, A1), 90, "of 1 logs, where 2"),
        ((A1, B1), 90, ""),
        ((A1, B1), 180, ""),
        ((A1, B1), 181, "of 2 logs, where 3"),
        ((A1, B1, C1), 181, ""),
    ],
)
def test_how_many_logs_are_enough(by: tuple[Log, ...], days: int, words: str) -> None:
    found = failures(rules.too_few, serving(*by, days=days))
    assert [words in each.observed for each in found] == ([True] if words else [])


def test_two_in_the_handshake_are_enough() -> None:
    plain = leaf()
    both = [of_whole(log, plain, NOW) for log in (A1, B1)]
    assert failures(rules.too_few, case(timestamped(plain, A1, B1, handshake=both))) == []
    one = only(rules.too_few, case(timestamped(plain, A1, B1, handshake=both[:1])))
    assert "of 0 logs, where 2 are needed, and 1 in the handshake" in one.observed


def test_a_log_that_is_younger_than_the_list_may_count() -> None:
    begun = NOW - 30 * DAY
    issued = leaf(A1, B1, begin=begun)
    old_list, new_list = (begun - DAY).date(), (begun + 2 * DAY).date()
    for rule in (rules.too_few, rules.one_operator, rules.not_verified):
        with pytest.raises(Undecided) as caught:
            failures(rule, case(timestamped(issued, A1, logs_date=old_list)))
        assert caught.value.unknown.why is Why.UNSUPPORTED
    assert "not in the list of" in only(rules.not_verified, case(timestamped(issued, A1, logs_date=new_list))).observed
    assert "of 1 logs" in only(rules.too_few, case(timestamped(issued, A1, logs_date=new_list))).observed


def test_a_log_that_may_have_left_the_list_may_count() -> None:
    expired = leaf(A1, B1, begin=NOW - 200 * DAY)
    with pytest.raises(Undecided):
        failures(rules.not_verified, case(timestamped(expired, A1)))


def test_enough_known_logs_decide_whatever_else_there_is() -> None:
    issued = leaf(A1, B1, C1)
    later = timestamped(issued, A1, B1, logs_date=(NOW - 300 * DAY).date())
    assert failures(rules.too_few, case(later)) == []
    assert failures(rules.one_operator, case(later)) == []


def test_logs_that_are_out_count_for_what_they_signed_before() -> None:
    issued = leaf(A1, B1, begin=NOW - 30 * DAY)
    before = timestamped(issued, A1, B1, out={A1.name: TODAY})
    after = timestamped(issued, A1, B1, out={A1.name: (NOW - 60 * DAY).date()})
    assert failures(rules.too_few, case(before)) == failures(rules.not_verified, case(before)) == []
    assert "of 1 logs" in only(rules.too_few, case(after)).observed
    assert "Lab A1: the log has not counted since" in only(rules.not_verified, case(after)).observed


def test_unreadable_timestamps_fail() -> None:
    served = timestamped(leaf(A1, B1), A1, B1, unreadable=2)
    assert "2 of the embedded timestamps cannot be read" in only(rules.not_verified, case(served)).observed


def test_private_certificates_need_no_timestamps() -> None:
    private = case(timestamped(leaf(A1), A1, public=False))
    assert [rule.id for rule in rules.RULES if rule.applies(private)] == []


def test_without_timestamps_only_their_number_is_judged() -> None:
    bare = serving()
    assert [rule.id for rule in rules.RULES if rule.applies(bare)] == ["TLS-CT-001", "TLS-CERT-028"]


def test_without_a_list_nothing_is_decided() -> None:
    unlisted = replace(timestamped(leaf(A1), A1), timestamps=NOT_ASKED)
    with pytest.raises(Undecided):
        failures(rules.too_few, case(unlisted))


@pytest.mark.parametrize(("late", "count"), [(timedelta(hours=48), 0), (timedelta(hours=48, seconds=1), 1)])
def test_two_days_between_issue_and_log_are_usual(late: timedelta, count: int) -> None:
    begin = NOW - 30 * DAY
    served = timestamped(leaf(A1, B1, begin=begin, at=begin + late), A1, B1)
    assert len(failures(rules.backdated, case(served))) == count
