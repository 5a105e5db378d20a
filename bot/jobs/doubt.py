"""DOUBTFUL: Run's answer is not known, so the task is looked for before anything else is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Moved
from bot.jobs.book import reread
from bot.jobs.finder import earliest_task
from bot.jobs.job import DOUBT_LOOKS_S, SWEEP_FOR, look_ages, may_run_again, reason_of_stop
from bot.jobs.marks import is_task_of
from bot.log import get_logger
from bot.model import JobState, Reason
from bot.store.errors import TaskTaken
from bot.wiro import RunAnswer, WiroError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.jobs.means import Means
    from bot.jobs.work import Work
    from bot.model import Job
    from bot.wiro import Task

log = get_logger(__name__)


class Doubter:
    """Finds the task of a doubtful job, or decides that there is none."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._book = means.book

    async def step(self, work: Work) -> Job:
        """DOUBTFUL → RUNNING, WAITING, FAILED or CANCELLED."""
        job, clock = work.job, self._means.clock
        await self._means.stage.show(job, None, None)  # this may take a minute and a half
        age_s = max(0.0, (clock.now() - job.state_at).total_seconds())
        begun_s = clock.monotonic_s() - age_s
        for look_s in look_ages(age_s):
            await clock.sleep(begun_s + look_s - clock.monotonic_s())
            try:
                found = await self._look(job)
            except WiroError as error:
                log.warning("no list of tasks", error=repr(error))
                continue
            if found is not None:
                return found
            if look_s >= DOUBT_LOOKS_S[-1]:
                break
        return await self._give_up(await reread(self._book, job))

    async def _look(self, job: Job) -> Job | None:
        """The job with its task, None when Wiro's list has none. Raises `WiroError` when that is unknown."""
        earliest = earliest_task(job, self._means.wiro.clock_skew_s)
        tasks = await self._means.finder.tasks_since(earliest)
        for task in _candidates(tasks, job):
            if task.create_time is not None and task.create_time < earliest:
                continue
            try:
                after = await self._book.started(job, RunAnswer(task_id=task.id, socket_token=task.token))
            except TaskTaken:  # of a job with equal inputs
                continue
            log.info("found the task of a Run that was not answered", task_id=task.id)
            return after
        return None

    async def _give_up(self, job: Job) -> Job:
        if job.state is not JobState.DOUBTFUL:
            raise Moved(f"job {job.id} is not doubtful")
        sweep_until = self._means.clock.now() + SWEEP_FOR
        if job.wants_to_stop:
            return await self._book.end(
                job,
                JobState.CANCELLED,
                task_existed=False,
                reason=reason_of_stop(job),
                reason_text=job.cancel_reason,
                sweep_until=sweep_until,
            )
        if may_run_again(job):
            return await self._book.return_to_line(
                job, not_before=None, because="no task found", out_of_doubt=True, sweep_until=sweep_until
            )
        return await self._book.end(
            job, JobState.FAILED, task_existed=False, reason=Reason.LOST, sweep_until=sweep_until
        )


def _candidates(tasks: Iterable[Task], job: Job) -> Iterator[Task]:
    """Tasks with the job's marks, the oldest first."""
    return reversed([task for task in tasks if is_task_of(task, job)])
