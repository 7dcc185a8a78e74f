"""Waivers and baselines on the command line: a real server with TLS 1.0, scanned as a pipeline would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import Ended, tlsaudit
from tests.lab.pki import LabPki
from tests.lab.process import HOST, reserved_port
from tests.lab.servers import Lab, requires

_RULE = "TLS-PROTO-003"


@pytest.fixture(scope="module")
def weak(module_lab: Lab) -> str:
    """The target of a server that speaks TLS 1.0 too."""
    requires("nginx")
    settings = "ssl_protocols TLSv1 TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AES:@SECLEVEL=0;"
    return f"localhost@{HOST}:{module_lab.nginx(settings).port}"


def scan(pki: LabPki, *arguments: str | Path) -> Ended:
    """A scan that asks for what the rules of these tests need."""
    return tlsaudit("scan", "--mode", "inventory", "--ca-file", pki.root_file, *arguments)


def waivers(path: Path, *rules: str, scope: str = "localhost*", expires: str = "2099-12-31") -> Path:
    """A file of waivers."""
    path.write_text(
        "".join(
            f'- {{rule: {rule}, scope: "{scope}", owner: ops, reason: soon gone, expires: {expires}}}\n'
            for rule in rules
        )
    )
    return path


def grave(ended: Ended) -> list[str]:
    """The rules that fail with severity high or worse."""
    return [
        each["rule"]
        for each in ended.document["subjects"][0]["results"]
        if each["outcome"] == "fail" and each["severity"] in {"high", "critical"}
    ]


def test_waivers_let_known_failures_through_until_they_expire(tmp_path: Path, lab_pki: LabPki, weak: str) -> None:
    plain = scan(lab_pki, weak, "--format", "json")
    assert plain.code == 1
    assert _RULE in grave(plain)
    file = waivers(tmp_path / "w.yaml", *grave(plain))
    waived = scan(lab_pki, weak, "--format", "json", "--waivers", file)
    assert (waived.code, waived.err) == (0, "")
    assert {each["state"] for each in waived.document["waivers"]} == {"used"}
    assert scan(lab_pki, weak, "--waivers", file, "--fail-on", "low").code == 1
    later = scan(lab_pki, weak, "--format", "json", "--waivers", file, "--as-of", "2100-01-01")
    assert later.code == 1
    assert "(ops) expired on 2099-12-31: the rule fails again at 1 subject" in later.err
    assert "The waiver of TLS-PROTO-003 at localhost*" in scan(
        lab_pki, weak, "--waivers", file, "--as-of", "2100-01-01"
    ).out.replace("\n", " ").replace("                 ", " ")


def test_an_unused_waiver_is_named(tmp_path: Path, lab_pki: LabPki, weak: str) -> None:
    file = waivers(tmp_path / "w.yaml", _RULE, scope="elsewhere:443")
    ended = scan(lab_pki, weak, "--waivers", file)
    assert ended.code == 1
    assert ended.complaint() == (
        f"{file}:1: the waiver of {_RULE} at elsewhere:443 (ops) is not used: its scope matches no subject of this run"
    )


def test_a_stored_report_is_waived_as_a_scan_is(tmp_path: Path, lab_pki: LabPki, weak: str) -> None:
    stored = tmp_path / "r.json"
    assert scan(lab_pki, weak, "-o", stored).code == 1
    rules = [each["rule"] for each in json.loads(stored.read_text())["subjects"][0]["results"]]
    file = waivers(tmp_path / "w.yaml", *rules)
    ended = tlsaudit("report", stored, "--waivers", file, "--format", "json")
    assert ended.code == 0
    results = ended.document["subjects"][0]["results"]
    assert not [each for each in results if each["outcome"] == "fail"]


def test_mtls_has_waivers_and_baselines(tmp_path: Path, module_lab: Lab) -> None:
    target = f"localhost@{HOST}:{module_lab.nginx().port}"
    wanted = ("mtls", target, "--expect-client-auth", "required")
    assert tlsaudit(*wanted).code == 1
    baseline = tmp_path / "b.json"
    assert tlsaudit(*wanted, "--write-baseline", baseline).code == 1
    assert tlsaudit(*wanted, "--baseline", baseline).code == 0
    failing = sorted({each["rule"] for each in json.loads(baseline.read_text())["findings"]})
    assert tlsaudit(*wanted, "--waivers", waivers(tmp_path / "w.yaml", *failing)).code == 0


def test_only_what_is_new_fails(tmp_path: Path, lab_pki: LabPki, weak: str) -> None:
    file = tmp_path / "b.json"
    first = scan(lab_pki, weak, "--write-baseline", file, "--format", "json")
    assert first.code == 1, "what fails, fails, although it is written down"
    again = scan(lab_pki, weak, "--baseline", file, "--format", "json")
    assert (again.code, again.err) == (0, "")
    assert again.document["baseline"]["waived"] == len(json.loads(file.read_text())["findings"])
    findings = json.loads(file.read_text())
    kept = [each for each in findings["findings"] if each["rule"] != _RULE]
    file.write_text(json.dumps({**findings, "findings": kept}))
    assert grave(scan(lab_pki, weak, "--baseline", file, "--format", "json")) == [_RULE]


def test_lines_have_waivers_and_a_baseline_too(tmp_path: Path, lab_pki: LabPki, weak: str) -> None:
    file = tmp_path / "b.json"
    assert scan(lab_pki, weak, "--format", "jsonl", "--write-baseline", file).code == 1
    ended = scan(lab_pki, weak, "--format", "jsonl", "--baseline", file)
    assert ended.code == 0
    assert "waived" in {each["outcome"] for each in ended.document["results"]}


def test_a_baseline_of_a_run_that_failed_hides_nothing(tmp_path: Path, lab_pki: LabPki, weak: str) -> None:
    file = tmp_path / "b.json"
    closed = f"localhost@{HOST}:{reserved_port()}"
    failed = scan(lab_pki, closed, "--write-baseline", file)
    assert failed.code == 3
    assert "baseline: 1 subject was not audited as a whole; nothing of it is written down" in failed.err
    assert json.loads(file.read_text())["findings"] == []
    assert scan(lab_pki, weak, "--baseline", file).code == 1
    assert scan(lab_pki, closed, "--baseline", file).code == 3


def test_a_baseline_is_replaced_whole_or_not_at_all(tmp_path: Path, lab_pki: LabPki, weak: str) -> None:
    file = tmp_path / "b.json"
    file.write_text("{")
    refused = scan(lab_pki, weak, "--baseline", file, "--write-baseline", file)
    assert refused.code == 2
    assert refused.complaint().startswith(f"{file}:1: not valid JSON")
    assert file.read_text() == "{"
    nowhere = scan(lab_pki, weak, "--write-baseline", tmp_path / "none" / "b.json")
    assert nowhere.code == 2
    assert "there is no directory" in nowhere.complaint()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["b.json"]


@pytest.mark.parametrize(
    "command", [("scan", "127.0.0.1:1"), ("mtls", "127.0.0.1:1"), ("report", "reports/sample.json")]
)
def test_a_file_that_is_wrong_ends_every_command_with_2(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "w.yaml"
    file.write_text("- rule: TLS-NOPE-001\n")
    assert tlsaudit(*command, "--waivers", file).complaint().startswith(f"{file}:1: waivers.0.rule: there is no rule")
    assert tlsaudit(*command, "--waivers", tmp_path / "none").code == 2
    assert tlsaudit(*command, "--baseline", file).code == 2


@pytest.mark.parametrize("option", ["--write-baseline", "--baseline", "--waivers"])
@pytest.mark.parametrize(
    "command", [("scan", "127.0.0.1:1"), ("mtls", "127.0.0.1:1"), ("report", "reports/sample.json")]
)
def test_no_report_goes_to_a_file_of_known_failures(tmp_path: Path, command: tuple[str, ...], option: str) -> None:
    file = tmp_path / "z.json"
    file.write_text("kept")
    (tmp_path / "link").symlink_to(file)
    for name in (file, tmp_path / "link"):
        ended = tlsaudit(*command, option, file, "--format", "json", "-o", name)
        assert (ended.code, ended.complaint()) == (2, f"-o {str(name)!r} is the file of {option}")
    assert file.read_text() == "kept"
