from __future__ import annotations

import asyncio

import pytest

from tests.support.clock import START, ManualClock


async def test_sleepers_wake_in_the_order_in_which_they_are_due(clock: ManualClock) -> None:
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *delays_s: float) -> None:
        for delay_s in delays_s:
            await clock.sleep(delay_s)
            woken.append((name, clock.monotonic_s()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("slow", 3))
        tasks.create_task(sleeper("fast", 1, 1, 1.5))
        await clock.advance(2.5)
        assert woken == [("fast", 1), ("fast", 2)]
        await clock.advance(1)
    assert woken[2:] == [("slow", 3), ("fast", 3.5)]
    assert clock.sleepers == 0


async def test_timeout_expires_in_virtual_time(clock: ManualClock) -> None:
    async def body() -> None:
        async with clock.timeout(5):
            await clock.sleep(60)

    task = asyncio.create_task(body())
    await clock.advance(4.9)
    assert not task.done()
    await clock.advance(0.2)
    with pytest.raises(TimeoutError):
        await task


async def test_timeout_whose_body_ended_in_time_harms_nobody(clock: ManualClock) -> None:
    async with clock.timeout(5):
        pass
    await clock.advance(10)
    assert clock.next_due_s is None


async def test_wall_clock_jumps_without_waking_anybody(clock: ManualClock) -> None:
    task = asyncio.create_task(clock.sleep(10))
    await clock.settle()
    clock.jump(3600)
    await clock.advance(9)
    assert not task.done()
    assert (clock.now() - START).total_seconds() == 3609
    await clock.advance(1)
    assert task.done()


async def test_until_passes_time_from_sleeper_to_sleeper(clock: ManualClock) -> None:
    rounds = 0

    async def worker() -> None:
        nonlocal rounds
        while True:
            await clock.sleep(100)
            await asyncio.to_thread(lambda: None)
            rounds += 1

    task = asyncio.create_task(worker())
    await clock.until(lambda: rounds == 3)
    assert clock.monotonic_s() >= 300
    task.cancel()
