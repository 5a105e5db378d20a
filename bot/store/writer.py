"""The one thread that writes to an SQLite file: two lanes in, one commit for many units of work.

A unit runs in a savepoint of its own, so one that raises undoes itself alone. Nothing is told before the
commit returned, and nobody is told success when SQLite ended the transaction by itself (disk full, I/O
error).
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.errors import StoreBusy, StoreClosed, StoreError, TooLate
from bot.log import get_logger
from bot.store.faults import as_store_error, is_busy

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from bot.clock import Clock

log = get_logger(__name__)


class Lane(Enum):
    """In which order writes are taken: people who wait come before chores."""

    INTERACTIVE = "interactive"
    BACKGROUND = "background"


LANE_SIZE = {Lane.INTERACTIVE: 10_000, Lane.BACKGROUND: 1_000}
"""How many writes may wait in each lane; one more is refused with `StoreBusy`."""

BACKGROUND_TURN = 10
"""While both lanes wait, one in so many is taken from the background."""

MAX_BATCH = 256
MAX_BATCH_S = 0.05
"""A batch is committed after so many units or so long: its first caller waits for its last."""

BUSY_TIMEOUT_S = 0.5
BUSY_ATTEMPTS = 6
"""BEGIN and COMMIT wait in SQLite's own busy handler: 3 s in all for one batch."""


@dataclass(slots=True, eq=False)
class Write:
    """One write in a lane."""

    run: Callable[[sa.Connection], Any]
    future: asyncio.Future[Any]
    not_after_s: float | None


@dataclass(slots=True)
class _Outcome:
    value: Any = None
    error: Exception | None = None


class _Ended(Exception):
    """SQLite ended the transaction under us; `because` is what the unit met."""

    def __init__(self, because: BaseException) -> None:
        super().__init__(str(because))
        self.because = because


