"""The SQLite writer under a real file that is locked, full or taken away."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.errors import StoreBusy, StoreClosed, StoreError, TooLate
from bot.store import engines, writer
from bot.store.database import Database, Lane
from tests.bot.store.test_database import add, keys
from tests.support.store import sqlite_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.support.clock import ManualClock


@pytest.fixture(autouse=True)
def patient_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch ends when nothing waits any more, never because this machine was slow for a moment."""
    monkeypatch.setattr(writer, "MAX_BATCH_S", 60.0)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with sqlite_database(tmp_path, kind=Database) as database:
        yield database


@pytest.fixture
def stranger(tmp_path: Path, db: Database) -> Iterator[sqlite3.Connection]:
    """Another program's connection to the same file."""
    connection = sqlite3.connect(tmp_path / "atelier.db", isolation_level=None)
    yield connection
    connection.close()


class Stopper:
    """A unit that holds the writer until it is let go, so that what follows queues up behind it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def __call__(self, conn: sa.Connection) -> None:
        self.entered.set()
        assert self.go.wait(10)

    async def hold(self, db: Database) -> asyncio.Future[None]:
        held = asyncio.ensure_future(db.write(self))
        await asyncio.to_thread(self.entered.wait, 10)
        return held


async def test_waiting_writes_share_one_commit(db: Database) -> None:
    commits = 0

    def count(conn: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    sa.event.listen(db._write_engine, "commit", count)
    await asyncio.gather(*(db.write(add(str(number))) for number in range(100)))
    assert commits < 20


async def test_people_go_before_chores_but_chores_go_too(db: Database) -> None:
    order: list[str] = []

    def note(name: str) -> Any:
        return lambda conn: order.append(name)

    stopper = Stopper()
    held = await stopper.hold(db)
    writes = [db.write(note("chore"), lane=Lane.BACKGROUND) for _ in range(5)]
    writes += [db.write(note("person")) for _ in range(40)]
    tasks = [asyncio.ensure_future(write) for write in writes]
    await asyncio.sleep(0)
    stopper.go.set()
    await asyncio.gather(held, *tasks)
    assert len(order) == 45
    chores = [index for index, name in enumerate(order) if name == "chore"]
    assert chores[0] < 10
    assert all(later - earlier == 10 for earlier, later in pairwise(chores[:4]))
    assert "person" in order[chores[3] :]


async def test_deadline_is_looked_at_when_the_units_turn_comes(tmp_path: Path, clock: ManualClock) -> None:
    async with sqlite_database(tmp_path / "clocked", clock, kind=Database) as db:
        stopper = Stopper()
        held = await stopper.hold(db)
        late = asyncio.ensure_future(db.write(add("late"), not_after_s=2.0))
        await asyncio.sleep(0)
        await clock.advance(2.5)
        stopper.go.set()
        await held
        with pytest.raises(TooLate):
            await late
        assert await db.read(keys) == []


async def test_locked_file_is_waited_for(db: Database, stranger: sqlite3.Connection) -> None:
    stranger.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(db.write(add("a")))
    await asyncio.sleep(0.7)  # longer than one round of SQLite's own patience
    assert not waiting.done()
    stranger.execute("ROLLBACK")
    assert await waiting == "a"


async def test_file_that_stays_locked_is_busy_for_every_caller(
    db: Database, stranger: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_ATTEMPTS", 2)
    await db.write(lambda conn: conn.exec_driver_sql("PRAGMA busy_timeout=50").scalar())
    stranger.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(*(db.write(add(str(n))) for n in range(3)), return_exceptions=True)
    stranger.execute("ROLLBACK")
    assert [type(outcome) for outcome in outcomes] == [StoreBusy] * 3
    assert await db.write(add("after")) == "after"
    assert await db.read(keys) == ["after"]


async def test_nobody_is_told_success_when_sqlite_ended_the_transaction(db: Database) -> None:
    def ends_it(conn: sa.Connection) -> None:
        conn.exec_driver_sql("ROLLBACK")  # as SQLite itself does when the disk is full

    stopper = Stopper()
    held = await stopper.hold(db)
    writes = [db.write(add("a")), db.write(ends_it), db.write(add("b"))]
    tasks = [asyncio.ensure_future(write) for write in writes]
    await asyncio.sleep(0)
    stopper.go.set()
    outcomes = await asyncio.gather(held, *tasks, return_exceptions=True)
    assert [isinstance(outcome, StoreError) for outcome in outcomes[:3]] == [True] * 3  # the first batch
    assert await db.read(keys) in ([], ["b"])  # "b" may have come in the next batch
    assert ("b" in await db.read(keys)) == (outcomes[3] == "b")
    assert await db.write(add("after")) == "after"


async def test_full_disk_fails_the_batch_and_the_writer_lives_on(db: Database) -> None:
    def limit(pages: int) -> Any:
        return lambda conn: conn.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()

    def big(conn: sa.Connection) -> None:
        for number in range(50):
            add(f"{number}" + "x" * 100_000)(conn)

    await db.write(add("a"))
    await db.write(limit(1))  # SQLite takes what it uses now as the least
    with pytest.raises(StoreError, match="full"):
        await db.write(big)
    assert db.healthy()
    await db.write(limit(1_000_000))
    await db.write(add("b"))
    assert await db.read(keys) == ["a", "b"]


async def test_failing_commit_fails_every_caller_of_the_batch(db: Database) -> None:
    armed = True

    def fail(conn: sa.Connection) -> None:
        nonlocal armed
        if armed:
            armed = False
            raise sa.exc.OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))

    sa.event.listen(db._write_engine, "commit", fail)
    outcomes = await asyncio.gather(db.write(add("a")), db.write(add("b")), return_exceptions=True)
    assert isinstance(outcomes[0], StoreError)
    committed = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert await db.read(keys) == committed
    assert await db.write(add("after")) == "after"


async def test_dead_writer_is_unhealthy_and_answers_everybody(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = asyncio.ensure_future(db.until_dead())
    alive = db._writer
    assert alive is not None
    monkeypatch.setattr(threading, "excepthook", lambda args: None)

    def die(batch: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(alive, "_write_batch", die)
    lost = asyncio.ensure_future(db.write(add("a")))
    await asyncio.wait_for(dead, 5)
    assert not db.healthy()
    with pytest.raises(StoreClosed):
        await asyncio.wait_for(lost, 5)
    with pytest.raises(StoreClosed):
        await db.write(add("b"))
    with pytest.raises(StoreClosed):
        await db.ping()


async def test_commits_are_durable_and_keys_are_enforced(db: Database) -> None:
    def pragmas(conn: sa.Connection) -> list[Any]:
        names = ("synchronous", "foreign_keys", "journal_mode")
        return [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await db.write(pragmas) == [2, 1, "wal"]
    assert await db.read(lambda conn: conn.exec_driver_sql("PRAGMA query_only").scalar()) == 1


async def test_database_at_rest_is_one_file(tmp_path: Path) -> None:
    async with sqlite_database(tmp_path, kind=Database) as database:
        await database.write(add("a"))
    assert os.listdir(tmp_path) == ["atelier.db"]  # noqa: PTH208  # names only
    engine = engines.sqlite_writer(engines.read_url(f"sqlite:///{tmp_path}/atelier.db"))
    with engine.connect() as conn:
        assert keys(conn) == ["a"]
    engine.dispose()
