"""The page of figures: tables, bars, and sections that stay as they are when they are not measured again. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEAD = """\
# Benchmark

Made by `make bench`, and the section on ten thousand endpoints by `make bench-large`; do not edit. Each section says
when and on what it was measured. All servers are on loopback, started by the bench.

All scanners run as processes, one after the other in turns; figures are medians. *Wall* is the whole process, from
start to end; *endpoint* what tlsaudit's report says that the audit itself took. *CPU* is processor time, user and
system, with all processes that the scanner started; *memory* the peak of the largest process, or of all together where
there are several. Behind each figure stands how many times tlsaudit's it is, of the row that is marked *1*. Only ratios
within a table are worth comparing: the machine is shared.
"""

_MET, _MISSED, _UNKNOWN = "met", "**missed**", "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar that the project set itself; `measured` is None where it could not be measured."""

    figure: str
    limit: float
    measured: float | None
    unit: str = ""
    at_least: bool = False
    """Whether more is better."""

    @property
    def verdict(self) -> str:
        """met, missed or not measured."""
        if self.measured is None:
            return _UNKNOWN
        met = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        return _MET if met else _MISSED

    def row(self) -> list[str]:
        """Its row of a table."""
        sign = ">=" if self.at_least else "<="
        shown = "-" if self.measured is None else with_unit(self.measured, self.unit)
        return [self.figure, f"{sign} {with_unit(self.limit, self.unit)}", shown, self.verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scanner's figures; None is a figure that was not taken."""

    scanner: str
    connections: int | None = None
    most_open: int | None = None
    endpoint: float | None = None
    seconds: float | None = None
    processor: float | None = None
    megabytes: float | None = None
    note: str = ""
    """What stands instead of figures."""


def with_unit(value: float, unit: str = "") -> str:
    """A figure with as many digits as it is worth."""
    digits = 0 if value == int(value) or value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are figures."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "".join(f"| {' | '.join(each)} |\n" for each in (head, rule, *rows))


def costs(rows: Sequence[Row], base: str) -> str:
    """The table of `rows`, with ratios to the scanner named `base`; columns without any figure are left out."""
    columns: Mapping[str, Sequence[float | None]] = {
        "connections": [row.connections for row in rows],
        "open at once": [row.most_open for row in rows],
        "endpoint, s": [row.endpoint for row in rows],
        "wall, s": [row.seconds for row in rows],
        "CPU, s": [row.processor for row in rows],
        "memory, MB": [row.megabytes for row in rows],
    }
    shown = {head: column for head, column in columns.items() if any(figure is not None for figure in column)}
    one = next((number for number, row in enumerate(rows) if row.scanner == base), None)
    lines = []
    for number, row in enumerate(rows):
        figures = [
            _figure(column[number], None if one is None or head in {"open at once", "endpoint, s"} else column[one])
            for head, column in shown.items()
        ]
        lines.append([f"{row.scanner}: {row.note}" if row.note else row.scanner, *figures])
    return table(["", *shown], lines)


def _figure(value: float | None, one: float | None) -> str:
    if value is None:
        return "-"
    return with_unit(value) if not one else f"{with_unit(value)} (x{ratio(value, one)})"


def ratio(value: float, one: float) -> str:
    """How many times `one` a figure is; short."""
    times = value / one
    return "1" if value == one else f"{times:.0f}" if times >= 20 else f"{times:.1f}" if times >= 1 else f"{times:.2f}"


def bars(each: Sequence[Bar]) -> str:
    """The table of bars."""
    return table(["bar", "at most or at least", "measured", ""], [bar.row() for bar in each])


def sections(page: str) -> Mapping[str, str]:
    """The sections of a page by their titles."""
    parts = re.split(r"^## (.*)\n", page, flags=re.MULTILINE)[1:]
    return {title: text.strip("\n") + "\n" for title, text in zip(parts[::2], parts[1::2], strict=True)}


def whole(titles: Sequence[str], old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """The page: of each section the new text, else the old."""
    texts = {title: new.get(title, old.get(title)) for title in titles}
    measured = {title: text for title, text in texts.items() if text is not None}
    rows = [line for text in measured.values() for line in text.splitlines()]
    met, missed, without = (sum(line.endswith(f"| {each} |") for line in rows) for each in (_MET, _MISSED, _UNKNOWN))
    summary = f"Of the bars that the project set itself, {met} are met, {missed} missed and {without} not measured.\n"
    failing = [line.split(" | ") for line in rows if line.endswith(f"| {_MISSED} |")]
    summary += "".join(
        f"\n- missed: {name.removeprefix('| ')}: {figure}, {limit} is asked" for name, limit, figure, *_ in failing
    )
    summary += "\n" if failing else ""
    missing = "".join(f"\nNot measured yet: {title}.\n" for title in titles if title not in measured)
    return "\n".join([HEAD, summary + missing, *(f"## {title}\n\n{text}" for title, text in measured.items())])
