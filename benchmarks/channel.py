"""Twenty live cards in one channel: no 429, and results are not held up by progress."""

from __future__ import annotations

import asyncio

from benchmarks.stage import about_ten_seconds, ask, bench_house, lags_ms, watching
from benchmarks.table import Figure, percentile

CARDS = 20
ROUNDS = 3


async def measure() -> list[Figure]:
    """Edits refused by Discord, and the 99th percentile from Wiro's end to the finished card."""
    async with bench_house(at_wiro=CARDS) as house, watching(house) as watch:
        house.wiro.duration = about_ten_seconds
        seeds = range(100, 100 + CARDS * ROUNDS)
        asked = dict(zip(seeds, await asyncio.gather(*(ask(house, seed) for seed in seeds)), strict=True))
        await watch.all_done(len(seeds), 180)
        lags = lags_ms(house, watch, asked)
        refused = sum(request.status == 429 for request in house.discord.requests)
    return [
        Figure("twenty cards in a channel: answers 429", refused, "", 0),
        Figure("twenty cards in a channel: result 99th percentile", percentile(lags, 99), "ms", 1000),
    ]
