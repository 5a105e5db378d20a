"""What the measurements share: a house whose quotas do not matter, many portraits, and when each was done."""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.house import House, gallery, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from random import Random

    from sandbox.discord.actions import Interaction

PLENTY = {
    name: "1000000"
    for unit in ("IMAGES_PER_DAY", "TRAININGS_PER_WEEK", "CONCURRENT_TASKS")
    for name in (f"QUOTA_{unit}", f"QUOTA_{unit}_MAX")
}


@asynccontextmanager
async def bench_house(*, at_wiro: int, speed: float = 1.0, **settings: str) -> AsyncIterator[House]:
    """A house with endless quotas, `at_wiro` places at Wiro, and few different pictures to draw."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_house(Path(folder), speed=speed, LOG_LEVEL="WARNING", **PLENTY, **settings) as house:
            house.wiro.balance_usd = 100_000
            house.wiro.max_concurrent = at_wiro
            house.wiro.variety = 4
            yield house


def about_ten_seconds(_inputs: Mapping[str, Any], random: Random) -> float:
    """Log-normal durations around 10 s with a spread of 1.5 s."""
    sigma = math.sqrt(math.log(1 + (1.5 / 10) ** 2))
    return random.lognormvariate(math.log(10) - sigma * sigma / 2, sigma)


@dataclass
class Watch:
    """Notes when each card first showed images, by message id, in the sandbox's unix time."""

    house: House
    done_s: dict[str, float] = field(default_factory=dict)
    done: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def follow(self, person: str = "mira") -> None:
        """Run until cancelled."""
        queue = self.house.discord.subscribe(person)
        try:
            while True:
                event = await queue.get()
                if event["t"] in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} and gallery(event["d"]):
                    async with self.done:
                        self.done_s.setdefault(event["d"]["id"], time.time())
                        self.done.notify_all()
        finally:
            self.house.discord.unsubscribe(person, queue)

    async def all_done(self, number: int, patience_s: float) -> None:
        """Wait until that many cards show images."""
        async with asyncio.timeout(patience_s), self.done:
            await self.done.wait_for(lambda: len(self.done_s) >= number)


@asynccontextmanager
async def watching(house: House) -> AsyncIterator[Watch]:
    """A `Watch` that follows what mira sees."""
    watch = Watch(house)
    task = asyncio.create_task(watch.follow())
    await asyncio.sleep(0)
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ask(house: House, seed: int, **options: Any) -> Interaction:
    """One portrait of mira's with that seed, acknowledged."""
    interaction = await house.portrait(seed=seed, **options)
    answer = await interaction.answered()
    if answer.message is None:
        msg = f"not accepted: {answer}"
        raise RuntimeError(msg)
    return interaction


def lags_ms(house: House, watch: Watch, asked: Mapping[int, Interaction]) -> list[float]:
    """Milliseconds from Wiro's end of each task to its finished card; tasks are found by their seeds."""
    ended = {
        int(task.inputs["seed"]): task.ended_s
        for task in house.wiro.tasks.values()
        if task.ended_s is not None and task.who == "bot"
    }
    return [
        (watch.done_s[str(interaction.original.id)] - ended[seed]) * 1000
        for seed, interaction in asked.items()
        if interaction.original is not None
    ]
