"""How fast a command is answered: 300 in 3 s."""

from __future__ import annotations

import asyncio
import time

from benchmarks.stage import ask, bench_house
from benchmarks.table import Figure, percentile

COMMANDS = 300
IN_SECONDS = 3.0


async def measure() -> list[Figure]:
    """Time from the command to its card, with Wiro standing still."""
    async with bench_house(at_wiro=50) as house:
        house.wiro.paused = True
        await ask(house, 1)
        start = time.perf_counter()

        async def one(number: int) -> float:
            await asyncio.sleep(start + number * IN_SECONDS / COMMANDS - time.perf_counter())
            asked = time.perf_counter()
            await ask(house, 1000 + number)
            return (time.perf_counter() - asked) * 1000

        answers = await asyncio.gather(*(one(number) for number in range(COMMANDS)), return_exceptions=True)
    took_ms = [answer for answer in answers if isinstance(answer, float)]
    return [
        Figure("acknowledgement: commands lost", COMMANDS - len(took_ms), "", 0),
        Figure("acknowledgement: median", percentile(took_ms, 50), "ms"),
        Figure("acknowledgement: 99th percentile", percentile(took_ms, 99), "ms", 250),
    ]
