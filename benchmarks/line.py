"""Whether one member's hundred jobs delay the others, and how long a claim takes in a long line."""

from __future__ import annotations

import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.table import Figure, percentile
from bot.clock import SystemClock
from bot.jobs.queueing import choose, turns
from bot.log import configure
from bot.model import JobState
from bot.store import line, migrate
from bot.store.database import Database
from tests.support.clock import START, ManualClock
from tests.support.store import Bench, sqlite_database
from tests.support.workshop import open_rig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.model import Job
    from tests.support.workshop import Rig

LIMITS = (1, 2, 5)
"""Tasks that the account bears at once."""
OTHERS = 49
GREEDY, MANY = 1, 100
TURN_S = 10.0
"""How long every run takes."""
ARRIVAL_S = 0.1
"""How long after one member the next one asks."""

WAITING = 2_000
CLAIMS = 200


async def measure() -> list[Figure]:
    """The line's fairness in virtual time with a simulated Wiro, then its claims on a real SQLite file."""
    configure("ERROR")
    figures = []
    for limit in LIMITS:
        fair_s = await longest_wait_s(limit, greedy_jobs=1)
        waited_s = await longest_wait_s(limit, greedy_jobs=MANY)
        figures += [
            Figure(f"line: longest wait of 49 members, limit {limit}, fair", fair_s, "s"),
            Figure(f"line: … while one more has {MANY} jobs before them", waited_s, "s"),
            Figure(f"line: … later than fair, limit {limit}", (waited_s - fair_s) / TURN_S, "turns", 1),
        ]
    claims_ms, picture_ms = await times_ms()
    return [
        *figures,
        Figure(f"line: median claim with {WAITING:,} jobs waiting", percentile(claims_ms, 50), "ms", 50),
        Figure("line: … 99th percentile", percentile(claims_ms, 99), "ms"),
        Figure("line: … reading all for the places on cards", percentile(picture_ms, 50), "ms", 100),
    ]


async def longest_wait_s(limit: int, *, greedy_jobs: int) -> float:
    """How long the last of the other members waits for a first turn behind one with so many jobs."""
    async with a_rig() as rig:
        rig.options["max_concurrent"] = limit
        rig.wiro.lives_s = TURN_S
        async with rig.process():
            for _ in range(greedy_jobs):
                await rig.ask(user_id=GREEDY)
            others: list[Job] = []
            for number in range(OTHERS):
                await rig.pass_time(ARRIVAL_S)
                others.append(await rig.ask(user_id=GREEDY + 1 + number))
            ended = await rig.until_all(others, JobState.DONE)
    return max(_waited_s(job) for job in ended)


def _waited_s(job: Job) -> float:
    assert job.submitted_at is not None
    return (job.submitted_at - job.created_at).total_seconds()


@asynccontextmanager
async def a_rig() -> AsyncIterator[Rig]:
    """The jobs' side of the bot on a new database, in virtual time."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/atelier.db"
        migrate.upgrade(url, SystemClock())
        async with open_rig(url, Path(folder), ManualClock()) as rig:
            yield rig


async def times_ms() -> tuple[Sequence[float], Sequence[float]]:
    """How long each claim takes, and each reading of the whole line."""
    with tempfile.TemporaryDirectory() as folder:
        async with sqlite_database(Path(folder), kind=Database) as db:
            bench = Bench(db)
            me = await bench.process()
            for number in range(WAITING):
                await bench.waiting(guild_id=1 + number % 10, user_id=number % 500)
            claims = [await _claim_ms(db, me) for _ in range(CLAIMS)]
            return claims, [await _picture_ms(db) for _ in range(CLAIMS // 10)]


async def _claim_ms(db: Database, me: int) -> float:
    begun_s = time.perf_counter()
    claimed = await db.write(
        lambda conn: line.claim_next(conn, owner=me, now=START, choose=choose, max_concurrent=WAITING)
    )
    assert claimed is not None
    return (time.perf_counter() - begun_s) * 1000


async def _picture_ms(db: Database) -> float:
    begun_s = time.perf_counter()
    jobs = await db.read(line.ahead)
    turns(jobs)
    return (time.perf_counter() - begun_s) * 1000
