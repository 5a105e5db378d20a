"""A job in the hands of this process: the row as last read, and what only memory has."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING

from bot.jobs.downloads import Downloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.clock import Clock
    from bot.jobs.downloads import Fetcher
    from bot.model import Job, ResultFile
    from bot.wiro import Reconnected, TaskEvent


class Nudge(Enum):
    """Something to look at now."""

    STOP = auto()
    """Somebody wishes the job's end: read the row."""
    LOOK = auto()
    """Wiro called back, or should be asked: read the task."""


class Work:
    """One job that a carrier carries.

    Attributes:
        job: The row as it was last read or written.
        may_run: Run has surely not been sent for this claim; only ever true right after claiming.
        downloads: Outputs that are being fetched already.
        files: Result files in hand, not yet fitted to any limit.
        registered: Set when the socket has registered the task.
        spare_first_look: Whoever took the job over looks at all tasks at once, so registering needs no
        Detail.
    """

    def __init__(self, job: Job, *, may_run: bool = False, spare_first_look: bool = False) -> None:
        self.job = job
        self.may_run = may_run
        self.downloads: Downloads | None = None
        self.files: Sequence[ResultFile] | None = None
        self.registered = asyncio.Event()
        self.spare_first_look = spare_first_look
        self._inbox: asyncio.Queue[Nudge | TaskEvent | Reconnected] = asyncio.Queue()

    def put(self, message: Nudge | TaskEvent | Reconnected) -> None:
        """Give the carrier something to look at."""
        self._inbox.put_nowait(message)

    def begin_downloads(self, fetcher: Fetcher, urls: Sequence[str]) -> None:
        """Start to fetch these outputs, as far as that has not begun."""
        if self.downloads is None:
            self.downloads = Downloads(fetcher)
        self.downloads.begin(urls)

    async def next(self, clock: Clock, within_s: float) -> Nudge | TaskEvent | Reconnected | None:
        """What comes first within that time; None when nothing does."""
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        with suppress(TimeoutError):
            async with clock.timeout(max(0.0, within_s)):
                return await self._inbox.get()
        return None

    async def rest(self, clock: Clock, delay_s: float) -> None:
        """Wait that long, or until somebody wishes the job's end."""
        until_s = clock.monotonic_s() + delay_s
        while (left_s := until_s - clock.monotonic_s()) > 0:
            if await self.next(clock, left_s) is Nudge.STOP:
                return
