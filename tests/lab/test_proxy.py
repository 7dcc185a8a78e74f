from __future__ import annotations

import contextlib
import socket
import threading
import time

from tests.lab import hostile
from tests.lab.asking import ask, hello_12, hello_13, server_hello
from tests.lab.proxy import DelayProxy
from tests.lab.script import Script
from tests.lab.scripted import ScriptedServer


def test_connections_are_forwarded_and_counted() -> None:
    with ScriptedServer(Script(versions=(0x0304,))) as server, DelayProxy(server.port, round_trip=0) as proxy:
        for _ in range(3):
            assert server_hello(ask((proxy.host, proxy.port), hello_13())).is_retry
    assert proxy.connections == 3
    assert server.connections == 3


def test_a_hello_takes_the_round_trips_of_connecting_and_of_asking() -> None:
    with ScriptedServer(Script(versions=(0x0304,))) as server, DelayProxy(server.port, round_trip=0.05) as proxy:
        start = time.monotonic()
        ask((proxy.host, proxy.port), hello_13())
        assert time.monotonic() - start >= 0.1  # a lower bound: the delay is the proxy's purpose


def test_a_close_is_passed_on() -> None:
    with ScriptedServer(hostile.close_at_once) as server, DelayProxy(server.port, round_trip=0) as proxy:
        assert ask((proxy.host, proxy.port), hello_12(0xC02F)) == ()


def test_a_port_without_a_server_is_a_closed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with DelayProxy(port, round_trip=0) as proxy, contextlib.suppress(ConnectionResetError):
        assert ask((proxy.host, proxy.port), hello_12(0xC02F)) == ()


def test_stopping_ends_open_connections() -> None:
    before = threading.active_count()
    with ScriptedServer(hostile.accept_and_silence) as server, DelayProxy(server.port, round_trip=0) as proxy:
        client = socket.create_connection((proxy.host, proxy.port), timeout=10)
    with client:
        assert client.recv(1) == b""
    assert threading.active_count() == before
