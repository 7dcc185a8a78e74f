"""Dialling: caps, counting, and whose fault a failure is."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.lab import hostile
from tests.lab.process import HOST, reserved_port
from tests.lab.scripted import Connection as Peer
from tests.lab.scripted import ScriptedServer
from tests.lab.servers import Lab
from tlsaudit.model.errors import NetworkError
from tlsaudit.net import Network, NetworkLimits, shortage

T = TypeVar("T")

OPEN = {"01", "02"}
"""ESTABLISHED and SYN_SENT in /proc/net/tcp (include/net/tcp_states.h)."""
ROOT = Path(__file__).parents[1]
SHORT = NetworkLimits(connect_timeout=0.3, read_timeout=0.3)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def echo(peer: Peer) -> None:
    while data := peer.sock.recv(65536):
        peer.sock.sendall(data)


def failure(coroutine: Coroutine[Any, Any, object]) -> str:
    with pytest.raises(NetworkError) as error:
        run(coroutine)
    assert str(error.value).isprintable()
    return error.value.code


async def read_one(port: int, network: Network) -> bytes:
    async with network.connect(HOST, port) as connection:
        await connection.write(b"hello")
        return await connection.read()


def open_sockets(port: int) -> int:
    """How many connections to this port the kernel holds for us, as their client."""
    lines = (line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:])
    return sum(int(line[2].rpartition(":")[2], 16) == port and line[3] in OPEN for line in lines)


def test_what_is_written_arrives_and_what_comes_back_is_read() -> None:
    network = Network(NetworkLimits())
    with ScriptedServer(echo) as server:
        assert run(read_one(server.port, network)) == b"hello"
    assert network.opened == 1


def test_the_end_of_the_stream_is_no_error() -> None:
    async def to_the_end(port: int) -> bytes:
        async with Network(SHORT).connect(HOST, port) as connection:
            return await connection.read()

    with ScriptedServer(hostile.close_at_once) as server:
        assert run(to_the_end(server.port)) == b""


def test_a_closed_port_is_refused() -> None:
    assert failure(read_one(reserved_port(), Network(SHORT))) == "refused"


def test_silence_is_a_timeout() -> None:
    with ScriptedServer(hostile.accept_and_silence) as server:
        assert failure(read_one(server.port, Network(SHORT))) == "timeout"


def test_a_reset_is_a_reset() -> None:
    def reset(peer: Peer) -> None:
        peer.sock.recv(1)
        hostile.reset(peer.sock)

    async def until_it_ends(port: int) -> None:
        async with Network(NetworkLimits()).connect(HOST, port) as connection:
            while True:
                await connection.write(b"x" * 65536)
                await asyncio.sleep(0.01)

    with ScriptedServer(reset) as server:
        assert failure(until_it_ends(server.port)) == "reset"


def test_data_that_is_always_there_ends_at_the_deadline_and_lets_others_work() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def greedy(port: int) -> None:
        other = asyncio.create_task(others())
        try:
            async with Network(SHORT).connect(HOST, port) as connection:
                while True:
                    assert await connection.read()
        finally:
            other.cancel()

    with ScriptedServer(hostile.endless_bytes) as server:
        assert failure(greedy(server.port)) == "timeout"
    assert turns > 10


def test_a_peer_that_reads_nothing_cannot_block_a_write() -> None:
    def deaf(peer: Peer) -> None:
        peer.stopped.wait()

    async def shout(port: int) -> None:
        async with Network(SHORT).connect(HOST, port) as connection:
            await connection.write(b"x" * 64 * 1024 * 1024)

    with ScriptedServer(deaf) as server:
        assert failure(shout(server.port)) == "timeout"


def test_no_more_connections_are_open_at_once_than_the_caps_allow() -> None:
    lock = threading.Lock()
    now = most = 0

    def counting(peer: Peer) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        peer.sock.recv(1)
        peer.stopped.wait(0.02)
        with lock:
            now -= 1
        peer.sock.sendall(b"x")
        peer.drain()

    async def many(port: int, network: Network) -> None:
        await asyncio.gather(*(read_one(port, network) for _ in range(20)))

    for limits, cap in ((NetworkLimits(per_address=3), 3), (NetworkLimits(total=2), 2)):
        most = 0
        network = Network(limits)
        with ScriptedServer(counting) as server:
            run(many(server.port, network))
        assert 1 <= most <= cap
        assert network.opened == 20


@pytest.mark.parametrize("where", ["connecting", "reading", "waiting for a place"])
def test_sockets_are_closed_when_the_task_is_cancelled(where: str) -> None:
    async def scenario(port: int) -> None:
        network = Network(NetworkLimits(per_address=1))
        tasks = [asyncio.create_task(read_one(port, network))]
        if where == "waiting for a place":
            tasks.append(asyncio.create_task(read_one(port, network)))
        await asyncio.sleep(0 if where == "connecting" else 0.1)
        for task in reversed(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        assert open_sockets(port) == 0
        async with asyncio.timeout(5), network.connect(HOST, port):
            assert open_sockets(port) == 1, "its place is free again"

    with ScriptedServer(hostile.accept_and_silence) as silent:
        run(scenario(silent.port))


def test_addresses_need_no_resolution() -> None:
    network = Network(SHORT)
    assert run(network.resolve("192.0.2.7", 443)) == ("192.0.2.7",)
    assert run(network.resolve("2001:db8::1", 443)) == ("2001:db8::1",)


def test_a_name_has_each_of_its_addresses_once() -> None:
    addresses = run(Network(NetworkLimits()).resolve("localhost", 443))
    assert set(addresses) <= {"127.0.0.1", "::1"}
    assert len(addresses) == len(set(addresses)) > 0


@pytest.mark.parametrize("name", ["does-not-exist.invalid", "x" * 64 + ".example"])
def test_a_name_that_does_not_resolve(name: str) -> None:
    assert failure(Network(NetworkLimits()).resolve(name, 443)) == "dns"


def test_a_resolver_that_does_not_answer_delays_neither_other_names_nor_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering = threading.Event()
    real = socket.getaddrinfo

    def slow(host: str, *arguments: Any, **options: Any) -> Any:
        if host.endswith(".slow"):
            answering.wait()
        return real(host, *arguments, **options)

    async def scenario() -> None:
        network = Network(NetworkLimits(connect_timeout=0.3))
        slow_ones = [asyncio.create_task(network.resolve(f"{n}.slow", 443)) for n in range(50)]
        assert await network.resolve("localhost", 443)
        found = await asyncio.gather(*slow_ones, return_exceptions=True)
        assert {getattr(each, "code", None) for each in found} == {"dns"}

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    run(scenario())  # which ends only because nobody waits for the resolver
    answering.set()


@pytest.mark.parametrize(("shortages", "arrives"), [(3, True), (1000, False)])
def test_a_shortage_of_our_own_is_waited_for_within_a_bound(
    monkeypatch: pytest.MonkeyPatch, shortages: int, arrives: bool
) -> None:
    waits: list[float] = []
    real_socket, real_sleep = socket.socket, asyncio.sleep

    def short(*arguments: Any, **options: Any) -> socket.socket:
        if len(waits) < shortages:
            raise OSError(errno.EMFILE, "Too many open files")
        return real_socket(*arguments, **options)

    async def noted(seconds: float) -> None:
        waits.append(seconds)
        await real_sleep(0)

    async def scenario(port: int) -> bytes:
        monkeypatch.setattr("tlsaudit.net.socket.socket", short)
        monkeypatch.setattr("tlsaudit.net.asyncio.sleep", noted)
        return await read_one(port, Network(NetworkLimits()))

    with ScriptedServer(echo) as server, asyncio.Runner() as runner:
        runner.get_loop()  # which needs sockets of its own
        if arrives:
            assert runner.run(scenario(server.port)) == b"hello"
        else:
            with pytest.raises(NetworkError, match="ran out of resources") as error:
                runner.run(scenario(server.port))
            assert error.value.code == "local"
            assert sum(waits) < 5
        monkeypatch.undo()


OUT_OF_DESCRIPTORS = """
import asyncio, os, resource, sys
from tlsaudit import app
from tlsaudit.model.target import Target
from tlsaudit.policy import load_policy

