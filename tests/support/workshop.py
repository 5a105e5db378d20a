"""The jobs' side of the bot on a real SQLite database; Wiro and Discord are simulated in virtual time."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.jobs.workshop import TrainingParts, Workshop
from bot.model import JobState, NewJob
from bot.store import jobs as units
from bot.store.database import Database
from bot.store.photofiles import PhotoFiles
from bot.store.results import result_store
from bot.tools import load_catalogue
from bot.training import UploadWay
from tests.support.limits import NO_ROLES, instance_of
from tests.support.places_port import SimulatedPlaces, SimulatedStorage
from tests.support.stage_port import SimulatedStage
from tests.support.wiro_port import SimulatedWiro

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    import sqlalchemy as sa

    from bot.jobs.desk import Desk
    from bot.model import Job
    from bot.store.results import ResultStore
    from tests.support.clock import ManualClock

GENEROUS = instance_of(images_per_day=10_000, trainings_per_week=100, concurrent_tasks=1_000)
USER, GUILD, CHANNEL = 700, 800, 900


@dataclass
class Heard:
    """An observer that remembers."""

    states: list[tuple[str, JobState | None, JobState]] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    pauses: list[str | None] = field(default_factory=list)

    def state_changed(self, job: Job, before: JobState | None, in_state_s: float) -> None:
        self.states.append((job.code, before, job.state))

    def delivered(self, job: Job, lag_s: float) -> None:
        self.lags_s.append(lag_s)

    def refused(self, unit: str) -> None:
        self.refusals.append(unit)

    def line_paused(self, why: str | None) -> None:
        self.pauses.append(why)


class BusyDatabase(Database):
    """Knows whether anybody waits for it."""

    busy = 0

    async def read(self, unit: Callable[[sa.Connection], Any]) -> Any:
        self.busy += 1
        try:
            return await super().read(unit)
        finally:
            self.busy -= 1

    async def write(self, unit: Callable[[sa.Connection], Any], **options: Any) -> Any:
        self.busy += 1
        try:
            return await super().write(unit, **options)
        finally:
            self.busy -= 1


class Threads:
    """Counts what the event loop has given to threads."""

    def __init__(self) -> None:
        self.busy = 0
        loop = asyncio.get_running_loop()
        original = loop.run_in_executor

        def counted(*args: Any) -> Any:
            future = original(*args)
            self.busy += 1
            future.add_done_callback(self._ended)
            return future

        vars(loop)["run_in_executor"] = counted  # only this test's loop

    def _ended(self, _future: object) -> None:
        self.busy -= 1


class Rig:
    """A database, a simulated outside, and processes that may come and go.

    `async with rig.process()` runs one; `crash` ends it as SIGKILL would.
    """

    def __init__(self, db: BusyDatabase, clock: ManualClock, results: ResultStore, folder: Path) -> None:
        self.db, self.clock, self.results = db, clock, results
        self.wiro = SimulatedWiro(clock)
        self.stage = SimulatedStage(clock)
        self.heard = Heard()
        self.instance = GENEROUS
        self.with_socket = True
        self.options: dict[str, Any] = {}
        self.places, self.storage = SimulatedPlaces(), SimulatedStorage()
        self.files = PhotoFiles(folder / "drafts")
        self.ways: tuple[UploadWay, ...] = (UploadWay.FOLDER, UploadWay.ARCHIVE)
        self.workshop: Workshop | None = None
        self._numbers = itertools.count(1)
        self._threads = Threads()

    @property
    def desk(self) -> Desk:
        assert self.workshop is not None
        return self.workshop.desk

    @asynccontextmanager
    async def process(self) -> AsyncIterator[Workshop]:
        """A process; it is drained at the end, unless it was crashed."""
        async with Workshop.open(
            db=self.db,
            clock=self.clock,
            wiro=self.wiro,
            events=self.wiro.events if self.with_socket else None,
            stage=self.stage,
            results=self.results,
            catalogue=load_catalogue(),
            observer=self.heard,
            instance=self.instance,
            trainings=TrainingParts(
                places=self.places,
                herald=self.places,
                storage=self.storage,
                shelf=self.wiro,
                files=self.files,
                ways=self.ways,
            ),
            **self.options,
        ) as workshop:
            self.workshop = workshop
            yield workshop

    async def crash(self) -> None:
        """End the process at once: nothing is said goodbye to, nothing more is written."""
        assert self.workshop is not None
        workshop, self.workshop = self.workshop, None
        workshop.desk.draining = True
        tasks = [*workshop._tasks, *(task for _, task in workshop.carriers._works.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def new(self, **changes: Any) -> NewJob:
        """A portrait as a command would ask for it."""
        number = next(self._numbers)
        inputs = {
            "prompt": f"portrait+ style *number {number}*",
            "negativePrompt": "painted illustration",
            "samples": 2,
            "steps": 30,
            "scale": "7.5",
            "seed": str(number),
            "width": 512,
            "height": 512,
        }
        values: dict[str, Any] = {
            "code": f"T{number:03d}",
            "interaction_id": 10_000 + number,
            "guild_id": GUILD,
            "channel_id": CHANNEL,
            "user_id": USER,
            "tool": "portraitplus",
            "inputs": inputs | changes.pop("inputs", {}),
            "images": 2,
            "hook_token": f"hook-{number}",
            "interaction_token": f"interaction-{number}",
            "token_expires_at": self.clock.now() + timedelta(minutes=15),
        }
        return NewJob(**(values | changes))

    async def ask(self, **changes: Any) -> Job:
        """Ask for a portrait and show its card."""
        job = await self.accept(**changes)
        return await self.desk.card_shown(job, 50_000 + job.id)

    async def accept(self, **changes: Any) -> Job:
        """Have a portrait accepted; its card is not shown yet."""
        standing = changes.pop("standing", NO_ROLES)
        within_s = self.clock.monotonic_s() + 2
        return await self.desk.accept(self.new(**changes), standing=standing, not_after_s=within_s)

    async def job(self, job: Job) -> Job:
        """The job as the database has it."""
        [found] = await self.jobs([job])
        return found

    async def jobs(self, jobs: list[Job]) -> list[Job]:
        """These jobs as the database has them."""
        found: list[Job | None] = await self.db.read(lambda conn: [units.get(conn, job.id) for job in jobs])
        return [job for job in found if job is not None]

    async def until(self, job: Job, *states: JobState, limit_s: float = 3600.0) -> Job:
        """Let time pass until the job is in one of these states."""
        [ended] = await self.until_all([job], *states, limit_s=limit_s)
        return ended

    async def until_all(self, jobs: list[Job], *states: JobState, limit_s: float = 3600.0) -> list[Job]:
        """Let time pass until all these jobs are in one of these states."""
        started_s = self.clock.monotonic_s()
        while True:
            await self.quiet()
            now = await self.jobs(jobs)
            if all(job.state in states for job in now):
                return now
            passed_s = self.clock.monotonic_s() - started_s
            assert passed_s < limit_s, f"{[job.state.value for job in now]} after {passed_s:.0f} s"
            await self.clock.advance(min(self.clock.next_due_s or 0.1, 1.0))

    async def quiet(self) -> None:
        """Let everything run until all of it waits for time; threads get the real time they need."""
        for _ in range(20_000):
            await self.clock.settle()
            if not self.db.busy and not self._threads.busy:
                return
            await asyncio.sleep(0.0002)
        raise AssertionError("a thread does not come back")

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass."""
        until_s = self.clock.monotonic_s() + seconds
        while (left_s := until_s - self.clock.monotonic_s()) > 1e-9:
            await self.quiet()
            due_s = self.clock.next_due_s
            await self.clock.advance(left_s if due_s is None else max(0.0, min(due_s, left_s)))
        await self.quiet()


@asynccontextmanager
async def open_rig(url: str, folder: Path, clock: ManualClock) -> AsyncIterator[Rig]:
    """A rig on a migrated database, its files in that folder."""
    async with BusyDatabase.open(url, clock=clock) as db:
        rig = Rig(db, clock, result_store(db, folder / "results", clock), folder)
        try:
            yield rig
        finally:
            await rig.wiro.aclose()
