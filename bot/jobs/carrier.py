"""Carrying one job through its life, state by state, until it has ended or waits in the line again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Moved, StoreError
from bot.jobs.book import reread
from bot.jobs.job import SWEEP_FOR, backoff_s
from bot.log import bound_contextvars, get_logger, reference_id
from bot.model import JobState, Reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.jobs.closing import Closer
    from bot.jobs.delivery import Deliverer
    from bot.jobs.doubt import Doubter
    from bot.jobs.means import Means
    from bot.jobs.submit import Submitter
    from bot.jobs.tracker import Tracker
    from bot.jobs.work import Work
    from bot.model import Job

log = get_logger(__name__)

STUMBLES = 8
"""So many faults of ours in a row (some two minutes), and the job is brought to a safe end."""

STUMBLE_FIRST_S, STUMBLE_MOST_S = 1.0, 60.0


class Carrier:
    """What follows on each state. A restart carries on with the same table: no state depends on memory."""

    def __init__(
        self,
        means: Means,
        *,
        submitter: Submitter,
        doubter: Doubter,
        tracker: Tracker,
        deliverer: Deliverer,
        closer: Closer,
    ) -> None:
        self._means = means
        self._deliverer = deliverer
        self._closer = closer
        self._steps: Mapping[JobState, Callable[[Work], Awaitable[Job]]] = {
            JobState.SUBMITTING: submitter.step,  # → running; waiting, doubtful, failed, cancelled
            JobState.DOUBTFUL: doubter.step,  # → running, waiting (once), failed, cancelled
            JobState.RUNNING: tracker.step,  # → delivering; failed, cancelled
            JobState.DELIVERING: deliverer.step,  # → done; kept, failed, cancelled
        }

    async def carry(self, work: Work) -> None:
        """Take every step that follows; returns when the job has ended, waits, or is another process's."""
        with bound_contextvars(job=work.job.code):
            try:
                await self._take_steps(work)
                await work.drop_downloads()
                work.files = None
                if work.job.state.has_ended:
                    await self._close(work.job)
            except Moved:
                log.info("another process carries the job")
            finally:
                await work.drop_downloads()

    async def _take_steps(self, work: Work) -> None:
        stumbles = 0
        while (step := self._steps.get(work.job.state)) is not None:
            before = work.job
            try:
                work.job = await step(work)
                stumbles = 0
                continue
            except Moved:
                work.job = await reread(self._means.book, work.job)
                if work.job.state is not before.state:
                    continue
                log.warning("the job is where it was", state=before.state)
            except Exception:
                reference = reference_id()
                log.exception("a step failed", state=before.state, reference=reference, stumbles=stumbles)
                if stumbles + 1 >= STUMBLES:
                    await self._end_safely(work, reference)
            stumbles += 1
            await self._means.clock.sleep(backoff_s(stumbles, first_s=STUMBLE_FIRST_S, most_s=STUMBLE_MOST_S))
            work.job = await self._read_again(work.job)

    async def _read_again(self, job: Job) -> Job:
        try:
            return await reread(self._means.book, job)
        except Moved:
            raise
        except StoreError:
            log.exception("the job could not be read")
            return job

    async def _end_safely(self, work: Work, reference: str) -> None:
        """End a job that a fault of ours holds up, where that loses nothing; else it is tried on.

        What Wiro made is kept for its owner; a task that may go on at Wiro is left to the sweep; a doubt
        must be resolved first.
        """
        job, book = work.job, self._means.book
        try:
            if job.state is JobState.DELIVERING:
                work.job = await self._deliverer.keep(work)
            elif job.state is JobState.RUNNING or (job.state is JobState.SUBMITTING and work.may_run):
                at_wiro = job.state is JobState.RUNNING
                work.job = await book.end(
                    job,
                    JobState.FAILED,
                    task_existed=at_wiro,
                    reason=Reason.INTERNAL,
                    reason_text=reference,
                    sweep_until=self._means.clock.now() + SWEEP_FOR if at_wiro else None,
                )
        except Moved:
            raise
        except Exception:
            log.exception("the job could not be ended", reference=reference)

    async def _close(self, job: Job) -> None:
        try:
            await self._closer.close(job)
        except Exception:  # the job itself is safe and ended; a restart settles its card once more
            log.exception("the card could not be settled", reference=reference_id())
