"""The child processes that sslyze runs in: forked from a server that has it imported, and ended without fail.

sslyze can hang for ever, and nassl is C that parses hostile bytes. So each endpoint gets a process of its own, which
is killed when the time of its endpoint is over, and on leaving; what it says comes back as bounded bytes, never as
pickled objects. A process forked from multiprocessing's fork server, which imports sslyze once, costs milliseconds; a
fresh interpreter a quarter of a second. The fork server starts with the first question and leaves with the program
that started it. It is one more process that can hang: who waits for it in vain kills it, and the next question starts
another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess

from tlsaudit.manners import Allowance

_AT_ONCE = 8
_MOST_BYTES = 65_536
_ANSWERS_WITHIN = 2
"""Seconds that the fork server has to say that a child was started or is gone, when there is no more time for it."""
_CHILD = "tlsaudit.probe.sslyze_child"
_QUIET = "tlsaudit.probe.quiet_server"


@dataclass(frozen=True, slots=True)
class Report:
    """What a child said, as lines; `problem` is why there is no more, "" where it ended by itself."""

    lines: tuple[bytes, ...]
    problem: str = ""


class Sslyze:
    """Runs sslyze for the endpoints of one run, a few at a time."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        # __main__ as well, which every child would import again (and does, on Pythons that ignore it here).
        self._context.set_forkserver_preload([_QUIET, "__main__", _CHILD])
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def warm_up(self) -> None:
        """Start the fork server, if it does not run, so that it imports sslyze while other questions are asked."""
        with contextlib.suppress(OSError):  # `ask` says so
            await asyncio.to_thread(multiprocessing.forkserver.ensure_running)

    @asynccontextmanager
    async def place(self, allowance: Allowance) -> AsyncIterator[None]:
        """Room for one more child while the block lasts; to wait for it takes nothing from `allowance`."""
        with allowance.waiting_for_place():
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()

    async def ask(self, request: bytes, allowance: Allowance) -> Report:
        """What a new child says to `request` until it ends, or until the time of the endpoint is over.

        To be called in a `place`.
        """
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            return Report((), f"this machine has no resources for another process: {error.strerror}")
        with ours:
            ours.setblocking(False)
            process = self._context.Process(target=_in_child, args=(request, theirs), daemon=True)
            return await _supervise(process, ours, theirs, allowance)


async def _supervise(
    process: ForkServerProcess, ours: socket.socket, theirs: socket.socket, allowance: Allowance
) -> Report:
    """Start the child and read what it says; whatever happens meanwhile, it is gone afterwards."""
    starting = asyncio.create_task(asyncio.to_thread(_start, process, theirs))
    said = bytearray()
    try:
        async with allowance.bounds():
            problem = await asyncio.shield(starting) or await _listen(ours, said)
    except TimeoutError:
        problem = "sslyze did not answer in time and was stopped"
    finally:
        await asyncio.wait((starting,), timeout=_ANSWERS_WITHIN)
        if not starting.done():
            _kill_server()
            await asyncio.wait((starting,))
        await asyncio.to_thread(_end, process)
    return Report(tuple(bytes(said).splitlines()), problem)


async def _listen(ours: socket.socket, said: bytearray) -> str:
    loop = asyncio.get_running_loop()
    while len(said) < _MOST_BYTES:
        try:
            data = await loop.sock_recv(ours, 4096)
        except OSError:
            data = b""
        if not data:
            return ""
        said += data
    return "sslyze said far too much and was stopped"


def _start(process: ForkServerProcess, theirs: socket.socket) -> str:
    """Start the child, which gets its own copy of `theirs`; a sentence where it cannot be started."""
    with theirs:
        try:
            process.start()
        except (OSError, EOFError) as error:
            return f"sslyze's process could not be started: {error}"
    return ""


def _end(process: ForkServerProcess) -> None:
    """Kill the child if it still runs, and wait until it is gone."""
    if process.pid is None:
        return
    if process.is_alive():
        process.kill()
        process.join(_ANSWERS_WITHIN)
    if process.is_alive():  # says the fork server, or says nothing
        _kill_server()
    process.join()
    process.close()


def _kill_server() -> None:
    """Kill the fork server, so that whoever waits for its word, in a thread that cannot be stopped, goes on."""
    server = multiprocessing.forkserver._forkserver  # noqa: SLF001 - nothing public names it, nor stops it
    with server._lock:  # type: ignore[attr-defined]  # noqa: SLF001 - so that the process is not another one by then
        pid: int | None = server._forkserver_pid  # type: ignore[attr-defined]  # noqa: SLF001
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


def _in_child(request: bytes, sock: socket.socket) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # our report goes to standard output, and no library may write into it
        os.dup2(nowhere, stream)
    from tlsaudit.probe import sslyze_child  # noqa: PLC0415 - sslyze is imported in the child alone

    sslyze_child.answer(request, sock)
