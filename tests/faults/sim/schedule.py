"""What may happen, as steps that can be drawn, printed, and taken again in the same order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from bot.jobs.inbox import Nudge
from bot.model import CancelBy
from tests.faults.sim import discord_port, disk, wiro_world
from tests.faults.sim.discord_port import dm_of
from tests.faults.sim.life import new_loop
from tests.faults.sim.truths import broken
from tests.faults.sim.world import FIRST_CHANNEL, FIRST_MEMBER, MEMBERS, SERVERS, World, a_world
from tests.support.clock import START

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.jobs.workshop import Workshop


@dataclass(frozen=True)
class Step:
    """Something that happens to the world."""

    async def take(self, world: World) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Ask(Step):
    """A member asks for portraits; with `callback` as the fault of the card's first answer."""

    member: int = 0
    images: int = 1
    private: bool = False
    same: bool = False
    times: int = 1

    async def take(self, world: World) -> None:
        world.command(
            member=self.member,
            images=self.images,
            private=self.private,
            seed=1 if self.same else None,
            times=self.times,
        )


@dataclass(frozen=True)
class Wait(Step):
    """Time passes."""

    seconds: float = 0.0

    async def take(self, world: World) -> None:
        await world.pass_time(self.seconds)


@dataclass(frozen=True)
class Stop(Step):
    """Somebody wants a job to stop."""

    job: int = 0
    by_moderator: bool = False

    async def take(self, world: World) -> None:
        world.stop(self.job, by=CancelBy.MODERATOR if self.by_moderator else CancelBy.OWNER)


@dataclass(frozen=True)
class Wiro(Step):
    """Something befalls one of the next calls to Wiro."""

    call: str
    fault: str

    async def take(self, world: World) -> None:
        world.wiro.befalls[self.call].append(self.fault)


@dataclass(frozen=True)
class Fate(Step):
    """What becomes of the next task."""

    fate: str

    async def take(self, world: World) -> None:
        world.wiro.fates.append(self.fate)


@dataclass(frozen=True)
class Account(Step):
    """The account bears so many tasks from now on."""

    places: int = 1

    async def take(self, world: World) -> None:
        world.wiro.places = self.places


@dataclass(frozen=True)
class Socket(Step):
    """The event socket: lost, silent or well, or it says things twice or out of order."""

    state: str

    async def take(self, world: World) -> None:
        events = world.wiro.events
        events.silent = self.state == "silent"
        events.manner = self.state if self.state in {"twice", "shuffled"} else ""
        if self.state == "lost":
            events.drop()
        elif not events.connected:
            events.mend()


@dataclass(frozen=True)
class Discord(Step):
    """Something befalls one of the next requests to Discord."""

    route: str
    fault: str

    async def take(self, world: World) -> None:
        world.discord.fails[self.route].append(self.fault)


@dataclass(frozen=True)
class Busy(Step):
    """Other writers hold the database for so many writes."""

    times: int = 5

    async def take(self, world: World) -> None:
        world.disk.fails.extend(["busy"] * self.times)


@dataclass(frozen=True)
class Outage(Step):
    """Discord, Wiro or the database answers nothing for so long."""

    what: str
    seconds: float = 60.0

    async def take(self, world: World) -> None:
        lost: Any = {"discord": world.discord, "wiro": world.wiro, "database": world.disk}[self.what]
        lost.is_down = True

        def come_back() -> None:
            lost.is_down = False

        world.later(self.seconds, come_back)


@dataclass(frozen=True)
class Database(Step):
    """Something befalls the write after the next few."""

    fault: str
    after: int = 0

    async def take(self, world: World) -> None:
        world.disk.fails.extend([None] * self.after + [self.fault])


@dataclass(frozen=True)
class Kill(Step):
    """The process is killed when it has passed so many more gates."""

    after: int = 1

    async def take(self, world: World) -> None:
        running = world.one()
        if running is not None:
            running.life.dies_in = self.after


