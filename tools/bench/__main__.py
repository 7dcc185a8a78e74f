"""`python -m tools.bench`: measures, prints each section when it is done, and writes reports/benchmark.md."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.lab.pki import LabPki
from tests.lab.process import program
from tests.lab.servers import Lab
from tlsaudit import __version__
from tools.bench import many_endpoints, one_endpoint, page, scanners
from tools.bench.measure import BenchError

PAGE = Path(__file__).parents[2] / "reports" / "benchmark.md"
SECTIONS = {
    "connections": ("Connections", one_endpoint.connections),
    "distance": ("At 50 ms", one_endpoint.at_a_distance),
    "versions": ("Four versions", one_endpoint.four_versions),
    "hundred": ("A hundred endpoints", many_endpoints.hundred),
    "large": ("Ten thousand endpoints", many_endpoints.ten_thousand),
    "size": ("Size of the report", one_endpoint.report_size),
}
_LONG = "large"


def machine() -> str:
    """The processor and how busy it is."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "processor")
    return f"{model}, {os.cpu_count()} cores"


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description="Measure what tlsaudit costs, beside other scanners.")
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}; without any, all but {_LONG}"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each scanner runs; the median counts")
    asked = parser.parse_args()
    wanted = asked.sections or [name for name in SECTIONS if name != _LONG]
    if unknown := set(wanted) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    if program("nginx") is None:
        print("nginx is not installed; tools/install_servers.sh does it", file=sys.stderr)
        return 2
    old = page.sections(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    new: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pki = LabPki.create(folder)
        modes = scanners.modes()
        for name in wanted:
            title, measure = SECTIONS[name]
            place = folder / name
            place.mkdir()
            before = os.getloadavg()[0]
            try:
                with Lab(place, pki) as lab:
                    text = measure(one_endpoint.Bench(folder=place, pki=pki, lab=lab, modes=modes, rounds=asked.rounds))
            except BenchError as error:
                print(f"{title}: {error}", file=sys.stderr)
                return 1
            rounds = "one run" if name == _LONG or asked.rounds == 1 else f"{asked.rounds} rounds"
            measured = (
                f"{datetime.now(UTC):%Y-%m-%d}, tlsaudit {__version__}, {machine()}, load average {before:.1f} before, "
                f"{os.getloadavg()[0]:.1f} after; {rounds}.\n\n"
            )
            new[title] = measured + text
            print(f"## {title}\n\n{new[title]}", flush=True)
            PAGE.write_text(page.whole([title for title, _ in SECTIONS.values()], old, new), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
