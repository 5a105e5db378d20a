"""One way to the database for both engines: `read` and `write` run units of work, functions of a connection.

SQLite is read through aiosqlite and written by one thread (`writer`); PostgreSQL is used through asyncpg. A
unit touches nothing but its connection and may be run again: times, ids and random values are its
arguments, and what it returns is a frozen dataclass or a plain value.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

import sqlalchemy as sa

from bot.errors import StoreBusy, StoreClosed, TooLate
from bot.log import get_logger
from bot.store import engines
from bot.store.faults import as_store_error, is_disconnected, may_be_retried, outcome_unknown
from bot.store.writer import LANE_SIZE, Lane, Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from bot.clock import Clock

__all__ = ["Database", "Lane"]

log = get_logger(__name__)

T = TypeVar("T")

RETRIES = 8
"""How often PostgreSQL may undo a transaction because of others before its caller gets `StoreBusy`."""

FIRST_PAUSE_S = 0.005
"""Doubled with every retry."""

BACKGROUND_CONNECTIONS = 2
"""How many of PostgreSQL's connections chores may use at once."""


class Database:
    """An open database. Use `async with Database.open(url, clock=clock) as db`.

    Attributes:
        dialect: "sqlite" or "postgresql".
        url: The address without its password.
    """

    def __init__(self, url: str, *, clock: Clock) -> None:
        parsed = engines.read_url(url)
        self.dialect = parsed.get_backend_name()
        self.url = parsed.render_as_string(hide_password=True)
        self._clock = clock
        self._closed = False
        self._dead = asyncio.Event()
        self._pending: dict[asyncio.Task[Any], Lane] = {}
        self._chores = asyncio.Semaphore(BACKGROUND_CONNECTIONS)
        self._writer: Writer | None = None
        if self.dialect == "sqlite":
            self._readers: AsyncEngine = engines.sqlite_readers(parsed)
            self._write_engine = engines.sqlite_writer(parsed)
            self._writer = Writer(self._write_engine, clock, self._run_unit, self._dead.set)
        else:
            self._engine = engines.postgres(parsed)
            self._readers = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, clock: Clock) -> AsyncIterator[Self]:
        """The database at a contract address, closed at the end of the block; it is migrated elsewhere.

        Raises:
            StoreError: The address is not one of an SQLite file or a PostgreSQL server.
        """
        db = cls(url, clock=clock)
        try:
            yield db
        finally:
            await db.close()

    def healthy(self) -> bool:
        """Whether writes are taken: not closed, and the writer lives. `ping` asks the database itself."""
        return not self._closed and (self._writer is None or self._writer.alive)

    async def ping(self) -> None:
        """Ask the database for one row.

        Raises:
            StoreError: It does not answer, or takes no writes.
        """
        if not self.healthy():
            raise StoreClosed("the database takes no writes")
        await self.read(lambda conn: conn.execute(sa.text("SELECT 1")).scalar_one())

    async def until_dead(self) -> None:
        """Return when the writer has died, which ends the process; never after a clean close."""
        await self._dead.wait()

    async def read(self, unit: Callable[[sa.Connection], T]) -> T:
        """What the unit returns, from one consistent view of the database. It cannot write.

        Raises:
            StoreClosed: The database was closed.
            StoreError: The database could not answer.
        """
        if self._closed:
            raise StoreClosed("the database was closed")
        try:
            async with self._readers.connect() as conn:
                return await conn.run_sync(unit)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise as_store_error(error) from None

    async def write(
        self,
        unit: Callable[[sa.Connection], T],
        *,
        lane: Lane = Lane.INTERACTIVE,
        not_after_s: float | None = None,
    ) -> T:
        """What the unit returns, once it is committed durably.

        A cancelled caller does not undo the write: what happens is decided by the database alone.

        Args:
            unit: The unit of work; what it raises of the bot's own errors is raised here, and it had no
                effect.
            lane: Chores go behind people.
            not_after_s: By the clock's monotonic time; later than that the unit is not run.

        Raises:
            TooLate: `not_after_s` had passed.
            StoreBusy: The database stayed locked, or too many writes wait.
            StoreClosed: The database was closed, or its writer is dead.
            OutcomeUnknown: PostgreSQL was lost while committing: read back by the natural key.
            StoreError: Anything else; the unit had no effect.
        """
        if self._closed:
            raise StoreClosed("the database was closed")
        if self._writer is not None:
            future: asyncio.Future[T] = self._writer.submit(unit, lane, not_after_s)
            return await future
        if sum(pending is lane for pending in self._pending.values()) >= LANE_SIZE[lane]:
            raise StoreBusy(f"{LANE_SIZE[lane]} writes wait already")
        task = asyncio.create_task(self._write_postgres(unit, lane, not_after_s), name="database write")
        self._pending[task] = lane
        task.add_done_callback(self._forget)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_tell_nobody)
            raise

    async def close(self) -> None:
        """Finish the writes that were taken, then close every connection. Safe to call again."""
        if self._closed:
            return
        self._closed = True
        if self._writer is not None:
            await self._writer.close()
            self._write_engine.dispose()
        if self._pending:
            await asyncio.wait(set(self._pending))
        await self._readers.dispose()

    def _run_unit(self, conn: sa.Connection, unit: Callable[[sa.Connection], T]) -> T:
        """Run a unit of a write; the tests' database runs each twice."""
        return unit(conn)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        del self._pending[task]

    async def _write_postgres(
        self, unit: Callable[[sa.Connection], T], lane: Lane, not_after_s: float | None
    ) -> T:
        if lane is Lane.BACKGROUND:
            async with self._chores:
                return await self._retrying(unit, not_after_s)
        return await self._retrying(unit, not_after_s)

    async def _retrying(self, unit: Callable[[sa.Connection], T], not_after_s: float | None) -> T:
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, RETRIES + 1):
            try:
                return await self._transact(unit, not_after_s)
            except (sa.exc.SQLAlchemyError, OSError) as error:
                if attempt == RETRIES or not may_be_retried(error):
                    raise as_store_error(error) from None
            await self._clock.sleep(pause_s)
            pause_s *= 2
        raise AssertionError  # the last attempt returns or raises

    async def _transact(self, unit: Callable[[sa.Connection], T], not_after_s: float | None) -> T:
        """One transaction; a server lost before COMMIT was sent is a plain fault, after it nobody knows."""

        def run(conn: sa.Connection) -> T:
            if not_after_s is not None and self._clock.monotonic_s() > not_after_s:
                raise TooLate("its deadline passed before it was written")
            try:
                return self._run_unit(conn, unit)
            except (StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit) as error:
                raise as_store_error(error) from None  # these would end the task, or the loop

        async with self._engine.connect() as conn:
            transaction = await conn.begin()
            try:
                result = await conn.run_sync(run)
            except BaseException:
                await _undo(conn)
                raise
            try:
                await transaction.commit()
            except (sa.exc.SQLAlchemyError, OSError) as error:
                if is_disconnected(error):
                    raise outcome_unknown(error) from None
                raise
            return result


async def _undo(conn: AsyncConnection) -> None:
    """Roll back; a connection that is lost has undone everything by itself."""
    try:
        await conn.rollback()
    except (sa.exc.SQLAlchemyError, OSError) as error:
        log.debug("nothing to roll back", error=type(error).__name__)
        await conn.invalidate()


def _tell_nobody(task: asyncio.Task[Any]) -> None:
    """Log the fault of a write whose caller was cancelled: nobody else will tell it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("a write failed that nobody waits for", error=str(error))