@dataclass(frozen=True)
class Terminate(Step):
    """SIGTERM."""

    async def take(self, world: World) -> None:
        running = world.one()
        if running is not None:
            running.stop.set()


@dataclass(frozen=True)
class Freeze(Step):
    """SIGSTOP, and SIGCONT after a while."""

    seconds: float = 1.0

    async def take(self, world: World) -> None:
        running = world.one()
        if running is not None:
            running.life.freeze()
            await world.pass_time(self.seconds)
            running.life.go_on()


@dataclass(frozen=True)
class Jump(Step):
    """The time of the bot's machine is corrected, and nobody else's."""

    seconds: float = 0.0

    async def take(self, world: World) -> None:
        world.wiro.jump_ours(self.seconds)
        world.jumps.append(timedelta(seconds=self.seconds))


@dataclass(frozen=True)
class Skew(Step):
    """Wiro's clock is corrected by so much, and nobody else's."""

    seconds: float = 0.0

    async def take(self, world: World) -> None:
        world.wiro.skew += timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Remove(Step):
    """Somebody deletes a job's card."""

    job: int = 0

    async def take(self, world: World) -> None:
        job = world.job_number(self.job)
        message = world.discord.messages.get(job.message_id or 0) if job else None
        if message is not None:
            message.is_deleted = True


@dataclass(frozen=True)
class Channel(Step):
    """A channel is closed to the bot, opened again, archived as a thread, or deleted."""

    state: str
    server: int = 0

    async def take(self, world: World) -> None:
        channel_id = FIRST_CHANNEL + self.server
        if self.state == "closed":
            world.discord.close(channel_id)
        elif self.state == "open":
            world.discord.open(channel_id)
        elif self.state == "archived":
            world.discord.archive(channel_id)
        else:
            world.discord.close(channel_id, for_ever=True)


@dataclass(frozen=True)
class Refuse(Step):
    """A member takes no direct messages."""

    member: int = 0

    async def take(self, world: World) -> None:
        world.discord.close(dm_of(FIRST_MEMBER + self.member))


@dataclass(frozen=True)
class Leave(Step):
    """The bot is removed from a server."""

    server: int = 0

    async def take(self, world: World) -> None:
        world.leave(self.server)


@dataclass(frozen=True)
class Click(Step):
    """The owner, or Wiro's callback, asks something of a job: a private one's token is fresh by it."""

    what: str
    job: int = 0

    async def take(self, world: World) -> None:
        job = world.job_number(self.job)
        if job is None:
            return

        async def hook(workshop: Workshop) -> None:
            await workshop.desk.hooked(job.hook_token)

        if self.what == "share" and job.private:
            world.shared.add(job.code)

        async def share(workshop: Workshop) -> None:
            await workshop.desk.share(job.code, user_id=job.user_id)

        async def look(workshop: Workshop) -> None:
            workshop.carriers.nudge(job.id, Nudge.LOOK)

        world.act({"hook": hook, "share": share, "look": look}[self.what])


