"""Baselines: what is written down, how it is known again, and what a file may say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.judged import subject_of, unreachable
from tests.rules import served
from tests.rules.facts import AS_OF, TLS_1_0, TLS_1_1, known, sound, with_suites
from tlsaudit.model.document import Problem, Subject, Suppression
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import Facts
from tlsaudit.model.result import Severity
from tlsaudit.policy.baseline import Baseline, baseline_findings, load_baseline, render_baseline

_3DES, _3DES_TOO = 0x000A, 0xC012


def _written(path: Path, *subjects: Subject) -> Path:
    findings = [finding for subject in subjects for finding in baseline_findings(subject)]
    path.write_text(render_baseline(findings, as_of=AS_OF, policy="owasp", mode="full"))
    return path


def _baseline(path: Path, *subjects: Subject) -> Baseline:
    return load_baseline(_written(path / "b.json", *subjects))


def _fails(subject: Subject) -> dict[str, tuple[str | None, Severity, Severity]]:
    return {
        each.rule: (each.fingerprint, Severity(each.severity), Severity(each.own_severity or each.severity))
        for each in subject.results
        if each.outcome == "fail"
    }


def _serving_for_another_name() -> Facts:
    """A sound endpoint but for its certificate, which is another one, with another key, each time."""
    leaf = served.issuing().issue("other.example.com")
    return sound(certificate_deployments=known((served.deployment(leaf.certificate, *leaf.above),)))


def test_what_fails_is_written_down_and_known_again(tmp_path: Path) -> None:
    poor = subject_of(with_suites(_3DES, version=TLS_1_0))
    baseline = _baseline(tmp_path, poor)
    assert {finding.rule for finding in baseline.findings.values()} == set(_fails(poor))
    assert {finding.subject for finding in baseline.findings.values()} == {"shop.example.com:443"}
    assert all(baseline.knows(*each) for each in _fails(poor).values())


def test_a_renewed_certificate_with_the_same_fault_is_known(tmp_path: Path) -> None:
    old, new = (subject_of(_serving_for_another_name(), as_of=served.NOW) for _ in range(2))
    before, after = (each.facts.certificate_deployments[0].chain[0] for each in (old, new) if each.facts)
    assert before.sha256 != after.sha256
    assert before.serial != after.serial
    assert "TLS-CERT-001" in _fails(old)
    baseline = _baseline(tmp_path, old)
    assert _fails(old) == _fails(new)
    assert all(baseline.knows(*each) for each in _fails(new).values())


def test_what_the_rule_itself_says_is_written_down_and_may_be_missing(tmp_path: Path) -> None:
    file = _written(tmp_path / "b.json", subject_of(with_suites(_3DES)))
    data = json.loads(file.read_text())
    assert all(each["own_severity"] for each in data["findings"])
    for each in data["findings"]:
        del each["own_severity"]
    file.write_text(json.dumps(data))
    assert {each.own_severity for each in load_baseline(file).findings.values()} == {None}


def test_another_suite_of_the_same_rule_is_the_same_finding(tmp_path: Path) -> None:
    one, two = subject_of(with_suites(_3DES)), subject_of(with_suites(_3DES, _3DES_TOO))
    (rule,) = (each for each in _fails(one) if each in _fails(two) and each == "TLS-CIPH-006")
    observed = {each.observed for subject in (one, two) for each in subject.results if each.rule == rule}
    assert len(observed) == 2, "the report tells them apart"
    assert _baseline(tmp_path, one).knows(*_fails(two)[rule])


def test_another_endpoint_and_another_rule_are_new(tmp_path: Path) -> None:
    baseline = _baseline(tmp_path, subject_of(with_suites(0xC013, version=TLS_1_0)))
    elsewhere = subject_of(with_suites(0xC013, version=TLS_1_0), "other.example.com")
    assert not any(baseline.knows(*each) for each in _fails(elsewhere).values())
    more = subject_of(with_suites(0xC013, version=TLS_1_1))
    assert not baseline.knows(*_fails(more)["TLS-PROTO-004"])


def test_what_is_worse_than_it_was_is_new(tmp_path: Path) -> None:
    poor = subject_of(with_suites(0xC013, version=TLS_1_0))
    milder = poor.model_copy(
        update={"results": [each.model_copy(update={"severity": "medium"}) for each in poor.results]}
    )
    baseline = _baseline(tmp_path, milder)
    fingerprint, severity, own = _fails(poor)["TLS-PROTO-003"]
    assert (severity, own) == (Severity.HIGH, Severity.MEDIUM)
    assert not baseline.knows(fingerprint, severity, own)
    assert baseline.knows(fingerprint, Severity.MEDIUM, own)
    assert baseline.knows(fingerprint, Severity.LOW, Severity.LOW)
    assert not baseline.knows(fingerprint, Severity.MEDIUM, Severity.HIGH)
    assert not baseline.knows(None, Severity.LOW, Severity.LOW)


def test_nothing_is_written_down_of_what_was_not_audited_as_a_whole() -> None:
    cut = subject_of(with_suites(0xC013, version=TLS_1_0), problem=Problem(code="time", message="too slow"))
    assert _fails(cut)
    assert baseline_findings(cut) == ()
    assert baseline_findings(unreachable()) == ()


@pytest.mark.parametrize(("by", "written"), [("waiver", False), ("inline", False), ("baseline", True)])
def test_what_a_waiver_covers_is_not_written_down(by: Any, written: bool) -> None:
    poor = subject_of(with_suites(0xC013, version=TLS_1_0))
    reason = Suppression(by=by, reason="x", owner="x", expires="2027-01-31")
    waived = poor.model_copy(
        update={
            "results": [
                each.model_copy(update={"outcome": "waived", "suppression": reason})
                if each.rule == "TLS-PROTO-003"
                else each
                for each in poor.results
            ]
        }
    )
    assert ("TLS-PROTO-003" in {each.rule for each in baseline_findings(waived)}) is written


def test_a_baseline_has_a_finding_a_line_in_an_order_that_stays(tmp_path: Path) -> None:
    subjects = [subject_of(with_suites(0xC013, version=TLS_1_0), target) for target in ("b.example", "a.example")]
    one, two = _written(tmp_path / "1", *subjects), _written(tmp_path / "2", *reversed(subjects))
    assert one.read_text() == two.read_text()
    lines = one.read_text().splitlines()
    assert len(lines) == 2 + sum(len(_fails(each)) for each in subjects)
    assert json.loads(lines[1].rstrip(","))["subject"] == "a.example:443"


def test_a_run_without_failures_has_a_baseline_too(tmp_path: Path) -> None:
    assert _baseline(tmp_path).findings == {}


_HEAD = '{"schema": "tlsaudit.baseline/1", "as_of": "2026-11-21T12:00:00Z", "policy": "owasp", "mode": "full"'
_FINDING = '{"fingerprint": "00112233445566778899aabbccddeeff", "rule": "R", "subject": "s", "severity": "high"}'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ":1: not valid JSON: Expecting value"),
        (_HEAD, ":1: not valid JSON: Expecting ',' delimiter"),
        ("[]", ":1: no baseline of tlsaudit: the file: "),
        ("[" * 100_000, ""),
        (f"{_HEAD}}}", ":1: no baseline of tlsaudit: findings: Field required"),
        (f'{_HEAD},\n"findings": [],\n"bogus": 1}}', ":3: no baseline of tlsaudit: bogus: Extra inputs"),
        (f'{_HEAD},\n"findings": [],\n"findings": []}}', ":3: the key 'findings' is given twice"),
        (f'{_HEAD},\n"findings": [\n{_FINDING},\n{{"rule": "R"}}]}}', ":4: no baseline of tlsaudit: findings.1."),
        (_HEAD.replace("/1", "/2") + ', "findings": []}', ":1: no baseline of tlsaudit: schema: "),
        (_HEAD.replace("Z", "") + ', "findings": []}', ":1: no baseline of tlsaudit: as_of: "),
        (_HEAD.replace('"full"', '"quick"') + ', "findings": []}', ":1: no baseline of tlsaudit: mode: "),
        (f'{_HEAD}, "findings": [{_FINDING.replace("0011", "00ZZ")}]}}', ":1: no baseline of tlsaudit: findings.0.fi"),
        (f'{_HEAD}, "findings": [{_FINDING.replace("high", "dire")}]}}', ":1: no baseline of tlsaudit: findings.0.se"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "b.json"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        load_baseline(file)
    assert str(error.value).startswith(f"{file}{problem}")
    assert str(error.value).isprintable()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^cannot read baseline '.*none': No such file or directory$"):
        load_baseline(tmp_path / "none")
    with pytest.raises(InputError, match="larger than 256 MB"):
        load_baseline(Path("/dev/zero"))
