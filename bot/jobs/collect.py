"""Getting the files of a result into hand: from memory, from the result store, or from Wiro."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from bot.errors import StoreError
from bot.jobs.book import reread
from bot.jobs.downloads import Lost
from bot.jobs.files import result_file
from bot.jobs.job import backoff_s, is_withheld
from bot.log import get_logger
from bot.tools import Note
from bot.wiro import Download, WiroError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.jobs.downloads import Fetcher
    from bot.jobs.means import Means
    from bot.jobs.work import Work
    from bot.model import Job, ResultFile
    from bot.tools import Tool

log = get_logger(__name__)

GONE_AFTER = 4
"""An output that is not at its address so often in a row is gone: the CDN may be a moment behind."""

PATIENCE_S = 24 * 3600.0
"""How long outputs that cannot be fetched are asked for."""

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
MOST_SAMPLES = 4
"""So many of a training's sample images are shown."""

FIRST_S, MOST_S = 0.5, 60.0


class Made(Protocol):
    """A file that Wiro made, as a row or an event tells of it."""

    @property
    def url(self) -> str: ...  # noqa: D102  # a name that says it
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def content_type(self) -> str: ...  # noqa: D102


class Collector:
    """Gets a job's files, in order, named and described, not yet fitted to any limit."""

    def __init__(self, means: Means, fetcher: Fetcher) -> None:
        self._means = means
        self._fetcher = fetcher

    async def files(self, work: Work) -> Sequence[ResultFile]:
        """The files; fewer than Wiro made when some are gone for good, none when all are.

        Waits as long as it takes, but not past a moderator's wish to stop the job: then there are none.
        """
        if work.files is None:
            work.files = await self._kept(work) or await self._fetched(work)
        return work.files

    async def keep(self, work: Work) -> None:
        """Save the files in hand to the result store, once; without room they stay at Wiro alone."""
        if work.files and not work.are_kept:
            try:
                await self._means.results.save(work.job.id, work.files)
                work.are_kept = True
            except StoreError as error:
                log.warning("the result could not be kept", error=str(error))

    async def _kept(self, work: Work) -> Sequence[ResultFile]:
        """What an earlier process kept; nothing when this one has been with the job from its outputs on."""
        if work.is_first_delivery:
            return ()
        files = await self._means.results.load(work.job.id)
        work.are_kept = bool(files)
        return files

    async def _fetched(self, work: Work) -> Sequence[ResultFile]:
        urls = wanted_of(work.job, self._means.tool_of(work.job.tool), work.job.outputs)
        if not urls:
            return ()
        clock = self._means.clock
        until_s = clock.monotonic_s() + PATIENCE_S
        attempts = 0
        while True:
            work.begin_downloads(self._fetcher, urls)
            found = await work.downloaded(urls)
            attempts += 1
            if all(_is_settled(each, attempts) for each in found) or clock.monotonic_s() > until_s:
                break
            log.info("an output could not be fetched yet", attempts=attempts)
            if await work.inbox.rest(clock, backoff_s(attempts, first_s=FIRST_S, most_s=MOST_S)):
                work.inbox.hears_stop()
                work.job = await reread(self._means.book, work.job)
                if is_withheld(work.job):
                    return ()
        files = await asyncio.to_thread(self._made, work.job, found)
        if len(files) == len(urls):
            await work.drop_downloads()  # the files have their own copies
        return files

    def _made(self, job: Job, found: Sequence[Download | Exception]) -> list[ResultFile]:
        slug = self._means.tool_of(job.tool).slug
        return [
            result_file(job, slug, number, each.data, each.content_type)
            for number, each in enumerate(found, start=1)
            if isinstance(each, Download)
        ]


def wanted_of(job: Job, tool: Tool, outputs: Iterable[Made]) -> list[str]:
    """Where the outputs are that are fetched: all images; of a training its samples, but not the model.

    Samples look like whom the photos show: where everyone reads they are left at Wiro, unless the training's
    owner said otherwise.
    """
    if not tool.is_training:
        return [output.url for output in outputs]
    if Note.IN_THE_OPEN in job.notes and Note.NAME_SHOWN not in job.notes:
        return []
    pictures = [
        output.url
        for output in outputs
        if output.content_type.startswith("image/") or output.name.lower().endswith(PICTURES)
    ]
    return pictures[:MOST_SAMPLES]


def _is_settled(each: Download | Exception, attempts: int) -> bool:
    """Whether asking again would change nothing."""
    if isinstance(each, Download):
        return True
    if isinstance(each, Lost):
        return attempts >= GONE_AFTER
    if not isinstance(each, WiroError):
        raise each
    return False
