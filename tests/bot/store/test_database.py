"""The door to the database on both engines: what a caller may rely on whatever happens inside."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.errors import StoreBusy, StoreClosed, StoreError, TooLate
from bot.store import tables
from bot.store.database import Database, Lane
from tests.support.clock import START
from tests.support.store import TwiceDatabase, empty_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.fixture
async def plain(store_url: str) -> AsyncIterator[Database]:
    """A database that runs each unit once, as in production."""
    async with Database.open(store_url, clock=SystemClock()) as database:
        if database.dialect == "postgresql":
            await database.write(empty_all)
        yield database


def add(key: str) -> Callable[[sa.Connection], str]:
    """A unit that adds a gate and gives back its key; the same key twice breaks a unique key."""

    def unit(conn: sa.Connection) -> str:
        conn.execute(sa.insert(tables.gate).values(key=key, strikes=0, clean_submits=0))
        return key

    return unit


def keys(conn: sa.Connection) -> list[str]:
    return sorted(conn.execute(sa.select(tables.gate.c.key)).scalars())


async def test_write_is_there_for_the_next_read(plain: Database) -> None:
    assert await plain.write(add("a")) == "a"
    assert await plain.read(keys) == ["a"]
    await plain.ping()
    assert plain.healthy()


async def test_read_cannot_write(plain: Database) -> None:
    with pytest.raises(StoreError):
        await plain.read(add("a"))
    assert await plain.read(keys) == []


@pytest.mark.parametrize(
    "error", [ValueError("v"), KeyError("k"), StopIteration(1), SystemExit(3), KeyboardInterrupt()]
)
async def test_unit_that_raises_undoes_itself_alone(plain: Database, error: BaseException) -> None:
    def unit(conn: sa.Connection) -> None:
        add("bad")(conn)
        raise error

    outcomes = await asyncio.gather(
        plain.write(add("a")), plain.write(unit), plain.write(add("b")), return_exceptions=True
    )
    expected = type(error) if type(error) in {ValueError, KeyError} else StoreError
    assert [outcomes[0], outcomes[2]] == ["a", "b"]
    assert type(outcomes[1]) is expected
    assert await plain.read(keys) == ["a", "b"]
    assert plain.healthy()


async def test_broken_key_undoes_its_unit_alone_and_quotes_no_row(plain: Database) -> None:
    def unit(conn: sa.Connection) -> None:
        add("new")(conn)
        conn.execute(
            sa.insert(tables.gate).values(key="a", why="a secret prompt", strikes=0, clean_submits=0)
        )

    await plain.write(add("a"))
    with pytest.raises(StoreError) as raised:
        await plain.write(unit)
    assert await plain.read(keys) == ["a"]
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


async def test_hundreds_of_writers_at_once_are_all_answered_and_all_right(plain: Database) -> None:
    async def write(number: int) -> str | None:
        try:
            return await plain.write(add(str(number % 190)))
        except StoreError:
            return None

    outcomes = await asyncio.gather(*(write(number) for number in range(200)))
    assert sum(outcome is None for outcome in outcomes) == 10
    assert len(await plain.read(keys)) == 190


async def test_cancelled_caller_does_not_undo_the_write(plain: Database, store_url: str) -> None:
    doomed = asyncio.ensure_future(plain.write(add("a")))
    await asyncio.sleep(0)
    doomed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doomed
    await plain.write(add("b"))
    await plain.close()  # which finishes what was taken
    async with Database.open(store_url, clock=SystemClock()) as again:
        assert await again.read(keys) == ["a", "b"]


async def test_cancelled_readers_leave_a_pool_that_works(plain: Database) -> None:
    readers = [asyncio.ensure_future(plain.read(keys)) for _ in range(30)]
    for turns in range(30):
        await asyncio.sleep(0)
        readers[turns].cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    assert await asyncio.gather(*(plain.read(keys) for _ in range(30))) == [[]] * 30


async def test_unit_whose_deadline_has_passed_does_not_run(plain: Database) -> None:
    now_s = SystemClock().monotonic_s()
    with pytest.raises(TooLate):
        await plain.write(add("late"), not_after_s=now_s - 0.001)
    await plain.write(add("early"), not_after_s=now_s + 60)
    assert await plain.read(keys) == ["early"]


async def test_closed_database_refuses_and_has_finished_what_it_took(store_url: str) -> None:
    database = Database(store_url, clock=SystemClock())
    if database.dialect == "postgresql":
        await database.write(empty_all)
    writes = [asyncio.ensure_future(database.write(add(str(number)))) for number in range(20)]
    await asyncio.sleep(0)
    await database.close()
    assert len(await asyncio.gather(*writes)) == 20
    assert not database.healthy()
    for attempt in (database.write(add("x")), database.read(keys), database.ping()):
        with pytest.raises(StoreClosed):
            await attempt
    await database.close()


async def test_unit_that_is_not_repeatable_is_found_by_the_tests_database(db: Database) -> None:
    seen: list[int] = []

    def unit(conn: sa.Connection) -> int:
        seen.append(1)
        return len(seen)

    assert isinstance(db, TwiceDatabase)
    with pytest.raises(AssertionError, match="not repeatable"):
        await db.write(unit)


async def test_rehearsal_of_the_tests_database_has_no_effect(db: Database) -> None:
    await db.write(add("once"))
    assert await db.read(keys) == ["once"]


async def test_full_lane_is_refused_and_the_other_still_open(
    plain: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.store import writer

    monkeypatch.setitem(writer.LANE_SIZE, Lane.BACKGROUND, 3)
    begun: list[asyncio.Future[Any]] = []
    refused = 0
    for number in range(50):
        begun.append(asyncio.ensure_future(plain.write(add(str(number)), lane=Lane.BACKGROUND)))
        await asyncio.sleep(0)
    begun.append(asyncio.ensure_future(plain.write(add("person"))))
    for attempt in begun:
        with suppress(StoreBusy):
            await attempt
            continue
        refused += 1
    found = await plain.read(keys)
    assert len(found) == 51 - refused
    assert "person" in found
    assert refused


def test_address_of_another_kind_of_database_is_refused() -> None:
    for url in ("mysql://localhost/x", "sqlite://", "sqlite:///:memory:"):
        with pytest.raises(StoreError, match="DATABASE_URL"):
            Database(url, clock=SystemClock())


async def test_times_keep_their_microseconds_and_their_zone(plain: Database) -> None:
    at = START.replace(microsecond=123_457)

    def unit(conn: sa.Connection) -> Any:
        conn.execute(sa.insert(tables.process).values(id=1, started_at=at, heartbeat_at=at))
        return conn.execute(sa.select(tables.process.c.started_at)).scalar_one()

    assert await plain.write(unit) == at
