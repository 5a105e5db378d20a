"""The sandbox's clock: rate, offset, and sleepers that notice a change."""

from __future__ import annotations

import asyncio
import time

import pytest

from sandbox.clock import SandboxClock


async def test_sleep_is_shortened_by_the_rate() -> None:
    clock = SandboxClock(rate=1000.0)
    began = clock.monotonic_s()

    async with asyncio.timeout(5):
        await clock.sleep(100.0)

    assert clock.monotonic_s() - began >= 100.0


async def test_sleeper_notices_that_the_clock_was_sped_up() -> None:
    clock = SandboxClock(rate=0.0)
    sleeper = asyncio.create_task(clock.sleep(3600.0))
    await asyncio.sleep(0)

    assert not sleeper.done()

    clock.rate = 1_000_000.0
    async with asyncio.timeout(5):
        await sleeper


async def test_sleeper_on_a_clock_above_notices_a_change_below() -> None:
    world = SandboxClock(rate=0.0)
    machine = SandboxClock(rate=10.0, of=world)
    sleeper = asyncio.create_task(machine.sleep(3600.0))
    await asyncio.sleep(0)
    world.rate = 1_000_000.0

    async with asyncio.timeout(5):
        await sleeper


def test_offset_moves_wall_time_alone() -> None:
    clock = SandboxClock()
    before = clock.monotonic_s()
    clock.offset_s = 900.0

    assert clock.time_s() - time.time() == pytest.approx(900.0, abs=1.0)
    assert clock.monotonic_s() - before < 1.0


def test_changing_the_rate_never_moves_the_clock() -> None:
    clock = SandboxClock(rate=50.0)
    before = clock.monotonic_s()
    clock.rate = 0.0
    stopped = clock.monotonic_s()
    clock.rate = 2.0

    assert before <= stopped <= clock.monotonic_s() < stopped + 1.0


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="backwards"):
        SandboxClock().rate = -1.0
