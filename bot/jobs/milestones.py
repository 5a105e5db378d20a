"""What the owner of a long training is told when its card is too old to be edited: each thing once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from bot.errors import StoreError
from bot.log import get_logger
from bot.store import jobs as units

if TYPE_CHECKING:
    from datetime import datetime

    from bot.clock import Clock
    from bot.jobs.book import Book
    from bot.model import Job, Progress

log = get_logger(__name__)

QUARTERS = (75, 50, 25)

CARD_IS_OLD = timedelta(hours=1)
"""Discord limits edits of older messages hard, so the card keeps still from then on."""

STALLED = timedelta(minutes=30)
"""So long without a sign from Wiro deserves a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """Something worth a message of its own."""

    key: str
    """By which it is told once."""
    percent: int | None
    """How far the training is; None: nothing has moved."""
    expected_end: datetime | None = None


class Herald(Protocol):
    """Who tells of milestones; `bot.ui.places` does."""

    async def say(self, job: Job, milestone: Milestone) -> None:
        """Post a message where the training is followed. Not retried, never raises."""
        ...


def milestone_of(
    percent: int | None, *, age: timedelta, still_for: timedelta, expected_end: datetime | None = None
) -> Milestone | None:
    """What is to be told of a training now, if it was not told before.

    Args:
        percent: How far it is, as far as is known.
        age: Of its card.
        still_for: How long nothing has moved.
        expected_end: When it should be done.
    """
    if still_for >= STALLED:
        return Milestone(key=f"still-{percent or 0}", percent=None, expected_end=expected_end)
    if age < CARD_IS_OLD or percent is None:
        return None
    reached = next((each for each in QUARTERS if percent >= each), 0)
    return Milestone(key=f"at-{reached}", percent=reached, expected_end=expected_end)


class Milestones:
    """Follows the trainings of this process."""

    def __init__(self, book: Book, clock: Clock, herald: Herald) -> None:
        self._book = book
        self._clock = clock
        self._herald = herald
        self._moved: dict[int, tuple[int | None, datetime]] = {}
        self._told: dict[int, set[str]] = {}

    async def saw(self, job: Job, progress: Progress | None) -> None:
        """Tell what there is to tell of a running training, after it was looked at."""
        now = self._clock.now()
        before, since = self._moved.get(job.id, (None, now))
        percent = _percent(progress) if progress is not None else None
        if percent is None:
            percent = before
        elif percent != before:
            since = now
        self._moved[job.id] = (percent, since)
        due = milestone_of(
            percent,
            age=now - job.created_at,
            still_for=now - since,
            expected_end=progress.expected_end if progress is not None else None,
        )
        told = self._told.setdefault(job.id, set())
        if due is None or due.key in told:
            return
        told.add(due.key)
        if await self._is_first(job, due.key, now):
            await self._herald.say(job, due)

    def forget(self, job: Job) -> None:
        """The training has ended."""
        self._moved.pop(job.id, None)
        self._told.pop(job.id, None)

    async def _is_first(self, job: Job, key: str, now: datetime) -> bool:
        try:
            return await self._book.write(
                lambda conn: units.claim_notice(conn, job.id, self._book.me, key, now)
            )
        except StoreError as error:  # another process's by now, or ended
            log.info("a milestone was not told", error=type(error).__name__)
            return False


def _percent(progress: Progress) -> int | None:
    if progress.percent is not None:
        return progress.percent
    if progress.step is not None and progress.steps:
        return min(100, 100 * progress.step // progress.steps)
    return None
