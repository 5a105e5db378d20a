from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from bot.ui.pacer import Frame, InFlight, Pacer, Urgency

if TYPE_CHECKING:
    from tests.support.clock import ManualClock


class Wall:
    """Where frames show up, with their time."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.seen: list[tuple[float, str]] = []
        self.room = True
        self.worth = True
        self.block: asyncio.Event | None = None

    def frame(
        self, name: str, *, job: int = 1, channel: int = 1, urgency: Urgency = Urgency.RUNNING
    ) -> Frame:
        async def send() -> bool:
            self.seen.append((self.clock.monotonic_s(), name))
            if self.block is not None:
                await self.block.wait()
            return self.worth

        return Frame(job_id=job, channel_id=channel, urgency=urgency, send=send, is_ready=lambda: self.room)

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.seen]


async def test_the_first_frame_goes_at_once_and_the_next_after_the_spacing(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    pacer.offer(wall.frame("one"))
    await clock.settle()
    pacer.offer(wall.frame("two"))
    await clock.advance(10)
    assert wall.seen == [(0.0, "one"), (2.5, "two")]


async def test_a_newer_frame_replaces_the_older_and_keeps_its_turn(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    pacer.offer(wall.frame("a", job=0))
    await clock.settle()
    pacer.offer(wall.frame("b old", job=1))
    pacer.offer(wall.frame("c", job=2))
    pacer.offer(wall.frame("b new", job=1))
    await clock.advance(10)
    assert wall.names == ["a", "b new", "c"]


async def test_running_goes_before_next_before_waiting(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    pacer.offer(wall.frame("first", job=0))
    await clock.settle()
    pacer.offer(wall.frame("waiting", job=1, urgency=Urgency.WAITING))
    pacer.offer(wall.frame("next", job=2, urgency=Urgency.NEXT_IN_LINE))
    pacer.offer(wall.frame("running", job=3))
    await clock.advance(10)
    assert wall.names == ["first", "running", "next", "waiting"]


async def test_channels_do_not_wait_for_each_other(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    for channel in range(5):
        pacer.offer(wall.frame(str(channel), job=channel, channel=channel))
    await clock.settle()
    assert len(wall.seen) == 5


async def test_twenty_cards_make_at_most_one_edit_in_the_spacing(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    for second in range(60):
        for job in range(20):
            pacer.offer(wall.frame(f"{second}", job=job))
        await clock.advance(1)
    times = [at for at, _ in wall.seen]
    assert all(later - earlier >= 2.5 for earlier, later in itertools.pairwise(times))
    assert 23 <= len(times) <= 25


async def test_nothing_is_sent_while_the_bucket_is_short(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    wall.room = False
    pacer.offer(wall.frame("one"))
    await clock.advance(9)
    assert wall.seen == []
    wall.room = True
    await clock.advance(2.5)
    assert wall.names == ["one"]


async def test_a_frame_that_was_not_worth_a_request_costs_no_time(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    wall.worth = False
    pacer.offer(wall.frame("one", job=1))
    pacer.offer(wall.frame("two", job=2))
    await clock.settle()
    assert wall.seen == [(0.0, "one"), (0.0, "two")]


async def test_one_is_in_flight_in_a_channel(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    wall.block = asyncio.Event()
    pacer.offer(wall.frame("slow", job=1))
    pacer.offer(wall.frame("other", job=2))
    await clock.advance(30)
    assert wall.names == ["slow"]
    wall.block.set()
    await clock.advance(3)
    assert wall.names == ["slow", "other"]


async def test_a_withdrawn_card_is_not_shown(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    pacer.offer(wall.frame("one", job=1))
    await clock.settle()
    pacer.offer(wall.frame("two", job=2))
    pacer.withdraw(2, 1)
    await clock.advance(10)
    assert wall.names == ["one"]


async def test_a_quiet_channel_costs_nothing(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    pacer.offer(wall.frame("one"))
    await clock.advance(10)
    assert pacer.live_channels == 0
    assert clock.sleepers == 0


async def test_a_frame_that_fails_does_not_end_the_lane(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)

    async def fail() -> bool:
        raise RuntimeError

    pacer.offer(Frame(job_id=9, channel_id=1, urgency=Urgency.RUNNING, send=fail, is_ready=lambda: True))
    pacer.offer(wall.frame("after"))
    await clock.advance(3)
    assert wall.names == ["after"]


async def test_closing_drops_what_waits(clock: ManualClock) -> None:
    pacer, wall = Pacer(clock), Wall(clock)
    pacer.offer(wall.frame("one", job=1))
    pacer.offer(wall.frame("two", job=2))
    await clock.settle()
    await pacer.aclose()
    await clock.advance(10)
    assert wall.names == ["one"]


async def test_writers_of_one_card_wait_for_each_other_and_leave_nothing_behind(clock: ManualClock) -> None:
    in_flight, order = InFlight(), []

    async def write(name: str) -> None:
        async with in_flight.writing(1):
            order.append(f"{name} begins")
            await clock.sleep(1)
            order.append(f"{name} ends")

    tasks = [asyncio.create_task(write("first")), asyncio.create_task(write("second"))]
    await clock.advance(0.5)
    assert in_flight.is_busy(1)
    tasks[1].cancel()
    third = asyncio.create_task(write("third"))
    await clock.advance(5)
    await asyncio.gather(*tasks, third, return_exceptions=True)
    assert order == ["first begins", "first ends", "third begins", "third ends"]
    assert not in_flight.is_busy(1)
