"""Taking over what another life of the process, or another process, has left unfinished."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.jobs.finder import earliest_task
from bot.jobs.inbox import Nudge
from bot.jobs.job import StillRunning, judge
from bot.jobs.work import Work
from bot.log import bound_contextvars, get_logger
from bot.model import JobState
from bot.store import jobs as units
from bot.store import processes
from bot.wiro import WiroError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.jobs.carriers import Carriers
    from bot.jobs.closing import Closer
    from bot.jobs.means import Means
    from bot.model import Job

log = get_logger(__name__)

REGISTER_WITHIN_S = 5.0
"""How long the socket is waited for before all running tasks are looked at together."""

UNSETTLED_FOR = timedelta(hours=24)


class Recovery:
    """Takes over jobs whose process is gone: each goes on from the state that the database has.

    `when_unheard` is called when they may have been taken without an answer.
    """

    def __init__(
        self,
        means: Means,
        carriers: Carriers,
        closer: Closer,
        dead_after_s: float | None,
        when_unheard: Callable[[], None],
    ) -> None:
        self._means = means
        self._carriers = carriers
        self._closer = closer
        self._dead_after_s = dead_after_s
        self._when_unheard = when_unheard

    async def take_over(self) -> int:
        """Carry on with every orphaned job; how many there were."""
        jobs = await self._orphans()
        works = [
            Work(job, spare_first_look=job.state is JobState.RUNNING)
            for job in jobs
            if job.state is not JobState.WAITING
        ]
        for work in works:
            log.info("took over a job", job=work.job.code, state=work.job.state.value)
            self._carriers.take(work)
        running = [work for work in works if work.job.state is JobState.RUNNING]
        if running:
            await self._look_at_all(running)
        return len(works)

    async def _orphans(self) -> list[Job]:
        """Every job whose process is gone, mine from now on; taken in chunks."""
        book, now = self._means.book, self._means.clock.now()
        jobs: list[Job] = []
        while True:
            chunk = await book.write(
                lambda conn: processes.take_over(conn, book.me, now, dead_after_s=self._dead_after_s),
                when_unheard=self._when_unheard,
            )
            jobs += chunk
            if len(chunk) < processes.CHUNK:
                return jobs

    async def settle_cards(self) -> None:
        """Write the cards of jobs that ended before their cards could say so."""
        since = self._means.clock.now() - UNSETTLED_FOR
        jobs = await self._means.book.db.read(lambda conn: units.unsettled(conn, since=since))
        for job in jobs:
            with bound_contextvars(job=job.code):
                await self._closer.close(job)

    async def _look_at_all(self, works: Sequence[Work]) -> None:
        """Once all are registered: a few pages of the list instead of a Detail each."""
        with suppress(TimeoutError):
            async with self._means.clock.timeout(REGISTER_WITHIN_S if self._means.events else 0.0):
                await asyncio.gather(*(work.registered.wait() for work in works if work.registered))
        skew_s = self._means.wiro.clock_skew_s
        since = min(earliest_task(work.job, skew_s) for work in works)
        try:
            tasks = {task.id: task for task in await self._means.finder.tasks_since(since)}
        except WiroError as error:
            log.warning("no list of tasks; each is asked for", error=repr(error))
            tasks = {}
        for work in works:
            task = tasks.get(work.job.task_id or "")
            runs = task is not None and isinstance(
                judge(task, wants_outputs=False, was_suspicious=False), StillRunning
            )
            if not runs:
                work.inbox.put(Nudge.LOOK)
