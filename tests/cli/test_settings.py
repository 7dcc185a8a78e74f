"""`tlsaudit settings`, and that commands do what is set: flags before the environment, that before the file."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import COMMAND, ROOT, Ended
from tlsaudit.policy import load_policy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a user's own."""
    (tmp_path / ".git").mkdir()
    return tmp_path


def run(folder: Path, *arguments: str | Path, **environment: str) -> Ended:
    """The program, started in this folder."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    return Ended(code=done.returncode, out=done.stdout, err=done.stderr)


def rows(ended: Ended) -> dict[str, tuple[object, str, str]]:
    """Value, origin and place of every setting."""
    assert ended.code == 0, ended.err
    return {row["name"]: (row["value"], row["origin"], row["where"]) for row in ended.document}


def test_each_value_says_where_it_came_from(folder: Path) -> None:
    file = folder / "tlsaudit.toml"
    file.write_text('fail-on = "low"\ntimeout = 2\nconnections = 7\nmode = "gate"\n')
    found = rows(
        run(folder, "settings", "--timeout", "4", "--format", "json", TLSAUDIT_TIMEOUT="3", TLSAUDIT_CONNECTIONS="8")
    )
    assert found["timeout"] == (4.0, "flag", "--timeout")
    assert found["connections"] == (8, "environment", "TLSAUDIT_CONNECTIONS")
    assert found["fail-on"] == ("low", "file", str(file))
    assert found["per-address"] == (10, "default", "")
    assert found["waivers"] == (None, "default", "")
    text = run(folder, "settings").out
    assert text.startswith("policy               owasp")
    assert str(file) in text


def test_secrets_are_not_shown(folder: Path) -> None:
    (folder / "tlsaudit.toml").write_text('proxy = "http://me:geheim@127.0.0.1:3128"\n')
    for form in ("text", "json"):
        ended = run(folder, "settings", "--format", form, TLSAUDIT_CLIENT_KEY_PASSWORD="geheim")
        assert ended.code == 0
        assert "geheim" not in ended.out + ended.err
        assert "http://127.0.0.1:3128 with credentials" in ended.out
        assert "set, and not shown" in ended.out
        ended = run(folder, "settings", "--format", form, "--proxy", "http://me:geheim@127.0.0.1:1")
        assert "geheim" not in ended.out + ended.err


def test_every_passphrase_has_a_variable(folder: Path) -> None:
    for key in ("client-key", "client-ca-key", "trial-key"):
        name = f"TLSAUDIT_{key.upper().replace('-', '_')}_PASSWORD"
        found = rows(run(folder, "settings", "--format", "json", **{name: "geheim"}))
        assert found[f"{key}-password"] == ("set, and not shown", "environment", name)


def test_a_value_that_looks_like_a_wish_for_help_is_a_value(folder: Path) -> None:
    sample = ROOT / "reports" / "sample.json"
    asked = ("report", sample, "--format", "csv", "-o", "-h")
    assert run(folder, *asked).code == 1
    assert run(folder, *asked, TLSAUDIT_FAIL_ON="none").code == 3
    assert run(folder, *asked, TLSAUDIT_FAIL_ON="dire").code == 2
    (folder / "-h").unlink()
    assert "Usage" in run(folder, "report", "-h", TLSAUDIT_FAIL_ON="dire").out
    assert list(folder.glob("-h")) == []


def test_settings_decide_and_flags_decide_before_them(folder: Path) -> None:
    sample = ROOT / "reports" / "sample.json"
    file = folder / "tlsaudit.toml"
    assert run(folder, "report", sample).code == 1
    file.write_text('fail-on = "none"\n')
    assert run(folder, "report", sample).code == 3
    assert run(folder, "report", sample, TLSAUDIT_FAIL_ON="high").code == 1
    assert run(folder, "report", sample, "--fail-on", "none", TLSAUDIT_FAIL_ON="high").code == 3


def test_waivers_of_a_file_of_settings_are_found_beside_it(folder: Path) -> None:
    (folder / "tlsaudit.toml").write_text('fail-on = "none"\nwaivers = "w.yaml"\n')
    (folder / "w.yaml").write_text("- {rule: TLS-NOPE-001}\n")
    (folder / "below").mkdir()
    ended = run(folder / "below", "report", ROOT / "reports" / "sample.json")
    assert ended.code == 2
    assert ended.complaint().startswith(f"{folder / 'w.yaml'}:1: waivers.0.rule: there is no rule")


def test_a_diff_asks_as_the_report_did_whatever_is_set(folder: Path) -> None:
    (folder / "tlsaudit.toml").write_text('mode = "gate"\nproxy = "http://127.0.0.1:1"\n')
    report = json.loads((ROOT / "reports" / "sample.json").read_text())
    report["subjects"] = report["subjects"][:1]
    report["policy"]["sha256"] = load_policy("owasp").sha256
    (folder / "r.json").write_text(json.dumps(report))
    ended = run(folder, "diff", "r.json", report["subjects"][0]["id"], "--format", "json")
    assert ended.code == 3
    assert ended.document["new"]["mode"] == report["mode"]
    assert "proxy" in ended.err, "but goes through what is set"


@pytest.mark.parametrize("command", [("scan", "x"), ("mtls", "x"), ("report", "x"), ("diff", "x", "y"), ("settings",)])
def test_what_is_wrong_ends_every_command_that_reads_it(folder: Path, command: tuple[str, ...]) -> None:
    (folder / "tlsaudit.toml").write_text("fail_on = 'low'\n")
    ended = run(folder, *command)
    assert (ended.code, ended.out) == (2, "")
    assert ended.complaint() == f"{folder / 'tlsaudit.toml'}: fail_on: no such setting; did you mean fail-on?"


@pytest.mark.parametrize("command", [("--version",), ("schema",), ("scan", "--help"), ("-h",)])
def test_what_reads_no_settings_does_not_mind_them(folder: Path, command: tuple[str, ...]) -> None:
    (folder / "tlsaudit.toml").write_text("fail_on = 'low'\n")
    assert run(folder, *command).code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--bogus",), "No such option: --bogus"),
        (("--timeout", "soon"), "'--timeout'"),
        (("--format", "html"), "unknown format 'html'; known: text, json"),
    ],
)
def test_wrong_flags_of_settings(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    ended = run(folder, "settings", *arguments)
    assert ended.code == 2
    assert words in ended.complaint()


def test_a_working_directory_that_is_gone_has_no_settings(folder: Path) -> None:
    gone = folder / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {' '.join(COMMAND)} settings"
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert (done.returncode, done.stderr) == (0, "")
