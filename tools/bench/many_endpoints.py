"""What the audit of many endpoints costs: throughput beside sslyze, and memory over ten thousand."""

from __future__ import annotations

from collections.abc import Sequence

from tests.lab.process import Running
from tools.bench import scanners, servers
from tools.bench.measure import Cost, median, run
from tools.bench.one_endpoint import Bench
from tools.bench.page import Bar, Row, bars, costs
from tools.bench.scanners import Scanner

_HUNDRED = 100
_PAIRS = {"inventory": (scanners.SSLYZE_INVENTORY, 20.0), "full": (scanners.SSLYZE_FULL, 5.0)}
"""Each mode with the work of sslyze that is its like, and how many times the throughput has to be."""
_FEW, _MANY = 1_000, 10_000
_MOST_MEGABYTES = 200.0
_MOST_GROWTH = 40.0
_PATIENCE = 3_600.0


def hundred(bench: Bench) -> str:
    """A hundred endpoints in one process of each."""
    folder = bench.folder / "hundred"
    folder.mkdir()
    pairs = [(scanners.tlsaudit(mode), peer, least) for mode, (peer, least) in _PAIRS.items()]
    with servers.everywhere(folder, bench.pki) as server:
        found = {scanner: list[Cost]() for ours, peer, _ in pairs for scanner in (ours, peer)}
        counted: dict[Scanner, int] = {}
        for _ in range(bench.rounds):
            for scanner, each in found.items():
                cost, counted[scanner] = _counted(bench, scanner, server, _HUNDRED)
                each.append(cost)
    tables, judged = [], []
    for ours, peer, least in pairs:
        rows = [_row(scanner, found[scanner], counted[scanner]) for scanner in (ours, peer)]
        tables.append(costs(rows, ours.name))
        times = median(found[peer]).seconds / median(found[ours]).seconds
        judged.append(Bar(figure=f"throughput, {ours.name}", limit=least, measured=times, unit="x", at_least=True))
    text = (
        f"{_HUNDRED} addresses of loopback where one nginx answers, the one of the first section; one process each.\n"
    )
    return "\n".join([text, *tables, bars(judged)])


def ten_thousand(bench: Bench) -> str:
    """An inventory of ten thousand endpoints, as lines."""
    folder = bench.folder / "ten-thousand"
    folder.mkdir()
    inventory = scanners.tlsaudit("inventory")
    with servers.everywhere(folder, bench.pki) as server:
        few, few_opened = _counted(bench, inventory, server, _FEW)
        many, many_opened = _counted(bench, inventory, server, _MANY)
    rows = [
        _row(inventory, [few], few_opened, f"{_FEW:,} endpoints"),
        _row(inventory, [many], many_opened, f"{_MANY:,} endpoints"),
    ]
    judged = [
        Bar(figure=f"memory at {_MANY:,} endpoints", limit=_MOST_MEGABYTES, measured=many.megabytes, unit="MB"),
        Bar(
            figure=f"growth from {_FEW:,} to {_MANY:,}",
            limit=_MOST_GROWTH,
            measured=many.megabytes - few.megabytes,
            unit="MB",
        ),
    ]
    text = "Addresses of loopback where one nginx answers; `--mode inventory --format jsonl`, one run each.\n\n"
    return f"{text}{costs(rows, rows[0].scanner)}\n{bars(judged)}"


def _counted(bench: Bench, scanner: Scanner, server: Running, number: int) -> tuple[Cost, int]:
    """One run over so many endpoints, and the connections it took."""
    before = servers.accepted(server) + 1  # and the one that asked
    cost = run(scanner, bench.work(server.port, servers.addresses(number)), patience=_PATIENCE)
    return cost, servers.accepted(server) - before


def _row(scanner: Scanner, found: Sequence[Cost], opened: int, what: str = "") -> Row:
    middle = median(found)
    return Row(
        scanner=what or scanner.name,
        connections=opened,
        seconds=middle.seconds,
        processor=middle.processor,
        megabytes=middle.megabytes,
    )
