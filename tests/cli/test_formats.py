"""Every format through the program: pairs with -o, suffixes, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import ROOT, tlsaudit
from tests.lab.process import HOST, reserved_port
from tlsaudit.report import FORMATS

SAMPLE = ROOT / "reports" / "sample.json"


def test_what_could_not_be_reached_is_named_in_every_format_of_one_run(tmp_path: Path) -> None:
    target = f"{HOST}:{reserved_port()}"
    pairs = [word for name in FORMATS for word in ("--format", name, "-o", tmp_path / name)]
    assert tlsaudit("scan", target, *pairs).code == 3
    for name in FORMATS:
        text = (tmp_path / name).read_text(encoding="utf-8").lower()
        assert HOST in text, name
        assert "unreachable" in text, name


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_exit_code_is_that_of_the_findings_in_every_format(name: str) -> None:
    ended = tlsaudit("report", SAMPLE, "--format", name)
    assert ended.code == 1
    assert ended.err == ""
    assert len(ended.out) > 500


@pytest.mark.parametrize(
    ("file", "beginning"),
    [
        ("a.sarif", '{"$schema":"https://docs.oasis-open.org/sarif/'),
        ("a.junit.xml", "<?xml"),
        ("a.md", "# TLS audit"),
        ("a.csv", "subject,"),
        ("a.prom", "# HELP tlsaudit_"),
    ],
)
def test_suffixes(tmp_path: Path, file: str, beginning: str) -> None:
    ended = tlsaudit("report", SAMPLE, "-o", tmp_path / file)
    assert (ended.code, ended.out) == (1, "")
    assert (tmp_path / file).read_text(encoding="utf-8").startswith(beginning)


def test_annotations_and_a_step_summary_in_one_run(tmp_path: Path) -> None:
    summary = tmp_path / "step_summary_of_no_suffix"
    summary.touch()
    ended = tlsaudit("report", SAMPLE, "--format", "github", "-o", "-", "--format", "markdown", "-o", summary)
    assert ended.code == 1
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in ended.out.splitlines())
    assert summary.read_text(encoding="utf-8").startswith("# TLS audit\n")


def test_the_threshold_of_the_rendering_counts_and_not_that_of_the_scan() -> None:
    def failures(fail_on: str) -> int:
        text = tlsaudit("report", SAMPLE, "--format", "junit", "--fail-on", fail_on).out
        return text.count("<failure ")

    assert failures("none") == 0
    assert failures("critical") < failures("high") < failures("info")
    assert json.loads(SAMPLE.read_text())["summary"]["fail_on"] == "high"


@pytest.mark.parametrize("command", ["scan", "mtls", "report"])
def test_the_help_names_every_format(command: str) -> None:
    words = tlsaudit(command, "-h").out.replace(",", " ").replace(";", " ").split()
    assert set(FORMATS) <= set(words)
