"""What the audit of one endpoint costs: connections, time on loopback and at a distance, and the size of the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lab.pki import LabPki
from tests.lab.process import Running
from tests.lab.proxy import DelayProxy
from tests.lab.servers import Lab
from tools.bench import scanners, servers
from tools.bench.measure import Cost, in_turns, median, own_seconds, run
from tools.bench.page import Bar, Row, bars, costs, table
from tools.bench.scanners import Scanner, Work

_ROUND_TRIP = 0.05
_MOST_CONNECTIONS = {"gate": 16, "inventory": 36, "full": 85}
_MOST_OPEN = 10
_MOST_SECONDS = {"gate": 0.5, "inventory": 1.0, "full": 2.5}
_MOST_KILOBYTES = 25.0
_OF_FOUR_VERSIONS = {"RSA, 29 suites at TLS 1.2": 95, "RSA and ECDSA, 44 suites at TLS 1.2": 115}
_SECONDS_OF_FOUR_VERSIONS = 2.0
_USUAL = next(iter(servers.ORDERS))
INVENTORY = scanners.tlsaudit("inventory").name


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every section needs."""

    folder: Path
    pki: LabPki
    lab: Lab
    modes: tuple[str, ...]
    """Those that tlsaudit knows."""
    rounds: int

    def work(self, port: int, hosts: tuple[str, ...] = ()) -> Work:
        """Scanning what listens at `port`."""
        work = Work(folder=self.folder, port=port, ca_file=self.pki.root_file)
        return replace(work, hosts=hosts) if hosts else work


def connections(bench: Bench) -> str:
    """Connections counted at a proxy; what they cost, measured without one."""
    text = (
        "nginx with TLS 1.2 and 1.3, three cipher suites each, and one ECDSA certificate. Connections are counted "
        f"where they arrive.\n\n{_unknown_modes(bench)}"
    )
    judged = []
    for order, directive in servers.ORDERS.items():
        server = bench.lab.nginx(servers.SIX_SUITES + directive)
        ours, peers = _contenders(bench, order)
        there = [scanner for scanner in (*ours, *peers) if not scanner.missing]
        counted = {scanner: _count(bench, scanner, server) for scanner in there}
        found = in_turns(there, bench.work(server.port), bench.rounds)
        rows = [_row(scanner, found.get(scanner, ()), counted.get(scanner)) for scanner in (*ours, *peers)]
        text += f"With {order}:\n\n{costs(rows, INVENTORY)}\n"
        for mode, row in _by_mode(rows).items():
            at_most = _MOST_CONNECTIONS[mode]
            judged.append(Bar(figure=f"connections, {mode}, {order}", limit=at_most, measured=row.connections))
            judged.append(Bar(figure=f"open at once, {mode}, {order}", limit=_MOST_OPEN, measured=row.most_open))
    return text + bars(judged)


def at_a_distance(bench: Bench) -> str:
    """The same servers, 50 ms away."""
    text = (
        "The same servers behind a proxy that makes every round trip take 50 ms. The bars are about the endpoint.\n\n"
        + _unknown_modes(bench)
    )
    judged = []
    for order, directive in servers.ORDERS.items():
        rows = _delayed(bench, bench.lab.nginx(servers.SIX_SUITES + directive), *_contenders(bench, order))
        text += f"With {order}:\n\n{costs(rows, INVENTORY)}\n"
        for mode, row in _by_mode(rows).items():
            figure = f"seconds of the endpoint, {mode}, {order}"
            judged.append(Bar(figure=figure, limit=_MOST_SECONDS[mode], measured=row.endpoint, unit="s"))
    return text + bars(judged)


def four_versions(bench: Bench) -> str:
    """Servers with TLS 1.0 to 1.3 and every suite they have, 50 ms away."""
    pki = bench.pki
    text = "nginx with TLS 1.0 to 1.3 and all suites of OpenSSL 3 (`ALL:@SECLEVEL=0`), behind 50 ms.\n"
    judged = []
    inventory = [scanners.tlsaudit("inventory")]
    for (title, most), files in zip(_OF_FOUR_VERSIONS.items(), ((pki.rsa,), (pki.rsa, pki.ecdsa)), strict=True):
        for order, directive in servers.ORDERS.items():
            server = bench.lab.nginx(servers.FOUR_VERSIONS + directive, certificates=files)
            # The peers take long; one of the four servers is enough to compare.
            peers = scanners.PEERS if len(files) > 1 and order == _USUAL else ()
            rows = _delayed(bench, server, inventory, peers)
            text += f"\n{title}, {order}:\n\n{costs(rows, INVENTORY)}"
            judged.append(Bar(figure=f"connections, {title}, {order}", limit=most, measured=rows[0].connections))
            if order == _USUAL:
                figure = f"seconds of the endpoint, {title}, {order}"
                limit = _SECONDS_OF_FOUR_VERSIONS
                judged.append(Bar(figure=figure, limit=limit, measured=rows[0].endpoint, unit="s"))
    return f"{text}\n{bars(judged)}"


