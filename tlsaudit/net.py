"""The network: the only place that resolves names and dials. It caps, counts and classifies; it knows nothing of TLS.

Every failure becomes a `NetworkError` whose code says whose it is: the target's (`refused`, `unreachable`, `timeout`,
`reset`), the name's (`dns`), ours (`local`: out of descriptors or ports; `scope`: not to be dialled) or the proxy's
(`proxy`). The last three are never a fact about a server.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import math
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tlsaudit.manners import Allowance, Pace, Place, Places
from tlsaudit.model.errors import NetworkError
from tlsaudit.proxies import Proxy, ProxyError, tunnel
from tlsaudit.scope import Scope

_ABSENT = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
"""What getaddrinfo says of a name that does not exist, or has no address (RFC 3493 section 6.1)."""

NOT_THE_TARGETS = frozenset({"local", "proxy", "scope"})
"""Codes of failures that say nothing of the target."""

PER_ADDRESS = 10
CONNECTIONS = 256
"""Connections open at once, to one endpoint and in all, unless somebody says otherwise."""

_CHUNK = 16384
_MOST_PROXY_ADDRESSES = 4
_SHORTAGE_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds to wait for descriptors or ports of our own that other connections give back."""
_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
_RESET = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN}
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EACCES, errno.EPERM}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLimits:
    """Timeouts in seconds; caps on connections open at once, and on connections opened a second (`rate`).

    `per_address` is for one address and port. With `proxy` every connection goes through it. With `scope` nothing else
    is dialled than what it permits, whatever a name resolves to.
    """

    connect_timeout: float = 5.0
    read_timeout: float = 5.0
    per_address: int = PER_ADDRESS
    total: int = CONNECTIONS
    rate: float | None = None
    proxy: Proxy | None = None
    scope: Scope | None = None

    @property
    def longest_turn(self) -> float:
        """The most seconds that a connection waits for its turn: whoever is before it holds one of all places."""
        return self.total / self.rate if self.rate else 0.0


class Connection:
    """One TCP connection. `read` returns b"" at the end of the stream; both raise NetworkError (timeout, reset).

    `received` is what came already; `failed` says whether an operation on it did not end well.
    """

    def __init__(self, sock: socket.socket, deadline: float, received: bytes = b"") -> None:
        self._sock = sock
        self._deadline = deadline
        self._received = received
        self._loop = asyncio.get_running_loop()
        self.failed = False

    async def read(self) -> bytes:
        """The next bytes, at most 16 KiB of them."""
        async with self._bounds():
            if self._received:
                received, self._received = self._received, b""
                return received
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
            self.failed = True
            raise NetworkError("timeout", "no answer in time") from None
        except OSError as error:
            self.failed = True
            raise _classified(error) from None


class NoSuchNameError(NetworkError):
    """The resolver says that there is no such name, or no address of it: not merely that it has no answer."""


