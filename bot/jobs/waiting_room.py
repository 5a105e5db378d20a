"""Tells those who wait where they stand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.jobs.picture import Picture
from bot.log import get_logger
from bot.model import JobState
from bot.store import jobs as units
from bot.store import line as store
from bot.store.line import ACCOUNT, DEFAULT_LIMIT

if TYPE_CHECKING:
    from bot.jobs.carriers import Carriers
    from bot.jobs.means import Means
    from bot.jobs.ports import Place
    from bot.model import Job

log = get_logger(__name__)

PICTURE_FOR_S = 1.0
"""How old a picture may be from which a single place is told."""

TELL_EVERY_S = 2.5
"""As often as one channel's cards may be edited at all."""

TOLD_JOBS = 40
"""How many of the next in line are told of a change; the others keep their place "as of" earlier."""

NEWS = timedelta(seconds=15)
"""An expected start that moved by less is no news: it is shown relative to now."""


class WaitingRoom:
    """The places of the line, for cards."""

    def __init__(self, means: Means, carriers: Carriers, *, max_concurrent: int | None) -> None:
        self._means = means
        self._carriers = carriers
        self._max_concurrent = max_concurrent
        self._changed = asyncio.Event()
        self._picture: tuple[float, Picture] | None = None
        self._told: dict[int, Place] = {}
        means.book.on_step(lambda _before, _after: self._changed.set())

    def stir(self) -> None:
        """The line has changed."""
        self._changed.set()

    def draw_anew(self) -> None:
        """Other rules hold: no picture that was drawn by the old ones is true any more."""
        self._picture = None
        self.stir()

    async def place(self, job: Job) -> Place | None:
        """Where a waiting job stands, one that is not in the line yet included; None for all others."""
        if job.state is not JobState.WAITING:
            return None
        now_s = self._means.clock.monotonic_s()
        if self._picture is None or now_s - self._picture[0] > PICTURE_FOR_S:
            self._picture = (now_s, await self._draw())
        return self._picture[1].place_of(job)

    async def tell(self) -> None:
        """Show the next in line, for ever, when their places have changed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._tell_news()
            except StoreError as error:
                log.warning("places could not be told", error=str(error))
            await self._means.clock.sleep(TELL_EVERY_S)

    async def _tell_news(self) -> None:
        picture = await self._draw()
        self._picture = (self._means.clock.monotonic_s(), picture)
        places = picture.places
        self._told = {job_id: told for job_id, told in self._told.items() if job_id in places}
        # Whoever is held back, or was, is told once, whatever their place; the next in line again and again.
        were_held = [job_id for job_id, told in self._told.items() if _why_held(told) is not None]
        next_ids = [job.job_id for job in (*picture.held, *picture.order[:TOLD_JOBS])]
        wanted = dict.fromkeys([*were_held, *next_ids])
        news = [job_id for job_id in wanted if self._is_news(job_id, places[job_id])]
        if len(news) > TOLD_JOBS:
            self._changed.set()  # the rest is told in the next turn
        news = news[:TOLD_JOBS]
        if not news:
            return
        rows = await self._means.book.db.read(lambda conn: [units.get(conn, job_id) for job_id in news])
        for row in rows:
            if row is not None and row.state is JobState.WAITING:
                place = places[row.id]
                self._told[row.id] = place
                await self._means.stage.show(row, None, place)

    def _is_news(self, job_id: int, place: Place) -> bool:
        told = self._told.get(job_id)
        if told is None or _why_held(told) != _why_held(place):
            return True
        if _why_held(place) is not None:
            return False  # the card says why it does not move, not where it stands
        before, now = told.expected_start, place.expected_start
        if told.ahead != place.ahead or before is None or now is None:
            return told.ahead != place.ahead or before is not now
        return abs(before - now) > NEWS

    async def _draw(self) -> Picture:
        now = self._means.clock.now()
        waiting, gates, pauses = await self._means.book.db.read(
            lambda conn: (store.ahead(conn), store.gates(conn), store.pauses(conn))
        )
        limits = [gates[ACCOUNT].learned_limit, self._max_concurrent]
        past = self._means.past
        return Picture(
            at=now,
            waiting=waiting,
            busy_for_s=[await self._busy_for_s(job) for job in self._carriers.jobs if job.state.at_wiro],
            places_at_wiro=min((limit for limit in limits if limit is not None), default=DEFAULT_LIMIT),
            runs_s={key: past.typical_s(key) for key in self._means.catalogue},
            gates=gates,
            pauses=pauses,
        )

    async def _busy_for_s(self, job: Job) -> float:
        """How long a job at Wiro will go on, by its past; a late one may end any moment."""
        past = await self._means.past.expectation(job)
        age_s = (self._means.clock.now() - (job.started_at or job.state_at)).total_seconds()
        return max(1.0, past.median_s - age_s)


def _why_held(place: Place) -> str | None:
    """What the card says instead of a place; a manager's words go before a gate's."""
    return place.shut if place.paused is None else place.paused
