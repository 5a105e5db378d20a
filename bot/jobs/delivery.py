"""DELIVERING: the images into the card; else another way to their owner; else kept for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.jobs.book import reread
from bot.jobs.fitting import send_fitted
from bot.jobs.job import KEEP_FOR, backoff_s, is_withheld, reason_of_stop
from bot.jobs.ports import Done, Unknown, Way
from bot.jobs.trained import new_model
from bot.jobs.ways import NEW_MESSAGE, ways_without_card
from bot.log import get_logger
from bot.model import JobState, Reason
from bot.store import jobs as units
from bot.store import models, policies, trainings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.collect import Collector
    from bot.jobs.means import Means
    from bot.jobs.ports import Put
    from bot.jobs.work import Work
    from bot.model import Job, ResultFile
    from bot.trained import NewModel

log = get_logger(__name__)

ASSERT_AGAIN_S, ASSERT_MOST_S = 15.0, 120.0
"""After an attempt of unknown fate the result is asserted again, ever later."""

PATIENCE_S = 24 * 3600.0
"""How long one way is tried while nobody knows what becomes of it; then the next one is."""


class Withheld(Exception):
    """The images must not be shown any more."""


class Deliverer:
    """Brings results to their owners."""

    def __init__(self, means: Means, collector: Collector) -> None:
        self._means = means
        self._collector = collector

    async def step(self, work: Work) -> Job:
        """DELIVERING → DONE, KEPT, FAILED or CANCELLED."""
        if is_withheld(work.job):
            return await self._withhold(work.job)
        try:
            files = await self._collector.files(work)
            await self._heed(work)
            if not files and work.job.images:
                return await self._gone(work.job)
            return await self._bring(work, files)
        except Withheld:
            return await self._withhold(work.job)

    async def keep(self, work: Work) -> Job:
        """DELIVERING → KEPT: the owner fetches it with `/tasks show`."""
        files = await self._collector.files(work)
        if not files and work.job.images:
            return await self._gone(work.job)
        await self._collector.keep(work)
        kept_until = self._means.clock.now() + KEEP_FOR
        return await self._means.book.end(
            work.job,
            JobState.KEPT,
            task_existed=True,
            images_made=len(files),
            kept_until=kept_until,
            trained=await self._trained(work.job),
        )

    async def _bring(self, work: Work, files: Sequence[ResultFile]) -> Job:
        if (found := await self._found(work)) is not None:
            return await self._done(work, files, *found)
        put = await self._try(work, files, Way.CARD)
        if isinstance(put, Done):
            return await self._done(work, files, Way.CARD, put)
        log.info("the card cannot be written", put=put)
        guild_id = work.job.guild_id
        policy = await self._means.book.db.read(lambda conn: policies.guild_policy(conn, guild_id))
        for way in ways_without_card(work.job, put, policy.deleted_card):
            put = await self._try(work, files, way)
            if isinstance(put, Done):
                return await self._done(work, files, way, put)
            log.info("that way is closed", way=way.value, put=put)
        return await self.keep(work)

    async def _found(self, work: Work) -> tuple[Way, Done] | None:
        """The second message that an earlier attempt sent before it broke off; waits until Discord says."""
        is_first, work.is_first_delivery = work.is_first_delivery, False
        if is_first:
            return None
        job_id = work.job.id
        claimed = await self._means.book.db.read(lambda conn: units.claimed_ways(conn, job_id))
        for way in NEW_MESSAGE:
            if way in claimed and (found := await self._look(work, way)) is not None:
                return way, found
        return None

    async def _look(self, work: Work, way: Way) -> Done | None:
        """What an earlier attempt left by that way; asked until Discord says, or the way's time is over."""
        clock = self._means.clock
        until_s, unknowns = clock.monotonic_s() + PATIENCE_S, 0
        while isinstance(found := await self._means.stage.find_result(work.job, way), Unknown):
            if clock.monotonic_s() > until_s:
                return None
            unknowns += 1
            await self._wait(work, unknowns)
        return found

    async def _wait(self, work: Work, unknowns: int) -> None:
        """Wait before the next attempt; the files are safe, and a moderator's wish is heeded."""
        await self._collector.keep(work)
        wait_s = backoff_s(unknowns, first_s=ASSERT_AGAIN_S, most_s=ASSERT_MOST_S)
        await work.inbox.rest(self._means.clock, wait_s)
        await self._heed(work)

    async def _try(self, work: Work, files: Sequence[ResultFile], way: Way) -> Put:
        """Write the result by one way until its fate is known.

        A second message is claimed before it is first sent, and looked for before it is sent again.
        """
        clock, stage = self._means.clock, self._means.stage

        async def send(fit: Sequence[ResultFile]) -> Put:
            await self._heed(work)
            return await stage.put_result(work.job, fit, way)

        until_s = clock.monotonic_s() + PATIENCE_S
        may_be_there = way in NEW_MESSAGE and not await self._means.book.claim_delivery(work.job, way)
        unknowns = 0
        while True:
            if may_be_there and (found := await self._look(work, way)) is not None:
                return found
            put = await send_fitted(files, stage.file_limit_bytes(work.job, way), send)
            if not isinstance(put, Unknown) or clock.monotonic_s() > until_s:
                return put
            unknowns += 1
            may_be_there = way in NEW_MESSAGE
            await self._wait(work, unknowns)

    async def _heed(self, work: Work) -> None:
        """Read the row again when somebody wished the job's end. Raises `Withheld` for a moderator's wish."""
        if work.inbox.hears_stop():
            work.job = await reread(self._means.book, work.job)
        if is_withheld(work.job):
            raise Withheld

    async def _done(self, work: Work, files: Sequence[ResultFile], way: Way, put: Done) -> Job:
        job, clock = work.job, self._means.clock
        if job.wiro_ended_at is not None:
            self._means.observer.delivered(job, (clock.now() - job.wiro_ended_at).total_seconds())
        if job.private:
            await self._collector.keep(work)  # so that it can be shared, or delivered once more
        elif work.are_kept:
            await self._means.results.drop(job.id)
        elsewhere = way is not Way.CARD
        return await self._means.book.end(
            job,
            JobState.DONE,
            task_existed=True,
            images_made=len(files),
            result_message_id=put.message_id if elsewhere else None,
            result_channel_id=put.channel_id if elsewhere else None,
            trained=await self._trained(job),
        )

    async def _trained(self, job: Job) -> NewModel | None:
        """What is recorded of the model, when the job made one."""
        tool = self._means.tool_of(job.tool)
        if not tool.is_training or self._means.models is None:
            return None
        used = str(job.inputs.get(tool.model_input) or "")
        training, started_from = await self._means.book.db.read(
            lambda conn: (trainings.get(conn, job.id), models.by_wiro_id(conn, used) if used else None)
        )
        wiro_id = await self._means.models.find(job)
        return new_model(job, tool, training, wiro_id, started_from=started_from)

    async def _gone(self, job: Job) -> Job:
        log.error("the outputs are gone before they could be fetched")
        return await self._means.book.end(job, JobState.FAILED, task_existed=True, reason=Reason.OUTPUTS_GONE)

    async def _withhold(self, job: Job) -> Job:
        """A moderator stopped it when it had finished already: nobody is shown its images."""
        await self._means.results.drop(job.id)
        return await self._means.book.end(
            job,
            JobState.CANCELLED,
            task_existed=True,
            reason=reason_of_stop(job),
            reason_text=job.cancel_reason,
        )
