"""Runs one command and says what it cost, with everything that it started: `launch.py PATIENCE OUTPUT COMMAND...`.

A program of its own, because the kernel counts the memory of whoever starts a program into the program's peak, and
this one is small. It adopts what the command leaves behind (prctl(2), PR_SET_CHILD_SUBREAPER), since a process that
nobody waits for is missing in the processor time. The peak is that of the largest process, or, where there are several
at a time, of all together: shared pages then count once (smaps_rollup(5), Pss), looked at ten times a second.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
_LOOK_SECONDS = 0.1
_LEAVE_SECONDS = 5.0
_PARENT, _SESSION = 1, 3
"""The places of these numbers in /proc/PID/stat, behind the name in parentheses (proc_pid_stat(5))."""


def cost(command: list[str], output: Path, patience: float) -> dict[str, float]:
    """Run `command`, with its standard output in the file `output`; end it and its kin when `patience` is over."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with output.open("wb") as file:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL, start_new_session=True
        )
        shared = _watch(process.pid, started + patience)
        seconds = time.perf_counter() - started
    code, processor, largest = 0, 0.0, 0
    deadline = time.perf_counter() + _LEAVE_SECONDS
    while (ended := _next_of_kin()) is not None:
        pid, status, usage = ended
        if not pid:
            if time.perf_counter() > deadline:
                _end(process.pid)
            time.sleep(0.01)
            continue
        if pid == process.pid:
            code = os.waitstatus_to_exitcode(status)
        processor += usage.ru_utime + usage.ru_stime
        largest = max(largest, usage.ru_maxrss)
    return {"seconds": seconds, "processor": processor, "megabytes": max(largest, shared) / 1000, "code": code}


def _watch(pid: int, deadline: float) -> int:
    """Wait for the end of `pid`, which is not reaped; the most kB that it and its kin had together."""
    most = 0
    descriptor = os.pidfd_open(pid)
    try:
        while not select.select([descriptor], [], [], _LOOK_SECONDS)[0]:
            kin = _kin(pid)
            if len(kin) > 1:  # of a single process the kernel itself knows the peak
                most = max(most, sum(map(_proportional, kin)))
            if time.perf_counter() > deadline:
                _end(pid)
    finally:
        os.close(descriptor)
    return most


def _next_of_kin() -> tuple[int, int, resource.struct_rusage] | None:
    """The next process that has ended, with pid 0 where none has; None where there is none left."""
    try:
        return os.wait4(-1, os.WNOHANG)
    except ChildProcessError:
        return None


def _kin(pid: int) -> list[int]:
    """The processes of the session that `pid` leads, and those that left it and are ours by now."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                columns = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(columns[_SESSION]) == pid or int(columns[_PARENT]) == os.getpid():
                found.append(int(entry.name))
    return found


def _proportional(pid: int) -> int:
    """The memory of a process in kB, shared pages divided by those who share them; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _end(pid: int) -> None:
    for each in _kin(pid):
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    print(json.dumps(cost(sys.argv[3:], Path(sys.argv[2]), float(sys.argv[1]))))
