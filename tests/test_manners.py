"""Pace, places and back-off; what would be slept is noted instead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import pytest

from tlsaudit.manners import Allowance, Pace, Place, Places


def test_turns_are_evenly_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    async def turns(rate: float | None) -> list[float]:
        waits: list[float] = []

        async def note(seconds: float) -> None:
            waits.append(seconds)

        monkeypatch.setattr("tlsaudit.manners.asyncio.sleep", note)
        pace = Pace(rate)
        for _ in range(5):
            await pace.turn()
        return waits

    assert asyncio.run(turns(0.01)) == pytest.approx([0, 100, 200, 300, 400], abs=50)
    assert asyncio.run(turns(None)) == []


def test_an_endpoint_that_is_hurt_is_asked_less_often_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(asyncio.Semaphore(1))
    pauses = []
    for _ in range(6):
        place.hurt()
        pauses.append(place.pause)
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5]
    for _ in range(5):
        place.eased()
    assert place.pause == 0.0

    async def spaced(pause: float) -> list[float]:
        waits: list[float] = []

        async def note(seconds: float) -> None:
            waits.append(seconds)

        monkeypatch.setattr("tlsaudit.manners.asyncio.sleep", note)
        hurt = Place(asyncio.Semaphore(10), pause=pause)
        for _ in range(3):
            await hurt.spaced()
        return waits

    assert asyncio.run(spaced(100)) == pytest.approx([0, 100, 200], abs=50)
    assert asyncio.run(spaced(0)) == []


def test_idle_endpoints_are_forgotten_unless_they_were_hurt() -> None:
    async def scenario() -> None:
        places = Places(2)
        for key in range(5000):
            async with places.one(key):
                assert len(places) == 1
        assert len(places) == 0
        async with places.one("hurt") as place:
            place.hurt()
        async with places.one("hurt") as again:
            assert again is place
        for key in range(5000):
            async with places.one(key) as place:
                place.hurt()
        assert len(places) == 1024

    asyncio.run(scenario())


def test_a_place_is_free_again_when_its_task_is_cancelled() -> None:
    async def scenario() -> None:
        places = Places(1)

        async def hold() -> None:
            async with places.one("x"):
                await asyncio.Event().wait()

        tasks = [asyncio.create_task(hold()) for _ in range(3)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(places) == 0

    asyncio.run(scenario())


Holding = Callable[[Allowance], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("holding", "runs"),
    [
        ((), True),
        ((Allowance.connected,), True),
        ((Allowance.waiting_for_turn,), False),
        ((Allowance.waiting_for_turn, Allowance.connected), False),
        ((Allowance.waiting_for_place,), False),
        ((Allowance.waiting_for_place, Allowance.connected), True),
        ((Allowance.waiting_for_place, Allowance.waiting_for_turn, Allowance.connected), False),
    ],
)
def test_the_time_of_an_endpoint_stands_still_while_we_make_it_wait(holding: tuple[Holding, ...], runs: bool) -> None:
    reached: list[float] = []

    async def hold(allowance: Allowance) -> None:
        async with allowance.bounds():
            with ExitStack() as stack:
                for each in holding:
                    stack.enter_context(each(allowance))
                await asyncio.sleep(0.4)
                reached.append(allowance.left)
            await asyncio.sleep(60)

    async def scenario() -> None:
        allowance = Allowance(0.2)
        with pytest.raises(TimeoutError):
            await hold(allowance)
        assert allowance.left == 0

    asyncio.run(scenario())
    assert bool(reached) is not runs
    assert all(left > 0 for left in reached)


def test_an_allowance_goes_on_from_block_to_block() -> None:
    async def scenario() -> None:
        allowance = Allowance(0.2)
        async with allowance.bounds():
            pass
        with allowance.waiting_for_turn():
            async with allowance.bounds():
                await asyncio.sleep(0.4)
        left = allowance.left
        async with allowance.bounds():
            await asyncio.sleep(0)
        assert 0 < allowance.left < left

    asyncio.run(scenario())
