"""Trainings before the line: a place to follow them, their photos to Wiro, and then into the line.

A restart, or another process, goes on from what the database has.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

from bot.errors import Moved, StoreError
from bot.jobs.job import backoff_s
from bot.jobs.ports import Denied, Done, Unknown
from bot.jobs.upload import UploadFailed
from bot.log import bound_contextvars, get_logger, reference_id
from bot.model import JobState, Progress, Reason
from bot.store import drafts, trainings
from bot.store import jobs as units
from bot.store.database import Lane
from bot.tools import Note
from bot.training import Follow, UploadWay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    import sqlalchemy as sa

    from bot.jobs.closing import Closer
    from bot.jobs.means import Means
    from bot.jobs.ports import Put
    from bot.jobs.upload import Uploader
    from bot.model import Job
    from bot.store.photofiles import PhotoFiles

log = get_logger(__name__)

UPLOADING = "uploading"
"""Where Wiro's status word stands otherwise: the photos are on their way."""

LOOK_EVERY_S = 15.0
AGAIN_FIRST_S, AGAIN_MOST_S = 2.0, 120.0
STUMBLES = 6
"""So many faults of ours in a row, and the training ends and gives back what it held."""

INSTEAD = {
    Follow.THREAD: (Follow.THREAD, Follow.DM),
    Follow.DM: (Follow.DM,),
    Follow.HERE: (Follow.HERE, Follow.DM),
}
"""Where a training is followed, and where instead: never before everyone without its owner's choice."""


class Places(Protocol):
    """What trainings need of Discord beyond the stage; `bot.ui.places` implements it. Nothing raises."""

    async def open(self, job: Job, follow: Follow, *, may_be_there: bool) -> int | Denied | Unknown:
        """The channel in which the training is followed; with `may_be_there` it is looked for first."""
        ...

    async def put_card(self, job: Job, *, may_be_there: bool) -> Put:
        """Post the training's card into `job.channel_id`; with `may_be_there` it is looked for first."""
        ...


