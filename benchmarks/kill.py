"""How fast a moderator stops: one task by its button, with fifty at work, and then all of them at once."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.stage import ask, bench_house
from benchmarks.table import Figure, percentile
from bot.model import JobState
from tests.support.house import buttons, until, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sandbox.discord.actions import Interaction
    from tests.support.house import House

AT_WORK = 50
ONE_BY_ONE = 15
STOPPED = "A moderator of this server stopped it"
CALLS = frozenset({"Task/Kill", "Task/Cancel"})


async def measure() -> list[Figure]:
    """From a moderator's click to the call at Wiro, and to the card that says so."""
    async with bench_house(at_wiro=AT_WORK) as house, watching(house) as said_s:
        house.wiro.duration = lambda _inputs, _random: 600.0
        asked = await asyncio.gather(*(ask(house, 1 + number) for number in range(AT_WORK)))
        await until(lambda: all_running(house, AT_WORK), "all are at work", 60)
        singles = [await stop_one(house, said_s, each) for each in asked[:ONE_BY_ONE]]
        left = asked[ONE_BY_ONE:]
        await until(lambda: all_running(house, len(left)), "the others are at work", 60)
        bulk_kills, bulk_cards = await stop_all(house, said_s, left)
    return [
        Figure("kill of one task: at Wiro, median", percentile([kill for kill, _ in singles], 50), "ms"),
        Figure("kill of one task: at Wiro, worst", max(kill for kill, _ in singles), "ms", 300),
        Figure("kill of one task: on its card, worst", max(card for _, card in singles), "ms", 1000),
        Figure(f"kill of {len(left)} at once: the first at Wiro", min(bulk_kills), "ms", 300),
        Figure(f"kill of {len(left)} at once: the last at Wiro", max(bulk_kills), "ms", 300),
        Figure(f"kill of {len(left)} at once: on the last card", max(bulk_cards), "ms", 1000),
    ]


@asynccontextmanager
async def watching(house: House) -> AsyncIterator[dict[str, float]]:
    """When each card first said that a moderator stops or stopped its task, by message id, in unix time."""
    said_s: dict[str, float] = {}
    queue = house.discord.subscribe("mira")

    async def follow() -> None:
        while True:
            event = await queue.get()
            told = words(event["d"]) if event["t"] == "MESSAGE_UPDATE" else ""
            if STOPPED in told or "### Stopping" in told:
                said_s.setdefault(event["d"]["id"], time.time())

    task = asyncio.create_task(follow())
    try:
        yield said_s
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        house.discord.unsubscribe("mira", queue)


def all_running(house: House, number: int) -> bool:
    """Whether so many tasks run."""
    return sum(job.state is JobState.RUNNING for job in house.jobs()) == number


def killed_s(house: House) -> Sequence[float]:
    """When Wiro answered each call that ends a task, in unix time."""
    return [each.at for each in house.wiro.requests if each.path in CALLS]


async def stop_one(house: House, said_s: dict[str, float], asked: Interaction) -> tuple[float, float]:
    """Milliseconds from the click on `Stop` to Wiro, and to the card."""
    job, message = house.job(asked), asked.original
    assert job is not None
    assert message is not None
    menu = await house.discord.menu("ines", message, "Task details")
    panel = await house.private_answer(menu)
    before, stop = len(killed_s(house)), buttons(panel)["Stop"]
    clicked_s = time.time()
    await house.discord.click("ines", panel, stop)
    await until(lambda: len(killed_s(house)) > before and str(message.id) in said_s, "it is stopped")
    return (killed_s(house)[before] - clicked_s) * 1000, (said_s[str(message.id)] - clicked_s) * 1000


async def stop_all(
    house: House, said_s: dict[str, float], asked: Sequence[Interaction]
) -> tuple[Sequence[float], Sequence[float]]:
    """Milliseconds from the click on `Stop them` to each call at Wiro, and to each card."""
    ids = [str(each.original.id) for each in asked if each.original is not None]
    question = await house.discord.command("ines", "portraits", "mod kill", {"everyone": True})
    panel = await house.private_answer(question)
    before, stop = len(killed_s(house)), buttons(panel)["Stop them"]
    clicked_s = time.time()
    await house.discord.click("ines", panel, stop)
    await until(lambda: len(killed_s(house)) - before >= len(ids), "all are stopped at Wiro", 60)
    await until(lambda: all(each in said_s for each in ids), "all cards say so", 120)
    kills = [(each - clicked_s) * 1000 for each in killed_s(house)[before:]]
    return kills, [(said_s[each] - clicked_s) * 1000 for each in ids]
