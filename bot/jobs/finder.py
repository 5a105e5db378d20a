"""Looking through the account's tasks at Wiro for ones that nobody here knows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.clock import Clock
    from bot.jobs.ports import Wiro
    from bot.wiro import Task

PAGE = 50
MOST_PAGES = 40
"""Two thousand tasks back is more than an account makes in the minutes that matter."""

MARGIN = timedelta(seconds=30)
"""How wrong our idea of Wiro's clock may be."""


@dataclass(frozen=True, slots=True)
class _Listing:
    tasks: tuple[Task, ...]
    begun_s: float
    """Monotonic: what happened before is in it."""
    back_to: datetime
    """Our clock."""


class Finder:
    """Lists tasks back to a moment. Callers that wait at the same time share one listing."""

    def __init__(self, wiro: Wiro, clock: Clock) -> None:
        self._wiro = wiro
        self._clock = clock
        self._lock = asyncio.Lock()
        self._latest: _Listing | None = None

    async def tasks_since(self, moment: datetime) -> tuple[Task, ...]:
        """Every task that Wiro created after `moment` (by our clock), newest first, and some older ones.

        Raises:
            WiroError: A page could not be read; nothing can be said.
        """
        asked_s = self._clock.monotonic_s()
        async with self._lock:
            latest = self._latest
            if latest is None or latest.begun_s < asked_s or latest.back_to > moment:
                latest = self._latest = await self._list(moment)
            return latest.tasks

    async def _list(self, moment: datetime) -> _Listing:
        begun_s = self._clock.monotonic_s()
        oldest_wanted = moment + timedelta(seconds=self._wiro.clock_skew_s or 0.0) - MARGIN
        tasks: dict[str, Task] = {}
        for number in range(MOST_PAGES):
            page = await self._wiro.tasks(start=number * PAGE, limit=PAGE)
            # A new task shifts the pages, so that some come twice.
            tasks.update((task.id, task) for task in page.tasks)
            oldest = min((task.create_time for task in page.tasks if task.create_time), default=None)
            if len(page.tasks) < PAGE or (oldest is not None and oldest < oldest_wanted):
                break
        return _Listing(tuple(tasks.values()), begun_s, moment)
