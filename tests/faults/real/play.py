"""A play, drawn by a seed: what people do, what goes wrong, and where the bot is struck."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Self

from sandbox.discord.actions import InteractionFailed
from tests.faults.real.invariants import Onlooker, all_answered, at_rest, broken, unowned
from tests.faults.real.points import POINTS, Blow, Strike, When
from tests.faults.real.runner import open_breakable
from tests.support.house import buttons, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.real.runner import BreakableBot
    from tests.support.house import House

HURRY, RUSH = 10.0, 30.0
"""Rates of the clock: until all has come to rest, and when minutes have to pass."""
PATIENCE_S = 90.0
SWEEP_S = 330.0
"""Within this time a sweep has looked for every task that nobody owns."""

PEOPLE = ("mira", "tomas")
BLOWS = (Blow.KILL, Blow.KILL, Blow.KILL, Blow.PAUSE, Blow.STOP)
RARE = frozenset({"take over", "settle cards", "find cards", "sweep"})
"""Points that are reached by themselves; struck in a later life only, or the first start would be all."""

AT_DISCORD: tuple[dict[str, Any], ...] = (
    {"fault": "status_503"},
    {"fault": "edit_500", "times": 3},
    {"fault": "callback_lost"},
    {"fault": "callback_late"},
    {"fault": "edit_lost"},
    {"fault": "drop"},
    {"fault": "rate_limit"},
    {"fault": "rate_limit_shared"},
    {"fault": "gateway_drop"},
    {"fault": "gateway_reconnect"},
    {"fault": "gateway_invalid"},
    {"fault": "gateway_lost"},
    {"fault": "duplicate_interaction"},
    {"fault": "outage_start"},
    {"fault": "outage_end"},
)
AT_WIRO: tuple[dict[str, Any], ...] = (
    {"fault": "run_lost"},
    {"fault": "run_never_arrived"},
    {"fault": "concurrency_limit"},
    {"fault": "http_error"},
    {"fault": "rate_limited"},
    {"fault": "malformed"},
    {"fault": "drop_after"},
    {"fault": "error_after"},
    {"fault": "slow", "seconds": 1.0},
    {"fault": "fail_task"},
    {"fault": "no_outputs"},
    {"fault": "no_pexit"},
    {"fault": "null_cost"},
    {"fault": "late_task"},
    {"fault": "cancel_ignored"},
    {"fault": "unknown_status"},
    {"fault": "foreign_task"},
    {"fault": "list_late"},
    {"fault": "list_down", "times": 3},
    {"fault": "list_text"},
    {"fault": "no_task_yet"},
    {"fault": "cancel_refused"},
    {"fault": "kill_refused"},
    {"fault": "socket_drop"},
    {"fault": "socket_refused"},
    {"fault": "socket_silent"},
    {"fault": "socket_out_of_order"},
    {"fault": "socket_twice"},
    {"fault": "cdn_missing"},
    {"fault": "cdn_error"},
    {"fault": "cdn_truncated"},
    {"fault": "cdn_wrong"},
)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens: `ask`, `press`, `delete card`, `close dms`, `discord` or `wiro`."""

    after_s: float
    """So long after the act before."""
    what: str
    given: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Play:
    """The acts in their order, the strikes of each life, and how fast Wiro works."""

    acts: tuple[Act, ...]
    lives: tuple[tuple[Strike, ...], ...]
    speed: float

    @classmethod
    def of(cls, seed: int) -> Self:
        """The play of that seed."""
        rng = Random(seed)
        lives = tuple(
            tuple(_strike(rng, life) for _ in range(rng.choice((1, 1, 2))))
            for life in range(rng.randint(1, 3))
        )
        acts = [Act(0.0, "ask", _wish(rng))]
        acts += [_act(rng) for _ in range(rng.randint(3, 8))]
        return cls(tuple(acts), lives, rng.choice((3.0, 10.0, 40.0)))

    def to_text(self) -> str:
        """For a file that replays it."""
        return json.dumps(
            {
                "speed": self.speed,
                "lives": [[json.loads(strike.to_text()) for strike in life] for life in self.lives],
                "acts": [[act.after_s, act.what, act.given] for act in self.acts],
            },
            indent=1,
        )

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The opposite of `to_text`."""
        given = json.loads(text)
        return cls(
            tuple(Act(*act) for act in given["acts"]),
            tuple(tuple(Strike.from_text(json.dumps(each)) for each in life) for life in given["lives"]),
            given["speed"],
        )

    async def run(self, folder: Path) -> list[str]:
        """Play it and return every promise that did not hold."""
        async with open_breakable(folder, self.lives, speed=self.speed) as (house, bot):
            onlooker = Onlooker(house)
            house.inspector.expects_traceback = True  # `broken` tells whose they are
            for act in self.acts:
                await asyncio.sleep(act.after_s)
                await _do(house, act)
            await _let_all_end(house, bot)
            found = broken(house, onlooker)
            await bot.lead(RUSH)
            await house.sandbox.clock.sleep(60)
            return [*found, *broken(house, onlooker)]


def _strike(rng: Random, life: int) -> Strike:
    points = [point for point in POINTS if life or point not in RARE]
    return Strike(rng.choice(points), rng.choice(list(When)), rng.randint(1, 3), rng.choice(BLOWS))


def _wish(rng: Random) -> dict[str, Any]:
    return {
        "person": rng.choice(PEOPLE),
        "private": rng.random() < 0.3,
        "samples": rng.randint(1, 2),
        "steps": rng.choice((4, 20)),
    }


def _act(rng: Random) -> Act:
    after_s = round(rng.choice((0.0, 0.1, 0.5, 1.0)) * rng.random(), 2)
    what = rng.choice(("ask", "ask", "press", "press", "delete card", "close dms", "discord", "wiro", "wiro"))
    given: dict[str, Any] = {}
    match what:
        case "ask":
            given = _wish(rng)
        case "press":
            given = {"person": rng.choice(PEOPLE), "label": rng.choice(("Cancel", "Again"))}
        case "close dms":
            given = {"person": rng.choice(PEOPLE)}
        case "discord":
            given = dict(rng.choice(AT_DISCORD))
        case "wiro":
            given = dict(rng.choice(AT_WIRO))
    return Act(after_s, what, given)


async def _do(house: House, act: Act) -> None:
    """Do it as far as there is anything to do it to; nobody waits for the bot, which may be down."""
    given = dict(act.given)
    with suppress(InteractionFailed):
        match act.what:
            case "ask":
                person = given.pop("person")
                await house.portrait(person, **given)
            case "press":
                await _press(house, given["person"], given["label"])
            case "delete card":
                shown = house.posted(person="ines")
                if shown:
                    await house.discord.delete_message("ines", shown[-1])
            case "close dms":
                house.discord.take_direct_messages(given["person"], taken=False)
            case "discord":
                house.discord.faults.apply(given)
            case "wiro":
                house.wiro.apply(given)


async def _press(house: House, person: str, label: str) -> None:
    for message in reversed(house.posted(person=person)):
        if label in buttons(message):
            await house.press(message, label, person)
            return


async def _let_all_end(house: House, bot: BreakableBot) -> None:
    """The faults are over: let the bot bring everything to its end."""
    house.discord.faults.clear()
    house.wiro.apply({"clear": True})
    house.wiro.speed = 40.0
    await bot.lead(HURRY)
    await bot.is_ready()
    await until(lambda: all_answered(house), "whoever asked has an answer, or was told that none came")
    await until(lambda: at_rest(house), "all has ended", PATIENCE_S, every_s=0.1)
    if unowned(house):
        await bot.lead(RUSH)
        await house.sandbox.clock.sleep(SWEEP_S)
