"""The bar that shows how far a run is: on standard error, and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(total: int, *, wanted: bool) -> Iterator[Callable[[], None]]:
    """A live bar with rate and time left, advanced by calling what it gives; without a terminal nothing is drawn."""
    if not wanted or total < 2 or sys.stderr is None or not sys.stderr.isatty():
        yield lambda: None
        return

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Targets a second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.finished_speed or task.speed or 0:.1f}/s")

    columns = (TextColumn("auditing"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    # What is said on standard error goes above the bar; standard output is the report's alone.
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)
