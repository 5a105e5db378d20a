"""Hours of a busy bot, in which every fault befalls one job in a hundred."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.sim import discord_port, disk, schedule, wiro_world
from tests.faults.sim.schedule import Step
from tests.faults.sim.truths import broken, wrong_in_log
from tests.faults.sim.world import FIRST_CHANNEL, SERVERS, a_world
from tests.support.limits import instance_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.sim.world import World

MEMBERS = 240
ONE_IN = 100
JOB_EVERY_S = 10.0
REOPENS_AFTER_S = 120.0
PACE = 7
LOOK_EVERY_S = 600.0
INSTANCE = instance_of(images_per_day=12, concurrent_tasks=4)
ROOT = Path(__file__).parents[3]
OURS = [
    tracemalloc.Filter(inclusive=True, filename_pattern=str(ROOT / name / "*")) for name in ("bot", "cogs")
]


@dataclass(frozen=True)
class Closed(Step):
    """The bot's rights in a channel are taken away, and given back."""

    server: int

    async def take(self, world: World) -> None:
        channel_id = FIRST_CHANNEL + self.server
        world.discord.close(channel_id)
        world.later(REOPENS_AFTER_S, lambda: world.discord.open(channel_id))


@dataclass(frozen=True)
class OnNewest(Step):
    """Something happens to the newest job."""

    step: Callable[[int], Step]

    async def take(self, world: World) -> None:
        await self.step(max(0, len(world.jobs()) - 1)).take(world)


@dataclass
class Look:
    """How much there is of the bot at one moment.

    Attributes:
        at_s: Seconds since the start.
        held_bytes: What its code holds in memory.
        tasks: Its asyncio tasks.
        in_hand: Its unfinished jobs.
    """

    at_s: float
    held_bytes: int
    tasks: int
    in_hand: int


@dataclass
class Soaked:
    """What became of it all."""

    looks: list[Look] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    lives: int = 0
    broken: list[str] = field(default_factory=list)


async def soak(image: bytes, *, hours: float, seed: int = 1) -> Soaked:
    """Let a bot work for so many hours of its clock; the loop must be one that `life.adapt` has adapted."""
    chance = random.Random(seed)
    found = Soaked()
    tracemalloc.start()
    try:
        async with a_world(image, pace=PACE, instance=INSTANCE) as world:
            await _work(world, chance, hours * 3600, found)
            await world.calm()
            found.looks.append(_look(world))
            found.broken = [*broken(world), *world.breaches]
            found.ends.update(job.state.value for job in world.jobs())
            found.refused, found.lives = len(world.refused), world.lives
    finally:
        tracemalloc.stop()
    return found


async def _work(world: World, chance: random.Random, seconds: float, found: Soaked) -> None:
    faults = _faults(chance)
    looked_s = 0.0
    while (now_s := world.clock.monotonic_s()) < seconds:
        for name, make in faults.items():
            if chance.random() < 1 / ONE_IN:
                found.faults[name] += 1
                await make().take(world)
        for _ in range(chance.choice((0, 1, 1))):
            _ask(world, chance)
        await world.pass_time(JOB_EVERY_S)
        if now_s - looked_s >= LOOK_EVERY_S:
            looked_s = now_s
            found.looks.append(_look(world))


def _ask(world: World, chance: random.Random) -> None:
    world.command(
        member=chance.randrange(MEMBERS),
        images=chance.choice((1, 1, 2)),
        private=chance.random() < 1 / 3,
        times=2 if chance.random() < 1 / ONE_IN else 1,
    )


def _faults(chance: random.Random) -> dict[str, Callable[[], Step]]:
    """Every fault that passes, by name; nothing that ends a server's or a channel's use for good."""

    found: dict[str, Callable[[], Step]] = {
        "the process is killed": partial(_soon, chance, schedule.Kill),
        "SIGTERM": schedule.Terminate,
        "paused": lambda: schedule.Freeze(20.0),
        "clock ahead": lambda: schedule.Jump(5.0),
        "clock back": lambda: schedule.Jump(-5.0),
        "Wiro's clock ahead": lambda: schedule.Skew(1.0),
        "Wiro's clock back": lambda: schedule.Skew(-1.0),
        "code 96": lambda: schedule.Account(1),
        "more places": lambda: schedule.Account(50),
        "database busy": lambda: schedule.Busy(5),
        "a thread is archived": lambda: schedule.Channel("archived", chance.randrange(SERVERS)),
        "rights taken away": lambda: Closed(chance.randrange(SERVERS)),
        "card deleted": lambda: OnNewest(schedule.Remove),
        "stopped by its owner": lambda: OnNewest(schedule.Stop),
        "stopped by a moderator": lambda: OnNewest(partial(schedule.Stop, by_moderator=True)),
        "callback of Wiro": lambda: OnNewest(partial(schedule.Click, "hook")),
        "shared": lambda: OnNewest(partial(schedule.Click, "share")),
    }
    for what in ("discord", "wiro", "database"):
        found[f"{what} is down"] = partial(schedule.Outage, what, 40.0)
    for state in ("lost", "silent", "twice", "shuffled", "well"):
        found[f"socket {state}"] = partial(schedule.Socket, state)
    for fault in disk.FAULTS:
        found[f"database {fault}"] = partial(_soon, chance, partial(schedule.Database, fault))
    for fate in (*wiro_world.FATES, *wiro_world.OTHER_FATES):
        found[f"task {fate}"] = partial(schedule.Fate, fate)
    for call, faults in wiro_world.FAULTS.items():
        for fault in faults:
            found[f"Wiro {call} {fault}"] = partial(schedule.Wiro, call, fault)
    for route in ("callback", "edit", "create", "read", "dm"):
        for fault in discord_port.FAULTS:
            found[f"Discord {route} {fault}"] = partial(schedule.Discord, route, fault)
    return found


def _soon(chance: random.Random, step: Callable[[int], Step]) -> Step:
    """A step that comes some gates or writes later."""
    return step(chance.randrange(1, 40))


def _look(world: World) -> Look:
    # Python gives the tables of dead dicts to new ones: what the world keeps would count as the bot's.
    world.breaches += wrong_in_log(world)
    world.logs.clear()
    gc.collect()
    traces = tracemalloc.take_snapshot().filter_traces(OURS)
    running = [each for each in world.running if each is not None]
    return Look(
        at_s=world.clock.monotonic_s(),
        held_bytes=sum(trace.size for trace in traces.traces),
        tasks=sum(len(each.life.tasks) for each in running),
        in_hand=sum(not job.state.has_ended for job in world.jobs()),
    )
