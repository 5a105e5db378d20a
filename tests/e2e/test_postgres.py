"""The same bot on PostgreSQL: a journey, a kill, and two processes side by side."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.model import JobState
from bot.store import tables
from bot.store.database import Database
from tests.support.books import all_jobs, faults_of
from tests.support.house import BotProcess, open_house, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.model import Job
    from tests.support.house import House

pytestmark = pytest.mark.postgres


@asynccontextmanager
async def opened(folder: Path, url: str, **settings: str) -> AsyncIterator[House]:
    """A house on that database, whose books are looked at once the bot has stopped."""
    async with open_house(folder, DATABASE_URL=url, **settings) as house:  # type: ignore[arg-type]  # only texts are given
        yield house
    async with Database.open(url, clock=SystemClock()) as db:
        assert await db.read(faults_of) == []
        assert [job.code for job in await db.read(all_jobs) if not job.state.has_ended] == []


async def jobs(url: str) -> list[Job]:
    async with Database.open(url, clock=SystemClock()) as db:
        return await db.read(all_jobs)


async def test_a_portrait_from_the_command_to_its_images_and_again(
    tmp_path: Path, postgres_database: str
) -> None:
    async with opened(tmp_path, postgres_database) as house:
        first = await house.portrait(samples=2)
        await house.images(first, 2)
        again = await house.press(house.card(first), "Again", "tomas")
        await house.images(again, 2, "tomas")
        assert house.runs() == 2
        assert not house.bot.database.exists()
        await (await house.press(house.card(first), "Delete")).answered()
        await house.card_says(first, "Deleted")
    found = await jobs(postgres_database)
    assert [job.state for job in found] == [JobState.DONE, JobState.DONE]


async def test_kill_9_and_a_restart_after_the_lease_end_in_one_card_and_one_run(
    tmp_path: Path, postgres_database: str
) -> None:
    async with opened(tmp_path, postgres_database) as house:
        house.wiro.paused = True
        interaction = await house.portrait()
        await until(house.tasks, "the task is at Wiro")
        await house.bot.kill()
        async with asyncio.timeout(20):
            while not await pass_lease(postgres_database):  # noqa: ASYNC110 -- the server tells nobody
                await asyncio.sleep(0.05)
        await house.bot.start()
        house.wiro.paused = False
        await house.images(interaction, 1)
        assert house.runs() == 1
        assert len(house.posted()) == 1


async def test_a_process_that_was_paused_for_longer_than_its_lease_leaves_its_jobs_to_the_other(
    tmp_path: Path, postgres_database: str
) -> None:
    async with opened(tmp_path, postgres_database) as house:
        house.wiro.paused = True
        interaction = await house.portrait()
        await until(house.tasks, "the task is at Wiro")
        paused = house.bot.process
        assert paused is not None
        await pause_past_lease(paused, postgres_database)
        other = BotProcess(house.sandbox, tmp_path / "other", {"DATABASE_URL": postgres_database})
        try:
            await other.start()
            house.wiro.paused = False
            await house.images(interaction, 1)
            paused.send_signal(signal.SIGCONT)
            async with asyncio.timeout(30):
                assert await paused.wait() == 1
            assert "LeaseLost" in house.bot.log()
            house.inspector.expects_traceback = True
            await house.bot.start()
            assert house.runs() == 1
            assert len(house.posted()) == 1
        finally:
            await other.stop()


async def pause_past_lease(process: asyncio.subprocess.Process, url: str) -> None:
    """Pause it in no transaction: the server would break one off, and free its rows, only later."""
    for _ in range(20):
        process.send_signal(signal.SIGSTOP)
        if await pass_lease(url):
            return
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.1)
    raise AssertionError("it was never seen without a lock")


async def pass_lease(url: str) -> bool:
    """Let the dead process's lease be over, as it is after half a minute; False: it is in a transaction."""
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    others = sa.text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
    )

    def passed(conn: sa.Connection) -> bool:
        if conn.execute(others).scalar_one():
            return False
        conn.execute(sa.update(tables.process).values(heartbeat_at=long_ago))
        return True

    async with Database.open(url, clock=SystemClock()) as db:
        return await db.write(passed)


async def test_two_processes_on_one_database_do_every_job_once(
    tmp_path: Path, postgres_database: str
) -> None:
    shards = {"DATABASE_URL": postgres_database, "SHARD_COUNT": "2"}
    async with opened(tmp_path, postgres_database, SHARD_COUNT="2", SHARD_IDS="0") as house:
        second = BotProcess(house.sandbox, tmp_path / "second", shards | {"SHARD_IDS": "1"})
        try:
            await second.start()
            asked = [
                await house.portrait("mira", channel) for channel in ("portraits", "general", "after-dark")
            ]
            for interaction in asked:
                await house.images(interaction, 1)
            assert house.runs() == 3
            assert len(house.posted()) + len(house.posted("general")) + len(house.posted("after-dark")) == 3
        finally:
            assert await second.stop() == 0
