"""The line: claims jobs as places at Wiro become free, and has them carried."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.jobs.queueing import choose
from bot.jobs.work import Work
from bot.log import get_logger
from bot.model import JobState
from bot.store import jobs as units
from bot.store import line as store
from bot.store.errors import OutcomeUnknown

if TYPE_CHECKING:
    import sqlalchemy as sa

    from bot.jobs.carriers import Carriers
    from bot.jobs.means import Means
    from bot.model import Job

log = get_logger(__name__)

CLAIMS_A_UNIT = 8
"""So many jobs are claimed in one transaction, unless a gate is being tried."""

LOOK_AGAIN_S = 15.0
"""The line is looked at at least this often: another process may have added to it or freed a place."""

TRY_AGAIN_S = 1.0
"""After the database could not say."""


class Line:
    """Decides with the database who goes to Wiro."""

    def __init__(self, means: Means, carriers: Carriers, *, max_concurrent: int | None) -> None:
        self._means = means
        self._book = means.book
        self._carriers = carriers
        self._max_concurrent = max_concurrent
        self._woken = asyncio.Event()
        self._closed = False
        self._is_unsure = self._took_unheard = False
        self._book.on_step(self._stepped)

    def wake(self) -> None:
        """Something may go now: a job came, a place became free, a gate opened."""
        self._woken.set()

    def close(self) -> None:
        """Claim nothing more. What is being claimed will be carried; nothing is left between the two."""
        self._closed = True
        self._woken.set()

    def carry_unheard(self) -> None:
        """Jobs may have been taken over by a commit without an answer: Run may have been sent for them."""
        self._is_unsure = self._took_unheard = True
        self.wake()

    async def claim(self) -> None:
        """Claim jobs until closed: whenever woken, and when a gate or a job's rest is over."""
        while not self._closed:
            self._woken.clear()
            wait_s = LOOK_AGAIN_S
            try:
                while not self._closed and (wait_s := await self._claim_some()) <= 0:
                    pass
            except StoreError as error:
                self._is_unsure = self._is_unsure or isinstance(error, OutcomeUnknown)
                log.warning("the line could not be read", error=str(error))
                wait_s = TRY_AGAIN_S
            if not self._closed:
                with suppress(TimeoutError):
                    async with self._means.clock.timeout(wait_s):
                        await self._woken.wait()

    async def _claim_some(self) -> float:
        """Claim a few jobs in one transaction and have them carried; 0, or the seconds until more may go."""
        if self._is_unsure:
            await self._carry_unheard_of()
        submitting = self._carriers.submitting_tools
        now, skew_s = self._means.clock.now(), self._means.wiro.clock_skew_s

        def unit(conn: sa.Connection) -> tuple[list[Job], float]:
            gates = store.gates(conn).values()
            tries_a_gate = any(gate.strikes for gate in gates)
            claimed: list[Job] = []
            while len(claimed) < (1 if tries_a_gate else CLAIMS_A_UNIT):
                job = store.claim_next(
                    conn,
                    owner=self._book.me,
                    now=now,
                    choose=lambda view: choose(view, submitting),
                    max_concurrent=self._max_concurrent,
                    skew_s=skew_s,
                )
                if job is None:
                    break
                claimed.append(job)
            if claimed:
                return claimed, 0.0
            moments = [store.next_due(conn, now=now), *(gate.closed_until for gate in gates)]
            waits_s = [
                (moment - now).total_seconds() for moment in moments if moment is not None and moment > now
            ]
            return claimed, min([LOOK_AGAIN_S, *waits_s])

        claimed, wait_s = await self._book.db.write(unit)
        for job in claimed:
            waited_s = (now - job.created_at).total_seconds()
            self._means.observer.state_changed(job, JobState.WAITING, waited_s)
            self._carriers.take(Work(job, may_run=True))
        return wait_s

    async def _carry_unheard_of(self) -> None:
        """Carry what is this process's although the answer to the commit was lost: nobody else does."""
        mine = await self._book.db.read(lambda conn: units.carried_by(conn, self._book.me))
        are_claims = not self._took_unheard
        self._is_unsure = self._took_unheard = False
        for job in mine:
            if job.state is not JobState.WAITING and self._carriers.work_of(job.id) is None:
                log.warning("a job was taken unheard of", job=job.code)
                self._carriers.take(Work(job, may_run=are_claims and job.state is JobState.SUBMITTING))

    def _stepped(self, before: Job, _after: Job) -> None:
        """A job left Wiro, or Run was answered, so that a place or a gate may be free."""
        if before.state.at_wiro:
            self.wake()
