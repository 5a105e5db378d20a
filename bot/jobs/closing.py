"""After the end: the card says so, the owner of a long job is told, and nothing is left lying about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.jobs.job import LONG_JOB_S, backoff_s
from bot.jobs.ports import Done, Gone, Unknown, Way
from bot.log import get_logger
from bot.model import JobState, Reason
from bot.store import jobs as units
from bot.store.database import Lane
from bot.wiro import NoTask, WiroError

if TYPE_CHECKING:
    from bot.jobs.means import Means
    from bot.jobs.ports import Put
    from bot.model import Job

log = get_logger(__name__)

AGAIN_FIRST_S, AGAIN_MOST_S = 15.0, 300.0

PATIENCE_S = 24 * 3600.0

UNTOLD = frozenset({Reason.NOBODY_SAW_IT, Reason.OWNER_CANCELLED})
"""Ends that need no second message when the card cannot be written."""


class Closer:
    """Brings the outside in line with a job that has ended."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def close(self, job: Job) -> None:
        """Settle the card and tell the owner of a long job; then forget what is no longer needed."""
        self._means.past.forget(job)
        if job.state is JobState.DONE:
            if _deserves_a_word(job):
                await self._means.stage.tell_owner(job)
            return
        if job.reason is Reason.MODERATOR_STOPPED and job.outputs and job.socket_token:
            await self._delete_at_wiro(job.socket_token)
        card: Put | None = None
        if job.reason is not Reason.NOBODY_SAW_IT or job.message_id is not None:
            card = await self._settle(job)
        await self._means.book.write(
            lambda conn: units.note_settled(conn, job.id, self._means.clock.now()), Lane.BACKGROUND
        )
        # Only once that is noted: a start after a crash settles again, and must not call again.
        if job.state is JobState.FAILED and isinstance(card, Done) and _deserves_a_word(job):
            await self._means.stage.tell_owner(job)

    async def _settle(self, job: Job) -> Put:
        """Write the end into the card; where that is not possible, into a direct message. The card's fate."""
        card = put = await self._until_known(job, Way.CARD)
        if not _needs_a_message(job, put):
            return card
        put = await self._until_known(job, Way.DM)
        if not isinstance(put, Done):
            log.info("nobody could be told of the end; /tasks shows it", put=put)
        return card

    async def _until_known(self, job: Job, way: Way) -> Put:
        clock = self._means.clock
        until_s, unknowns = clock.monotonic_s() + PATIENCE_S, 0
        while True:
            put = await self._means.stage.settle(job, way)
            if not isinstance(put, Unknown) or way is not Way.CARD or clock.monotonic_s() > until_s:
                return put
            unknowns += 1
            await clock.sleep(backoff_s(unknowns, first_s=AGAIN_FIRST_S, most_s=AGAIN_MOST_S))

    async def _delete_at_wiro(self, token: str) -> None:
        try:
            await self._means.wiro.delete_files(token)
        except NoTask:
            pass
        except WiroError as error:
            log.warning("Wiro kept the files of a withheld result", error=type(error).__name__)

    async def discard(self, job: Job) -> None:
        """Drop all that is kept of a deleted result, here and at Wiro."""
        try:
            await self._means.results.drop(job.id)
        except StoreError as error:
            log.warning("a kept result could not be dropped; it is swept later", error=str(error))
        if job.socket_token:
            await self._delete_at_wiro(job.socket_token)


def _needs_a_message(job: Job, put: Put) -> bool:
    """Whether the owner has to be told in a direct message too, after what became of the card."""
    if job.reason is Reason.MODERATOR_STOPPED:
        # An edit of a private card calls nobody back to it, and nobody sees whether it was dismissed.
        return job.private or not isinstance(put, Done)
    if isinstance(put, Done) or job.reason in UNTOLD:
        return False
    # A public card that is gone was deleted by somebody: they know enough.
    return not isinstance(put, Gone) or job.state is JobState.KEPT or job.private


def _deserves_a_word(job: Job) -> bool:
    """A public job that took long, its end in its channel: its owner may be looking elsewhere."""
    in_channel = job.result_channel_id in (None, job.channel_id)
    ended_at = job.ended_at or job.state_at
    return not job.private and in_channel and (ended_at - job.created_at).total_seconds() > LONG_JOB_S
