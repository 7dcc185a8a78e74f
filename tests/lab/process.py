"""Starts a server program on loopback, waits until it listens, and ends it for sure.

Ports are the kernel's choice. A server that takes port 0 gets it; for the others `reserved_port` picks one that was
free a moment ago, and `start` tries again with another if somebody took it in between. Readiness is read from /proc:
the process itself holds a listening socket. No test connection disturbs the server, and a stranger on the same port
is never mistaken for it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
_START_SECONDS = 20.0
_STOP_SECONDS = 3.0
_POLL_SECONDS = 0.01
_ATTEMPTS = 5
_LISTEN = "0A"
"""The state LISTEN in /proc/net/tcp (include/net/tcp_states.h)."""
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")

Command = Callable[[int], Sequence[str | Path]]
"""The command line that serves on this port; it may write its configuration file on the way."""


class ServerFailedError(Exception):
    """A server did not come up; the message has its command and its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that accepts connections at `host`:`port`; `pid` is None where it runs inside the test process."""

    name: str
    port: int
    pid: int | None = None
    log_file: Path | None = None
    host: str = HOST

    @property
    def address(self) -> tuple[str, int]:
        """What `socket.create_connection` takes."""
        return self.host, self.port

    def log(self) -> str:
        """What the server wrote so far."""
        return self.log_file.read_text(errors="replace") if self.log_file else ""


def program(name: str) -> str | None:
    """The path of a server program, also where sbin is not on the PATH; None if it is not installed."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *_SBIN)))


def reserved_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def start(name: str, command: Command, *, directory: Path, any_port: bool = False) -> Iterator[Running]:
    """Run `command` in `directory` until the block ends; raises ServerFailedError with its output.

    `any_port`: the program takes port 0 and the kernel chooses. The server is a process group of its own, killed at
    the end; where setpriv(1) is there the kernel also kills it when the thread that started it dies.
    """
    log_file = directory / "output.log"
    for attempt in range(1, _ATTEMPTS + 1):
        wanted = 0 if any_port else reserved_port()
        words = [str(word) for word in command(wanted)]
        with log_file.open("wb") as log:
            process = _spawn(words, directory, log.fileno())
        try:
            port = _wait_until_listening(process, wanted)
            if port is not None:
                yield Running(name=name, port=port, pid=process.pid, log_file=log_file)
                return
        finally:
            _end(process)
        output = log_file.read_text(errors="replace")
        if attempt == _ATTEMPTS or "in use" not in output:
            raise ServerFailedError(f"{name} did not start: {' '.join(words)}\n{output[-4000:]}")


def listening_ports(pid: int) -> set[int]:
    """The TCP ports on which a process listens."""
    inodes = set()
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            link = str(descriptor.readlink())
            if link.startswith("socket:["):
                inodes.add(link[len("socket:[") : -1])
    except OSError:  # the process or the descriptor is gone
        return set()
    ports = set()
    for table in Path("/proc/net").glob("tcp*"):
        for line in table.read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == _LISTEN and columns[9] in inodes:
                ports.add(int(columns[1].rpartition(":")[2], 16))
    return ports


def _spawn(words: Sequence[str], directory: Path, output: int) -> subprocess.Popen[bytes]:
    setpriv = program("setpriv")
    guard = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
    return subprocess.Popen(
        [*guard, *words],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _wait_until_listening(process: subprocess.Popen[bytes], wanted: int) -> int | None:
    """The port, once the process listens; None if it ended or the time is over."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        ports = listening_ports(process.pid)
        if wanted in ports:
            return wanted
        if not wanted and ports:
            return min(ports)
        time.sleep(_POLL_SECONDS)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, then make it."""
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # all of the group has ended
        os.killpg(process.pid, number)
