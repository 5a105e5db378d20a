"""Databases for tests: migrated, and run so that a unit which is not repeatable gives itself away."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.clock import SystemClock
from bot.model import (
    ALL_SERVERS,
    Holds,
    Job,
    JobState,
    MoneyHold,
    MoneyScope,
    NewJob,
    Output,
    QuotaHold,
    Unit,
)
from bot.store import jobs, line, migrate, processes
from bot.store.database import Database
from bot.store.tables import METADATA
from bot.trained import TrainedModel
from bot.training import Draft
from tests.support.clock import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime
    from pathlib import Path

    from bot.clock import Clock

DAY = "2026-11-21"
USER, GUILD, CHANNEL = 700, 800, 900


class TwiceDatabase(Database):
    """Runs every unit of a write twice, the first time to no effect, and fails where the two disagree.

    Only while nobody else writes: on PostgreSQL the second run would see what others committed.
    """

    def _run_unit(self, conn: sa.Connection, unit: Callable[[sa.Connection], Any]) -> Any:
        rehearsal = conn.begin_nested()
        try:
            first = self._outcome(conn, unit)
        finally:
            rehearsal.rollback()
        value = error = None
        try:
            value = unit(conn)
        except Exception as raised:
            error = raised
            raise
        finally:
            second = self._comparable(value, error)
            if first != second:
                raise AssertionError(
                    f"a unit of work is not repeatable: {first!r}, then {second!r}"
                ) from error
        return value

    def _outcome(self, conn: sa.Connection, unit: Callable[[sa.Connection], Any]) -> Any:
        try:
            return self._comparable(unit(conn), None)
        except Exception as error:  # noqa: BLE001  # to be compared
            return self._comparable(None, error)

    def _comparable(self, value: Any, error: BaseException | None) -> Any:
        if error is not None:
            return type(error), str(error)
        # PostgreSQL's sequences do not roll back, so what is new has another id the second time.
        if self.dialect == "postgresql" and isinstance(value, (Job, TrainedModel, Draft)):
            return replace(value, id=0)
        return value


@asynccontextmanager
async def sqlite_database(
    folder: Path, clock: Clock | None = None, kind: type[Database] = TwiceDatabase
) -> AsyncIterator[Database]:
    """A new, migrated database in that folder."""
    url = f"sqlite:///{folder}/atelier.db"
    migrate.upgrade(url, SystemClock())
    async with kind.open(url, clock=clock or SystemClock()) as db:
        yield db


def empty_all(conn: sa.Connection) -> None:
    """Make a PostgreSQL database that tests share as good as new."""
    names = ", ".join(f'"{table.name}"' for table in METADATA.sorted_tables)
    conn.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY"))


class Bench:
    """Short ways to bring jobs where a test wants them, each step by the real unit of work."""

    def __init__(self, db: Database, now: datetime = START) -> None:
        self.db = db
        self.now = now
        self._numbers = itertools.count(1)

    def new(self, **changes: Any) -> NewJob:
        """A portrait of four images that nobody asked for before."""
        number = next(self._numbers)
        values: dict[str, Any] = {
            "code": f"J{number:04d}",
            "interaction_id": 10_000 + number,
            "guild_id": GUILD,
            "channel_id": CHANNEL,
            "user_id": USER,
            "tool": "portraitplus",
            "inputs": {"prompt": f"a portrait, number {number}", "seed": str(number), "samples": 4},
            "images": 4,
            "hook_token": f"hook-{number}",
            "estimate_nano_usd": 1_000,
            "size_key": "samples=4",
        }
        return NewJob(**(values | changes))

    def holds(
        self, new: NewJob, *, cap: int = 1_000, tasks: int = 1_000, budget_nano_usd: int | None = None
    ) -> Holds:
        """What acceptance reserves for it."""
        unit = Unit.IMAGE if new.images else Unit.TRAINING
        quota = [(unit, DAY, new.images or 1, cap), (Unit.TASK, "", 1, tasks)]
        money = [
            (MoneyScope.MEMBER, f"{new.guild_id}:{new.user_id}", None),
            (MoneyScope.INSTANCE, "", budget_nano_usd),
        ]
        return Holds(
            quota=tuple(
                QuotaHold(unit=each, window=window, guild_id=guild_id, amount=amount, cap=limit)
                for each, window, amount, limit in quota
                for guild_id in (new.guild_id, ALL_SERVERS)
            ),
            money=tuple(
                MoneyHold(
                    scope=scope,
                    scope_id=scope_id,
                    window=DAY,
                    amount_nano_usd=new.estimate_nano_usd,
                    cap_nano_usd=limit,
                )
                for scope, scope_id, limit in money
            ),
        )

    async def process(self) -> int:
        """A new process."""
        return await self.db.write(lambda conn: processes.register(conn, self.now))

    async def accepted(self, **changes: Any) -> Job:
        """A job that has no card yet."""
        new = self.new(**changes)
        return await self.db.write(lambda conn: jobs.accept(conn, new, self.holds(new), now=self.now))

    async def waiting(self, **changes: Any) -> Job:
        """A job in the line."""
        job = await self.accepted(**changes)
        return await self.db.write(lambda conn: jobs.show_card(conn, job.id, 50_000 + job.id, now=self.now))

    async def claim(self, me: int, job_id: int | None = None, **options: Any) -> Job | None:
        """Claim that job, or the first of the line."""

        def choose(view: line.LineView) -> line.Choice | None:
            for head in view.heads:
                if job_id in {None, head.job_id}:
                    cost = head.cost_nano_usd
                    return line.Choice(job_id=head.job_id, server_charge=cost, member_charge=cost)
            return None

        return await self.db.write(
            lambda conn: line.claim_next(conn, owner=me, now=self.now, choose=choose, **options)
        )

    async def submitting(self, me: int, **changes: Any) -> Job:
        """A job that `me` submits."""
        job = await self.waiting(**changes)
        claimed = await self.claim(me, job.id, max_concurrent=10_000)
        assert claimed is not None
        return claimed

    async def running(self, me: int, **changes: Any) -> Job:
        """A job with a task at Wiro."""
        job = await self.submitting(me, **changes)
        return await self.db.write(
            lambda conn: jobs.started(conn, job.id, me, f"task-{job.id}", f"socket-{job.id}", self.now)
        )

    async def delivering(self, me: int, *, cost_nano_usd: int | None = 700, **changes: Any) -> Job:
        """A job whose outputs are known."""
        job = await self.running(me, **changes)
        outputs = [Output(url="https://cdn/0.png", name="0.png")]
        ended_at = self.now + timedelta(seconds=9)
        return await self.db.write(
            lambda conn: jobs.outputs_known(conn, job.id, me, outputs, ended_at, cost_nano_usd, self.now)
        )

    async def ended(self, me: int, state: JobState = JobState.DONE, **changes: Any) -> Job:
        """A job that was delivered."""
        job = await self.delivering(me, **changes)
        return await self.end(job, me, state, images_made=job.images, task_existed=True)

    async def end(self, job: Job, me: int | None, state: JobState, **options: Any) -> Job:
        """End the job from where it is."""
        options = {"task_existed": False} | options
        return await self.db.write(
            lambda conn: jobs.end_job(
                conn, job.id, expected=job.state, state=state, owner=me, now=self.now, **options
            )
        )
