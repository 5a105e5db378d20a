"""How long finished images take to the card, with the socket: 50 jobs of four 512×512 images at once."""

from __future__ import annotations

import asyncio

from benchmarks.stage import about_ten_seconds, ask, bench_house, lags_ms, watching
from benchmarks.table import Figure, percentile

JOBS = 50


async def measure() -> list[Figure]:
    """Lag from Wiro's end to the finished card, and calls to Wiro for a task of ten seconds."""
    async with bench_house(at_wiro=JOBS) as house, watching(house) as watch:
        house.wiro.duration = about_ten_seconds
        await ask(house, 1, samples=4)
        await watch.all_done(1, 60)
        before = len(calls(house))
        asked = dict(
            zip(
                range(100, 100 + JOBS),
                await asyncio.gather(*(ask(house, seed, samples=4) for seed in range(100, 100 + JOBS))),
                strict=True,
            )
        )
        await watch.all_done(1 + JOBS, 120)
        lags = lags_ms(house, watch, asked)
        made = len(calls(house)) - before
    return [
        Figure("delivery with the socket: median lag", percentile(lags, 50), "ms", 100),
        Figure("delivery with the socket: 99th percentile", percentile(lags, 99), "ms", 400),
        Figure("calls to Wiro for a ten-second task", made / JOBS, "", 3),
    ]


def calls(house: object) -> list[str]:
    """The paths of the API that were called so far; downloads and the socket are not among them."""
    log = house.wiro.requests  # type: ignore[attr-defined]  # a House; typed loosely to keep the import light
    return [entry.path for entry in log if not entry.path.startswith(("cdn/", "socket"))]
