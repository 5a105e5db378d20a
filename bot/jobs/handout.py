"""Handing out results again: where the owner asks for them, and to everybody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.errors import NotDeliverable, StoreError
from bot.jobs.files import result_file
from bot.jobs.fitting import send_fitted
from bot.jobs.ports import Denied, Done, Gone, TokenDead, TooLarge, Unknown, Way
from bot.log import get_logger
from bot.model import JobState
from bot.store import jobs as units
from bot.wiro import Download

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.downloads import Fetcher
    from bot.jobs.means import Means
    from bot.jobs.ports import Put
    from bot.model import Job, ResultFile

log = get_logger(__name__)


class Handout:
    """Finished results, once more."""

    def __init__(self, means: Means, fetcher: Fetcher) -> None:
        self._means = means
        self._book = means.book
        self._fetcher = fetcher

    async def here(self, job: Job) -> Job:
        """Put the result into `@original` of the interaction whose token the job carries.

        Raises:
            NotDeliverable: There are no images (any more), or Discord refused.
        """
        files = await self._files(job)
        stage = self._means.stage
        limit_bytes = stage.file_limit_bytes(job, Way.HERE)
        put = await send_fitted(files, limit_bytes, lambda fit: stage.put_result(job, fit, Way.HERE))
        if not isinstance(put, Done):
            raise NotDeliverable(_refusal(put))
        if job.state is not JobState.KEPT:
            return job
        now = self._means.clock.now()
        after = await self._book.write(
            lambda conn: units.fetched(conn, job.id, put.message_id, put.channel_id, now)
        )
        self._book.tell(job, after)
        return after

    async def share(self, job: Job) -> Job:
        """Post a copy of a private result into its channel; only one is ever there.

        Raises:
            NotDeliverable: There are no images (any more), somebody was faster, or Discord refused.
        """
        if not job.private:
            raise NotDeliverable("This result is in the channel already.")
        files = await self._files(job)
        now = self._means.clock.now()
        if not await self._book.write(lambda conn: units.claim_share(conn, job.id, now)):
            raise NotDeliverable("This result was shared already.")
        stage = self._means.stage
        limit_bytes = job.channel_file_limit_bytes
        put = await send_fitted(files, limit_bytes, lambda fit: stage.share(job, fit))
        if not isinstance(put, Done):
            await self._book.write(lambda conn: units.unclaim_share(conn, job.id))
            raise NotDeliverable(_refusal(put))
        return await self._book.write(lambda conn: units.mark_shared(conn, job.id, put.message_id, now))

    async def _files(self, job: Job) -> Sequence[ResultFile]:
        """What is kept of the result, else what Wiro still has. Raises `NotDeliverable` without any."""
        if (why := _why_not(job)) is not None:
            raise NotDeliverable(why)
        try:
            files: Sequence[ResultFile] = await self._means.results.load(job.id)
        except StoreError as error:
            log.warning("a kept result could not be read", job=job.code, error=str(error))
            files = ()
        files = files or await self._fetched(job)
        if not files:
            raise NotDeliverable("The images are no longer kept, neither here nor at Wiro.")
        return files

    async def _fetched(self, job: Job) -> Sequence[ResultFile]:
        """The outputs that Wiro still has; asked for once."""
        urls = [output.url for output in job.outputs]
        found = await asyncio.gather(*map(self._fetcher.fetch, urls), return_exceptions=True)
        slug = self._means.tool_of(job.tool).slug
        return [
            await asyncio.to_thread(result_file, job, slug, number, each.data, each.content_type)
            for number, each in enumerate(found, start=1)
            if isinstance(each, Download)
        ]


def _why_not(job: Job) -> str | None:
    """Why this job's images cannot be shown, as a sentence; None when they can."""
    if job.deleted_at is not None:
        return "Its images were deleted."
    if not job.state.has_ended:
        return f"`#{job.code}` is still on its way; its images will come to <#{job.channel_id}>."
    if job.state not in (JobState.DONE, JobState.KEPT):
        return f"`#{job.code}` ended without images; `/tasks show` says why."
    return None


def _refusal(put: Put) -> str:
    match put:
        case Denied():
            return "Discord does not let me post there. Ask a moderator to allow it, then try again."
        case TokenDead() | Gone():
            return "This took too long, and Discord no longer takes the answer. Use the command again."
        case TooLarge():
            return "The images are too large for Discord, however small I make them."
        case Unknown() | Done():
            return "Discord did not answer in time. Try again in a minute."