class Writer:
    """The writing thread of one SQLite engine.

    Args:
        engine: A synchronous engine whose transactions begin with BEGIN IMMEDIATE.
        clock: For deadlines; only its monotonic time is read, from the thread.
        run_unit: How a unit is run on a connection; tests run each twice.
        on_death: Called on the event loop when the thread ends other than by `close`.
    """

    def __init__(
        self,
        engine: sa.Engine,
        clock: Clock,
        run_unit: Callable[[sa.Connection, Callable[[sa.Connection], Any]], Any],
        on_death: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._run_unit = run_unit
        self._on_death = on_death
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[Lane, deque[Write]] = {lane: deque() for lane in Lane}
        self._changed = threading.Condition()
        self._closed = False
        self._turn = 0
        self._in_hand: list[Write] = []
        self._thread = threading.Thread(target=self._live, name="sqlite-writer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether a write would be taken."""
        return not self._closed and self._thread.is_alive()

    def submit(
        self, run: Callable[[sa.Connection], Any], lane: Lane, not_after_s: float | None
    ) -> asyncio.Future[Any]:
        """The future result of `run`; cancelling it does not undo the write.

        Raises:
            StoreClosed: After `close`, or when the thread is dead.
            StoreBusy: The lane is full.
        """
        write = Write(run, self._loop.create_future(), not_after_s)
        with self._changed:
            if self._closed:
                raise StoreClosed("the database was closed")
            if not self._thread.is_alive():
                raise StoreClosed("the database's writer is dead")
            if len(self._lanes[lane]) >= LANE_SIZE[lane]:
                raise StoreBusy(f"{LANE_SIZE[lane]} writes wait already")
            self._lanes[lane].append(write)
            self._changed.notify()
        return write.future

    async def close(self) -> None:
        """Take no more writes, finish those that were taken, end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)

    # ------------------------------------------------------------------ everything below runs in the thread

    def _live(self) -> None:
        try:
            while (first := self._wait()) is not None:
                self._in_hand = [first]
                self._write_batch(self._in_hand)
                self._in_hand = []
        finally:
            self._leave()

    def _leave(self) -> None:
        """Answer whoever still waits; after a clean close nobody does."""
        with self._changed:
            died, self._closed = not self._closed, True
            left = self._in_hand + [write for lane in self._lanes.values() for write in lane]
        error = StoreClosed("the database's writer is dead")
        self._tell([(write, _Outcome(error=error)) for write in left])
        if died:
            with suppress(RuntimeError):  # the loop is gone, and whoever would care with it
                self._loop.call_soon_threadsafe(self._on_death)

    def _wait(self) -> Write | None:
        """The next write, None when there will be none."""
        with self._changed:
            while (write := self._pop()) is None and not self._closed:
                self._changed.wait()
            return write

    def _next(self) -> Write | None:
        with self._changed:
            return self._pop()

    def _pop(self) -> Write | None:
        interactive, background = self._lanes[Lane.INTERACTIVE], self._lanes[Lane.BACKGROUND]
        self._turn += 1
        its_turn = self._turn % BACKGROUND_TURN == 0
        if background and (its_turn or not interactive):
            return background.popleft()
        return interactive.popleft() if interactive else None

    def _write_batch(self, batch: list[Write]) -> None:
        """Run and commit the batch and what joins it; every one of them is told, whatever happens."""
        try:
            outcomes = self._persist(batch)
        except Exception as error:  # noqa: BLE001  # the thread outlives everything, and its callers are told
            fault = as_store_error(error.because if isinstance(error, _Ended) else error)
            kind = type(fault) if isinstance(fault, StoreError) else StoreError
            log.error("writes failed together", count=len(batch), error=str(fault))  # noqa: TRY400  # callers have the traceback
            outcomes = [_Outcome(error=kind(str(fault)).with_traceback(error.__traceback__)) for _ in batch]
        self._tell(list(zip(batch, outcomes, strict=True)))

    def _persist(self, batch: list[Write]) -> list[_Outcome]:
        """Attempt the batch until the file is not locked, for 3 s in all."""
        for attempt in range(1, BUSY_ATTEMPTS + 1):
            try:
                return self._attempt(batch)
            except sa.exc.OperationalError as error:
                if not is_busy(error) or attempt == BUSY_ATTEMPTS:
                    raise
        raise AssertionError  # the last attempt returns or raises

    def _attempt(self, batch: list[Write]) -> list[_Outcome]:
        """Run the whole batch in one transaction and commit it; more writes may join it at its end."""
        until_s = self._clock.monotonic_s() + MAX_BATCH_S
        with self._engine.begin() as conn:
            outcomes = [self._run(conn, write) for write in batch]
            while len(batch) < MAX_BATCH and self._clock.monotonic_s() < until_s:
                write = self._next()
                if write is None:
                    break
                batch.append(write)  # first, so that it is told even when running it ends the batch
                outcomes.append(self._run(conn, write))
        return outcomes

    def _run(self, conn: sa.Connection, write: Write) -> _Outcome:
        if write.not_after_s is not None and self._clock.monotonic_s() > write.not_after_s:
            return _Outcome(error=TooLate("its deadline passed before it was written"))
        driver: sqlite3.Connection = conn.connection.driver_connection  # type: ignore[assignment]
        outcome = _Outcome()
        driver.execute("SAVEPOINT unit")
        try:
            outcome.value = self._run_unit(conn, write.run)
        except BaseException as error:  # a unit may raise anything; the thread goes on
            if not driver.in_transaction:
                raise _Ended(error) from error
            driver.execute("ROLLBACK TO unit")
            outcome.error = as_store_error(error)
        if not driver.in_transaction:
            raise _Ended(StoreError("SQLite ended the transaction"))
        driver.execute("RELEASE unit")
        return outcome

    def _tell(self, outcomes: list[tuple[Write, _Outcome]]) -> None:
        with suppress(RuntimeError):  # the loop is gone, and whoever waited with it
            self._loop.call_soon_threadsafe(_settle, outcomes)


def _settle(outcomes: list[tuple[Write, _Outcome]]) -> None:
    for write, outcome in outcomes:
        if write.future.done():  # its caller was cancelled; the write stands all the same
            if outcome.error is not None:
                log.warning("a write failed that nobody waits for", error=str(outcome.error))
        elif outcome.error is not None:
            write.future.set_exception(outcome.error)
        else:
            write.future.set_result(outcome.value)
