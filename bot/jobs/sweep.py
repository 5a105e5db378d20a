"""What has to be done from time to time, whoever asks for it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.jobs.job import ACCEPTANCE_WINDOW, LONGEST_WAIT
from bot.jobs.ports import Done, Unknown
from bot.jobs.retention import Retention
from bot.jobs.trained import PRIVATE_MODEL
from bot.log import bound_contextvars, get_logger, reference_id
from bot.model import CancelBy, Reason
from bot.store import history, models, trainings
from bot.store import jobs as units
from bot.store.database import Lane
from bot.wiro import NoTask, WiroError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.jobs.acts import Acts
    from bot.jobs.late import LateFinder
    from bot.jobs.means import Means
    from bot.jobs.purses import Purses
    from bot.model import Job

log = get_logger(__name__)

FAREWELL = timedelta(seconds=90)
"""So long before its token dies a private card says where its result will come."""
MODELS_WANTED_FOR = timedelta(days=7)
"""How long a model's id is looked for."""


class Sweeper:
    """The chores."""

    def __init__(self, means: Means, acts: Acts, late: LateFinder, purses: Purses) -> None:
        self._means = means
        self._book = means.book
        self._acts = acts
        self._farewelled: set[int] = set()
        self.chores: tuple[tuple[float, Callable[[], Awaitable[object]]], ...] = (
            (15.0, self.say_farewell),
            (15.0, self.expire_tokens),
            (15.0, self.find_lost_cards),
            (15.0, purses.look),
            (60.0, self.end_overlong_waits),
            (300.0, late.sweep),
            (300.0, self.find_models),
            (300.0, self.delete_photos),
            (3600.0, self.forget_old_results),
            (3600.0, self.forget_old_runs),
            (3600.0, purses.forget),
            (3600.0, Retention(means.book.db, means.clock).forget_what_is_too_old),
        )
        """Each with the seconds between two of its turns."""

    async def repeat(self, every_s: float, chore: Callable[[], Awaitable[object]]) -> None:
        """Do a chore for ever; one that fails is done again the next time."""
        while True:
            await self._means.clock.sleep(every_s)
            try:
                await chore()
            except Exception:  # the border of a background task
                log.exception("a chore failed", chore=chore.__name__, reference=reference_id())

    async def expire_tokens(self) -> None:
        """Erase interaction tokens that are dead."""
        now = self._means.clock.now()
        while await self._book.write(lambda conn: units.expire_tokens(conn, now), Lane.BACKGROUND):
            pass

    async def say_farewell(self) -> None:
        """Let private cards say where the result will come, while they can still be written."""
        before = self._means.clock.now() + FAREWELL
        jobs = await self._book.db.read(lambda conn: units.losing_tokens(conn, before=before))
        for job in jobs:
            if job.id not in self._farewelled:
                await self._means.stage.farewell(job)
        self._farewelled = {job.id for job in jobs}

    async def find_lost_cards(self, accepted_before: datetime | None = None) -> None:
        """Find the cards of jobs that never learned theirs; one that waits without was never seen, and ends.

        Left out, `accepted_before` spares the jobs whose callback may still be under way.
        """
        before = accepted_before or self._means.clock.now() - ACCEPTANCE_WINDOW
        for job in await self._book.db.read(lambda conn: units.cardless(conn, before=before)):
            with bound_contextvars(job=job.code):
                await self._find_card(job)

    async def end_overlong_waits(self) -> None:
        """End jobs that have waited for a day."""
        before = self._means.clock.now() - LONGEST_WAIT
        for job in await self._book.db.read(lambda conn: units.waiting(conn, before=before)):
            await self._acts.stop(job, by=CancelBy.SYSTEM, end_reason=Reason.WAITED_TOO_LONG)

    async def find_models(self) -> None:
        """Look for the ids of models that Wiro did not tell when their training was done."""
        finder, since = self._means.models, self._means.clock.now() - MODELS_WANTED_FOR
        if finder is None:
            return
        for model in await self._book.db.read(lambda conn: models.without_id(conn, since=since)):
            job = await self._book.read(model.job_id)
            found = None if job is None else await finder.find(job, patiently=False)
            if found is not None and await self._book.write(
                partial(models.learn_id, model_id=model.id, wiro_id=found), Lane.BACKGROUND
            ):
                log.info("found the id of a model", model=model.id)

    async def delete_photos(self) -> None:
        """Ask Wiro to delete photos of trainings, where their owners want that and the models were used."""
        wanted = await self._book.db.read(partial(trainings.with_photos_to_delete, used_as=PRIVATE_MODEL))
        for job in wanted:
            with bound_contextvars(job=job.code):
                try:
                    await self._means.wiro.delete_files(job.socket_token or "")
                except NoTask:
                    log.info("Wiro no longer knows a training whose photos are to be deleted")
                except WiroError as error:  # the next turn asks again
                    log.warning("Wiro did not delete a training's photos", error=type(error).__name__)
                    continue
                now = self._means.clock.now()
                await self._book.write(
                    partial(trainings.photos_deleted, job_id=job.id, now=now), Lane.BACKGROUND
                )
                log.info("Wiro was asked to delete a training's photos")

    async def forget_old_results(self) -> None:
        """Drop kept results that are past their time."""
        dropped = await self._means.results.sweep(self._means.clock.now())
        if dropped:
            log.info("kept results were dropped", jobs=dropped)

    async def forget_old_runs(self) -> None:
        """Keep the tools' past short."""
        for tool, size_key in await self._book.db.read(history.sizes):
            await self._book.write(
                lambda conn, tool=tool, size_key=size_key: history.prune(conn, tool, size_key),  # type: ignore[misc]  # mypy cannot type a lambda's defaults
                Lane.BACKGROUND,
            )

    async def _find_card(self, job: Job) -> None:
        match await self._means.stage.find_card(job):
            case Done(message_id=message_id):
                log.info("found the card of a job")
                await self._acts.show_card(job, message_id)
            case None if job.state.has_ended:
                now = self._means.clock.now()
                await self._book.write(lambda conn: units.note_settled(conn, job.id, now), Lane.BACKGROUND)
            case None:
                await self._acts.stop(job, by=CancelBy.SYSTEM, end_reason=Reason.NOBODY_SAW_IT)
            case Unknown():
                log.info("Discord did not say whether a job has a card")  # the next turn asks again