def _choice(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(list(values))


_WAITS_S = (0.0, 0.1, 1.0, 3.0, 6.0, 12.0, 31.0, 95.0, 400.0)
_JOBS = st.integers(0, 5)
_WIRO = [(call, fault) for call, faults in wiro_world.FAULTS.items() for fault in faults]
_DISCORD = [
    (route, fault) for route in ("callback", "edit", "create", "read", "dm") for fault in discord_port.FAULTS
]

_ASK = st.builds(
    Ask,
    member=st.integers(0, MEMBERS - 1),
    images=st.integers(1, 2),
    private=st.booleans(),
    same=_choice([False, False, False, True]),
    times=_choice([1, 1, 1, 2]),
)
_FAULT = st.one_of(
    _choice(_WIRO).map(lambda pair: Wiro(*pair)),
    _choice(_WIRO).map(lambda pair: Wiro(*pair)),
    _choice(_DISCORD).map(lambda pair: Discord(*pair)),
    _choice(_DISCORD).map(lambda pair: Discord(*pair)),
    st.builds(Fate, fate=_choice([*wiro_world.FATES, *wiro_world.OTHER_FATES])),
    st.builds(Database, fault=_choice(disk.FAULTS), after=st.integers(0, 10)),
    st.builds(Kill, after=st.integers(1, 40)),
    st.builds(Kill, after=st.integers(1, 40)),
)
_HAPPENING = st.one_of(
    st.builds(Wait, seconds=_choice(_WAITS_S)),
    st.builds(Wait, seconds=_choice(_WAITS_S)),
    st.builds(Wait, seconds=_choice(_WAITS_S)),
    st.builds(Stop, job=_JOBS, by_moderator=st.booleans()),
    st.builds(Stop, job=_JOBS, by_moderator=st.booleans()),
    st.builds(Busy, times=st.integers(1, 12)),
    st.builds(
        Outage, what=_choice(["discord", "wiro", "database"]), seconds=_choice([5.0, 40.0, 300.0, 7200.0])
    ),
    st.builds(Socket, state=_choice(["lost", "silent", "twice", "shuffled", "well"])),
    st.builds(Account, places=st.integers(0, 2)),
    st.builds(Terminate),
    st.builds(Freeze, seconds=_choice([1.0, 20.0, 40.0, 200.0])),
    st.builds(Jump, seconds=_choice([-90.0, -5.0, 5.0, 90.0, 3600.0])),
    st.builds(Skew, seconds=_choice([-12.0, 12.0])),
    st.builds(Remove, job=_JOBS),
    st.builds(
        Channel,
        state=_choice(["closed", "closed", "open", "archived", "deleted"]),
        server=st.integers(0, SERVERS - 1),
    ),
    st.builds(Refuse, member=st.integers(0, MEMBERS - 1)),
    st.builds(Leave, server=st.integers(0, SERVERS - 1)),
    st.builds(Click, what=_choice(["hook", "share", "look"]), job=_JOBS),
)
_EPISODE = st.tuples(
    st.lists(_FAULT, max_size=3), st.lists(_ASK, max_size=2), st.lists(_HAPPENING, min_size=1, max_size=3)
)


def _flat(episodes: Iterable[tuple[Iterable[Step], ...]]) -> tuple[Step, ...]:
    return tuple(step for episode in episodes for part in episode for step in part)


@dataclass(frozen=True)
class Schedule:
    """A whole course of events; `pace` 0 answers everything at once, other numbers take their time.

    Several processes share a database that passes for a PostgreSQL.
    """

    steps: tuple[Step, ...]
    pace: int = 0
    before_midnight: bool = False
    processes: int = 1

    def __repr__(self) -> str:
        steps = "".join(f"    {step!r},\n" for step in self.steps)
        rest = f"before_midnight={self.before_midnight}, processes={self.processes}"
        return f"Schedule((\n{steps}), pace={self.pace}, {rest})"


SCHEDULES = st.builds(
    Schedule,
    steps=st.lists(_EPISODE, min_size=2, max_size=8).map(_flat),
    pace=st.integers(0, 99),
    before_midnight=_choice([False, False, False, True]),
    processes=_choice([1, 1, 2]),
)


def run(schedule: Schedule, image: bytes) -> list[str]:
    """Everything that is wrong when it is over, and again a minute later; nothing when all is well."""
    loop = new_loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(_run(schedule, image))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _run(schedule: Schedule, image: bytes) -> list[str]:
    start = START.replace(hour=23, minute=59, second=40) if schedule.before_midnight else START
    options = {"pace": schedule.pace, "processes": schedule.processes, "start": start}
    async with a_world(image, **options) as world:
        for step in schedule.steps:
            await step.take(world)
            await world.clock.settle()
        await world.calm()
        found = broken(world)
        await world.pass_time(60.0)
        found += [f"a minute later: {each}" for each in broken(world) if each not in found]
    return list(dict.fromkeys([*found, *world.breaches]))
