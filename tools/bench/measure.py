"""Measures commands: each in a process of its own, in turns, and the median of the rounds."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.bench.scanners import Scanner, Work

_LAUNCH = Path(__file__).parent / "launch.py"
_ROOT = Path(__file__).parents[2]


class BenchError(Exception):
    """A scanner did not do its work, so that what it cost says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of a command cost, and what it wrote."""

    seconds: float
    processor: float
    """Seconds of processor time, user and system, of the command and all that it started."""
    megabytes: float
    output: str


def run(scanner: Scanner, work: Work, *, patience: float = 600.0) -> Cost:
    """One run; BenchError where the scanner did not get through with every endpoint."""
    output = work.folder / "output"
    command = [sys.executable, "-I", "-S", str(_LAUNCH), str(patience), str(output), *scanner.command(work)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    text = output.read_text(encoding="utf-8", errors="replace")
    proven = text.count(scanner.proof)
    if proven != len(work.hosts):
        raise BenchError(
            f"{scanner.name}: {proven} of {len(work.hosts)} endpoints done, exit code {found['code']}: {text[:500]}"
        )
    return Cost(seconds=found["seconds"], processor=found["processor"], megabytes=found["megabytes"], output=text)


def in_turns(scanners: Sequence[Scanner], work: Work, rounds: int) -> Mapping[Scanner, tuple[Cost, ...]]:
    """Every scanner once a round, so that whatever else the machine does meets all of them."""
    costs: dict[Scanner, list[Cost]] = {scanner: [] for scanner in scanners}
    for _ in range(rounds):
        for scanner in scanners:
            costs[scanner].append(run(scanner, work))
    return {scanner: tuple(each) for scanner, each in costs.items()}


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure, with the last output."""
    return Cost(
        seconds=statistics.median(each.seconds for each in costs),
        processor=statistics.median(each.processor for each in costs),
        megabytes=statistics.median(each.megabytes for each in costs),
        output=costs[-1].output,
    )


def own_seconds(costs: Sequence[Cost]) -> float | None:
    """The median of what tlsaudit's own report says that the one endpoint took; None of another scanner."""
    if not all(each.output.startswith('{"schema":"tlsaudit.report') for each in costs):
        return None
    return statistics.median(float(json.loads(each.output)["subjects"][0]["duration_s"]) for each in costs)
