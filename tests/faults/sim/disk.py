"""A real SQLite database that every life of the process finds again, used without threads."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from bot.errors import StoreBusy, StoreClosed, StoreError, TooLate
from bot.store import engines
from bot.store.database import Database, Lane
from bot.store.errors import OutcomeUnknown
from bot.store.faults import as_store_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.faults.sim.life import Life

T = TypeVar("T")

FAULTS = ("busy", "full", "read-only", "unknown-done", "unknown-undone")
"""What a write may meet: locked, no room left inside the transaction, a file that cannot be written, and (of
PostgreSQL) a commit whose answer never came."""


def image_of(file: Path) -> bytes:
    """A database file as bytes that can be used in memory."""
    with sqlite3.connect(file) as source, sqlite3.connect(":memory:") as copy:
        source.backup(copy)
        image = bytearray(copy.serialize())
    image[18:20] = b"\x01\x01"  # it has no log beside it: memory takes no WAL
    return bytes(image)


class Disk:
    """The database as it lies there, whoever lives.

    Attributes:
        fails: What the next writes meet; None: nothing.
        is_down: Neither read nor written, as while a server starts again.
        has_failed: Something has met a fault.
        after_commit: Called on the connection after each commit: what must hold at every one of them.
        is_shared: It passes for a server's database, which several processes may use at once.
    """

    def __init__(self, image: bytes, *, is_shared: bool) -> None:
        self._engine, file = _machine()
        file.deserialize(image)
        self.is_shared = is_shared
        self.fails: deque[str | None] = deque()
        self.is_down = False
        self.has_failed = False
        self.after_commit: list[Callable[[sa.Connection], None]] = []

    def read(self, unit: Callable[[sa.Connection], T]) -> T:
        """What a unit reads."""
        with self._engine.connect() as conn:
            return unit(conn)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection to look at everything with."""
        return self._engine.connect()

    def write(self, unit: Callable[[sa.Connection], T]) -> T:
        """What a unit returns, committed, unless the write is one that fails."""
        self.be_up()
        fault = self.fails.popleft() if self.fails else None
        self.has_failed = self.has_failed or fault is not None
        if fault == "busy":
            raise StoreBusy("OperationalError: database is locked")
        if fault == "read-only":
            raise StoreError("OperationalError: attempt to write a readonly database")
        if fault == "unknown-undone":
            raise OutcomeUnknown("connection was closed in the middle of operation")
        with self._engine.begin() as conn:
            result = unit(conn)
            if fault == "full":  # undone with all that was written before
                raise StoreError("OperationalError: database or disk is full")
        for look in self.after_commit:
            self.read(look)
        if fault == "unknown-done":
            raise OutcomeUnknown("connection was closed in the middle of operation")
        return result

    def be_up(self) -> None:
        """Refuse as a server does that is not there."""
        if self.is_down:
            self.has_failed = True
            raise StoreError("ConnectionRefusedError: connection refused")


@cache
def _machine() -> tuple[sa.Engine, sqlite3.Connection]:
    """One connection for all worlds, one after the other: SQLAlchemy compiles its statements once."""
    file = sqlite3.connect(":memory:", check_same_thread=False)
    engine = sa.create_engine(
        "sqlite://", poolclass=sa.StaticPool, creator=lambda: file, hide_parameters=True
    )
    engines._listen(engine, ("foreign_keys=ON",), begin="BEGIN IMMEDIATE")
    return engine, file


class LifeDatabase(Database):
    """The disk as one life reaches it."""

    def __init__(self, disk: Disk, life: Life) -> None:
        self.dialect = "postgresql" if disk.is_shared else "sqlite"
        self.url = "sqlite://"
        self._clock = life.clock
        self._disk = disk
        self._life = life
        self._closed = False

    def healthy(self) -> bool:
        return not self._closed

    async def read(self, unit: Callable[[sa.Connection], T]) -> T:
        await self._life.gate()
        self._disk.be_up()
        try:
            return self._disk.read(unit)
        except sa.exc.SQLAlchemyError as error:
            raise as_store_error(error) from None

    async def write(
        self,
        unit: Callable[[sa.Connection], T],
        *,
        lane: Lane = Lane.INTERACTIVE,
        not_after_s: float | None = None,
    ) -> T:
        if self._closed:
            raise StoreClosed("the database was closed")
        # What was handed over is written, also when its caller is cancelled.
        task: asyncio.Task[T] = asyncio.create_task(self._write(unit, not_after_s))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def close(self) -> None:
        self._closed = True

    async def _write(self, unit: Callable[[sa.Connection], Any], not_after_s: float | None) -> Any:
        await self._life.gate()
        if not_after_s is not None and self._clock.monotonic_s() > not_after_s:
            raise TooLate("its deadline passed before it was written")
        try:
            result = self._disk.write(unit)
        except sa.exc.SQLAlchemyError as error:
            raise as_store_error(error) from None
        await self._life.gate()
        return result