def report_size(bench: Bench) -> str:
    """How large the JSON report of an ordinary endpoint is, and what takes the room."""
    server = bench.lab.nginx(servers.SIX_SUITES)
    judged, parts = list[Bar](), dict[str, dict[str, float]]()
    for mode in bench.modes:
        document = run(scanners.tlsaudit(mode), bench.work(server.port)).output
        judged.append(
            Bar(figure=f"JSON, {mode}", limit=_MOST_KILOBYTES, measured=len(document.encode()) / 1000, unit="kB")
        )
        parts[mode] = kilobytes(document)
    names = sorted(
        {name for part in parts.values() for name in part}, key=lambda name: -parts["inventory"].get(name, 0)
    )
    rows = [[name, *(f"{parts[mode].get(name, 0.0):.2f}" for mode in bench.modes)] for name in names]
    rows = [row for row in rows if any(float(figure) >= 0.25 for figure in row[1:])]
    return (
        "The same server, its certificate trusted by `--ca-file`; compact JSON as `--format json` writes it. "
        "1 kB is 1,000 bytes.\n\n"
        + bars(judged)
        + "\nWhat takes the room, where it is 0.25 kB or more:\n\n"
        + table(["kB", *bench.modes], rows)
    )


def kilobytes(document: str) -> dict[str, float]:
    """The size of each part of the one subject of a report, in kB."""
    subject = json.loads(document)["subjects"][0]
    parts = {name: value for name, value in subject.items() if name != "facts"}
    parts |= {f"facts.{name}": value for name, value in subject["facts"].items()}
    return {
        name: len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()) / 1000
        for name, value in parts.items()
    }


def _by_mode(rows: Sequence[Row]) -> dict[str, Row]:
    """The row of each mode, an empty one where it was not measured."""
    by_name = {row.scanner: row for row in rows}
    names = {mode: scanners.tlsaudit(mode).name for mode in scanners.MODES}
    return {mode: by_name.get(name, Row(scanner=name)) for mode, name in names.items()}


def _unknown_modes(bench: Bench) -> str:
    unknown = [mode for mode in scanners.MODES if mode not in bench.modes]
    return f"tlsaudit's command line does not know `--mode {'`, `'.join(unknown)}`.\n\n" if unknown else ""


def _count(bench: Bench, scanner: Scanner, server: Running) -> tuple[int, int]:
    """How many connections a scanner opens, and how many at the same time."""
    with DelayProxy(server.port, round_trip=0.0) as proxy:
        run(scanner, bench.work(proxy.port))
    return proxy.connections, proxy.most_open


def _contenders(bench: Bench, order: str) -> tuple[Sequence[Scanner], Sequence[Scanner]]:
    """tlsaudit in its modes; its peers where the usual order decides."""
    return [scanners.tlsaudit(mode) for mode in bench.modes], scanners.PEERS if order == _USUAL else ()


def _delayed(bench: Bench, server: Running, ours: Sequence[Scanner], peers: Sequence[Scanner]) -> list[Row]:
    """The rows of these scanners at a server 50 ms away; each has a proxy of its own, which counts its connections."""
    found: dict[Scanner, list[Cost]] = {scanner: [] for scanner in (*ours, *peers)}
    counted: dict[Scanner, tuple[int, int]] = {}
    for _ in range(bench.rounds):
        for scanner, each in found.items():
            if scanner.missing:
                continue
            with DelayProxy(server.port, round_trip=_ROUND_TRIP) as proxy:
                each.append(run(scanner, bench.work(proxy.port)))
            counted[scanner] = proxy.connections, proxy.most_open
    return [_row(scanner, each, counted.get(scanner)) for scanner, each in found.items()]


def _row(scanner: Scanner, found: Sequence[Cost], counted: tuple[int, int] | None) -> Row:
    """The figures of a scanner at one endpoint; `counted`: its connections, and the most at the same time."""
    if not found or counted is None:
        return Row(scanner=scanner.name, note="not installed")
    middle = median(found)
    return Row(
        scanner=scanner.name,
        connections=counted[0],
        most_open=counted[1],
        endpoint=own_seconds(found),
        seconds=middle.seconds,
        processor=middle.processor,
        megabytes=middle.megabytes,
    )
