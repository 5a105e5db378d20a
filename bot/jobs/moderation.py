"""What moderators may do to the tasks and members of their own server; every act is in the audit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import BudgetRefused, StoreError, UserError
from bot.log import get_logger
from bot.model import Act, CancelBy, JobState, MoneyScope
from bot.store import auditing, blocks, purses, reports
from bot.store import jobs as units
from bot.store.blocks import Block

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    import sqlalchemy as sa

    from bot.clock import Clock
    from bot.errors import RuleRefused
    from bot.jobs.desk import Desk
    from bot.model import Job
    from bot.store.database import Database
    from bot.store.reports import Decision, Report

log = get_logger(__name__)

STOPPED_AT_ONCE = 50
"""So many wishes are written together: more would keep everybody else's waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """What blocking a member did."""

    block: Block
    ended: int
    """How many of their waiting tasks it ended."""


class Moderation:
    """The moderators' desk. Whether somebody is one is the caller's question, and asked before."""

    def __init__(self, desk: Desk, db: Database, clock: Clock) -> None:
        self._desk = desk
        self._db = db
        self._clock = clock

    async def stop(self, code: str, *, guild_id: int, moderator_id: int, reason: str | None = None) -> Job:
        """Write the wish to stop a task of this server, as `Desk.stop` does.

        Raises:
            UserError: This server has no such task.
        """
        plain = code.strip().removeprefix("#").upper()[:8]
        job = await self._db.read(lambda conn: units.by_code(conn, plain))
        if job is None or job.guild_id != guild_id:
            raise UserError(f"There is no task #{plain} in this server. `/mod tasks` shows what is at work.")
        return await self._stop(job, moderator_id, reason)

    async def stop_all(
        self, *, guild_id: int, user_id: int | None, moderator_id: int, reason: str | None = None
    ) -> Sequence[Job]:
        """Write the wish to stop all tasks of a member in this server, or with None everyone's.

        Those that wait first, so that none moves up into a place that became free; each kind together, so
        that the last task is told to stop no later than the first.
        """
        jobs = await self._db.read(lambda conn: units.unfinished_in(conn, guild_id, user_id=user_id))
        waiting = [job for job in reversed(jobs) if job.state is JobState.WAITING]
        others = [job for job in reversed(jobs) if job.state is not JobState.WAITING]
        done: list[Job | BaseException] = []
        for these in (waiting, others):
            for start in range(0, len(these), STOPPED_AT_ONCE):
                some = these[start : start + STOPPED_AT_ONCE]
                stopping = (self._stop(job, moderator_id, reason) for job in some)
                done += await asyncio.gather(*stopping, return_exceptions=True)
        for each in done:
            if isinstance(each, BaseException):
                raise each  # what else could be stopped has been
        return [each for each in done if not isinstance(each, BaseException)]

    async def block(
        self,
        user_id: int,
        *,
        guild_id: int,
        moderator_id: int,
        reason: str | None = None,
        lasts: timedelta | None = None,
    ) -> Blocking:
        """Keep a member from starting tasks in this server, and end those that wait."""
        now = self._clock.now()
        wanted = Block(
            guild_id=guild_id,
            user_id=user_id,
            by=moderator_id,
            reason=reason,
            at=now,
            until=None if lasts is None else now + lasts,
        )
        await self._db.write(lambda conn: blocks.block(conn, wanted))
        log.info("a member was blocked", guild_id=guild_id, user_id=user_id)
        return Blocking(block=wanted, ended=await self._desk.member_blocked(guild_id, user_id))

    async def unblock(self, user_id: int, *, guild_id: int, moderator_id: int) -> bool:
        """End a member's block in this server. False: there was none."""
        now = self._clock.now()
        return await self._db.write(
            lambda conn: blocks.unblock(conn, guild_id=guild_id, user_id=user_id, by=moderator_id, now=now)
        )

    async def report(self, job: Job, *, reporter_id: int) -> bool:
        """Bring a task's images before the moderators. False: the member had done so already.

        Raises:
            TooManyReports: The member has reported too many images lately.
        """
        now = self._clock.now()
        return await self._db.write(lambda conn: reports.file(conn, job, reporter_id=reporter_id, now=now))

    async def decide(self, report: Report, decision: Decision, *, moderator_id: int) -> Sequence[Report]:
        """Store what was decided about reported images; all reports that this changed, none when too late."""
        now = self._clock.now()
        return await self._db.write(
            lambda conn: reports.decide(conn, report.id, decision, by=moderator_id, now=now)
        )

    async def refused(
        self, refusal: RuleRefused, *, guild_id: int, user_id: int, words: str | None = None
    ) -> None:
        """Write down that a rule refused a member; when that fails, the refusal stands all the same.

        `words` are what was asked for, kept only where the server chose that.
        """
        now = self._clock.now()

        def unit(conn: sa.Connection) -> bool:
            auditing.note(
                conn,
                Act.REFUSE,
                guild_id=guild_id,
                actor_id=user_id,
                now=now,
                reason=refusal.why or None,
                detail=refusal.rule.value,
                words=words,
            )
            if not isinstance(refusal, BudgetRefused) or not refusal.window:
                return False
            is_new = purses.refused(conn, refusal.scope, guild_id, refusal.window, now=now)
            return is_new and refusal.scope is MoneyScope.INSTANCE

        try:
            if await self._db.write(unit):
                log.warning("no money is left", window=getattr(refusal, "window", ""))
        except StoreError as error:
            log.warning("a refusal could not be written down", rule=refusal.rule.value, error=str(error))

    async def _stop(self, job: Job, moderator_id: int, reason: str | None) -> Job:
        return await self._desk.stop(job.code, by=CancelBy.MODERATOR, user_id=moderator_id, reason=reason)
