"""What may be done to any job from any process: give it its card, wish its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.jobs.inbox import Nudge
from bot.log import get_logger
from bot.model import CancelBy, JobState, Reason
from bot.store import jobs as units

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    import sqlalchemy as sa

    from bot.jobs.carriers import Carriers
    from bot.jobs.closing import Closer
    from bot.jobs.line import Line
    from bot.jobs.means import Means
    from bot.jobs.waiting_room import WaitingRoom
    from bot.model import Job

log = get_logger(__name__)


class Acts:
    """Writes down what people and chores want, and lets everybody know whom it concerns.

    Args:
        means: What the jobs' life works with.
        line: Woken by a new job.
        room: Told that places change.
        carriers: Nudged when a job in hand is to stop.
        closer: Settles the card of a job that ended right away.
        spawn: Runs a coroutine in the background.
    """

    def __init__(
        self,
        means: Means,
        *,
        line: Line,
        room: WaitingRoom,
        carriers: Carriers,
        closer: Closer,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._means = means
        self._line = line
        self._room = room
        self._carriers = carriers
        self._closer = closer
        self._spawn = spawn

    def rules_changed(self) -> None:
        """Other jobs may go now, or no longer."""
        self._line.wake()
        self._room.draw_anew()

    async def show_card(self, job: Job, message_id: int) -> Job:
        """Store the card's id, which puts a waiting job into the line."""
        now = self._means.clock.now()
        job = await self._means.book.write(lambda conn: units.show_card(conn, job.id, message_id, now=now))
        self._line.wake()
        self._room.stir()
        if job.state.has_ended:  # stopped before it was shown: the card was drawn from what is past
            self._spawn(self._closer.close(job))
        return job

    async def stop(
        self,
        job: Job,
        *,
        by: CancelBy,
        user_id: int | None = None,
        reason: str | None = None,
        end_reason: Reason | None = None,
    ) -> Job:
        """Write the wish; a waiting job has ended when this returns, the carriers of others are nudged.

        The system's wish is for waiting jobs alone: one that was claimed meanwhile goes its way.
        """
        now = self._means.clock.now()

        def unit(conn: sa.Connection) -> Job:
            found = units.get(conn, job.id)
            if by is CancelBy.SYSTEM and found is not None and found.state is not JobState.WAITING:
                return found
            return units.want_stop(
                conn, job.id, by=by, user_id=user_id, reason=reason, now=now, end_reason=end_reason
            )

        after = await self._means.book.write(unit)
        log.info("the end of a job was wished", job=job.code, by=by.value, state=after.state.value)
        if after.state.has_ended and not job.state.has_ended:
            self._means.book.tell(job, after)
            is_card_coming = after.message_id is None and not after.preparing
            if (
                not is_card_coming or end_reason is Reason.NOBODY_SAW_IT
            ):  # else whoever stores its id closes it
                self._spawn(self._closer.close(after))
        else:
            self._carriers.nudge(job.id, Nudge.STOP)
        return after