class Preparer:
    """Prepares the trainings of this process.

    Args:
        means: What the jobs' life works with.
        places: Where trainings are followed.
        uploader: Brings photos to Wiro.
        files: The photos here.
        closer: Settles the card of a training that ended.
        ready: Called when a training has come into the line.
    """

    def __init__(
        self,
        means: Means,
        *,
        places: Places,
        uploader: Uploader,
        files: PhotoFiles,
        closer: Closer,
        ready: Callable[[], None],
    ) -> None:
        self._means = means
        self._book = means.book
        self._places = places
        self._uploader = uploader
        self._files = files
        self._closer = closer
        self._ready = ready
        self._woken = asyncio.Event()
        self._in_hand: dict[int, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """A training was accepted, or stopped."""
        self._woken.set()

    async def watch(self) -> None:
        """Take up what is to be prepared, for ever."""
        try:
            while True:
                self._woken.clear()
                try:
                    for job in await self._book.write(
                        lambda conn: trainings.claim_unprepared(conn, self._book.me)
                    ):
                        if job.id not in self._in_hand:
                            self._in_hand[job.id] = asyncio.create_task(
                                self._carry(job), name=f"photos {job.code}"
                            )
                except StoreError as error:
                    log.warning("trainings could not be read", error=str(error))
                with suppress(TimeoutError):
                    async with self._means.clock.timeout(LOOK_EVERY_S):
                        await self._woken.wait()
        finally:
            await self._put_down()

    async def tidy(self) -> None:
        """Delete photos that are needed no more, and open drafts again whose trainings never began."""
        now = self._means.clock.now()
        for job in await self._book.db.read(trainings.with_photos_left):
            await self._tidy_one(job)
        gone = await self._book.write(lambda conn: drafts.discard_expired(conn, now=now), Lane.BACKGROUND)
        await self._drop_files(gone)

    async def _tidy_one(self, job: Job) -> None:
        now = self._means.clock.now()
        if not job.state.has_ended and job.started_at is None:
            return  # Wiro may not have fetched them yet

        def unit(conn: sa.Connection) -> tuple[int, ...]:
            draft = drafts.of_job(conn, job.id)
            if draft is None:
                return ()
            if job.state.has_ended and job.preparing and trainings.give_back(conn, job.id, now=now):
                return ()
            trainings.forget_photos(conn, job.id)
            return (draft.id,)

        await self._drop_files(await self._book.write(unit, Lane.BACKGROUND))

    async def _drop_files(self, draft_ids: Iterable[int]) -> None:
        for draft_id in draft_ids:
            await asyncio.to_thread(self._files.drop, draft_id)

    async def sweep_files(self) -> None:
        """Delete files that no draft knows: at the start, when nobody else writes any."""
        known = await self._book.db.read(drafts.files)
        swept = await asyncio.to_thread(self._files.sweep, known)
        if swept:
            log.info("photos without a draft were deleted", files=swept)

    async def _put_down(self) -> None:
        for task in self._in_hand.values():
            task.cancel()
        await asyncio.gather(*self._in_hand.values(), return_exceptions=True)

    async def _carry(self, job: Job) -> None:
        with bound_contextvars(job=job.code):
            try:
                await self._take_steps(job)
            except Moved:  # stopped, ended, or another process's
                await self._tidy_up()
            except Exception:  # the border of a background task; a restart takes it up again
                log.exception("a training could not be prepared", reference=reference_id())
            finally:
                self._in_hand.pop(job.id, None)

    async def _take_steps(self, job: Job) -> None:
        stumbles = 0
        while True:
            try:
                job = await self._place(job)
                inputs = await self._uploader.bring(job, partial(self._told, job))
                return await self._into_the_line(job, inputs)
            except Moved:
                raise
            except _NoPlace as closed:
                return await self._fail(job, Reason.NO_ACCESS, str(closed))
            except UploadFailed as failed:
                return await self._fail(job, Reason.PHOTOS_NOT_SENT, str(failed))
            except Exception:
                stumbles += 1
                reference = reference_id()
                log.exception("a step failed", reference=reference, stumbles=stumbles)
                if stumbles >= STUMBLES:
                    return await self._fail(job, Reason.INTERNAL, reference)
            await self._means.clock.sleep(backoff_s(stumbles, first_s=AGAIN_FIRST_S, most_s=AGAIN_MOST_S))

    async def _into_the_line(self, job: Job, inputs: Mapping[str, Any]) -> None:
        training = await self._book.db.read(lambda conn: trainings.get(conn, job.id))
        are_there = training is not None and training.way is not UploadWay.ADDRESS
        await self._book.write(
            lambda conn: trainings.prepared(conn, job.id, self._book.me, inputs, photos_are_there=are_there)
        )
        log.info("the photos are at Wiro", photos=training.photos if training else None)
        self._ready()
        if training is not None and are_there:
            await self._drop_files([training.draft_id])

    async def _fail(self, job: Job, reason: Reason, words: str) -> None:
        ended = await self._book.end(
            job, JobState.FAILED, task_existed=False, reason=reason, reason_text=words or None
        )
        await self._closer.close(ended)
        await self._tidy_up()

    async def _tidy_up(self) -> None:
        try:
            await self.tidy()
        except StoreError as error:  # the next turn of the chore does it
            log.warning("photos could not be tidied up", error=str(error))

    async def _told(self, job: Job, there: int, of: int) -> None:
        await self._means.stage.show(job, Progress(status=UPLOADING, step=there, steps=of), None)

    # Where it is followed

    async def _place(self, job: Job) -> Job:
        """The training with its card, in the place that its owner chose."""
        if job.message_id is not None:
            return job
        job = await self._with_channel(job)
        may_be_there = not await self._claim(job, "card")
        while True:
            put = await self._places.put_card(job, may_be_there=may_be_there)
            if isinstance(put, Done):
                return await self._set_place(job, channel_id=put.channel_id, message_id=put.message_id)
            if not isinstance(put, Unknown):
                raise _NoPlace("Discord took no message there")
            may_be_there = True
            await self._means.clock.sleep(AGAIN_FIRST_S)

    async def _with_channel(self, job: Job) -> Job:
        """The training with the channel in which it is followed, which is chosen once."""
        claimed = await self._book.db.read(lambda conn: units.claimed_ways(conn, job.id))
        if "place" in claimed:
            return job
        training = await self._book.db.read(lambda conn: trainings.get(conn, job.id))
        for follow in INSTEAD[training.follow if training else Follow.DM]:
            channel_id = await self._open(job, follow)
            if isinstance(channel_id, int):
                note = Note.IN_DM if follow is Follow.DM else None
                return await self._set_place(job, channel_id=channel_id, note=note)
            log.info("a place to follow a training is closed", follow=follow.value, why=channel_id.why)
        raise _NoPlace("neither a thread nor a direct message could be opened")

    async def _open(self, job: Job, follow: Follow) -> int | Denied:
        may_be_there = follow is Follow.THREAD and not await self._claim(job, "thread")
        failures = 0
        while True:
            found = await self._places.open(job, follow, may_be_there=may_be_there)
            if not isinstance(found, Unknown):
                return found
            may_be_there, failures = True, failures + 1
            await self._means.clock.sleep(backoff_s(failures, first_s=AGAIN_FIRST_S, most_s=AGAIN_MOST_S))

    async def _set_place(
        self, job: Job, *, channel_id: int, message_id: int | None = None, note: Note | None = None
    ) -> Job:
        me, now = self._book.me, self._means.clock.now()
        return await self._book.write(
            lambda conn: trainings.set_place(
                conn, job.id, me, channel_id=channel_id, message_id=message_id, note=note, now=now
            )
        )

    async def _claim(self, job: Job, what: str) -> bool:
        """Claim something that may be made once. False: it may have been made before."""
        me, now = self._book.me, self._means.clock.now()
        return await self._book.write(lambda conn: trainings.claim(conn, job.id, me, what, now))


class _NoPlace(Exception):
    """Nowhere could the training be followed."""
