"""What a service is that begins in plain text: how it is asked for TLS, and what it says to a client afterwards."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from tlsaudit.model.errors import NetworkError
from tlsaudit.net import Connection

Talk = Generator[bytes, bytes, None]
"""Yields what to send, gets what came back, and returns where TLS may begin."""

NO_TLS = "starttls"
"""The code of a NetworkError where the service was asked for TLS and did not agree to it."""


class Declined(Exception):  # noqa: N818 - it is the service's answer
    """The service does not go on to TLS; the message says what it answers instead."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a service says over TLS, in a line. `refused`: for want of a good client certificate; None: that is open.

    `identified`: whether the identity in the certificate was looked at, too, when it did not refuse.
    """

    words: str
    refused: bool | None
    identified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What tells whether a service guards its start in plain text.

    `request` is the message that asks for TLS. `plain` reads the answer to the first message of a client that did not
    ask for TLS; in it `refused` is for want of TLS. `answers` reads what comes within TLS to a client that says nothing
    there, having sent that message in plain text behind `request`: whether it is the answer to it.
    """

    request: bytes
    plain: Callable[[bytes], Said]
    answers: Callable[[bytes], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One such protocol. `asks` and `opens` name, for the report, its request for TLS and its first message after it.

    `upgrade` is the conversation before TLS. `opening` is the first message of a client that claims to be this user;
    `enough` and `read` are given what came back, which may be anything. `guard`: what it does with clients that speak
    in plain text, where that is known here.
    """

    name: str
    asks: str
    opens: str
    upgrade: Callable[[], Talk]
    opening: Callable[[str], bytes]
    enough: Callable[[bytes], bool]
    read: Callable[[bytes, str], Said]
    guard: Guard | None = None


async def begin(connection: Connection, service: Service, *, injected: bytes = b"") -> None:
    """Have the service begin TLS on `connection`; raises NetworkError, with the code `starttls` where it declines.

    `injected` is sent in plain text behind the request for TLS, in one piece with it. The connection bounds the time,
    and each conversation how much it reads.
    """
    talk = service.upgrade()
    try:
        to_send = next(talk)
        while True:
            is_request = service.guard is not None and to_send == service.guard.request
            await connection.write(to_send + injected if is_request else to_send)
            to_send = talk.send(await _read(connection, service))
    except StopIteration:
        return
    except Declined as answer:
        raise NetworkError(NO_TLS, f"{service.name}: {answer}") from None
    except NetworkError as error:
        raise NetworkError(error.code, f"{error} ({service.asks} was sent)") from None


async def _read(connection: Connection, service: Service) -> bytes:
    received = await connection.read()
    if not received:
        raise NetworkError("closed", f"{service.name} closes the connection instead of answering")
    return received
