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
    from bot.model import Job
    from bot.wiro import Task

PAGE = 50
MOST_PAGES = 40
"""Two thousand tasks back is more than an account makes in the minutes that matter."""

MARGIN = timedelta(seconds=30)
"""How wrong our idea of Wiro's clock may be."""


def earliest_task(job: Job, skew_s: float | None, *, since: datetime | None = None) -> datetime:
    """Before which moment, by Wiro's clock, no task of the job was made.

    Args:
        job: The job.
        skew_s: How far Wiro's clock is ahead of ours now, in case it was not known when Run was sent.
        since: A moment by our clock as it was then; left out, when Run was last sent.
    """
    skew_then_s = job.submitted_skew_s if job.submitted_skew_s is not None else skew_s or 0.0
    return (since or job.submitted_at or job.state_at) + timedelta(seconds=skew_then_s) - MARGIN


@dataclass(frozen=True, slots=True)
class _Listing:
    tasks: tuple[Task, ...]
    begun_s: float
    """Monotonic: what happened before is in it."""
    back_to: datetime


class Finder:
    """Lists tasks back to a moment. Callers that wait at the same time share one listing."""

    def __init__(self, wiro: Wiro, clock: Clock) -> None:
        self._wiro = wiro
        self._clock = clock
        self._lock = asyncio.Lock()
        self._latest: _Listing | None = None

    async def tasks_since(self, moment: datetime) -> tuple[Task, ...]:
        """Every task that Wiro created after `moment` (by its clock), newest first, and some older ones.

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
        tasks: dict[str, Task] = {}
        for number in range(MOST_PAGES):
            page = await self._wiro.tasks(start=number * PAGE, limit=PAGE)
            # A new task shifts the pages, so that some come twice.
            tasks.update((task.id, task) for task in page.tasks)
            oldest = min((task.create_time for task in page.tasks if task.create_time), default=None)
            if len(page.tasks) < PAGE or (oldest is not None and oldest < moment):
                break
        return _Listing(tuple(tasks.values()), begun_s, moment)
