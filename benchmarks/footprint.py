"""Memory at rest and for each job, and how late the event loop is with 500 jobs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import psutil
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.stage import ask, bench_house
from benchmarks.table import Figure

if TYPE_CHECKING:
    from tests.support.house import House

JOBS = 500
RUNNING = 100
LOOK_S = 10.0


async def measure() -> list[Figure]:
    """Resident memory idle and with 500 jobs waiting or running, and the loop's lag meanwhile."""
    async with bench_house(at_wiro=RUNNING, speed=0.05) as house:
        await ask(house, 1)
        await asyncio.sleep(2)
        idle = resident_bytes(house)
        for start in range(0, JOBS, 50):
            await asyncio.gather(*(ask(house, 1000 + start + number) for number in range(50)))
        before = await loop_lag(house)
        await asyncio.sleep(LOOK_S)
        after = await loop_lag(house)
        busy = resident_bytes(house)
    return [
        Figure("memory: idle", idle / 1e6, "MB", 100),
        Figure("memory: a job waiting or running", max(0, busy - idle) / JOBS / 1e3, "KB", 20),
        Figure("event loop: 99th percentile of lag with 500 jobs", lag_at_99(before, after) * 1000, "ms", 50),
    ]


def resident_bytes(house: House) -> int:
    """What the bot's process has in memory."""
    assert house.bot.process is not None
    return int(psutil.Process(house.bot.process.pid).memory_info().rss)


async def loop_lag(house: House) -> dict[float, float]:
    """The histogram of the loop's lag: how often it was at most so many seconds late."""
    url = f"http://127.0.0.1:{house.bot.port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        text = await answer.text()
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "loop_lag" in sample.name and sample.name.endswith("_bucket")
    }


def lag_at_99(before: dict[float, float], after: dict[float, float]) -> float:
    """The smallest bucket bound, in seconds, that 99 % of what came between are within."""
    counts = {bound: after[bound] - before.get(bound, 0) for bound in sorted(after)}
    total = max(counts.values())
    return next(bound for bound, count in counts.items() if count >= 0.99 * total)
