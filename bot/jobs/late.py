"""Tasks that were given up: looked for until a day later, stopped if they still run, and paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.jobs.finder import earliest_task
from bot.jobs.job import Cancelled, Failed, StillRunning, Succeeded, Suspicious, judge, kill_first
from bot.jobs.marks import is_task_of
from bot.log import bound_contextvars, get_logger
from bot.store import jobs as units
from bot.store.database import Lane
from bot.wiro import NoTask, NotCancellable, WiroError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.jobs.means import Means
    from bot.model import Job
    from bot.wiro import Task

log = get_logger(__name__)

STOP_LOOKS = 4
STOP_LOOK_S = 2.0
"""A late task that runs is told to stop and looked at so often, then left to the next sweep."""


class LateFinder:
    """Accounts for tasks of ended jobs that nobody followed to their end."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._book = means.book

    async def sweep(self) -> int:
        """Look for all of them once; how many were accounted for."""
        now = self._means.clock.now()
        jobs = await self._book.db.read(lambda conn: units.swept(conn, now=now))
        if not jobs:
            return 0
        try:
            listed = await self._means.finder.tasks_since(min(map(self._earliest, jobs)))
        except WiroError as error:
            log.warning("no list of tasks", error=repr(error))
            return 0
        found = 0
        for job in jobs:
            with bound_contextvars(job=job.code):
                for task in await self._tasks_of(job, listed):
                    found += await self._account_for(job, task)
        return found

    async def _tasks_of(self, job: Job, listed: Sequence[Task]) -> list[Task]:
        """The job's own task when that was given up, and any that carries its marks and is nobody's."""
        earliest = self._earliest(job)
        mine = []
        for task in listed:
            is_old = task.create_time is not None and task.create_time < earliest
            if task.id == job.task_id:
                if job.cost_is_estimate:  # it was ended without its end being known
                    mine.append(task)
            elif not is_old and is_task_of(task, job) and await self._is_nobodys(task):
                mine.append(task)
        return mine

    def _earliest(self, job: Job) -> datetime:
        """Before which moment no task of the job was made; Run may have been sent more than once."""
        since = min(job.created_at, job.submitted_at or job.created_at)
        return earliest_task(job, self._means.wiro.clock_skew_s, since=since)

    async def _is_nobodys(self, task: Task) -> bool:
        return await self._book.db.read(lambda conn: units.by_task(conn, task.id)) is None

    async def _account_for(self, job: Job, task: Task) -> bool:
        """Stop the task if it runs, and book what it cost; False when it goes on."""
        ended, was_stopped = await self._ended(job, task)
        if ended is None:
            log.warning("a late task goes on", task_id=task.id)
            return False
        action = "killed" if was_stopped else "attached"
        cost, now = ended.cost_nano_usd or 0, self._means.clock.now()
        booked = await self._book.write(
            lambda conn: units.book_late_task(
                conn, job.id, ended.id, action=action, cost_nano_usd=cost, now=now
            ),
            Lane.BACKGROUND,
        )
        log.info("found a late task", task_id=task.id, action=action, cost_nano_usd=cost)
        return booked

    async def _ended(self, job: Job, task: Task) -> tuple[Task | None, bool]:
        """The task as it ended, None while it runs; and whether it was told to stop."""
        was_stopped = False
        wants_outputs = job.images > 0
        for _ in range(STOP_LOOKS):
            match judge(task, wants_outputs=wants_outputs, was_suspicious=was_stopped):
                case Succeeded() | Failed() | Cancelled():
                    return task, was_stopped
                case StillRunning() | Suspicious():
                    await self._stop(task)
                    was_stopped = True
            await self._means.clock.sleep(STOP_LOOK_S)
            try:
                task = await self._means.wiro.detail(task_id=task.id)
            except WiroError as error:
                log.info("a late task could not be read", error=repr(error))
        return None, was_stopped

    async def _stop(self, task: Task) -> None:
        wiro = self._means.wiro
        calls = [wiro.kill, wiro.cancel] if kill_first(task.status) else [wiro.cancel, wiro.kill]
        for call in calls:
            try:
                await call(task_id=task.id, token=task.token)
            except (NotCancellable, NoTask):
                continue
            except WiroError as error:
                log.info("a late task could not be stopped", error=repr(error))
            return
