"""The parts of the bench that do not measure: its page, what it reads, and how it watches a command."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench import launch, page, scanners, servers
from tools.bench.__main__ import PAGE, SECTIONS
from tools.bench.one_endpoint import kilobytes
from tools.bench.page import Bar, Row
from tools.bench.scanners import Work

PYTHON_GRANDCHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.mark.parametrize(
    ("bar", "row"),
    [
        (Bar(figure="connections", limit=36, measured=36), ["connections", "<= 36", "36", "met"]),
        (Bar(figure="connections", limit=36, measured=37), ["connections", "<= 36", "37", "**missed**"]),
        (Bar(figure="time", limit=0.5, measured=0.504, unit="s"), ["time", "<= 0.50 s", "0.50 s", "**missed**"]),
        (Bar(figure="gate", limit=16, measured=None), ["gate", "<= 16", "-", "not measured"]),
        (Bar(figure="times", limit=20, measured=20.04, at_least=True), ["times", ">= 20", "20.0", "met"]),
        (Bar(figure="times", limit=20, measured=19, at_least=True), ["times", ">= 20", "19", "**missed**"]),
    ],
)
def test_a_bar_says_itself_whether_it_is_met(bar: Bar, row: list[str]) -> None:
    assert bar.row() == row


def test_a_table_of_costs_has_ratios_to_one_row_and_only_columns_with_figures() -> None:
    rows = [
        Row(scanner="ours", connections=30, most_open=6, seconds=0.5),
        Row(scanner="theirs", connections=579, most_open=12, seconds=0.25),
        Row(scanner="other", note="not installed"),
    ]
    assert page.costs(rows, "ours").splitlines() == [
        "|  | connections | open at once | wall, s |",
        "| --- | ---: | ---: | ---: |",
        "| ours | 30 (x1) | 6 | 0.50 (x1) |",
        "| theirs | 579 (x19.3) | 12 | 0.25 (x0.50) |",
        "| other: not installed | - | - | - |",
    ]


def test_without_the_row_to_compare_with_there_are_no_ratios() -> None:
    assert "x" not in page.costs([Row(scanner="theirs", connections=579)], "ours")


def test_what_is_not_measured_again_stays_on_the_page() -> None:
    missed = page.bars([Bar(figure="time", limit=1, measured=2, unit="s")])
    met = page.bars([Bar(figure="connections", limit=36, measured=30), Bar(figure="gate", limit=1, measured=None)])
    first = page.whole(
        ["One", "Two", "Three"], {}, {"One": f"Of Monday.\n\n{missed}", "Two": f"Of Monday.\n\n{missed}"}
    )
    assert "0 are met, 2 missed and 0 not measured" in first
    assert first.count("- missed: time: 2 s, <= 1 s is asked\n") == 2
    assert "Not measured yet: Three." in first
    second = page.whole(["One", "Two", "Three"], page.sections(first), {"Two": f"Of Tuesday.\n\n{met}"})
    assert page.sections(second) == {"One": f"Of Monday.\n\n{missed}", "Two": f"Of Tuesday.\n\n{met}"}
    assert "1 are met, 1 missed and 1 not measured" in second


def test_the_page_in_the_repository_has_every_section() -> None:
    assert list(page.sections(PAGE.read_text(encoding="utf-8"))) == [title for title, _ in SECTIONS.values()]


@pytest.mark.parametrize(
    ("text", "modes"),
    [
        ("  --mode MODE   inventory: what is served; full:\n   also the gate.\n", ("gate", "inventory", "full")),
        ("  --mode MODE   inventory or full.\n  --format FORMAT  of the gate\n", ("inventory", "full")),
        ("  --mode MODE   inventory or full.\n  -o, --output FILE  of the gate\n", ("inventory", "full")),
        ("  --gate MODE   inventory\n", ()),
    ],
)
def test_the_modes_are_read_from_the_help(text: str, modes: tuple[str, ...]) -> None:
    assert scanners.named_modes(text) == modes


def test_the_command_line_names_the_modes_that_are_measured() -> None:
    assert {"inventory", "full"} <= set(scanners.modes())


def test_many_hosts_are_scanned_from_a_list(tmp_path: Path) -> None:
    work = Work(folder=tmp_path, port=443, ca_file=tmp_path / "ca.pem", hosts=("127.0.0.1", "127.0.0.2"))
    for scanner in (scanners.tlsaudit("inventory"), scanners.SSLYZE_FULL):
        assert any(word.endswith(str(tmp_path / "targets")) for word in scanner.command(work))
    assert (tmp_path / "targets").read_text() == "127.0.0.1:443\n127.0.0.2:443\n"


def test_accepted_connections_are_read_from_the_status_of_nginx() -> None:
    status = "Active connections: 1 \nserver accepts handled requests\n 12 12 11 \nReading: 0 Writing: 1 Waiting: 0 \n"
    assert servers.accepts(status) == 12
    with pytest.raises(ValueError, match="stub_status"):
        servers.accepts("<html>")


def test_every_address_is_another_one_of_the_loopback() -> None:
    found = servers.addresses(10_000)
    assert len(set(found)) == 10_000
    assert all(ipaddress.ip_address(each).is_loopback for each in found)


def test_the_parts_of_a_report_are_weighed_as_they_are_written() -> None:
    document = json.dumps({"subjects": [{"name": "ä", "facts": {"alpn": ["h2"]}}]})
    assert kilobytes(document) == {"name": 0.004, "facts.alpn": 0.006}


def test_a_command_is_measured_with_what_it_starts(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PYTHON_GRANDCHILD, "x = b'x' * 80_000_000; print('done')"]
    found = watched(command, tmp_path, 60)
    assert found["code"] == 0
    assert found["megabytes"] > 80
    assert (tmp_path / "output").read_text() == "done\n"


def test_a_command_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    found = watched([sys.executable, "-c", PYTHON_GRANDCHILD, "import time; time.sleep(600)"], tmp_path, 0.5)
    assert found["code"] == -9


def watched(command: list[str], folder: Path, patience: float) -> dict[str, float]:
    """What the launcher, a program of its own, says of a command."""
    words = [sys.executable, "-I", "-S", launch.__file__, str(patience), str(folder / "output"), *command]
    found: dict[str, float] = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    return found
