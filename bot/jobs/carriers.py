"""All the jobs in the hands of this process, one task each."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.errors import Moved, StoreError
from bot.jobs.inbox import Nudge
from bot.log import get_logger
from bot.model import JobState
from bot.store import jobs as units

if TYPE_CHECKING:
    from bot.jobs.carrier import Carrier
    from bot.jobs.means import Means
    from bot.jobs.work import Work
    from bot.model import Job

log = get_logger(__name__)

WATCH_S = 2.0
"""How often the wishes are looked for that another process has written down."""


class Carriers:
    """Starts, nudges and stops the carriers.

    Args:
        means: What the jobs' life works with.
        carrier: Carries one job.
    """

    def __init__(self, means: Means, carrier: Carrier) -> None:
        self._means = means
        self._carrier = carrier
        self._works: dict[int, tuple[Work, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return len(self._works)

    @property
    def jobs(self) -> list[Job]:
        """The jobs in hand."""
        return [work.job for work, _ in self._works.values()]

    @property
    def submitting_tools(self) -> frozenset[str]:
        """The tools for which Run is under way."""
        return frozenset(job.tool for job in self.jobs if job.state is JobState.SUBMITTING)

    def work_of(self, job_id: int) -> Work | None:
        """The job in hand with that id."""
        found = self._works.get(job_id)
        return found[0] if found else None

    def take(self, work: Work) -> None:
        """Carry this job from now on; once an earlier carrier of it, back from the line, has put it down."""
        _, earlier = self._works.get(work.job.id, (None, None))
        task = asyncio.create_task(self._carry(work, earlier), name=f"job {work.job.code}")
        self._works[work.job.id] = (work, task)

    def nudge(self, job_id: int, nudge: Nudge) -> bool:
        """Let the job's carrier look at something now; False when this process does not carry it."""
        found = self.work_of(job_id)
        if found is not None:
            found.inbox.put(nudge)
        return found is not None

    async def watch(self) -> None:
        """Nudge jobs whose end was wished through another process."""
        while True:
            await self._means.clock.sleep(WATCH_S)
            try:
                jobs = await self._means.book.db.read(
                    lambda conn: units.carried_by(conn, self._means.book.me)
                )
            except StoreError as error:
                log.warning("wishes could not be read", error=str(error))
                continue
            for job in jobs:
                found = self.work_of(job.id)
                if found is not None and job.cancel_by is not found.job.cancel_by:
                    found.inbox.put(Nudge.STOP)

    async def drain(self, within_s: float) -> None:
        """Let answers of Run that are under way come in, then stop all; the database has every state."""
        stepped = asyncio.Event()
        self._means.book.on_step(lambda _before, _after: stepped.set())
        with suppress(TimeoutError):
            async with self._means.clock.timeout(within_s):
                while self.submitting_tools:
                    stepped.clear()
                    await stepped.wait()
        in_hand = list(self._works.values())
        for _, task in in_hand:
            task.cancel()
        await asyncio.gather(*(task for _, task in in_hand), return_exceptions=True)
        for work, _ in in_hand:
            if work.may_run and work.job.state is JobState.SUBMITTING:
                await self._put_back(work)

    async def _carry(self, work: Work, earlier: asyncio.Task[None] | None) -> None:
        try:
            if earlier is not None:
                await asyncio.wait([earlier])
            await self._carrier.carry(work)
        except Exception:
            log.exception("a carrier failed; a restart takes its job up again", job=work.job.code)
        finally:
            if self.work_of(work.job.id) is work:
                del self._works[work.job.id]

    async def _put_back(self, work: Work) -> None:
        """Return a claimed job of which Run was surely not sent: a restart would have to doubt that."""
        try:
            await self._means.book.return_to_line(work.job, not_before=None, because="the process stopped")
        except (Moved, StoreError) as error:
            log.info("a claimed job could not be put back", job=work.job.code, error=str(error))
