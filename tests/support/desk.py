"""A desk over the real store that does what is asked at once, and starts nothing at Wiro."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import NoSuchTask, NotDeliverable
from bot.jobs.acceptance import take_in
from bot.jobs.desk import Quote
from bot.jobs.ports import Done, Place, Way
from bot.model import CancelBy, JobState, Reason
from bot.store import jobs, trainings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import sqlalchemy as sa

    from bot.clock import Clock
    from bot.jobs.ports import Stage
    from bot.limits import Standing
    from bot.model import Job, NewJob, ResultFile
    from bot.quota.rules import Instance
    from bot.store.database import Database
    from bot.training import Consent

    Also = Callable[[sa.Connection, Job], object]


class StoreDesk:
    """Stands where `bot.jobs.desk.Desk` stands, for tests of commands."""

    def __init__(self, db: Database, clock: Clock, instance: Instance, stage: Stage) -> None:
        self.db, self.clock, self.instance, self.stage = db, clock, instance, stage
        self.draining = False
        self.refusal: Exception | None = None
        self.accepted: list[Job] = []
        self.unseen: list[str] = []
        self.deleted: list[str] = []
        self.policy_changes = 0
        self.after_accept: Callable[[], None] = lambda: None
        self.kept: dict[int, tuple[ResultFile, ...]] = {}

    async def accept(
        self, new: NewJob, *, standing: Standing, not_after_s: float, also: Also | None = None
    ) -> Job:
        if self.refusal is not None:
            raise self.refusal
        now = self.clock.now()
        new = replace(new, estimate_nano_usd=1)

        def unit(conn: sa.Connection) -> Job:
            job = take_in(conn, new, standing, self.instance, now=now)
            if also is not None:
                also(conn, job)
            return job

        job = await self.db.write(unit, not_after_s=not_after_s)
        self.accepted.append(job)
        self.after_accept()
        return job

    async def quote(self, new: NewJob, *, standing: Standing) -> Quote:
        """What `accept` would say, at a price that tests know."""
        return Quote(nano_usd=2_500_000_000, run_s=5400.0, refusal=self.refusal)  # type: ignore[arg-type]

    async def train(
        self, new: NewJob, *, standing: Standing, draft_id: int, consent: Consent, not_after_s: float
    ) -> Job:
        return await self.accept(
            new,
            standing=standing,
            not_after_s=not_after_s,
            also=lambda conn, job: trainings.begin(conn, job, draft_id, consent),
        )

    def policy_changed(self) -> None:
        self.policy_changes += 1

    async def card_shown(self, job: Job, message_id: int) -> Job:
        now = self.clock.now()
        return await self.db.write(lambda conn: jobs.show_card(conn, job.id, message_id, now=now))

    async def nobody_saw(self, job: Job) -> Job:
        self.unseen.append(job.code)
        return await self.end(job, JobState.CANCELLED, reason=Reason.NOBODY_SAW_IT)

    async def stop(self, code: str, *, by: CancelBy, user_id: int, reason: str | None = None) -> Job:
        job = await self.db.read(lambda conn: jobs.by_code(conn, code))
        if job is None or (by is CancelBy.OWNER and job.user_id != user_id):
            raise NoSuchTask(code)
        now = self.clock.now()
        job = await self.db.write(
            lambda conn: jobs.want_stop(conn, job.id, by=by, user_id=user_id, reason=reason, now=now)
        )
        if job.state.has_ended:
            await self.stage.settle(job)
        return job

    async def member_blocked(self, guild_id: int, user_id: int) -> int:
        waiting = await self.db.read(lambda conn: jobs.waiting(conn, guild_id=guild_id, user_id=user_id))
        for job in waiting:
            await self.stage.settle(await self.end(job, JobState.FAILED, reason=Reason.BLOCKED))
        return len(waiting)

    async def place(self, job: Job) -> Place | None:
        return None

    async def freshen(self, job: Job, *, token: str, expires_at: datetime) -> Job:
        return await self.db.write(lambda conn: jobs.refresh_token(conn, job.id, token, expires_at))

    async def deliver_here(self, code: str, *, user_id: int, token: str, expires_at: datetime) -> Job:
        job = await self.db.read(lambda conn: jobs.by_code(conn, code))
        if job is None or job.id not in self.kept:
            raise NotDeliverable("Its images are no longer kept.")
        fresh = replace(job, interaction_token=token, token_expires_at=expires_at)
        put = await self.stage.put_result(fresh, self.kept[job.id], Way.HERE)
        assert isinstance(put, Done)
        return job

    async def delete(self, job: Job, *, moderator_id: int | None = None) -> Job:
        self.deleted.append(job.code)
        now = self.clock.now()
        return await self.db.write(
            lambda conn: jobs.mark_deleted(conn, job.id, now, moderator_id=moderator_id)
        )

    async def share(self, code: str, *, user_id: int) -> Job:
        job = await self.db.read(lambda conn: jobs.by_code(conn, code))
        assert job is not None
        if job.id not in self.kept:
            raise NotDeliverable("The images are no longer kept.")
        put = await self.stage.share(job, self.kept[job.id])
        assert isinstance(put, Done)
        now = self.clock.now()
        return await self.db.write(lambda conn: jobs.mark_shared(conn, job.id, put.message_id, now))

    async def end(self, job: Job, state: JobState, *, reason: Reason | None = None) -> Job:
        """End a waiting job as if Wiro had been there and gone."""
        now = self.clock.now()
        return await self.db.write(
            lambda conn: jobs.end_job(
                conn,
                job.id,
                expected=job.state,
                state=state,
                owner=None,
                now=now,
                task_existed=False,
                reason=reason,
            )
        )
