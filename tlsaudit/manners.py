"""How we behave towards those we ask: so many connections at once, so many a second, fewer where they hurt.

`Places` caps the connections open at once to each endpoint and spaces them out after resets and timeouts; `Pace` caps
how many are opened a second over the whole run. Both forget an endpoint that nobody asks any more. What they make an
endpoint wait does not count against the time that it has, its `Allowance`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5
"""Seconds between two connections to one endpoint. More would eat up the time that an endpoint has."""
_MOST_REMEMBERED = 1024
"""Idle endpoints whose trouble is remembered, so that a list of dead hosts fills no memory."""


class Pace:
    """At most `rate` turns a second, evenly spread; None: as many as are wanted."""

    def __init__(self, rate: float | None) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._free_at = 0.0

    async def turn(self) -> None:
        """Wait for the next turn."""
        if not self._interval:
            return
        now = asyncio.get_running_loop().time()
        mine = max(now, self._free_at)
        self._free_at = mine + self._interval
        await asyncio.sleep(mine - now)


@dataclass(slots=True)
class Place:
    """One endpoint: who may connect now, and how long connections to it are held apart."""

    seats: asyncio.Semaphore
    users: int = 0
    pause: float = 0.0
    free_at: float = 0.0

    def hurt(self) -> None:
        """A reset or a timeout: hold the next connections further apart, up to a bound."""
        self.pause = min(max(self.pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)

    def eased(self) -> None:
        """A connection went well: hold the next ones less apart."""
        self.pause = self.pause / 2 if self.pause > _FIRST_PAUSE else 0.0

    async def spaced(self) -> None:
        """Wait until the next connection may be opened."""
        if self.pause:
            now = asyncio.get_running_loop().time()
            mine = max(now, self.free_at)
            self.free_at = mine + self.pause
            await asyncio.sleep(mine - now)


class Places:
    """The endpoints that are being asked, each with room for `at_once` connections."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._places: dict[Hashable, Place] = {}
        self._idle: OrderedDict[Hashable, Place] = OrderedDict()

    def __len__(self) -> int:
        return len(self._places) + len(self._idle)

    @asynccontextmanager
    async def one(self, key: Hashable) -> AsyncIterator[Place]:
        """A place at the endpoint `key`, as soon as there is one."""
        place = self._places.get(key) or self._idle.pop(key, None) or Place(asyncio.Semaphore(self._at_once))
        self._places[key] = place
        place.users += 1
        try:
            async with place.seats:
                yield place
        finally:
            place.users -= 1
            if not place.users:
                del self._places[key]
                self._remember(key, place)

    def _remember(self, key: Hashable, place: Place) -> None:
        if not place.pause:
            return
        self._idle[key] = place
        if len(self._idle) > _MOST_REMEMBERED:
            self._idle.popitem(last=False)


class Allowance:
    """The seconds that one endpoint may take; they run from the start, and stand still while we make it wait.

    That is while one of its questions waits for its turn, which comes whatever any server does; and while one waits
    for a place and none has a connection, so that others have all of them. A silent server keeps a connection of its
    own, or a place of somebody whose time runs: nobody can make this last for ever.
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = seconds
        self._since: float | None = self._loop.time()
        self._timeout: asyncio.Timeout | None = None
        self._turns = 0
        self._places = 0
        self._open = 0

    @property
    def left(self) -> float:
        """The seconds that are left."""
        ran = self._loop.time() - self._since if self._since is not None else 0.0
        return max(0.0, self._left - ran)

    @asynccontextmanager
    async def bounds(self) -> AsyncIterator[None]:
        """Raises TimeoutError where the time is over before the block is; one block at a time."""
        async with asyncio.timeout(self.left if self._since is not None else None) as timeout:
            self._timeout = timeout
            try:
                yield
            finally:
                self._timeout = None

    @contextmanager
    def waiting_for_turn(self) -> Iterator[None]:
        """While this lasts, the pace makes a question wait."""
        self._turns += 1
        self._settle()
        try:
            yield
        finally:
            self._turns -= 1
            self._settle()

    @contextmanager
    def waiting_for_place(self) -> Iterator[None]:
        """While this lasts, a cap makes a question wait."""
        self._places += 1
        self._settle()
        try:
            yield
        finally:
            self._places -= 1
            self._settle()

    @contextmanager
    def connected(self) -> Iterator[None]:
        """While this lasts, a connection is being opened or is open."""
        self._open += 1
        self._settle()
        try:
            yield
        finally:
            self._open -= 1
            self._settle()

    def _settle(self) -> None:
        """Stop or start the time, as the counts say."""
        still = self._turns > 0 or (self._places > 0 and not self._open)
        if still == (self._since is None):
            return
        if still:
            self._left = self.left
        self._since = None if still else self._loop.time()
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(None if still else self._loop.time() + self._left)
