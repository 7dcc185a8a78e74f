"""Fetches what certificates point to, over plain HTTP: CRLs and OCSP responses (RFC 5280 section 4.2, RFC 6960 A.1).

Whoever made a certificate chose its URLs, and may want us to ask our own network for him. So nothing is fetched but
`http://`, from addresses that were looked at after the name was resolved and are then dialled as they are; an address
that is not public only where the endpoint itself is on one of that kind, or somebody allowed it, and what clouds tell
their machines (credentials among it) never. A redirect is followed within its own host. Bytes, seconds and steps are
bounded, and each URL is asked once a run, whoever needs it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urljoin, urlsplit

import h11

from tlsaudit import __version__
from tlsaudit.manners import Allowance
from tlsaudit.model.address import is_address
from tlsaudit.model.errors import NetworkError
from tlsaudit.model.knowledge import Basis, Fact, Known, Origin, Unknown, Why
from tlsaudit.net import NOT_THE_TARGETS, Connection, Network

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of one answer that are read."""
_KEPT = 64 * 1024 * 1024
"""Bytes of answers that a run remembers."""
_MOST_KEPT = 4096
_AT_ONCE = 32
"""Answers that are read side by side: hostile publishers, each with the largest, fill half a gigabyte at most."""
_LONGEST_URL = 2048
_LONGEST_HEAD = 16384
_MOST_ADDRESSES = 3
_MOST_REDIRECTS = 2
_HTTP = 80
_FIRST_FREE_PORT = 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PRINTABLE = re.compile(r"[!-~]+")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind NAT64 (RFC 6052 section 2.1)."""

_SPECIAL = (
    ipaddress.ip_network("192.0.0.0/24"),  # RFC 6890; Oracle's cloud has metadata there
    ipaddress.ip_network("64:ff9b:1::/48"),  # RFC 8215: may lead to any IPv4 address
)
"""Addresses that interpreters disagree about."""
_METADATA = frozenset(
    ipaddress.ip_address(each)
    for each in (
        "169.254.169.254",
        "169.254.170.2",  # AWS, of containers
        "169.254.170.23",
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",
        "fd20:ce::254",  # Google
    )
)
"""Where clouds tell a machine about itself."""

Kind = Literal["public", "private", "loopback", "link-local", "metadata", "special"]
_NEVER: frozenset[Kind] = frozenset({"metadata", "special"})
_OTHERS_NETWORKS: frozenset[Kind] = frozenset({"private", "link-local"})
"""Where a port may be any service of another host."""
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    url: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _HTTP else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """For whom, with what, and how long; the time stands still while our own caps and pace make it wait."""

    near: Kind | None
    body: bytes | None
    time: Allowance


_SPENT = Unknown(Why.UNSTABLE, "the time for the places that the endpoint's certificates name was over")


class _NotFetchedError(Exception):
    """Why an answer is unknown."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.unknown = Unknown(why, detail)


def kind_of(address: str) -> Kind:
    """What an address is for, also where it is an IPv4 address in an IPv6 one."""
    plain = _innermost(ipaddress.ip_address(address.partition("%")[0]))
    if plain in _METADATA:
        return "metadata"
    if any(plain in network for network in _SPECIAL):
        return "special"
    if plain.is_loopback:
        return "loopback"
    if plain.is_link_local:
        return "link-local"
    if plain.is_multicast or plain.is_unspecified or plain.is_reserved:
        return "special"
    is_site_local = isinstance(plain, ipaddress.IPv6Address) and plain.is_site_local
    return "public" if plain.is_global and not is_site_local else "private"


