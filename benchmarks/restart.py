"""`kill -9` with 500 jobs in flight: how soon the next start follows all of them, and with how many calls."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from benchmarks.delivery import calls
from benchmarks.stage import ask, bench_house
from benchmarks.table import Figure
from tests.support.house import until

if TYPE_CHECKING:
    from tests.support.house import House

JOBS = 500
AT_ONCE = 10
PATIENCE_S = 240.0
PAGE = 50
"""Tasks of one page of Wiro's list."""


async def measure() -> list[Figure]:
    """Seconds from ready until all tasks are registered and read, calls until then, and tasks run twice."""
    async with bench_house(at_wiro=2 * JOBS, WIRO_MAX_CONCURRENT=str(2 * JOBS)) as house:
        house.wiro.paused = True
        for start in range(0, JOBS, AT_ONCE):
            await asyncio.gather(*(ask(house, 1000 + start + number) for number in range(AT_ONCE)))
        await until(lambda: run_of(house) == JOBS, "all are in flight", PATIENCE_S, every_s=0.5)
        await house.bot.kill()
        await until(lambda: not house.wiro.connections, "Wiro has lost the bot")
        before = len(calls(house))
        ready_s: list[float] = []
        started_s = time.monotonic()
        starting = asyncio.create_task(house.bot.start())
        starting.add_done_callback(lambda _: ready_s.append(time.monotonic()))
        await until(lambda: all_followed(house, before), "all are followed", PATIENCE_S, every_s=0.02)
        followed_s = time.monotonic()
        made = len(calls(house)) - before
        await starting
        await asyncio.sleep(0)  # for its callback
        house.wiro.max_running = 25  # each end is an upload; all at once would measure something else
        house.wiro.paused, house.wiro.speed = False, 10.0
        await house.all_end(PATIENCE_S)
        twice = len(house.tasks()) - JOBS
    return [
        Figure(f"{JOBS} in flight, kill -9: followed after ready", max(0.0, followed_s - ready_s[0]), "s", 5),
        Figure(f"{JOBS} in flight, kill -9: followed after the start", followed_s - started_s, "s"),
        Figure(f"{JOBS} in flight, kill -9: calls until then", made, "", 100),
        Figure(f"{JOBS} in flight, kill -9: tasks run twice", twice, "", 0),
    ]


def run_of(house: House) -> int:
    """How many jobs have their task's id."""
    return sum(job.task_id is not None for job in house.jobs())


def all_followed(house: House, before: int) -> bool:
    """Whether every task is registered at the socket, and as many were read as there are."""
    made = calls(house)[before:]
    read = sum(PAGE if path == "Task/List" else path == "Task/Detail" for path in made)
    return read >= JOBS and all(house.wiro.is_followed(task) for task in house.tasks())
