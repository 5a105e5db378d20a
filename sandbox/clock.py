"""Time as the sandbox's services see it: it can run faster, stand still, or be wrong."""

from __future__ import annotations

import asyncio
import time
from typing import Self


class SandboxClock:
    """A clock whose rate and offset can be changed while others sleep on it.

    A clock made with `of` runs on top of another one: Wiro's machines may work ten times as fast in a world
    whose own time runs at its normal rate.
    """

    def __init__(self, *, rate: float = 1.0, offset_s: float = 0.0, of: Self | None = None) -> None:
        self.offset_s = offset_s
        self._of = of
        self._rate = rate
        self._shown_s = 0.0
        self._since_s = self._below_s()
        self._wall_start_s = of.time_s() if of else time.time()
        # One set for a clock and all that run on it: any change of rate wakes every sleeper.
        self._sleepers: set[asyncio.Event] = set() if of is None else of._sleepers  # noqa: SLF001 - the same class

    @property
    def rate(self) -> float:
        """Seconds that pass here for each second below; 0 stops this clock."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        if rate < 0:
            raise ValueError(f"A clock does not run backwards: {rate}")
        self._shown_s, self._since_s = self.monotonic_s(), self._below_s()
        self._rate = rate
        for sleeper in self._sleepers:
            sleeper.set()

    @property
    def speed(self) -> float:
        """Seconds that pass here for each real second, all clocks below counted."""
        return self._rate * (self._of.speed if self._of else 1.0)

    def time_s(self) -> float:
        """Unix time, moved by `offset_s`."""
        return self._wall_start_s + self.monotonic_s() + self.offset_s

    def monotonic_s(self) -> float:
        """Seconds since this clock was made, never going back; `offset_s` does not touch it."""
        return self._shown_s + (self._below_s() - self._since_s) * self._rate

    async def sleep(self, delay_s: float) -> None:
        """Return when `delay_s` seconds have passed here, whatever the rates become meanwhile."""
        until_s = self.monotonic_s() + delay_s
        changed = asyncio.Event()
        self._sleepers.add(changed)
        try:
            while (left_s := until_s - self.monotonic_s()) > 0:
                changed.clear()
                speed = self.speed
                try:
                    async with asyncio.timeout(left_s / speed if speed else None):
                        await changed.wait()
                except TimeoutError:
                    continue
            await asyncio.sleep(0)
        finally:
            self._sleepers.discard(changed)

    def _below_s(self) -> float:
        return self._of.monotonic_s() if self._of else time.monotonic()