def _innermost(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class Budget:
    """The seconds that publishers may keep us busy for one endpoint; whoever asks a URL first pays for it.

    The seats are for the whole run: without a bound an endpoint could hold one for each place that it names. What is
    under way is finished, so that an endpoint should not ask for many places at once.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds


class Fetcher:
    """One a run. `anywhere`: also from addresses that are not public, wherever the endpoint is."""

    def __init__(self, network: Network, *, anywhere: bool = False) -> None:
        self._network = network
        self._anywhere = anywhere
        self._seconds = 4 * network.limits.connect_timeout + network.limits.read_timeout
        self._asked: OrderedDict[tuple[str, bytes | None, Kind | None], asyncio.Task[Fact[bytes]]] = OrderedDict()
        self._kept = 0
        self._seats = asyncio.Semaphore(_AT_ONCE)

    async def fetch(self, url: str, *, near: str | None, budget: Budget, body: bytes | None = None) -> Fact[bytes]:
        """What is at `url`; with `body` an OCSP request is posted there. `near` is the address of the endpoint.

        Unknown with `no_answer` where the publisher did not deliver, with `not_asked` where we did not ask, with
        `unstable` where the budget was spent.
        """
        key = (url, body, kind_of(near) if near is not None and is_address(near) else None)
        task = self._asked.get(key)
        if task is None:
            if budget.left <= 0:
                return _SPENT
            task = asyncio.create_task(self._bounded(url, key[2], body, budget))
            self._asked[key] = task
            task.add_done_callback(self._forget_the_oldest)
        # Others may need the answer although who asked first is gone.
        return await asyncio.shield(task)

    def _forget_the_oldest(self, done: asyncio.Task[Fact[bytes]]) -> None:
        self._kept += _size(done)
        for key, task in list(self._asked.items()):
            if self._kept <= _KEPT and len(self._asked) <= _MOST_KEPT:
                return
            if task.done() and task is not done:
                self._kept -= _size(task)
                del self._asked[key]

    async def _bounded(self, url: str, near: Kind | None, body: bytes | None, budget: Budget) -> Fact[bytes]:
        try:
            async with self._seats:
                answer = await self._paid(url, _Errand(near=near, body=body, time=Allowance(self._seconds)), budget)
        except _NotFetchedError as error:
            return error.unknown
        except TimeoutError:
            return Unknown(Why.NO_ANSWER, "it did not deliver in time")
        except NetworkError as error:
            if error.code == "scope":
                return Unknown(Why.NOT_ASKED, str(error))
            return Unknown(Why.UNSTABLE if error.code in NOT_THE_TARGETS else Why.NO_ANSWER, str(error))
        return Known(answer, Basis(Origin.OBSERVED, url))

    async def _paid(self, url: str, errand: _Errand, budget: Budget) -> bytes:
        try:
            async with errand.time.bounds():
                return await self._follow(url, errand)
        finally:
            budget.left -= self._seconds - errand.time.left

    async def _follow(self, url: str, errand: _Errand) -> bytes:
        place = _place(url)
        for _ in range(_MOST_REDIRECTS + 1):
            answer, location = await self._ask(place, errand)
            if location is None:
                return answer
            further = _place(urljoin(place.url, location))
            if errand.body is not None or (further.host, further.port) != (place.host, place.port):
                raise _NotFetchedError(Why.UNSUPPORTED, "it redirects elsewhere, which is not followed")
            place = further
        raise _NotFetchedError(Why.NO_ANSWER, "it redirects without end")

    async def _ask(self, place: _Place, errand: _Errand) -> tuple[bytes, str | None]:
        """The body of the answer, or where it redirects to; the first address that takes a connection answers."""
        *others, last = await self._addresses(place, errand.near)
        name = None if is_address(place.host) else place.host
        for address in others:
            try:
                return await self._exchange(address, name, place, errand)
            except NetworkError as error:
                if error.code in NOT_THE_TARGETS:
                    raise
        return await self._exchange(last, name, place, errand)

    async def _addresses(self, place: _Place, near: Kind | None) -> tuple[str, ...]:
        if self._network.limits.proxy is not None and not is_address(place.host):
            if not self._anywhere:
                detail = "the proxy resolves names, so where this one leads is not known; --fetch-anywhere allows it"
                raise _NotFetchedError(Why.NOT_ASKED, detail)
            return (place.host,)
        found = await self._network.resolve(place.host, place.port)
        allowed = tuple(each for each in found if self._may(kind_of(each), place.port, near))
        if not allowed:
            kinds = {kind_of(each) for each in found}
            where = "" if place.port == _HTTP else f" on port {place.port}"
            hint = "" if kinds <= _NEVER else "; --fetch-anywhere allows it"
            detail = f"its address is not public ({', '.join(sorted(kinds))}){where}{hint}"
            raise _NotFetchedError(Why.NOT_ASKED, detail)
        return allowed[:_MOST_ADDRESSES]

    def _may(self, kind: Kind, port: int, near: Kind | None) -> bool:
        if kind in _NEVER:
            return False
        if kind == "public" or self._anywhere:
            return True
        return kind == near and (port == _HTTP or kind not in _OTHERS_NETWORKS)

    async def _exchange(
        self, address: str, name: str | None, place: _Place, errand: _Errand
    ) -> tuple[bytes, str | None]:
        async with self._network.connect(address, place.port, name=name, allowance=errand.time) as connection:
            client = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
            await connection.write(_request(client, place, errand.body))
            try:
                return await _answer(client, connection)
            except h11.RemoteProtocolError:
                raise _NotFetchedError(Why.NO_ANSWER, "it does not answer in HTTP, or breaks off") from None


def _size(task: asyncio.Task[Fact[bytes]]) -> int:
    if task.cancelled() or task.exception() is not None:
        return 0
    fact = task.result()
    return len(fact.value) if isinstance(fact, Known) else 0


def _place(url: str) -> _Place:
    """Where a URL leads, if it is one that is fetched."""
    refused = _NotFetchedError(Why.UNSUPPORTED, "only http:// with a host is fetched")
    if len(url) > _LONGEST_URL or not _PRINTABLE.fullmatch(url):
        raise refused
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _HTTP
    except ValueError:
        raise refused from None
    if parts.scheme != "http" or not host or parts.username is not None:
        raise refused
    if port != _HTTP and port < _FIRST_FREE_PORT:
        raise _NotFetchedError(Why.NOT_ASKED, f"port {port} is for another service than HTTP")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Place(url=url, host=host, port=port, path=path)


def _request(client: h11.Connection, place: _Place, body: bytes | None) -> bytes:
    headers = [
        ("Host", place.authority),
        ("User-Agent", f"tlsaudit/{__version__}"),
        ("Accept", "*/*"),
        ("Connection", "close"),
    ]
    if body is not None:
        headers += [("Content-Type", "application/ocsp-request"), ("Content-Length", str(len(body)))]
    events: Iterable[h11.Event] = (
        h11.Request(method="GET" if body is None else "POST", target=place.path, headers=headers),
        *(() if body is None else (h11.Data(data=body),)),
        h11.EndOfMessage(),
    )
    return b"".join(client.send(event) or b"" for event in events)


async def _answer(client: h11.Connection, connection: Connection) -> tuple[bytes, str | None]:
    """The body of a good answer, or the Location of a redirect. Raises _NotFetchedError and h11.RemoteProtocolError."""
    body = bytearray()
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            client.receive_data(await connection.read())
        elif isinstance(event, h11.Response):
            if event.status_code in _REDIRECTS:
                return b"", _location(event)
            if event.status_code != 200:
                raise _NotFetchedError(Why.NO_ANSWER, f"it answers with HTTP status {event.status_code}")
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST:
                raise _NotFetchedError(Why.UNSUPPORTED, f"it is larger than the {LARGEST >> 20} MiB that are read")
        elif isinstance(event, h11.EndOfMessage):
            return bytes(body), None
        elif not isinstance(event, h11.InformationalResponse):
            raise _NotFetchedError(Why.NO_ANSWER, "it closes the connection without an answer")


def _location(response: h11.Response) -> str:
    found = next((value for name, value in response.headers if name == b"location"), b"")
    return found.decode("ascii", "replace")
