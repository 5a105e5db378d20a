"""Virtual time for tests: nothing waits, every sleeper wakes in its order."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""A Saturday noon: no window of a day, week or month ends in the next hours."""

MAX_TURNS = 100_000
"""A loop that is still busy after so many turns is a bug in the test, not something to wait for."""


@dataclass(order=True, slots=True)
class _Waiting:
    """A sleeper or a timeout; ordered by when it is due, then by who came first."""

    due_s: float
    number: int
    wake: Callable[[], None] = field(compare=False)
    is_alive: Callable[[], bool] = field(compare=False)


class ManualClock:
    """A `bot.clock.Clock` that stands still until the test moves it.

    `await clock.advance(5)` passes five seconds: whoever sleeps until then wakes in order, each at its own
    moment, and has run as far as it can before the next one wakes.
    """

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._jumped = timedelta()
        self._waiting: list[_Waiting] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        """Wall-clock time: the start, what was advanced, and what was jumped."""
        return self._start + timedelta(seconds=self._elapsed_s) + self._jumped

    def monotonic_s(self) -> float:
        """Seconds advanced so far."""
        return self._elapsed_s

    async def sleep(self, delay_s: float) -> None:
        """Return once the test has advanced the clock by `delay_s`."""
        if delay_s <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        self._add(delay_s, wake, lambda: not future.done())
        await future

    def timeout(self, delay_s: float | None) -> asyncio.Timeout:
        """An `asyncio.Timeout` that expires when the test has advanced the clock by `delay_s`."""
        timeout = asyncio.Timeout(None)
        if delay_s is None:
            return timeout
        # A body that has ended leaves nobody who holds the timeout: it must not count as somebody who waits.
        reference = weakref.ref(timeout)

        def wake() -> None:
            alive = reference()
            if alive is not None:
                with suppress(RuntimeError):  # its body has ended
                    alive.reschedule(asyncio.get_running_loop().time())

        self._add(delay_s, wake, lambda: reference() is not None)
        return timeout

    @property
    def sleepers(self) -> int:
        """How many sleeps and timeouts are due some time."""
        return sum(waiting.is_alive() for waiting in self._waiting)

    @property
    def next_due_s(self) -> float | None:
        """Seconds from now until the next sleeper wakes; None when nobody sleeps."""
        while self._waiting and not self._waiting[0].is_alive():
            heapq.heappop(self._waiting)
        return max(0.0, self._waiting[0].due_s - self._elapsed_s) if self._waiting else None

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone, as a correction of the machine's time does; nobody wakes."""
        self._jumped += timedelta(seconds=seconds)

    async def advance(self, seconds: float) -> None:
        """Pass `seconds`, waking whoever becomes due, also those who fall asleep again on the way."""
        until_s = self._elapsed_s + seconds
        await self.settle()
        while (due := self.next_due_s) is not None and self._elapsed_s + due <= until_s:
            waiting = heapq.heappop(self._waiting)
            self._elapsed_s = max(self._elapsed_s, waiting.due_s)
            waiting.wake()
            await self.settle()
        self._elapsed_s = until_s

    async def settle(self) -> None:
        """Let every task run until all of them wait for time, for a thread or for the network."""
        ready = getattr(asyncio.get_running_loop(), "_ready", ())
        for _ in range(MAX_TURNS):
            await asyncio.sleep(0)
            if not ready:
                return
        raise AssertionError(f"the event loop is still busy after {MAX_TURNS} turns")

    async def until(
        self, condition: Callable[[], bool], *, limit_s: float = 3600.0, patience_s: float = 10.0
    ) -> None:
        """Advance from sleeper to sleeper until `condition` holds; threads and sockets get their real time.

        Args:
            condition: Asked after every step.
            limit_s: How much virtual time may pass.
            patience_s: How much real time may pass.

        Raises:
            AssertionError: It did not hold in that time.
        """
        loop = asyncio.get_running_loop()
        stop_at, stop_virtual_s = loop.time() + patience_s, self._elapsed_s + limit_s
        while True:
            for _ in range(5):  # a thread's answer or a loopback socket takes a moment of real time
                await self.settle()
                if condition():
                    return
                await asyncio.sleep(0.001)
            due = self.next_due_s
            if due is not None and self._elapsed_s + due <= stop_virtual_s:
                await self.advance(due)
            if loop.time() > stop_at:
                raise AssertionError(f"not within {patience_s} s (virtual: {self._elapsed_s:.3f} s)")

    def _add(self, delay_s: float, wake: Callable[[], None], is_alive: Callable[[], bool]) -> None:
        due_s = self._elapsed_s + max(0.0, delay_s)
        heapq.heappush(self._waiting, _Waiting(due_s, next(self._numbers), wake, is_alive))
