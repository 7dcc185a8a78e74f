"""`tlsaudit report --policy`: what the report cannot say by the new policy is told, and never ends with 0 unseen."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.program import Ended, tlsaudit
from tests.judged import document_of, subject_of
from tests.lab.pki import LabPki
from tests.lab.process import HOST
from tests.lab.servers import Lab
from tests.rules.facts import sound
from tlsaudit.model.knowledge import Tried, Unknown, Why

_GATE = sound(cipher_suites=Tried(rest=Unknown(Why.NOT_ASKED, "permitted")))


def test_what_a_gate_report_leaves_open_is_named(tmp_path: Path) -> None:
    file = tmp_path / "g.json"
    file.write_text(document_of(subject_of(_GATE, mode="gate"), mode="gate").to_json())
    ended = tlsaudit("report", file, "--policy", "nist-800-52r2")
    assert ended.complaint().startswith(
        "the report (gate mode) does not hold what the policy nist-800-52r2 counts on: "
    )
    assert "TLS-CIPH-019" in ended.complaint()


def test_a_full_report_is_asked_only_for_what_it_decided(tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    document = document_of(subject_of(sound()))
    file.write_text(document.to_json())
    assert tlsaudit("report", file, "--policy", "owasp").err == ""
    content = json.loads(file.read_text())
    content["policy"] = {"id": "our-own", "version": "1", "sha256": "0" * 64}
    file.write_text(json.dumps(content))
    ended = tlsaudit("report", file, "--policy", "nist-800-52r2")
    assert "the report (full mode) does not hold what the policy nist-800-52r2 counts on: " in ended.complaint()


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_a_failure_that_hangs_on_another_policys_limits_does_not_vanish(tmp_path: Path, outcome: str) -> None:
    """Expiry is read off limits that the report does not name: with another policy's, nobody can tell."""
    file = tmp_path / "r.json"
    content = json.loads(document_of(subject_of(sound())).to_json())
    content["policy"] = {"id": "our-own", "version": "1", "sha256": "0" * 64}
    content["subjects"][0]["results"] = [
        {**each, "outcome": outcome, "observed": "11 days left"} if each["rule"] == "TLS-CERT-022" else each
        for each in content["subjects"][0]["results"]
    ]
    file.write_text(json.dumps(content))
    ended = tlsaudit("report", file, "--policy", "owasp", "--format", "json")
    (result,) = (each for each in ended.document["subjects"][0]["results"] if each["rule"] == "TLS-CERT-022")
    assert (ended.code, result["outcome"], result["severity"]) == (3, "inconclusive", "high")
    assert "11 days left" in result["observed"]


@pytest.mark.parametrize("change", [{"subjects": []}, {"results": []}])
def test_a_report_of_nothing_is_not_judged(tmp_path: Path, change: dict[str, list[object]]) -> None:
    file = tmp_path / "r.json"
    content = json.loads(document_of(subject_of(sound())).to_json())
    content.update(change) if "subjects" in change else content["subjects"][0].update(change)
    file.write_text(json.dumps(content))
    for arguments in ((), ("--policy", "owasp-l2")):
        ended = tlsaudit("report", file, *arguments)
        assert ended.code == 2
        assert "r.json' is no tlsaudit report: " in ended.complaint()


def test_a_cap_that_is_none_is_no_report(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    content = json.loads(document_of(subject_of(sound())).to_json())
    content["subjects"][0]["score"]["caps"] = [{"rule": "TLS-PQ-001", "cap": "ZZ"}]
    file.write_text(json.dumps(content))
    for arguments in ((), ("--policy", "owasp-l2")):
        ended = tlsaudit("report", file, *arguments)
        assert ended.code == 2
        assert "subjects.0.score.caps.0.cap: " in ended.complaint()


@pytest.fixture(scope="module")
def open_to_all(module_lab: Lab) -> str:
    """A server that asks for no client certificate."""
    return f"localhost@{HOST}:{module_lab.nginx('ssl_protocols TLSv1.2 TLSv1.3;').port}"


def _results(ended: Ended) -> dict[str, str]:
    return {each["rule"]: each["outcome"] for each in ended.document["subjects"][0]["results"]}


def test_what_a_policy_of_ones_own_found_is_still_told(tmp_path: Path, lab_pki: LabPki, open_to_all: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "id: own\nextends: owasp\nversion: '1'\ntitle: T\ndescription: D\nsources: [{ref: b, verified: 'true'}]\n"
    )
    file = tmp_path / "r.json"
    last_day = lab_pki.rsa.leaf.certificate.not_valid_after_utc - timedelta(hours=12)
    wanted = ("--ca-file", lab_pki.root_file, "--mode", "inventory", "--as-of", last_day.isoformat())
    assert tlsaudit("scan", open_to_all, *wanted, "--policy", own, "-o", file).code == 1
    ended = tlsaudit("report", file, "--policy", "owasp", "--format", "json")
    assert (ended.code, _results(ended)["TLS-CERT-022"]) == (3, "inconclusive")
    assert _results(tlsaudit("report", file, "--policy", own, "--format", "json"))["TLS-CERT-022"] == "fail"


def test_what_was_declared_counts_by_another_policy(tmp_path: Path, lab_pki: LabPki, open_to_all: str) -> None:
    file = tmp_path / "r.json"
    wanted = ("--ca-file", lab_pki.root_file, "--mode", "inventory", "--expect-client-auth", "required")
    assert tlsaudit("scan", open_to_all, *wanted, "--policy", "internal-mtls", "-o", file).code == 1
    ended = tlsaudit("report", file, "--policy", "owasp", "--format", "json")
    assert (ended.code, _results(ended)["TLS-MTLS-001"]) == (1, "fail")
