"""RUNNING: following a task at Wiro until Detail says how it ended.

The socket tells at once, the callback hints, looks at well-chosen times need neither. Only Detail ends a job.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import Moved
from bot.jobs.book import reread
from bot.jobs.collect import wanted_of
from bot.jobs.inbox import Nudge
from bot.jobs.job import (
    NO_TASK_GRACE_S,
    SWEEP_FOR,
    Cancelled,
    Failed,
    StillRunning,
    Succeeded,
    Suspicious,
    Verdict,
    is_withheld,
    judge,
    reason_of_stop,
)
from bot.jobs.listen import Listener
from bot.jobs.pace import Pace
from bot.jobs.stopper import Stopper
from bot.log import get_logger
from bot.model import JobState, Output, Progress, Reason
from bot.wiro import NoTask, Reconnected, TaskEvent, TaskStatus, WiroError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.jobs.collect import Made
    from bot.jobs.downloads import Fetcher
    from bot.jobs.expect import Expectation
    from bot.jobs.means import Means
    from bot.jobs.work import Work
    from bot.model import Job
    from bot.wiro import Task, TaskProgress

log = get_logger(__name__)

QUEUED = frozenset({"", TaskStatus.QUEUE, TaskStatus.ACCEPT})
"""Statuses in which Wiro has not begun to work on the task."""

MILESTONES_EVERY_S = 300.0
"""How often it is looked at whether a long training has moved."""

HALF_A_SECOND = timedelta(seconds=0.5)


class Tracker:
    """Follows the running jobs of this process; all of them share one socket."""

    def __init__(self, means: Means, fetcher: Fetcher) -> None:
        self._means = means
        self._fetcher = fetcher

    async def step(self, work: Work) -> Job:
        """RUNNING → DELIVERING, FAILED or CANCELLED."""
        past = await self._means.past.expectation(work.job)
        async with Listener(self._means.events, work) as listener:
            return await _Following(self._means, self._fetcher, work, listener, past).until_end()


class _Following:
    """One task, from its id to its end."""

    def __init__(
        self, means: Means, fetcher: Fetcher, work: Work, listener: Listener, past: Expectation
    ) -> None:
        self._means = means
        self._fetcher = fetcher
        self._work = work
        self._listener = listener
        self._tool = means.tool_of(work.job.tool)
        self._pace = Pace(work.job, past, means.clock, self._tool.longest_run_s)
        self._stopper = Stopper(means.wiro, means.clock)
        self._status = work.job.wiro_status or ""
        self._told_end_at: datetime | None = None
        self._was_suspicious = False

    @property
    def _job(self) -> Job:
        return self._work.job

    async def until_end(self) -> Job:
        """Wait, hear, look and stop until the job has left RUNNING."""
        while True:
            if self._job.wants_to_stop or self._pace.is_overlong:
                await self._stop()
            if self._pace.look_at_s <= self._pace.now_s and not self._may_spare_look():
                ended = await self._look()
                if ended is not None:
                    return ended
            due_s = min(self._pace.look_at_s, self._stopper.due_s)
            wait_s = due_s - self._pace.now_s
            if self._tool.is_training:
                wait_s = min(wait_s, MILESTONES_EVERY_S)
            message = await self._work.inbox.next(self._means.clock, wait_s)
            await self._hear(message)
            if message is None:
                await self._note_milestones(None)

    def _may_spare_look(self) -> bool:
        return self._listener.hears and self._pace.spare_look()

    async def _hear(self, message: Nudge | TaskEvent | Reconnected | None) -> None:
        match message:
            case Nudge.STOP:
                await self._read_again()
                if self._job.wants_to_stop:
                    self._stopper.begin()
            case Nudge.LOOK:
                self._pace.look_now()
            case Reconnected(first=first):
                if first and self._work.registered is not None:
                    self._work.registered.set()
                    self._work.registered = None
                else:
                    self._pace.look_now()
            case TaskEvent() as event:
                await self._hear_event(event)

    async def _hear_event(self, event: TaskEvent) -> None:
        if event.is_terminal:
            self._told_end_at = self._told_end_at or event.at
            self._pace.look_now()
            if event.outputs and not is_withheld(self._job):
                self._begin_downloads(event.outputs)
            return
        if event.status == TaskStatus.ERROR:
            # Only how much: a tool may print the prompt.
            log.info("the tool wrote to its error output", characters=len(event.message))
        elif event.status != self._status or event.progress is not None:
            await self._saw(event.status, began_at=event.at)
            await self._show(event.progress)

    async def _look(self) -> Job | None:
        """Ask Detail; the job once that says that it ended."""
        try:
            task = await self._means.wiro.detail(task_id=self._job.task_id)
        except NoTask:
            return await self._no_task()
        except WiroError as error:
            log.warning("the task could not be read", error=type(error).__name__, words=error.message)
            self._plan_after_failure()
            return None
        wants_outputs = not self._tool.is_training
        verdict = judge(task, wants_outputs=wants_outputs, was_suspicious=self._was_suspicious)
        return await self._act_on(verdict, task)

    async def _act_on(self, verdict: Verdict, task: Task) -> Job | None:
        match verdict:
            case StillRunning():
                self._was_suspicious = False
                before = self._status
                await self._saw(task.status, began_at=self._by_our_clock(task.start_time))
                if self._told_end_at is not None:
                    self._pace.plan_confirmation()
                else:
                    self._pace.plan()
                if task.status != before:
                    await self._show(None)
                return await self._give_up() if self._stopper.is_past_patience else None
            case Suspicious():
                self._was_suspicious = True
                self._pace.plan_suspicion()
                return None
            case Succeeded(flagged=flagged):
                return await self._succeeded(task, flagged=flagged)
            case Failed(why):
                return await self._ended(task, JobState.FAILED, Reason.WIRO_FAILED, why)
            case Cancelled():
                return await self._cancelled(task)

    async def _no_task(self) -> Job | None:
        """Wiro does not know the task: not yet, or (when it says so twice) no more."""
        if self._pace.answer_age_s <= NO_TASK_GRACE_S or not self._was_suspicious:
            self._was_suspicious = self._pace.answer_age_s > NO_TASK_GRACE_S
            self._pace.plan_suspicion()
            return None
        return await self._means.book.end(
            self._job,
            JobState.FAILED,
            task_existed=True,
            reason=Reason.LOST,
            sweep_until=self._means.clock.now() + SWEEP_FOR,
        )

    def _begin_downloads(self, outputs: Iterable[Made]) -> None:
        self._work.begin_downloads(self._fetcher, wanted_of(self._job, self._tool, outputs))

    async def _succeeded(self, task: Task, *, flagged: bool) -> Job:
        if flagged:
            log.warning("Wiro gave outputs without an exit code; taken as success", task_id=task.id)
        outputs = [
            Output(url=each.url, name=each.name, content_type=each.content_type, size_bytes=each.size_bytes)
            for each in task.outputs
        ]
        if not is_withheld(self._job):
            self._begin_downloads(outputs)
        self._work.is_first_delivery = True
        ended_at = self._told_end_at or self._pace.ended_at(self._by_our_clock(task.end_time))
        self._pace.note_beginning(self._by_our_clock(task.start_time))
        return await self._means.book.outputs_known(
            self._job,
            outputs,
            started_at=self._pace.began_at,
            ended_at=ended_at,
            cost_nano_usd=task.cost_nano_usd,
        )

    async def _cancelled(self, task: Task) -> Job:
        job = await self._read_again()
        if job.wants_to_stop:
            return await self._ended(task, JobState.CANCELLED, reason_of_stop(job), job.cancel_reason)
        if self._stopper.has_begun:
            return await self._ended(task, JobState.FAILED, Reason.TOOK_TOO_LONG)
        return await self._ended(task, JobState.FAILED, Reason.WIRO_CANCELLED)

    async def _read_again(self) -> Job:
        """The job as it is now. Raises `Moved` when whoever took it over has taken it out of RUNNING."""
        job = self._work.job = await reread(self._means.book, self._job)
        if job.state is not JobState.RUNNING:
            raise Moved(f"job {job.id} does not run any more")
        return job

    async def _ended(self, task: Task, state: JobState, reason: Reason, words: str | None = None) -> Job:
        cost = task.cost_nano_usd or 0  # Wiro charges for success alone, and may leave the field out here
        return await self._means.book.end(
            self._job, state, task_existed=True, reason=reason, reason_text=words, cost_nano_usd=cost
        )

    async def _give_up(self) -> Job | None:
        """The task was to be killed for its length and Wiro never ended it: the sweep goes on looking."""
        if not self._pace.is_overlong:
            return None
        return await self._means.book.end(
            self._job,
            JobState.FAILED,
            task_existed=True,
            reason=Reason.TOOK_TOO_LONG,
            sweep_until=self._means.clock.now() + SWEEP_FOR,
        )

    async def _stop(self) -> None:
        """Send Cancel or Kill when one is due, then look what came of it."""
        job = self._job
        if await self._stopper.attempt(self._status, task_id=job.task_id, token=job.socket_token):
            self._pace.look_now()

    async def _saw(self, status: str, *, began_at: datetime | None) -> None:
        in_queue = status in QUEUED
        self._status = status
        if self._pace.saw_running(in_queue=in_queue, began_at=began_at):
            book = self._means.book
            self._work.job = await book.note_status(self._job, status, self._pace.began_at)

    async def _show(self, told: TaskProgress | None) -> None:
        progress = Progress(
            status=self._status,
            percent=told.percent if told else None,
            step=told.step if told else None,
            steps=told.steps if told else None,
            expected_end=self._pace.expected_end(),
        )
        try:
            await self._means.stage.show(self._job, progress, None)
        except Exception:  # a card that cannot be drawn must not hold up the job
            log.exception("progress could not be shown")
        await self._note_milestones(progress)

    async def _note_milestones(self, progress: Progress | None) -> None:
        if self._tool.is_training and self._means.milestones is not None:
            await self._means.milestones.saw(self._job, progress)

    def _plan_after_failure(self) -> None:
        if self._told_end_at is not None:
            self._pace.plan_confirmation()
        else:
            self._pace.plan_after_failure()

    def _by_our_clock(self, wiro_time: datetime | None) -> datetime | None:
        """A time in whole seconds of Wiro's clock, as ours would have shown the middle of that second."""
        if wiro_time is None:
            return None
        return wiro_time - timedelta(seconds=self._means.wiro.clock_skew_s or 0.0) + HALF_A_SECOND
