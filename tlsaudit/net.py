"""The network: the only place that resolves names and dials. It caps, counts and classifies; it knows nothing of TLS.

Every failure becomes a `NetworkError` whose code says whose it is: the target's (`refused`, `unreachable`, `timeout`,
`reset`), the name's (`dns`), or ours (`local`: out of descriptors or ports), which is never a fact about a server.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tlsaudit.model.errors import NetworkError

_CHUNK = 16384
_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
_RESET = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN}
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EACCES, errno.EPERM}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLimits:
    """Timeouts in seconds; caps on connections open at once."""

    connect_timeout: float = 5.0
    read_timeout: float = 5.0
    per_address: int = 10
    total: int = 256


class Connection:
    """One TCP connection. `read` returns b"" at the end of the stream; both raise NetworkError (timeout, reset)."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()

    async def read(self) -> bytes:
        """The next bytes, at most 16 KiB of them."""
        async with self._bounds():
            return await self._loop.sock_recv(self._sock, _CHUNK)

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        async with self._bounds():
            await self._loop.sock_sendall(self._sock, data)

    def close(self) -> None:
        """Close without waiting."""
        self._sock.close()

    @asynccontextmanager
    async def _bounds(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(self._deadline):
                # A peer whose data is always there already would never let the timeout fire, nor others have a turn.
                await asyncio.sleep(0)
                yield
        except TimeoutError:
            raise NetworkError("timeout", "no answer in time") from None
        except OSError as error:
            raise _classified(error) from None


class Network:
    """Dials within caps and counts what it opened. One a run; every probe of every endpoint goes through it."""

    def __init__(self, limits: NetworkLimits) -> None:
        self.limits = limits
        self.opened = 0
        self._total = asyncio.Semaphore(limits.total)
        self._addresses: dict[tuple[str, int], asyncio.Semaphore] = {}

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of `host`, in the system's order of preference; raises NetworkError "dns"."""
        try:
            return (str(ipaddress.ip_address(host)),)
        except ValueError:
            pass
        try:
            async with asyncio.timeout(self.limits.connect_timeout):
                found = await _look_up(host, port)
        except TimeoutError:
            raise NetworkError("dns", f"the name {host} was not resolved in time") from None
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise NetworkError("dns", f"the name {host} does not resolve: {reason}") from None
        return tuple(dict.fromkeys(found))

    @asynccontextmanager
    async def connect(self, address: str, port: int) -> AsyncIterator[Connection]:
        """A connection to `address`, closed on leaving; waits for a free place under both caps."""
        place = self._addresses.setdefault((address, port), asyncio.Semaphore(self.limits.per_address))
        async with place, self._total:
            sock = await self._dial(address, port)
            deadline = asyncio.get_running_loop().time() + self.limits.read_timeout
            connection = Connection(sock, deadline)
            try:
                yield connection
            finally:
                connection.close()

    async def _dial(self, address: str, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock: socket.socket | None = None
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.opened += 1
            async with asyncio.timeout(self.limits.connect_timeout):
                await asyncio.get_running_loop().sock_connect(sock, (address, port))
        except TimeoutError:
            _close(sock)
            seconds = f"{self.limits.connect_timeout:g}"
            raise NetworkError(
                "timeout", f"{_at(address, port)} did not accept a connection within {seconds} s"
            ) from None
        except OSError as error:
            _close(sock)
            raise _classified(error, at=_at(address, port)) from None
        except asyncio.CancelledError:
            _close(sock)
            raise
        return sock


async def _look_up(host: str, port: int) -> list[str]:
    """The addresses that the system's resolver gives; raises OSError or UnicodeError as it does.

    getaddrinfo cannot be cancelled. In a daemon thread of its own a slow answer holds up no other name, neither the
    end of the run.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def tell(addresses: list[str], error: Exception | None) -> None:
        if found.done():
            return
        if error is not None:
            found.set_exception(error)
        else:
            found.set_result(addresses)

    def ask() -> None:
        addresses: list[str] = []
        problem: Exception | None = None
        try:
            addresses = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            problem = error
        with contextlib.suppress(RuntimeError):  # the run has ended, and its loop is closed
            loop.call_soon_threadsafe(tell, addresses, problem)

    try:
        threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    except RuntimeError as error:
        raise NetworkError("local", f"this machine ran out of resources while resolving {host}: {error}") from None
    return await found


def _close(sock: socket.socket | None) -> None:
    if sock is not None:
        sock.close()


def _at(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _classified(error: OSError, at: str = "the server") -> NetworkError:
    if error.errno in _OURS:
        return NetworkError("local", f"this machine ran out of resources while connecting: {error.strerror}")
    if error.errno == errno.ECONNREFUSED:
        return NetworkError("refused", f"{at} refused the connection")
    if error.errno in _RESET:
        return NetworkError("reset", f"{at} reset the connection")
    if error.errno in _UNREACHABLE:
        return NetworkError("unreachable", f"{at} cannot be reached: {error.strerror}")
    return NetworkError("unreachable", f"{at}: {error.strerror or error}")
