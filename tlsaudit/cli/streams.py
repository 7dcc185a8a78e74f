"""Reports that are written while the run goes on: a line for each subject, as soon as it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tlsaudit.cli import outputs

if TYPE_CHECKING:
    from tlsaudit.model.document import Subject

LINES = "jsonl"
"""The format whose lines need no whole document."""


class Lines:
    """Open for the time of a run; `put` writes one subject to every one of `files`."""

    def __init__(self, files: Sequence[str]) -> None:
        self._files = files
        self._writers: list[Callable[[str], None]] = []
        self._stack = ExitStack()
        self._turn = asyncio.Lock()
        self.written = 0
        """How many lines each file has."""

    def __enter__(self) -> Self:
        for file in self._files:
            if file == outputs.STANDARD_OUTPUT:
                self._writers.append(outputs.put)
            else:
                self._writers.append(self._stack.enter_context(outputs.written_beside(Path(file))))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    async def put(self, subject: Subject) -> None:
        """Write one line, in a thread: a reader that takes its time must not stop the clock of those we ask."""
        if not self._writers:
            return
        from tlsaudit.report.jsonl import line

        async with self._turn:
            await asyncio.to_thread(self._write, line(subject))

    def _write(self, text: str) -> None:
        for write in self._writers:
            write(text)
        self.written += 1
