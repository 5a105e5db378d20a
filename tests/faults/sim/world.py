"""A world in which the jobs' side lives many lives: its clock, its disk, Wiro, Discord, and people."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot.errors import AtelierError, NoSuchTask, StoreError, UserError
from bot.jobs.workshop import Workshop
from bot.model import CancelBy, NewJob, Unit
from bot.store import processes, tables
from bot.store.errors import OutcomeUnknown
from bot.store.results import TableResults
from bot.store.rows import select_jobs
from bot.tools import load_catalogue
from bot.ui.acknowledge import Acknowledger
from bot.ui.cards import CardFacts, job_card
from bot.ui.pacer import Pacer
from bot.ui.stage import Access, DiscordStage
from bot.ui.text import text_for
from tests.faults.sim.discord_port import TOKEN_LIVES, Interaction, LifeMessages, SimulatedDiscord
from tests.faults.sim.disk import Disk, LifeDatabase
from tests.faults.sim.life import Life, LifeClock
from tests.faults.sim.wiro_world import FaultyWiro, LifeWiro
from tests.support.clock import START, ManualClock
from tests.support.limits import NO_ROLES, instance_of
from tests.support.workshop import Heard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from datetime import datetime

    from bot.model import Job
    from bot.quota.rules import Instance
    from tests.faults.sim.discord_port import Asked

CATALOGUE = load_catalogue()
IMAGES_PER_DAY, TASKS_AT_ONCE = 12, 4
PLACES = 2
"""Tasks that the operator allows at once."""
BUDGET_NANO_USD = 60_000_000
INSTANCE = instance_of(
    images_per_day=IMAGES_PER_DAY, concurrent_tasks=TASKS_AT_ONCE, budget_nano_usd_per_day=BUDGET_NANO_USD
)
MEMBERS, SERVERS = 3, 2
FIRST_MEMBER, FIRST_SERVER, FIRST_CHANNEL, MODERATOR = 700, 800, 900, 790
COMMAND = "command"
"""A task that the client carries, and ends with the process."""
SWEPT_WITHIN_S, SETTLED_WITHIN_S = 330.0, 20.0
"""A turn of the sweep for tasks that were given up; the last words on cards."""
STEP_S, LONGEST_CALM_S = 10, 7200
RESTARTS_AFTER_S = 2.0
"""As a supervisor does with a process that ended."""


_COUNTER = tables.quota_counter
_ABOVE_ITS_CAP = sa.select(_COUNTER).where(
    sa.or_(
        _COUNTER.c.held < 0,
        _COUNTER.c.settled < 0,
        _COUNTER.c.held + _COUNTER.c.settled
        > sa.case((_COUNTER.c.unit == Unit.TASK, TASKS_AT_ONCE), else_=IMAGES_PER_DAY),
    )
)


@dataclass
class Running:
    """One life, and what commands reach in it."""

    life: Life
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    workshop: Workshop | None = None
    acknowledger: Acknowledger | None = None
    fault: BaseException | None = None
    root: asyncio.Task[None] | None = None

    @property
    def takes_commands(self) -> bool:
        return self.workshop is not None and not self.life.is_dead


class World:
    """Everything that outlives a process, and the processes.

    Attributes:
        refused: Interactions whose command was refused: nothing may be stored of them.
        delivered_twice: Interactions of which a second delivery may be refused, and the first one not.
        shared: Jobs that their owners wanted to share.
        jumps: How the clock of the machine was corrected.
        breaches: What was seen to be wrong while it happened.
        logs: What the processes logged.
        lives: How many processes there ever were.
    """

    def __init__(
        self,
        image: bytes,
        *,
        pace: int = 0,
        processes: int = 1,
        start: datetime = START,
        instance: Instance = INSTANCE,
    ) -> None:
        self.began = start
        self.instance = instance
        self.lives = 0
        self.clock = ManualClock(start)
        self.disk = Disk(image, is_shared=processes > 1)
        self.disk.after_commit.append(self._look_at_counters)
        self.wiro = FaultyWiro(self.clock)
        self.wiro.spawn = self._spawn
        self.discord = SimulatedDiscord(self.clock, self._spawn)
        self.refused: list[int] = []
        self.jumps: list[timedelta] = []
        self.breaches: list[str] = []
        self.shared: set[str] = set()
        self.delivered_twice: set[int] = set()
        self.logs: list[Any] = []
        self.running: list[Running | None] = [None] * processes
        self._chance = random.Random(pace) if pace else None
        self._turn = 0
        self._own: set[asyncio.Task[Any]] = set()

    # Processes

    def start(self, which: int = 0) -> Running:
        """Start a process in that place."""
        self.lives += 1
        running = Running(Life(self.lives, self.clock, self._chance))
        self.running[which] = running
        running.root = running.life.spawn(self._live(running))
        self._spawn(self._supervise(which, running))
        return running

    async def _live(self, running: Running) -> None:
        life = running.life
        clock = LifeClock(life)
        db = LifeDatabase(self.disk, life)
        messages = LifeMessages(self.discord, life, clock)
        async with (
            self._stage(messages, clock) as stage,
            Workshop.open(
                db=db,
                clock=clock,
                wiro=LifeWiro(self.wiro, life),
                events=self.wiro.events,
                stage=stage,
                results=TableResults(db, clock),
                catalogue=CATALOGUE,
                observer=Heard(),
                instance=self.instance,
                max_concurrent=PLACES,
            ) as workshop,
        ):
            running.acknowledger = Acknowledger(workshop.desk, messages, clock)
            running.workshop = workshop
            stage.is_current = workshop.holds_lease
            told = asyncio.create_task(running.stop.wait())
            broken = asyncio.create_task(workshop.until_fault())
            await asyncio.wait({told, broken}, return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            if broken.done():
                raise broken.result()
            broken.cancel()

    @asynccontextmanager
    async def _stage(self, messages: LifeMessages, clock: LifeClock) -> AsyncIterator[DiscordStage]:
        async def left(_job: Job) -> None:
            return None

        async def notify(_job: Job) -> str:
            return "reply"

        pacer = Pacer(clock)
        stage = DiscordStage(
            messages,
            pacer,
            CATALOGUE,
            clock,
            left=left,
            notify=notify,
            access=self._access_of,
            is_shared=self.disk.is_shared,
        )
        try:
            yield stage
        finally:
            await pacer.aclose()
            await stage.aclose()

    async def _supervise(self, which: int, running: Running) -> None:
        """Start the next process once this one has ended, in whatever way."""
        assert running.root is not None
        await asyncio.wait([running.root])
        if not running.life.is_dead:
            for _ in range(10):  # what was cancelled last takes note of it
                await asyncio.sleep(0)
            error = None if running.root.cancelled() else running.root.exception()
            running.fault = error
            if error is not None and not isinstance(error, AtelierError):
                self.breaches.append(f"a process died of {error!r}")
            left = [task for task in running.life.tasks if not task.done() and task.get_name() != COMMAND]
            if left and error is None:
                self.breaches.append(f"a process that was stopped left {left}")
        running.life.kill()
        await running.life.buried()
        await self.clock.sleep(RESTARTS_AFTER_S)
        if self.running[which] is running:
            self.start(which)

    def one(self) -> Running | None:
        """A process that takes commands, by turns, or None."""
        ready = [each for each in self.running if each is not None and each.takes_commands]
        self._turn += 1
        return ready[self._turn % len(ready)] if ready else None

    # People

    def command(
        self,
        *,
        member: int = 0,
        images: int = 1,
        private: bool = False,
        seed: int | None = None,
        times: int = 1,
    ) -> None:
        """Somebody uses `/portrait`; Discord may deliver that twice."""
        asked = self.discord.begin(user_id=FIRST_MEMBER + member, channel_id=FIRST_CHANNEL + member % SERVERS)
        if times > 1:
            self.delivered_twice.add(asked.id)
        for time in range(times):
            running = self.one()
            if running is not None:
                new = self._new(asked, images=images, private=private, seed=seed or asked.id, time=time)
                running.life.spawn(self._answer(running, asked, new), name=COMMAND)

    async def _answer(self, running: Running, asked: Asked, new: NewJob) -> None:
        """What the command does in the process that got it."""
        assert running.workshop is not None
        assert running.acknowledger is not None
        desk = running.workshop.desk
        try:
            job = await desk.accept(new, standing=NO_ROLES, not_after_s=self.clock.monotonic_s() + 2)
        except OutcomeUnknown:
            return
        except (UserError, StoreError):
            self.refused.append(asked.id)
            return
        try:
            card = job_card(job, CATALOGUE[job.tool], text_for(job.locale), CardFacts())
            interaction: Any = Interaction(self.discord, running.life, asked)
            await running.acknowledger.show(interaction, job, card)
        except AtelierError:
            return  # told to the member; the chores bring the job to its end

    def act(self, doing: Callable[[Workshop], Coroutine[Any, Any, Any]]) -> None:
        """Somebody clicks, or something is told, and a process acts on it."""
        running = self.one()

        async def carefully(workshop: Workshop) -> None:
            try:
                await doing(workshop)
            except (UserError, StoreError):
                return

        if running is not None and running.workshop is not None:
            running.life.spawn(carefully(running.workshop), name=COMMAND)

    def stop(self, which: int, *, by: CancelBy) -> None:
        """Somebody wants to stop a job."""
        job = self.job_number(which)
        if job is None:
            return
        user_id = MODERATOR if by is CancelBy.MODERATOR else job.user_id

        async def stop(workshop: Workshop) -> None:
            try:
                await workshop.desk.stop(job.code, by=by, user_id=user_id)
            except NoSuchTask:
                self.breaches.append(f"{job.code} was not found")

        self.act(stop)

    def job_number(self, which: int) -> Job | None:
        """One of the jobs there are."""
        jobs = self.jobs()
        return jobs[which % len(jobs)] if jobs else None

    def jobs(self) -> list[Job]:
        """Every job, as the disk has it."""
        return self.disk.read(select_jobs)

    def leave(self, server: int) -> None:
        """Somebody removes the bot from a server."""
        guild_id = FIRST_SERVER + server
        self.discord.left.add(guild_id)
        self.discord.close(FIRST_CHANNEL + server, for_ever=True)

        async def left(workshop: Workshop) -> None:
            await workshop.desk.server_left(guild_id)

        self.act(left)

    # Time

    def server_time(self) -> datetime:
        """What clocks say that are not the machine's."""
        return self.began + timedelta(seconds=self.clock.monotonic_s())

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something when so much time has passed, whatever else goes on."""

        async def wait() -> None:
            await self.clock.sleep(seconds)
            act()

        self._spawn(wait())

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass."""
        await self.clock.advance(seconds)

    async def calm(self) -> None:
        """End every fault, and let all that goes on come to its end, and then some time pass."""
        self.disk.fails.clear()
        self.disk.is_down = False
        self.wiro.calm()
        self.discord.calm()
        for which, running in enumerate(self.running):
            if running is None:
                self.start(which)
            else:
                running.life.dies_in = None
                running.life.go_on()
        for _ in range(LONGEST_CALM_S // STEP_S):
            await self.pass_time(STEP_S)
            if self.is_over():
                break
        is_searched_for = any(job.sweep_until is not None for job in self.jobs())
        await self.pass_time(SWEPT_WITHIN_S if is_searched_for else SETTLED_WITHIN_S)

    def is_over(self) -> bool:
        """Whether every job has ended, and nothing goes on at Wiro."""
        return not self.wiro.alive and all(job.state.has_ended for job in self.jobs())

    async def end(self) -> None:
        """Stop the processes as SIGTERM does, then everything else."""
        living = [each for each in self.running if each is not None]
        self.running = [None] * len(self.running)
        for each in living:
            each.stop.set()
        await self.pass_time(10.0)
        for each in living:
            if not each.life.is_dead:
                self.breaches.append("a process did not stop within its time")
                each.life.kill()
            await each.life.buried()
        await self.wiro.aclose()
        for task in self._own:
            task.cancel()
        await asyncio.gather(*self._own, return_exceptions=True)

    # Small things

    def _spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin something that belongs to no process."""
        task = asyncio.Task(coroutine, loop=asyncio.get_running_loop())
        self._own.add(task)
        task.add_done_callback(self._own.discard)
        return task

    def _access_of(self, job: Job) -> Access:
        is_gone = job.channel_id in self.discord.gone
        return Access(in_server=job.guild_id not in self.discord.left, may_write=False if is_gone else None)

    def _new(self, asked: Asked, *, images: int, private: bool, seed: int, time: int) -> NewJob:
        code = f"{asked.id:04d}" if time == 0 else f"{asked.id:04d}A"
        inputs = {
            "prompt": f"portrait+ style *keeper {seed}*",
            "negativePrompt": "",
            "samples": images,
            "steps": 30,
            "scale": "7.5",
            "seed": str(seed),
            "width": 512,
            "height": 512,
        }
        return NewJob(
            code=code,
            interaction_id=asked.id,
            guild_id=FIRST_SERVER + (asked.user_id - FIRST_MEMBER) % SERVERS,
            channel_id=asked.channel_id,
            user_id=asked.user_id,
            tool="portraitplus",
            inputs=inputs,
            images=images,
            private=private,
            hook_token=f"hook-{code}",
            interaction_token=asked.token,
            token_expires_at=asked.at + TOKEN_LIVES,
        )

    def _look_at_counters(self, conn: sa.Connection) -> None:
        """No counter is ever above its cap; only money may turn out dearer than it was held for."""
        for row in conn.execute(_ABOVE_ITS_CAP):
            self.breaches.append(f"a counter stood at {row}")


@asynccontextmanager
async def a_world(image: bytes, **options: Any) -> AsyncIterator[World]:
    """A world with its processes started; everything is ended with the block."""
    world = World(image, **options)
    with capture_logs() as logs, pytest.MonkeyPatch.context() as patch:
        if world.disk.is_shared:  # which has a clock of its own
            patch.setattr(processes, "_database_time", lambda _conn, _now: world.server_time())
        world.logs = logs
        try:
            for which in range(len(world.running)):
                world.start(which)
            await world.clock.settle()
            yield world
        finally:
            await world.end()
