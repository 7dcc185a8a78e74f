"""The rooms put together: exit codes, summaries, whole runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.lab import hostile
from tests.lab.pki import LabPki
from tests.lab.process import HOST, reserved_port
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tlsaudit import app
from tlsaudit.judge import judge
from tlsaudit.model.document import Subject
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode, Facts
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Judgement, Severity
from tlsaudit.model.target import Target
from tlsaudit.policy import Policy, load_policy
from tlsaudit.probe import INTERRUPTED
from tlsaudit.tally import INTERNAL

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL


def subject(status: str = "audited", *, code: str = "x", grade: str | None = None, **outcomes: str) -> Subject:
    """A subject of which only what decides on exit codes and summaries is filled in: outcome=severity."""
    return Subject.model_validate(
        {
            "id": "x:443",
            "kind": "endpoint",
            "name": "x:443",
            "status": status,
            "error": None if status == "audited" else {"code": code, "message": "words"},
            "duration_s": 0.1,
            "location": None,
            "facts": None,
            "basis": {},
            "unknown": {},
            "probes": [],
            "results": [
                {"rule": f"R-{outcome}", "outcome": outcome, "severity": severity}
                for outcome, severity in outcomes.items()
            ],
            "score": None
            if grade is None
            else {
                "value": 50, "grade": grade, "letter_if_trusted": None, "caps": [], "deductions": [], "coverage": 1.0,
            },
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("results", "fail_on", "code"),
    [
        ({"pass": "critical"}, HIGH, 0),
        ({"fail": "medium"}, HIGH, 0),
        ({"fail": "high"}, HIGH, 1),
        ({"fail": "critical"}, HIGH, 1),
        ({"fail": "low"}, LOW, 1),
        ({"fail": "info"}, Severity.INFO, 1),
        ({"fail": "high"}, CRITICAL, 0),
        ({"fail": "critical"}, None, 0),
        ({"waived": "critical"}, HIGH, 0),
        ({"not_tested": "critical"}, HIGH, 0),
        ({"not_applicable": "critical"}, HIGH, 0),
        ({"inconclusive": "high"}, HIGH, 3),
        ({"inconclusive": "medium"}, HIGH, 0),
        ({"inconclusive": "medium"}, MEDIUM, 3),
        ({"inconclusive": "critical"}, None, 0),
        ({"inconclusive": "high", "fail": "low"}, HIGH, 3),
        ({"inconclusive": "low", "fail": "high"}, HIGH, 1),
        ({"inconclusive": "critical", "fail": "high"}, HIGH, 1),
    ],
)
def test_the_exit_code_of_one_endpoint(results: dict[str, str], fail_on: Severity | None, code: int) -> None:
    assert app.exit_code([subject(**results)], fail_on) == code


@pytest.mark.parametrize("status", ["incomplete", "unreachable", "not_tls", "unparsable"])
@pytest.mark.parametrize("fail_on", [*Severity, None])
def test_what_was_not_audited_gives_3_whatever_fails_a_run(status: str, fail_on: Severity | None) -> None:
    assert app.exit_code([subject(status)], fail_on) == 3
    assert app.exit_code([subject(), subject(status)], fail_on) == 3


@pytest.mark.parametrize("status", ["incomplete", "unreachable", "not_tls"])
def test_a_failure_comes_before_what_could_not_be_judged(status: str) -> None:
    failing, unjudged, sound = subject(fail="high"), subject(status), subject()
    for order in ([failing, unjudged, sound], [unjudged, sound, failing]):
        assert app.exit_code(order, HIGH) == 1
        assert app.exit_code(order, CRITICAL) == 3
        assert app.exit_code(order, None) == 3


def test_a_failure_of_an_incomplete_endpoint_counts() -> None:
    assert app.exit_code([subject("incomplete", fail="high")], HIGH) == 1


def test_the_summary_counts_failures_by_severity_and_names_the_worst_grade() -> None:
    summary = app.summarise(
        [subject(fail="high", grade="A-"), subject(fail="high", waived="high", grade="B?"), subject("unreachable")],
        HIGH,
    )
    assert summary.model_dump() == {
        "subjects": 3,
        "by_status": {"audited": 2, "unreachable": 1},
        "failed_by_severity": {"high": 2},
        "worst_grade": "B?",
        "exit_code": 1,
        "fail_on": "high",
    }
    assert app.summarise([subject("unreachable")], None).fail_on == "none"
    assert app.summarise([subject("unreachable")], HIGH).worst_grade is None


@pytest.mark.parametrize(
    ("grades", "worst"), [(("A+", "A"), "A"), (("F", "M"), "M"), (("M", "T"), "T"), (("C", "B?", "D"), "D")]
)
def test_grades_run_from_a_plus_to_no_trust(grades: tuple[str, ...], worst: str) -> None:
    assert app.summarise([subject(grade=grade) for grade in grades], HIGH).worst_grade == worst


def options(pki: LabPki, **given: Any) -> app.ScanOptions:
    values: dict[str, Any] = {
        "policy": load_policy("owasp"), "anchors": app.load_anchors(pki.root_file), "timeout": 0.5, **given,
    }  # fmt: skip
    return app.ScanOptions(**values)


def test_an_empty_run_has_a_document(lab_pki: LabPki) -> None:
    document = asyncio.run(app.scan([], options(lab_pki)))
    assert document.subjects == []
    assert document.summary.exit_code == 0


def test_the_time_to_judge_by_is_the_callers(module_lab: Lab, lab_pki: LabPki) -> None:
    target = Target(host=HOST, port=module_lab.nginx().port)
    later = datetime(2099, 1, 1, tzinfo=UTC)
    document = asyncio.run(app.scan([target], options(lab_pki, as_of=later)))
    assert document.as_of == later
    assert document.started_at < later
    expired = next(each for each in document.subjects[0].results if each.rule == "TLS-CERT-020")
    assert expired.outcome == "fail"


def test_an_expectation_of_one_target_comes_before_that_of_all(module_lab: Lab, lab_pki: LabPki) -> None:
    port = module_lab.nginx().port
    targets = [Target(host=HOST, port=port), Target(host="localhost", address=HOST, port=port)]
    given = options(
        lab_pki,
        expect=Expectation(client_auth=ClientAuthMode.NONE),
        expectations={targets[1].id: Expectation(client_auth=ClientAuthMode.REQUIRED)},
    )
    document = asyncio.run(app.scan(targets, given))
    failed = [{each.rule for each in one.results if each.outcome == "fail"} for one in document.subjects]
    assert [rule for rule in failed[1] - failed[0] if rule.startswith("TLS-MTLS")]


def test_a_run_that_is_cancelled_has_a_document_of_what_is_done(lab_pki: LabPki) -> None:
    async def cancelled(run: app.Scan) -> None:
        task = asyncio.create_task(run.run())
        await asyncio.sleep(0.5)  # the other target is refused in far less, this one holds for a minute
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with ScriptedServer(hostile.accept_and_silence) as silent:
        targets = [Target(host=HOST, port=silent.port), Target(host=HOST, port=reserved_port())]
        run = app.Scan(targets, options(lab_pki, timeout=60.0))
        asyncio.run(cancelled(run))
    document = run.document()
    assert [each.id for each in document.subjects] == [each.id for each in targets]
    assert [each.error.code for each in document.subjects if each.error] == [INTERRUPTED, "refused"]
    assert document.subjects[0].status == "incomplete"
    assert document.summary.exit_code == 130


def test_the_anchors_of_a_file_decide(lab_pki: LabPki, tmp_path: Path) -> None:
    assert app.load_anchors().trusting.deciding == "mozilla"
    anchors = app.load_anchors(lab_pki.root_file)
    assert anchors.trusting.deciding == "custom"
    both = app.load_anchors(lab_pki.root_file, lab_pki.client_ca_file).trusting.stores["custom"]
    assert len(both) == 2
    assert {"mozilla", "custom"} <= set(anchors.dates) == set(anchors.trusting.stores)
    mixed = tmp_path / "mixed.pem"
    mixed.write_bytes(
        lab_pki.root_file.read_bytes() + b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
    )
    with pytest.raises(InputError, match=r"mixed.pem': no X.509 certificate in 1 of its 2 entries"):
        app.load_anchors(mixed)


def test_a_mistake_of_ours_at_one_target_costs_no_other_its_report(
    lab: Lab, lab_pki: LabPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No real server can be asked to show a mistake that is not known, so one is put in."""
    good, bad = lab.nginx(), lab.nginx()

    def mistaken(facts: Facts, policy: Policy, **given: Any) -> Judgement:
        if facts.endpoint.port == bad.port:
            raise ZeroDivisionError
        return judge(facts, policy, **given)

    monkeypatch.setattr(app, "judge", mistaken)
    targets = [Target(host=HOST, port=server.port) for server in (bad, good)]
    document = asyncio.run(app.scan(targets, options(lab_pki)))
    assert [(each.status, each.error.code if each.error else None) for each in document.subjects] == [
        ("incomplete", INTERNAL),
        ("audited", None),
    ]
    assert document.summary.exit_code == 70
