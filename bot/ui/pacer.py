"""The pacer: at most one progress edit a channel in 2.5 seconds, whatever number of cards live there.

Ten cards that each edit every three seconds make a result wait nine seconds behind them. So all cards of a
channel share one slow stream: the most urgent frame goes next, a newer frame of a card replaces the older,
one is in flight, none is sent while Discord's bucket is short, and none is ever repeated. Results do not
come through here.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from bot.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.clock import Clock

log = get_logger(__name__)

SPACING_S = 2.5
"""Discord lets a channel take about five edits in five seconds; this leaves half of them to results."""


class Urgency(IntEnum):
    """Which frames go first."""

    RUNNING = 0
    NEXT_IN_LINE = 1
    WAITING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture of a card that may be shown."""

    job_id: int
    channel_id: int
    urgency: Urgency
    send: Callable[[], Awaitable[bool]]
    """Sends it once; False when there was nothing worth a request, so that another may go at once."""
    is_ready: Callable[[], bool]
    """Whether Discord's bucket has room for it."""


@dataclass(slots=True)
class _Lane:
    """What waits in one channel: the newest frame of each card, with the time of its oldest unshown one."""

    frames: dict[int, tuple[Frame, int]] = field(default_factory=dict)
    in_flight: int | None = None
    worker: asyncio.Task[None] | None = None
    last_sent_s: float = float("-inf")


class Pacer:
    """Sends frames, slowly and fairly. A channel costs nothing while none of its cards has a frame."""

    def __init__(self, clock: Clock, *, spacing_s: float = SPACING_S) -> None:
        self._clock = clock
        self._spacing_s = spacing_s
        self._lanes: dict[int, _Lane] = {}
        self._order = itertools.count()

    def offer(self, frame: Frame) -> None:
        """Have it shown when its turn comes; it replaces an older frame of the card and keeps its turn."""
        lane = self._lanes.setdefault(frame.channel_id, _Lane())
        earlier = lane.frames.get(frame.job_id)
        lane.frames[frame.job_id] = (frame, earlier[1] if earlier else next(self._order))
        if lane.worker is None:
            lane.worker = asyncio.create_task(self._work(frame.channel_id, lane), name="pacer")

    def withdraw(self, job_id: int, channel_id: int) -> None:
        """Forget what waits of a card: something final is about to be shown."""
        lane = self._lanes.get(channel_id)
        if lane is not None:
            lane.frames.pop(job_id, None)

    @property
    def live_channels(self) -> int:
        """Channels in which something waits or was just shown."""
        return len(self._lanes)

    async def aclose(self) -> None:
        """Stop; what waits is dropped, because every card is drawn again after a start."""
        workers = [lane.worker for lane in self._lanes.values() if lane.worker is not None]
        self._lanes.clear()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, channel_id: int, lane: _Lane) -> None:
        while True:
            wait_s = lane.last_sent_s + self._spacing_s - self._clock.monotonic_s()
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            frame = _most_urgent(lane)
            if frame is None:
                # Nothing came in a whole interval: nobody would notice if the lane began anew.
                self._lanes.pop(channel_id, None)
                return
            if not frame.is_ready():
                await self._clock.sleep(self._spacing_s)
                continue
            lane.frames.pop(frame.job_id, None)
            if await self._sent(frame):
                lane.last_sent_s = self._clock.monotonic_s()

    async def _sent(self, frame: Frame) -> bool:
        try:
            return await frame.send()
        except Exception:  # a frame is worth nothing; the lane must live on
            log.exception("a progress frame could not be sent")
            return True


def _most_urgent(lane: _Lane) -> Frame | None:
    waiting = lane.frames.values()
    if not waiting:
        return None
    return min(waiting, key=lambda entry: (entry[0].urgency, entry[1]))[0]


class InFlight:
    """One lock a card, for as long as somebody writes it: a result waits for the one frame in flight."""

    def __init__(self) -> None:
        self._locks: dict[int, tuple[asyncio.Lock, int]] = {}

    def writing(self, job_id: int) -> _Writing:
        """Context manager in which nobody else writes that card."""
        return _Writing(self, job_id)

    def is_busy(self, job_id: int) -> bool:
        """Whether somebody writes that card now."""
        return job_id in self._locks

    def borrow(self, job_id: int) -> asyncio.Lock:
        """The lock of a card; give it back."""
        lock, users = self._locks.get(job_id, (None, 0))
        lock = lock or asyncio.Lock()
        self._locks[job_id] = (lock, users + 1)
        return lock

    def give_back(self, job_id: int) -> None:
        """One user less; the last one takes the lock away."""
        lock, users = self._locks[job_id]
        if users > 1:
            self._locks[job_id] = (lock, users - 1)
        else:
            del self._locks[job_id]


class _Writing:
    def __init__(self, owner: InFlight, job_id: int) -> None:
        self._owner = owner
        self._job_id = job_id
        self._lock: asyncio.Lock | None = None

    async def __aenter__(self) -> None:
        self._lock = self._owner.borrow(self._job_id)
        try:
            await self._lock.acquire()
        except BaseException:
            self._owner.give_back(self._job_id)
            raise

    async def __aexit__(self, *_: object) -> None:
        assert self._lock is not None  # noqa: S101 -- entered before it is left
        self._lock.release()
        self._owner.give_back(self._job_id)
