"""Several processes on one PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.jobs.lease import BEAT_S, LEASE_S, LeaseLost
from bot.model import CancelBy, JobState
from bot.store import processes, tables
from tests.support.workshop import USER

if TYPE_CHECKING:
    from tests.support.workshop import Rig

pytestmark = pytest.mark.postgres


async def test_a_click_in_one_process_stops_a_job_that_another_carries(shared_rig: Rig) -> None:
    rig = shared_rig
    rig.wiro.lives_s = 300
    async with rig.process() as carrying:
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        async with rig.process() as clicked:
            assert len(carrying.carriers) == 1
            assert len(clicked.carriers) == 0
            await clicked.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
            await rig.until(job, JobState.CANCELLED, limit_s=10)
    assert rig.wiro.only.status == "task_cancel"


async def test_the_jobs_of_a_process_that_stops_are_taken_over_by_another(shared_rig: Rig) -> None:
    rig = shared_rig
    rig.wiro.lives_s = 60
    async with rig.process() as first:
        jobs = [await rig.ask(user_id=user) for user in range(3)]
        await rig.until_all(jobs, JobState.RUNNING)
        async with rig.process():
            await first.drain()
            await rig.until_all(jobs, JobState.DONE)
    assert rig.wiro.runs == 3
    assert all(len(rig.stage.results(job)) == 1 for job in jobs)


async def test_the_jobs_of_a_process_that_fell_silent_are_taken_over(shared_rig: Rig) -> None:
    rig = shared_rig
    async with rig.process() as dead:
        job = await rig.ask()
        await rig.until(job, JobState.RUNNING)
        await rig.crash()
    silent = sa.func.clock_timestamp() - sa.text(f"interval '{LEASE_S + 1} seconds'")
    age = sa.cast(sa.extract("epoch", silent) * 1_000_000, sa.BigInteger)
    mine = tables.process.c.id == dead.me
    values = {tables.process.c.heartbeat_at: sa.type_coerce(age, sa.BigInteger)}
    await rig.db.write(
        lambda conn: conn.execute(sa.update(tables.process).where(mine).values(values)).rowcount
    )
    async with rig.process():
        await rig.until(job, JobState.DONE)
    assert rig.wiro.runs == 1


async def test_two_processes_together_keep_the_limit(shared_rig: Rig) -> None:
    rig = shared_rig
    rig.options["max_concurrent"] = 2
    async with rig.process(), rig.process():
        jobs = [await rig.ask(user_id=user) for user in range(8)]
        most = 0
        while any(not job.state.has_ended for job in await rig.jobs(jobs)):
            await rig.quiet()
            most = max(most, sum(job.state.at_wiro for job in await rig.jobs(jobs)))
            await rig.clock.advance(min(rig.clock.next_due_s or 0.1, 1.0))
    assert most == 2
    assert rig.wiro.runs == 8


async def test_a_process_that_was_taken_over_stops_itself(shared_rig: Rig) -> None:
    rig = shared_rig
    async with rig.process() as workshop:
        fault = asyncio.create_task(workshop.until_fault())
        await rig.db.write(lambda conn: processes.retire(conn, workshop.me, rig.clock.now()))
        await rig.pass_time(BEAT_S + 1)
        assert isinstance(await fault, LeaseLost)
