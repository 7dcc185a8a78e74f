"""Where reports go, and how the program ends when nobody reads on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import tlsaudit as package
from tests.cli.program import COMMAND, ROOT, tlsaudit
from tests.lab import hostile
from tests.lab.process import HOST, reserved_port
from tests.lab.scripted import ScriptedServer

UNREADABLE_BY_OTHERS = 0o600


@pytest.fixture
def closed() -> str:
    """A target that refuses: the shortest audit there is."""
    return f"{HOST}:{reserved_port()}"


def test_several_formats_go_to_as_many_files(tmp_path: Path, closed: str) -> None:
    page, data = tmp_path / "a.html", tmp_path / "b"
    ended = tlsaudit(
        "scan", closed, "--format", "html", "-o", page, "--format", "text", "-o", "-", "--format", "json", "-o", data
    )
    assert ended.code == 3
    assert page.read_text().startswith("<!doctype html>".upper()) or "<html" in page.read_text()
    assert json.loads(data.read_text())["schema"] == "tlsaudit.report/1"
    assert ended.out.startswith(closed)
    assert {file.stat().st_mode & 0o777 for file in (page, data)} == {UNREADABLE_BY_OTHERS}
    assert sorted(tmp_path.iterdir()) == [page, data], "nothing is left beside them"


def test_one_file_without_a_format_takes_it_from_its_suffix(tmp_path: Path, closed: str) -> None:
    ended = tlsaudit("scan", closed, "-o", tmp_path / "report.json")
    assert ended.out == ""
    assert json.loads((tmp_path / "report.json").read_text())["summary"]["exit_code"] == 3


def test_what_is_no_file_is_written_to_as_it_is(closed: str) -> None:
    assert tlsaudit("scan", closed, "--format", "json", "-o", "/dev/null").code == 3
    assert Path("/dev/null").is_char_device()
    assert tlsaudit("scan", closed, "--format", "json", "-o", "/dev/stdout").document["schema"] == "tlsaudit.report/1"


def test_two_spellings_of_one_file_are_one_file(tmp_path: Path, closed: str) -> None:
    twice = ("-o", tmp_path / "x", "--format", "json", "-o", tmp_path / "." / "y" / ".." / "x")
    (tmp_path / "y").mkdir()
    ended = tlsaudit("scan", closed, "--format", "html", *twice)
    assert ended.code == 2
    assert "only one format" in ended.err


def test_a_link_stays_a_link(tmp_path: Path, closed: str) -> None:
    (tmp_path / "today.json").write_text("old")
    (tmp_path / "latest.json").symlink_to("today.json")
    assert tlsaudit("scan", closed, "-o", tmp_path / "latest.json").code == 3
    assert (tmp_path / "latest.json").is_symlink()
    assert json.loads((tmp_path / "today.json").read_text())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path, closed: str) -> None:
    tmp_path.chmod(0o500)
    ended = tlsaudit("scan", closed, "-o", tmp_path / "report.json")
    assert ended.code == 2
    assert "no permission" in ended.complaint()


def test_a_stored_report_is_rendered_again_with_its_exit_code(tmp_path: Path, closed: str) -> None:
    stored = tmp_path / "report.json"
    scanned = tlsaudit("scan", closed, "--format", "json", "-o", stored)
    assert tlsaudit("report", stored, "--format", "json").document == json.loads(stored.read_text())
    assert tlsaudit("report", stored, "--format", "html").code == scanned.code == 3
    sample = ROOT / "reports" / "sample.json"
    assert tlsaudit("report", sample).code == 1
    assert tlsaudit("report", sample, "--fail-on", "none").code == 3


@pytest.mark.parametrize("command", [("rules",), ("schema",), ("-h",), ("report", ROOT / "reports" / "sample.json")])
def test_a_reader_that_goes_away_ends_it_quietly(command: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run([*COMMAND, *command], cwd=ROOT, stdout=gone, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 141
    assert done.stderr == b""


def test_a_full_disk_is_said_in_one_line(closed: str) -> None:
    for command in (("schema",), ("scan", closed)):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run([*COMMAND, *command], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 2
        assert done.stderr.decode().splitlines()[-1] == (
            "tlsaudit: cannot write to standard output: No space left on device"
        )


@pytest.mark.parametrize("command", ["schema", f"scan {HOST}:1"])
def test_standard_output_that_is_closed(command: str) -> None:
    words = [*COMMAND, *command.split()]
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *words], cwd=ROOT, stderr=subprocess.PIPE, check=False
    )
    assert done.returncode == 2
    assert done.stderr == b"tlsaudit: cannot write to standard output: it is closed\n"


def test_standard_input_that_is_closed() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, "scan", "-"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == b"tlsaudit: cannot read the target list from standard input: it is closed\n"


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}, {"PYTHONUTF8": "0", "LANG": ""}])
def test_reports_are_utf_8_whatever_the_locale(closed: str, locale: dict[str, str]) -> None:
    ended = tlsaudit("scan", closed, environment=locale)
    assert ended.code == 3
    assert "────" in ended.out


def interrupted(targets: list[str], silent: ScriptedServer) -> subprocess.CompletedProcess[str]:
    """A scan that gets Ctrl-C as soon as the silent server has been asked something."""
    process = subprocess.Popen(
        [*COMMAND, "scan", *targets, "--timeout", "60", "--format", "json"],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not silent.connections:
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.5)  # the other target needs a moment to be done; nothing here depends on how long
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_an_interrupted_run_writes_what_is_done(closed: str) -> None:
    with ScriptedServer(hostile.accept_and_silence) as silent:
        done = interrupted([closed, f"{HOST}:{silent.port}"], silent)
    assert done.returncode == 130
    assert done.stderr == "tlsaudit: interrupted: 1 of 2 endpoints are done and in the report\n"
    document = json.loads(done.stdout)
    assert [(each["status"], each["error"]["code"]) for each in document["subjects"]] == [
        ("unreachable", "refused"),
        ("incomplete", "interrupted"),
    ]
    assert document["summary"]["exit_code"] == 130


def test_the_version() -> None:
    ended = tlsaudit("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"tlsaudit {package.__version__}\n", "")


@pytest.mark.parametrize("command", ["", "scan", "report", "rules", "demo", "schema"])
def test_every_command_has_help(command: str) -> None:
    words = command.split()
    ended = tlsaudit(*words, "-h")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == tlsaudit(*words, "--help").out
    assert ended.out.startswith(" ".join(["Usage: tlsaudit", *words]))
    assert "..." not in ended.out.partition("\n")[2], "no sentence is cut short"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_may_stand_anywhere(place: int) -> None:
    words = ["rules", "TLS-PROTO-001"]
    words.insert(place, "--debug")
    assert tlsaudit(*words).code == 0


def test_an_internal_error_is_one_line_and_a_traceback_on_demand(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import tlsaudit.rules\ndef broken(*_):\n    raise RuntimeError('broken on purpose')\n"
        "import tlsaudit.policy\ntlsaudit.policy.load_policy = broken\n"
    )
    environment = {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    ended = tlsaudit("rules", environment=environment)
    assert ended.code == 70
    assert ended.complaint() == ("internal error: RuntimeError: broken on purpose (run with --debug for the traceback)")
    ended = tlsaudit("rules", "--debug", environment=environment)
    assert ended.code == 70
    assert ended.err.startswith("Traceback")
    assert ended.err.endswith("tlsaudit: internal error: RuntimeError: broken on purpose\n")
