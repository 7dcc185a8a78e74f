"""Asks a server one hello and reads its first flight: the plainest client that `wire` allows, for tests of servers."""

from __future__ import annotations

import socket

from tlsaudit.wire.client_hello import ClientHello
from tlsaudit.wire.constants import TLS_1_2, TLS_1_3
from tlsaudit.wire.extensions import (
    Extension,
    key_share,
    signature_algorithms,
    supported_groups,
    supported_versions,
)
from tlsaudit.wire.flight import FlightReader
from tlsaudit.wire.messages import Alert, Event
from tlsaudit.wire.server_hello import ServerHello

SCHEMES = (0x0403, 0x0503, 0x0804, 0x0805, 0x0401, 0x0501)


def hello_12(*suites: int, groups: tuple[int, ...] = (29, 23, 24), extra: tuple[Extension, ...] = ()) -> ClientHello:
    """A TLS 1.2 hello."""
    usual = (supported_groups(groups), signature_algorithms(SCHEMES))
    return ClientHello(version=TLS_1_2, cipher_suites=suites, extensions=(*usual, *extra))


def hello_13(
    *suites: int, groups: tuple[int, ...] = (29, 23, 24), shares: tuple[tuple[int, bytes], ...] = ()
) -> ClientHello:
    """A TLS 1.3 hello, which without shares asks for a HelloRetryRequest."""
    return ClientHello(
        version=TLS_1_2,
        session_id=bytes(32),
        cipher_suites=suites or (0x1301, 0x1302, 0x1303),
        extensions=(
            supported_versions((TLS_1_3,)),
            supported_groups(groups),
            signature_algorithms(SCHEMES),
            key_share(shares),
        ),
    )


def ask(address: tuple[str, int], hello: ClientHello | bytes, *, ssl2: bool = False) -> tuple[Event, ...]:
    """What the server says to this hello; raises DecodeError where it is no TLS."""
    reader = FlightReader(ssl2=ssl2)
    with socket.create_connection(address, timeout=20) as raw:
        raw.sendall(hello if isinstance(hello, bytes) else hello.records())
        while not reader.done:
            data = raw.recv(65536)
            if not data:
                reader.eof()
                break
            reader.feed(data)
    return reader.events


def server_hello(events: tuple[Event, ...]) -> ServerHello:
    """The ServerHello of a flight."""
    return next(event for event in events if isinstance(event, ServerHello))


def alert_name(events: tuple[Event, ...]) -> str:
    """The name of the alert that is all of the answer."""
    (alert,) = events
    assert isinstance(alert, Alert)
    return alert.name