port, left = int(sys.argv[1]), int(sys.argv[2])
options = app.ScanOptions(policy=load_policy("owasp"), anchors=app.load_anchors(), timeout=2.0)
targets = [Target(host="127.0.0.1", port=port)]

async def scan_with_few():
    highest = max(int(each) for each in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 50, highest + 50))
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        for each in taken[:left]:
            os.close(each)
    run = app.Scan(targets, options)
    await run.run()
    for each in taken[left:]:
        os.close(each)
    return run.document()

first = asyncio.run(app.scan(targets, options))  # which imports and reads all that is needed
print(first.to_json())
print(asyncio.run(scan_with_few()).to_json())
"""


def with_few_descriptors(port: int, left: int) -> tuple[Any, Any]:
    """The subject as it is, and as it is seen by a process that has only `left` descriptors for it."""
    done = subprocess.run(
        [sys.executable, "-c", OUT_OF_DESCRIPTORS, str(port), str(left)], cwd=ROOT, capture_output=True, check=False
    )
    assert done.stderr == b""
    first, second = (json.loads(line)["subjects"][0] for line in done.stdout.splitlines())
    return first, second


def test_running_out_of_descriptors_is_our_own_error() -> None:
    with ScriptedServer(hostile.accept_and_silence) as server:
        as_it_is, as_seen = with_few_descriptors(server.port, 0)
    assert as_it_is["status"] == "unreachable"
    assert as_seen["status"] == "incomplete"
    assert as_seen["error"]["code"] == "local"
    assert as_seen["error"]["message"] == "this machine ran out of resources while connecting: Too many open files"
    assert as_seen["facts"] is None


@pytest.mark.parametrize("left", [1, 3])
def test_running_out_of_descriptors_is_never_a_fact_about_the_server(module_lab: Lab, left: int) -> None:
    server = module_lab.nginx("ssl_protocols TLSv1.2 TLSv1.3;")
    as_it_is, as_seen = with_few_descriptors(server.port, left)
    assert as_it_is["status"] == "audited"
    # Connections wait for descriptors that others give back; what found none in time is unknown.
    undecided = any(each["outcome"] == "inconclusive" for each in as_seen["results"])
    assert undecided or (as_seen["status"], as_seen["facts"]["protocols"]) == (
        "audited",
        as_it_is["facts"]["protocols"],
    )
    facts = as_seen["facts"]
    seen = {version: verdict for version, verdict in facts["protocols"].items() if verdict != "unknown"}
    assert seen.items() <= as_it_is["facts"]["protocols"].items()
    for version, suites in facts["cipher_suites"].items():
        whole = as_it_is["facts"]["cipher_suites"][version]
        assert all(suite in whole for suite in suites)
        assert len(suites) == len(whole) or f"cipher_suites.{version}" in as_seen["unknown"]


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (OSError(errno.EMFILE, "Too many open files"), True),
        (OSError(errno.ENOENT, "No such file"), False),
        (ValueError("x"), False),
        (ExceptionGroup("x", [ExceptionGroup("y", [OSError(errno.ENFILE, "z")]), OSError(errno.EMFILE, "z")]), True),
        (ExceptionGroup("x", [OSError(errno.EMFILE, "z"), ValueError("a mistake of ours beside it")]), False),
    ],
)
def test_a_shortage_is_told_from_a_mistake(error: Exception, ours: bool) -> None:
    found = shortage(error)
    assert (found is not None) is ours
    assert found is None or found.code == "local"
