"""What only a server does to a write: refuse it for others' sake, make it wait, vanish while committing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.errors import StoreBusy, StoreError
from bot.store import tables
from bot.store.database import RETRIES, Database, Lane
from bot.store.errors import OutcomeUnknown
from tests.bot.store.test_database import add, keys
from tests.support.store import empty_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.postgres

DIES_WHILE_COMMITTING = """
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON gate DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION die();
"""


@pytest.fixture
async def db(migrated_postgres: str) -> AsyncIterator[Database]:
    async with Database.open(migrated_postgres, clock=SystemClock()) as database:
        await database.write(empty_all)
        yield database


def run(statements: str) -> Callable[[sa.Connection], None]:
    """A unit that runs statements that belong to no unit of the bot."""

    def unit(conn: sa.Connection) -> None:
        for statement in statements.split(";\n"):
            if statement.strip():
                conn.exec_driver_sql(statement)

    return unit


def refused_at_first(times: int, sqlstate: str) -> Callable[[sa.Connection], int]:
    """A unit that the server refuses so many times; it gives back how often it was run."""
    runs = 0

    def unit(conn: sa.Connection) -> int:
        nonlocal runs
        runs += 1
        add(f"run {runs}")(conn)
        if runs <= times:
            conn.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{sqlstate}'; END $$")
        return runs

    return unit


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_write_that_was_refused_for_others_sake_is_run_again(db: Database, sqlstate: str) -> None:
    assert await db.write(refused_at_first(2, sqlstate)) == 3
    assert await db.read(keys) == ["run 3"]


async def test_write_that_is_refused_again_and_again_is_busy(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.database.FIRST_PAUSE_S", 0.0)
    with pytest.raises(StoreBusy):
        await db.write(refused_at_first(RETRIES, "40001"))
    assert await db.read(keys) == []


async def test_deadlock_ends_with_both_writes_done(db: Database) -> None:
    await asyncio.gather(db.write(add("a")), db.write(add("b")))
    both_hold_one = asyncio.Barrier(2)
    first_runs = 0

    def cross(first: str, second: str) -> Callable[[sa.Connection], None]:
        async def meet() -> None:
            await both_hold_one.wait()

        def unit(conn: sa.Connection) -> None:
            nonlocal first_runs
            for key in (first, second):
                gate = tables.gate
                add_one = sa.update(gate).where(gate.c.key == key).values(strikes=gate.c.strikes + 1)
                conn.execute(add_one)
                if key == first and first_runs < 2:
                    first_runs += 1
                    sa.util.await_only(meet())

        return unit

    await asyncio.gather(db.write(cross("a", "b")), db.write(cross("b", "a")))
    strikes = await db.read(
        lambda conn: (
            conn.execute(sa.select(tables.gate.c.strikes).order_by(tables.gate.c.key)).scalars().all()
        )
    )
    assert list(strikes) == [2, 2]


async def test_row_that_stays_locked_is_busy(db: Database, migrated_postgres: str) -> None:
    await db.write(add("a"))
    gate = tables.gate

    def touch(conn: sa.Connection) -> None:
        conn.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
        conn.execute(sa.update(gate).where(gate.c.key == "a").values(strikes=1))

    async with Database.open(migrated_postgres, clock=SystemClock()) as other, asyncio.TaskGroup() as tasks:
        locked, done = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with other._engine.begin() as conn:
                await conn.execute(sa.update(gate).where(gate.c.key == "a").values(strikes=2))
                locked.set()
                await done.wait()

        tasks.create_task(hold())
        await locked.wait()
        with pytest.raises(StoreBusy):
            await db.write(touch)
        done.set()


async def test_server_that_vanishes_before_the_commit_is_a_plain_fault(db: Database) -> None:
    def unit(conn: sa.Connection) -> None:
        add("a")(conn)
        conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StoreError) as raised:
        await db.write(unit)
    assert not isinstance(raised.value, OutcomeUnknown)
    assert await db.read(keys) == []


async def test_server_that_vanishes_while_committing_leaves_an_unknown_outcome(db: Database) -> None:
    await db.write(run(DIES_WHILE_COMMITTING))
    try:
        with pytest.raises(OutcomeUnknown):
            await db.write(add("a"))
    finally:
        await db.write(run("DROP TRIGGER dies ON gate;\nDROP FUNCTION die()"))
    # Reading back by the natural key tells what happened.
    assert await db.read(keys) == []
    assert await db.write(add("a")) == "a"


async def test_commits_are_durable_and_reads_see_one_moment(db: Database) -> None:
    def setting(name: str) -> Callable[[sa.Connection], Any]:
        return lambda conn: conn.exec_driver_sql(f"SHOW {name}").scalar_one()

    assert await db.write(setting("synchronous_commit")) == "on"
    assert await db.read(setting("transaction_isolation")) == "repeatable read"
    assert await db.read(setting("transaction_read_only")) == "on"
    assert await db.write(setting("transaction_read_only")) == "off"
    assert await db.write(setting("transaction_isolation")) == "read committed"


async def test_chores_leave_connections_to_people(db: Database) -> None:
    release = asyncio.Event()

    def chore(conn: sa.Connection) -> None:
        sa.util.await_only(release.wait())

    chores = [asyncio.ensure_future(db.write(chore, lane=Lane.BACKGROUND)) for _ in range(20)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(db.write(add("person")), 5) == "person"
    release.set()
    await asyncio.gather(*chores)
