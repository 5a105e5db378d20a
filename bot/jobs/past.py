"""What earlier runs say of a run: how long it takes and what it costs. Read from the store, remembered."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from bot.jobs.expect import Expectation
from bot.store import history

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.clock import Clock
    from bot.model import NewJob
    from bot.store.database import Database
    from bot.store.history import PastRun
    from bot.tools.catalogue import Tool

FRESH_FOR_S = 600.0
"""Other processes add runs too, so what is remembered is read again after so long."""


class Past:
    """The last runs by tool and size."""

    def __init__(self, db: Database, clock: Clock, catalogue: Mapping[str, Tool]) -> None:
        self._db = db
        self._clock = clock
        self._catalogue = catalogue
        self._forgotten = 0
        self._known: dict[tuple[str, str], tuple[float, Sequence[PastRun], Expectation]] = {}

    async def runs(self, tool: str, size_key: str) -> Sequence[PastRun]:
        """The last runs of that tool in that size, newest first."""
        return (await self._look_up(tool, size_key))[0]

    async def expectation(self, job: NewJob) -> Expectation:
        """How long the job will run."""
        return (await self._look_up(job.tool, job.size_key))[1]

    def typical_s(self, tool: str) -> float:
        """How long runs of that tool take, whatever their size, as far as is remembered."""
        medians = [known[2].median_s for (key, _), known in self._known.items() if key == tool]
        return statistics.median(medians) if medians else self._catalogue[tool].expected_run_s

    def forget(self, job: NewJob) -> None:
        """A run like this has ended: read its past anew next time."""
        self._known.pop((job.tool, job.size_key), None)
        self._forgotten += 1

    async def _look_up(self, tool: str, size_key: str) -> tuple[Sequence[PastRun], Expectation]:
        key, now_s = (tool, size_key), self._clock.monotonic_s()
        known = self._known.get(key)
        if known is not None and now_s - known[0] <= FRESH_FOR_S:
            return known[1:]
        forgotten = self._forgotten
        runs = await self._db.read(lambda conn: history.past(conn, tool, size_key))
        durations = [run.duration_s for run in runs]
        expectation = Expectation.of(durations, otherwise_s=self._catalogue[tool].expected_run_s)
        if forgotten == self._forgotten:  # else a run has ended while this was read
            self._known[key] = (now_s, runs, expectation)
        return runs, expectation
