"""The database as a job's life uses it: every step is one unit of work, repeated until it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import Moved, StoreBusy
from bot.jobs.job import backoff_s
from bot.log import get_logger
from bot.model import JobState
from bot.store import jobs as units
from bot.store import line, models
from bot.store.database import Lane
from bot.store.errors import OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from bot.clock import Clock
    from bot.jobs.ports import Observer, Way
    from bot.model import Job, Output
    from bot.store.database import Database
    from bot.trained import NewModel
    from bot.wiro import RunAnswer

log = get_logger(__name__)

T = TypeVar("T")


class Book:
    """The steps of the jobs that process `me` carries.

    A step raises `Moved` when the job is not where the caller believed it: read it again and go on from
    there. A database that is busy is waited for, however long it takes: what a job knows must not be lost.
    """

    def __init__(self, db: Database, clock: Clock, observer: Observer, me: int) -> None:
        self.db = db
        self.me = me
        self._clock = clock
        self._observer = observer
        self._followers: list[Callable[[Job, Job], None]] = []

    def on_step(self, follower: Callable[[Job, Job], None]) -> None:
        """Call it with the job before and after whenever one has changed its state here."""
        self._followers.append(follower)

    async def read(self, job_id: int) -> Job | None:
        """The job as it is now."""
        return await self.db.read(lambda conn: units.get(conn, job_id))

    async def begin_doubt(self, job: Job, because: str) -> Job:
        """SUBMITTING → DOUBTFUL."""
        now = self._clock.now()
        return await self._step(
            job, lambda conn: units.begin_doubt(conn, job.id, self.me, now, because=because)
        )

    async def return_to_line(
        self,
        job: Job,
        *,
        not_before: datetime | None,
        because: str,
        out_of_doubt: bool = False,
        sweep_until: datetime | None = None,
    ) -> Job:
        """SUBMITTING or DOUBTFUL → WAITING, or ended when somebody wished that meanwhile."""
        now = self._clock.now()
        return await self._step(
            job,
            lambda conn: units.return_to_line(
                conn,
                job.id,
                self.me,
                now,
                not_before,
                because,
                out_of_doubt=out_of_doubt,
                sweep_until=sweep_until,
            ),
        )

    async def started(self, job: Job, answer: RunAnswer) -> Job:
        """SUBMITTING or DOUBTFUL → RUNNING. Raises `TaskTaken` when another job has that task."""
        now = self._clock.now()

        def unit(conn: sa.Connection) -> Job:
            after = units.started(conn, job.id, self.me, answer.task_id, answer.socket_token, now)
            if job.state is JobState.SUBMITTING:  # Wiro took it: its gates are sound
                line.clean_submit(conn, job.tool, now=now)
            return after

        return await self._step(job, unit)

    async def note_status(self, job: Job, status: str, started_at: datetime | None) -> Job:
        """Keep Wiro's word for a running job."""
        return await self.write(
            lambda conn: units.note_status(conn, job.id, self.me, status, started_at), Lane.BACKGROUND
        )

    async def outputs_known(
        self,
        job: Job,
        outputs: Sequence[Output],
        *,
        started_at: datetime | None,
        ended_at: datetime,
        cost_nano_usd: int | None,
    ) -> Job:
        """RUNNING → DELIVERING."""
        now = self._clock.now()
        return await self._step(
            job,
            lambda conn: units.outputs_known(
                conn, job.id, self.me, outputs, ended_at, cost_nano_usd, now, started_at=started_at
            ),
        )

    async def claim_delivery(self, job: Job, way: Way) -> bool:
        """Claim a way that makes a new message; False: claimed before, so look for that message first."""
        now = self._clock.now()
        return await self.write(lambda conn: units.claim_delivery(conn, job.id, self.me, way.value, now))

    async def end(
        self,
        job: Job,
        state: JobState,
        *,
        task_existed: bool,
        trained: NewModel | None = None,
        **facts: Any,
    ) -> Job:
        """End the job that this process carries, and record what it trained in the same unit.

        `facts` are those of `bot.store.jobs.end_job`.
        """
        now = self._clock.now()

        def unit(conn: sa.Connection) -> Job:
            ended = units.end_job(
                conn,
                job.id,
                expected=job.state,
                state=state,
                owner=self.me,
                now=now,
                task_existed=task_existed,
                **facts,
            )
            if trained is not None:
                models.record(conn, trained, now=now)
            return ended

        return await self._step(job, unit)

    async def write(
        self,
        unit: Callable[[sa.Connection], T],
        lane: Lane = Lane.INTERACTIVE,
        *,
        when_unheard: Callable[[], None] | None = None,
    ) -> T:
        """Run a unit until the database has taken it.

        Whether a commit was lost on its way is settled by doing it again: the guard of a step that did happen
        raises `Moved`, and what is read then is the truth. For a unit that does less the second time,
        `when_unheard` is called then.
        """
        failures = 0
        while True:
            try:
                return await self.db.write(unit, lane=lane)
            except (StoreBusy, OutcomeUnknown) as error:
                failures += 1
                log.warning("the database is busy", error=str(error), failures=failures)
                if when_unheard is not None and isinstance(error, OutcomeUnknown):
                    when_unheard()
            await self._clock.sleep(backoff_s(failures, first_s=0.5, most_s=10))

    def tell(self, before: Job, after: Job) -> None:
        """Tell the observer of a step."""
        if after.state is not before.state:
            in_state_s = (after.state_at - before.state_at).total_seconds()
            log.info("job moved", before=before.state.value, after=after.state.value, reason=after.reason)
            self._observer.state_changed(after, before.state, in_state_s)
            for follower in self._followers:
                follower(before, after)

    async def _step(self, job: Job, unit: Callable[[sa.Connection], Job]) -> Job:
        after = await self.write(unit)
        self.tell(job, after)
        return after


async def reread(book: Book, job: Job) -> Job:
    """The job as it is now. Raises `Moved` when it is gone or another process carries it."""
    now = await book.read(job.id)
    if now is None or (now.owner not in (None, book.me)):
        raise Moved(f"job {job.id} is no longer ours")
    return now
