"""Killed at each named point, on either side of it, and started again: every promise holds."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from bot.model import JobState
from sandbox.discord.actions import InteractionFailed
from tests.faults.real.invariants import Onlooker, at_rest, broken
from tests.faults.real.points import POINTS, Blow, Strike, When
from tests.faults.real.runner import BreakableBot, open_breakable
from tests.support.house import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sandbox.discord.actions import Interaction
    from tests.support.house import House

    Scene = Callable[[House], Awaitable[None]]

HURRY = 10.0
"""The rate of the clock once people have done what they do."""
RUSH = 30.0
"""When minutes have to pass."""
PATIENCE_S = 50.0
SHORT_FORM = {("started", When.BEFORE), ("put result", When.AFTER)}


async def plain(house: House) -> None:
    """One portrait."""
    await house.portrait()


async def _until_running(house: House) -> None:
    await until(lambda: any(job.state is JobState.RUNNING for job in house.jobs()), "it runs")


async def _pressed(house: House, interaction: Interaction, label: str) -> None:
    """Press a button, whatever becomes of that; the bot may be going down."""
    await _bot(house).is_ready()
    with suppress(InteractionFailed, TimeoutError):
        await (await house.press(house.card(interaction), label)).answered()


async def cancelled(house: House) -> None:
    """Cancelled while it is in Wiro's queue."""
    house.wiro.paused = True
    interaction = await house.portrait()
    await _until_running(house)
    await _pressed(house, interaction, "Cancel")
    await until(lambda: not house.jobs()[0].wants_to_stop or house.jobs()[0].state.has_ended, "it is stopped")
    house.wiro.paused = False


async def killed(house: House) -> None:
    """Cancelled while Wiro works on it."""
    house.wiro.speed = 1.5
    interaction = await house.portrait(steps=40)
    await _until_running(house)
    await until(lambda: any(task.is_assigned for task in house.tasks()), "Wiro works on it")
    await _pressed(house, interaction, "Cancel")


async def doubtful(house: House) -> None:
    """Run's answer is lost."""
    house.wiro.apply({"fault": "run_lost"})
    await house.portrait()


async def refused_for_now(house: House) -> None:
    """Wiro has no place: code 96."""
    house.wiro.apply({"fault": "concurrency_limit"})
    await house.portrait()


async def card_deleted(house: House) -> None:
    """Somebody deletes the card before the images are there: they go to a direct message."""
    house.wiro.paused = True
    interaction = await house.portrait()
    await _until_running(house)
    card = house.card(interaction)
    assert card is not None
    await house.discord.delete_message("ines", card)
    house.wiro.paused = False


async def no_way_left(house: House) -> None:
    """Nor does the owner take direct messages: the images are kept."""
    house.discord.take_direct_messages("mira", taken=False)
    await card_deleted(house)


async def found_late(house: House) -> None:
    """The task is seen only minutes after its Run was lost and sent again."""
    house.wiro.apply({"fault": "run_lost"})
    house.wiro.apply({"fault": "late_task", "seconds": 200.0})
    await house.portrait()
    await until(house.tasks, "the first task is made")
    await _bot(house).lead(RUSH)
    await until(lambda: "found a late task" in house.bot.log(), "the late task is found", PATIENCE_S)


def _bot(house: House) -> BreakableBot:
    assert isinstance(house.bot, BreakableBot)
    return house.bot


SCENES: dict[str, Scene] = {
    "return to line": refused_for_now,
    "begin doubt": doubtful,
    "look in doubt": doubtful,
    "claim a way": card_deleted,
    "second message": card_deleted,
    "keep": no_way_left,
    "wish": cancelled,
    "cancel": cancelled,
    "kill": killed,
    "sweep": found_late,
}
"""Where a point is reached; the others are by a plain portrait."""

EARLIER: dict[str, Strike] = {
    "take over": Strike("started", When.AFTER),
    "settle cards": Strike("close", When.BEFORE),
    "find cards": Strike("callback", When.AFTER),
}
"""What has to happen in an earlier life so that the point is reached with something to do."""


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("point", "when"),
    [
        pytest.param(
            point,
            when,
            id=f"{when} {point}".replace(" ", "-"),
            marks=() if (point, when) in SHORT_FORM else pytest.mark.whole,
        )
        for point in POINTS
        for when in When
    ],
)
async def test_a_kill_at_this_point_breaks_no_promise(tmp_path: Path, point: str, when: When) -> None:
    strikes = [*([EARLIER[point]] if point in EARLIER else []), Strike(point, when)]
    lives = [(strike,) for strike in strikes]
    async with open_breakable(tmp_path, lives) as (house, bot):
        onlooker = Onlooker(house)
        await SCENES.get(point, plain)(house)
        await until(lambda: len(bot.blows) == len(lives), f"it is killed {when} {point}")
        await bot.lead(HURRY)
        await bot.is_ready()
        await until(lambda: at_rest(house), "all has ended", PATIENCE_S, every_s=0.1)
        assert broken(house, onlooker) == []
        await bot.lead(RUSH)
        await house.sandbox.clock.sleep(60)
        assert broken(house, onlooker) == []
        assert [blow.blow for blow in bot.blows] == [Blow.KILL] * len(lives)
