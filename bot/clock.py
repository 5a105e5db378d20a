"""The one source of time in `bot` and `cogs`: a test forbids every other."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What a piece of code may ask of time."""

    def now(self) -> datetime:
        """Wall-clock time, aware, in UTC. It may jump; never measure a wait with it."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start, never going back: for deadlines and durations."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s` seconds of this clock; at once (but yielding) when it is not positive."""
        ...

    def timeout(self, delay_s: float | None) -> asyncio.Timeout:
        """Context manager that raises `TimeoutError` when its body takes longer; None never does."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Wall-clock time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        """Sleep on the event loop."""
        await asyncio.sleep(max(0.0, delay_s))

    def timeout(self, delay_s: float | None) -> asyncio.Timeout:
        """`asyncio.timeout`."""
        return asyncio.timeout(delay_s)
