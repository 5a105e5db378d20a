"""A job in the hands of this process: the row as last read, and what only memory has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.jobs.downloads import Downloads
from bot.jobs.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.downloads import Fetcher
    from bot.model import Job, ResultFile
    from bot.wiro import Download


class Work:
    """One job that a carrier carries.

    Attributes:
        job: The row as it was last read or written.
        may_run: Run has surely not been sent for this claim; only ever true right after claiming.
        downloads: Outputs that are being fetched already.
        files: Result files in hand, not yet fitted to any limit.
        are_kept: The result store has them.
        is_first_delivery: The outputs became known to this process, and nobody has tried to deliver them yet.
        registered: Of a job that was taken over: set when the socket has registered its task. Whoever took it
            over then looks at all tasks together, so that registering needs no Detail; None: it does.
        inbox: What is to be looked at.
    """

    __slots__ = (
        "are_kept",
        "downloads",
        "files",
        "inbox",
        "is_first_delivery",
        "job",
        "may_run",
        "registered",
    )

    def __init__(self, job: Job, *, may_run: bool = False, spare_first_look: bool = False) -> None:
        self.job = job
        self.may_run = may_run
        self.downloads: Downloads | None = None
        self.files: Sequence[ResultFile] | None = None
        self.registered = asyncio.Event() if spare_first_look else None
        self.inbox = Inbox()
        self.are_kept = False
        self.is_first_delivery = False

    def begin_downloads(self, fetcher: Fetcher, urls: Sequence[str]) -> None:
        """Start to fetch these outputs, as far as that has not begun."""
        if self.downloads is None:
            self.downloads = Downloads(fetcher)
        self.downloads.begin(urls)

    async def downloaded(self, urls: Sequence[str]) -> Sequence[Download | Exception]:
        """What became of each of these downloads, in order."""
        return [] if self.downloads is None else await self.downloads.all(urls)

    async def drop_downloads(self) -> None:
        """Stop and forget what is being fetched."""
        if self.downloads is not None:
            await self.downloads.drop()
