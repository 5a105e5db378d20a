"""How long finished images take without the socket, against a poller that asks every three seconds."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import time
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.delivery import calls
from benchmarks.stage import about_ten_seconds, ask, bench_house, lags_ms, watching
from benchmarks.table import Figure, percentile

if TYPE_CHECKING:
    from tests.support.house import House

HISTORY = 20
JOBS = 60
POLL_S = 3.0
_nonces = itertools.count(time.time_ns())


async def measure() -> list[Figure]:
    """Median lag and calls a task of the bot and of the poller, side by side on the same Wiro."""
    async with bench_house(at_wiro=10 * JOBS, WIRO_SOCKET_URL="") as house, watching(house) as watch:
        house.wiro.duration = about_ten_seconds
        await asyncio.gather(*(ask(house, seed) for seed in range(1, 1 + HISTORY)))
        await watch.all_done(HISTORY, 120)
        before = len(calls(house))
        poller = asyncio.create_task(poll_many(house))
        seeds = range(100, 100 + JOBS)
        asked = dict(zip(seeds, await asyncio.gather(*(ask(house, seed) for seed in seeds)), strict=True))
        await watch.all_done(HISTORY + JOBS, 120)
        poller_lags, poller_calls = await poller
        lags = lags_ms(house, watch, asked)
        made = len(calls(house)) - before - poller_calls
    ratio = percentile(lags, 50) / percentile(poller_lags, 50)
    return [
        Figure("without the socket: median lag", percentile(lags, 50), "ms"),
        Figure("poller every 3 s: median lag", percentile(poller_lags, 50), "ms"),
        Figure("without the socket: lag, a share of the poller's", ratio, "", 1 / 3),
        Figure("without the socket: calls a task", made / JOBS, "", poller_calls / JOBS),
        Figure("poller every 3 s: calls a task", poller_calls / JOBS, ""),
    ]


async def poll_many(house: House) -> tuple[list[float], int]:
    """The same number of tasks, run and polled as Wiro's own kits do; lags in ms until the end is known."""
    async with aiohttp.ClientSession() as session:
        results = await asyncio.gather(*(poll_one(session, house, number) for number in range(JOBS)))
    return [lag for lag, _ in results], sum(made for _, made in results)


async def poll_one(session: aiohttp.ClientSession, house: House, number: int) -> tuple[float, int]:
    """Run one task, then ask every three seconds until it has ended; lag in ms and number of calls."""
    inputs = {
        "prompt": "portrait+ style poller",
        "negativePrompt": "",
        "samples": 1,
        "steps": 4,
        "scale": "7.5",
        "seed": str(900_000 + number),
        "clipSkip": 4,
        "width": 512,
        "height": 512,
        "scheduler": "DDIMScheduler",
    }
    run = await call(session, house, "Run/wavymulder/portraitplus", inputs)
    made = 1
    while True:
        row = (await call(session, house, "Task/Detail", {"taskid": run["taskid"]}))["tasklist"][0]
        made += 1
        if row["status"] == "task_postprocess_end":
            ended_s = house.wiro.tasks[run["taskid"]].ended_s
            return (time.time() - (ended_s or 0)) * 1000, made
        await asyncio.sleep(POLL_S)


async def call(
    session: aiohttp.ClientSession, house: House, path: str, body: dict[str, object]
) -> dict[str, object]:
    """One signed call."""
    nonce = str(next(_nonces))
    signature = hmac.new(b"sandbox-key", f"sandbox-secret{nonce}".encode(), hashlib.sha256).hexdigest()
    headers = {"x-api-key": "sandbox-key", "x-nonce": nonce, "x-signature": signature}
    async with session.post(f"{house.sandbox.url}/wiro/v1/{path}", json=body, headers=headers) as answer:
        return await answer.json()
