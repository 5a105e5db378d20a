"""What a carrier has to look at next. Every job in hand has one, so it is small: no queue, no event."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING

from bot.wiro import Reconnected, TaskEvent

if TYPE_CHECKING:
    from bot.clock import Clock


class Nudge(Enum):
    """Something to look at now."""

    STOP = auto()
    """Somebody wishes the job's end: read the row."""
    LOOK = auto()
    """Wiro called back, or should be asked: read the task."""


Message = Nudge | TaskEvent | Reconnected


class Inbox:
    """Messages in their order, for one reader."""

    __slots__ = ("_messages", "_reader")

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._reader: asyncio.Future[None] | None = None

    def put(self, message: Message) -> None:
        """Add a message and wake the reader."""
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def next(self, clock: Clock, within_s: float) -> Message | None:
        """What comes first within that time; None when nothing does."""
        if not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                async with clock.timeout(max(0.0, within_s)):
                    await self._reader
            self._reader = None
        return self._messages.pop(0) if self._messages else None

    def hears_stop(self) -> bool:
        """Whether somebody has wished the job's end; all else that waits to be looked at is dropped."""
        heard = Nudge.STOP in self._messages
        self._messages.clear()
        return heard

    async def rest(self, clock: Clock, delay_s: float) -> bool:
        """Wait that long, but not past somebody's wish to stop the job; whether there was one."""
        until_s = clock.monotonic_s() + delay_s
        while (left_s := until_s - clock.monotonic_s()) > 0:
            if await self.next(clock, left_s) is Nudge.STOP:
                self.put(Nudge.STOP)  # for whoever reads the row because of it
                return True
        return False
