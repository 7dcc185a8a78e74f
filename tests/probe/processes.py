"""What this process holds: descriptors, and the processes that sslyze runs in."""

from __future__ import annotations

import contextlib
import multiprocessing.forkserver
from pathlib import Path


def children(pid: int) -> set[int]:
    """The processes below a process, whether they still run or not."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.add(int(stat.parent.name))
    return found


def sslyze_children() -> set[int]:
    """The processes in which sslyze runs for us."""
    server: int | None = multiprocessing.forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    return children(server) if server is not None else set()


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
