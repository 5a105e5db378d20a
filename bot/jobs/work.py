"""A job in the hands of this process: the row as last read, and what only memory has."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING

from bot.jobs.downloads import Downloads
from bot.wiro import Reconnected, TaskEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.clock import Clock
    from bot.jobs.downloads import Fetcher
    from bot.model import Job, ResultFile
    from bot.wiro import Download


class Nudge(Enum):
    """Something to look at now."""

    STOP = auto()
    """Somebody wishes the job's end: read the row."""
    LOOK = auto()
    """Wiro called back, or should be asked: read the task."""


Message = Nudge | TaskEvent | Reconnected


class Work:
    """One job that a carrier carries.

    Attributes:
        job: The row as it was last read or written.
        may_run: Run has surely not been sent for this claim; only ever true right after claiming.
        downloads: Outputs that are being fetched already.
        files: Result files in hand, not yet fitted to any limit.
        are_kept: The result store has them.
        is_first_delivery: The outputs became known to this process, and nobody has tried to deliver them yet.
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
        self.are_kept = False
        self.is_first_delivery = False
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()

    def put(self, message: Message) -> None:
        """Give the carrier something to look at."""
        self._inbox.put_nowait(message)

    async def next(self, clock: Clock, within_s: float) -> Message | None:
        """What comes first within that time; None when nothing does."""
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        with suppress(TimeoutError):
            async with clock.timeout(max(0.0, within_s)):
                return await self._inbox.get()
        return None

    def hears_stop(self) -> bool:
        """Whether somebody has wished the job's end; all else that waits to be looked at is dropped."""
        heard = False
        while not self._inbox.empty():
            heard = self._inbox.get_nowait() is Nudge.STOP or heard
        return heard

    async def rest(self, clock: Clock, delay_s: float) -> bool:
        """Wait that long, but not past somebody's wish to stop the job; whether there was one."""
        until_s = clock.monotonic_s() + delay_s
        while (left_s := until_s - clock.monotonic_s()) > 0:
            if await self.next(clock, left_s) is Nudge.STOP:
                self.put(Nudge.STOP)  # for whoever reads the row because of it
                return True
        return False

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