class Network:
    """Dials within caps and counts what it opened. One a run; every probe of every endpoint goes through it."""

    def __init__(self, limits: NetworkLimits) -> None:
        self.limits = limits
        self.opened = 0
        self._total = asyncio.Semaphore(limits.total)
        self._places = Places(limits.per_address)
        self._pace = Pace(limits.rate)
        self._proxy_addresses: tuple[str, ...] = ()

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of `host`, in the system's order of preference; raises NetworkError "dns".

        With a proxy that is `host` itself, whatever it is: the proxy resolves it.
        """
        if self.limits.proxy is not None:
            return (host,)
        return await self._addresses(host, port)

    async def _addresses(self, host: str, port: int) -> tuple[str, ...]:
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
            kind = NoSuchNameError if isinstance(error, socket.gaierror) and error.errno in _ABSENT else NetworkError
            raise kind("dns", f"the name {host} does not resolve: {reason}") from None
        return tuple(dict.fromkeys(found))

    @asynccontextmanager
    async def connect(
        self,
        address: str,
        port: int,
        *,
        name: str | None = None,
        allowance: Allowance | None = None,
        patience: float = math.inf,
    ) -> AsyncIterator[Connection]:
        """A connection to `address`, closed on leaving; waits for a free place under both caps, and for its turn.

        `name` is the name that `address` was resolved from, None where somebody gave it. What caps and pace make it
        wait is not taken from `allowance`. With `patience` it is given up sooner than after the usual seconds.
        """
        time = allowance or Allowance(math.inf)
        refusal = self.limits.scope.refusal(address, name) if self.limits.scope is not None else None
        if refusal is not None:
            of = f" (of {name})" if name is not None else ""
            raise NetworkError("scope", f"{_at(address, port)}{of} was not dialled: {refusal}")
        async with AsyncExitStack() as stack:
            with time.waiting_for_place():
                place = await stack.enter_async_context(self._places.one((address, port)))
            await place.spaced()
            with time.waiting_for_place():
                await stack.enter_async_context(self._total)
            with time.waiting_for_turn():
                await self._pace.turn()
            stack.enter_context(time.connected())
            sock, received = await self._open(address, port, place, patience)
            deadline = asyncio.get_running_loop().time() + self.limits.read_timeout
            connection = Connection(sock, deadline, received)
            try:
                yield connection
            finally:
                connection.close()
                if connection.failed:
                    place.hurt()
                else:
                    place.eased()

    async def _open(self, address: str, port: int, place: Place, patience: float) -> tuple[socket.socket, bytes]:
        """A socket that leads to `address`, and what it has sent already."""
        if self.limits.proxy is not None:
            return await self._through(self.limits.proxy, address, port)
        try:
            return await self._dial_patiently(address, port, patience), b""
        except NetworkError as error:
            if error.code in {"timeout", "reset"}:
                place.hurt()
            raise

    async def _through(self, proxy: Proxy, host: str, port: int) -> tuple[socket.socket, bytes]:
        """A tunnel through the proxy; whatever fails on the way is the proxy's failure, or ours."""
        try:
            sock = await self._dial_proxy(proxy)
        except NetworkError as error:
            if error.code == "local":
                raise
            raise NetworkError("proxy", f"the proxy {proxy.name} cannot be used: {error}") from None
        try:
            async with asyncio.timeout(self.limits.connect_timeout):
                return sock, await _talk(sock, proxy, host, port)
        except TimeoutError:
            problem = f"it opened no tunnel to {_at(host, port)} in time"
        except OSError as error:
            problem = str(_classified(error, at="it"))
        except ProxyError as error:
            problem = str(error)
        except BaseException:
            sock.close()
            raise
        sock.close()
        raise NetworkError("proxy", f"the proxy {proxy.name}: {problem}")

    async def _dial_proxy(self, proxy: Proxy) -> socket.socket:
        """A connection to the first address of the proxy that takes one; its name is resolved once a run."""
        if not self._proxy_addresses:
            self._proxy_addresses = (await self._addresses(proxy.host, proxy.port))[:_MOST_PROXY_ADDRESSES]
        *others, last = self._proxy_addresses
        for address in others:
            with contextlib.suppress(NetworkError):
                return await self._dial_patiently(address, proxy.port)
        return await self._dial_patiently(last, proxy.port)

    async def _dial_patiently(self, address: str, port: int, patience: float = math.inf) -> socket.socket:
        """As `_dial`, but where this machine has run out of something, wait a little for it to come back."""
        for pause in _SHORTAGE_PAUSES:
            try:
                return await self._dial(address, port, patience)
            except NetworkError as error:
                if error.code != "local":
                    raise
            await asyncio.sleep(pause)
        return await self._dial(address, port, patience)

    async def _dial(self, address: str, port: int, patience: float) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        seconds = min(self.limits.connect_timeout, patience)
        sock: socket.socket | None = None
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.opened += 1
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_connect(sock, (address, port))
        except TimeoutError:
            _close(sock)
            raise NetworkError(
                "timeout", f"{_at(address, port)} did not accept a connection within {seconds:g} s"
            ) from None
        except OSError as error:
            _close(sock)
            raise _classified(error, at=_at(address, port)) from None
        except asyncio.CancelledError:
            _close(sock)
            raise
        return sock


async def _talk(sock: socket.socket, proxy: Proxy, host: str, port: int) -> bytes:
    """Have the proxy open a tunnel over `sock`; what the target has sent by then. Raises OSError and ProxyError."""
    loop = asyncio.get_running_loop()
    talk = tunnel(proxy, host, port)
    to_send = next(talk)
    while True:
        await loop.sock_sendall(sock, to_send)
        received = await loop.sock_recv(sock, _CHUNK)
        if not received:
            raise ProxyError(f"it closed the connection instead of opening a tunnel to {_at(host, port)}")
        try:
            to_send = talk.send(received)
        except StopIteration as done:
            rest: bytes = done.value
            return rest


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


def shortage(error: BaseException) -> NetworkError | None:
    """The error `local`, where all that is behind `error` is that this machine ran out of descriptors or the like."""
    if isinstance(error, BaseExceptionGroup):
        found = [shortage(each) for each in error.exceptions]
        return found[0] if None not in found else None
    if isinstance(error, OSError) and error.errno in _OURS:
        return NetworkError("local", f"this machine ran out of resources: {error.strerror}")
    return None


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
