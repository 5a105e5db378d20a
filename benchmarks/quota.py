"""What a quota decision costs with many members and a long ledger, and how many durable ones go through."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.table import Figure, percentile
from bot.clock import SystemClock
from bot.jobs.acceptance import take_in
from bot.limits import Limit, Standing, Target
from bot.log import configure
from bot.model import ALL_SERVERS, EntryKind, MoneyScope, NewJob, Unit
from bot.quota.windows import day_window
from bot.store import ledger, limits, migrate, tables
from bot.store.database import Database
from tests.support.clock import START
from tests.support.limits import instance_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    import sqlalchemy as sa

MEMBERS = 100_000
ENTRIES_EACH = 10
"""Of both ledgers, for one job of every member."""
SERVERS = 100
AT_A_TIME = 1_000
"""Members that are written in one unit."""

ALONE = 500
"""Decisions one after the other."""
TOGETHER, AT_ONCE = 6_000, 200
"""Decisions as fast as they go, and how many wait for theirs at the same time."""
STEADY, A_SECOND = 3_000, 500

INSTANCE = instance_of(images_per_day=10_000, concurrent_tasks=10_000, budget_nano_usd_per_day=10**15)
STANDING = Standing(role_ids=frozenset({1, 2, 3}))
"""What every member has: three roles, of which one has a rule."""
COST_NANO_USD = 20_000_000
DAY = day_window(START)


async def measure(members: int = MEMBERS) -> list[Figure]:
    """Decisions as commands make them: rules, size, holds and the job's row, in one durable unit."""
    configure("ERROR")
    async with a_full_database(members) as db:
        new = jobs(members)
        alone_ms = [await _decide_ms(db, next(new)) for _ in range(ALONE)]
        one_ms = await _as_fast_as_it_goes_ms(db, new)
        steady_ms = await _steady_ms(db, new)
        assert await db.read(ledger.check) == []
    entries = members * ENTRIES_EACH
    return [
        Figure(
            f"quota: median decision, {members:,} members, {entries:,} entries",
            percentile(alone_ms, 50),
            "ms",
            5,
        ),
        Figure("quota: … 99th percentile", percentile(alone_ms, 99), "ms"),
        Figure("quota: … one of many at once takes (1,500 a second)", one_ms, "ms", 1000 / 1500),
        Figure(f"quota: … 99th percentile at {A_SECOND} a second", percentile(steady_ms, 99), "ms", 25),
    ]


def jobs(members: int) -> Iterator[NewJob]:
    """Portraits that nobody asked for before, each of another member."""
    for number in itertools.count(1):
        user_id = 1 + number % members
        yield NewJob(
            code=f"N{number:06d}",
            interaction_id=number,
            guild_id=_server_of(user_id),
            channel_id=1,
            user_id=user_id,
            tool="portraitplus",
            inputs={"prompt": "a red fox", "samples": 1, "steps": 30, "width": 512, "height": 512},
            images=1,
            hook_token=f"hook-{number}",
            estimate_nano_usd=COST_NANO_USD,
            size_key="samples=1",
        )


async def _decide(db: Database, new: NewJob) -> None:
    await db.write(partial(take_in, new=new, standing=STANDING, instance=INSTANCE, now=START))


async def _decide_ms(db: Database, new: NewJob) -> float:
    begun_s = time.perf_counter()
    await _decide(db, new)
    return (time.perf_counter() - begun_s) * 1000


async def _as_fast_as_it_goes_ms(db: Database, new: Iterator[NewJob]) -> float:
    """What one decision takes when as many as possible are made."""

    async def decide(number: int) -> None:
        for _ in range(number):
            await _decide(db, next(new))

    begun_s = time.perf_counter()
    await asyncio.gather(*(decide(TOGETHER // AT_ONCE) for _ in range(AT_ONCE)))
    return (time.perf_counter() - begun_s) * 1000 / TOGETHER


async def _steady_ms(db: Database, new: Iterator[NewJob]) -> Sequence[float]:
    """How long after its time each decision is made, when they are asked for in a steady beat."""
    first_s = time.perf_counter()

    async def decide(number: int) -> float:
        due_s = first_s + number / A_SECOND
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        await _decide(db, next(new))
        return (time.perf_counter() - due_s) * 1000

    return await asyncio.gather(*(decide(number) for number in range(STEADY)))


# The database


@asynccontextmanager
async def a_full_database(members: int) -> AsyncIterator[Database]:
    """An SQLite file with a rule for every server and a role in it, and what every member did today."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/atelier.db"
        migrate.upgrade(url, SystemClock())
        async with Database.open(url, clock=SystemClock()) as db:
            await db.write(_make_rules)
            for first in range(1, members + 1, AT_A_TIME):
                numbers = range(first, min(first + AT_A_TIME, members + 1))
                await db.write(partial(_make_past, numbers=numbers))
            await db.write(partial(_make_shared, members=members))
            yield db


def _server_of(user_id: int) -> int:
    return 1 + user_id % SERVERS


def _make_rules(conn: sa.Connection) -> None:
    for guild_id in range(1, SERVERS + 1):
        for target, said in (
            (Target.server(guild_id), {Limit.IMAGES_PER_DAY: 5_000, Limit.STEPS: 100}),
            (Target.role(guild_id, 1), {Limit.WEIGHT: 200, Limit.MONEY_PER_DAY: 10**12}),
        ):
            limits.set_rule(conn, target, said, by=1, now=START)


def _make_past(conn: sa.Connection, numbers: range) -> None:
    """What a settled job of each of these members left in the ledgers."""
    quota, money = [], []
    for user_id in numbers:
        server = _server_of(user_id)
        for guild_id in (server, ALL_SERVERS):
            quota += _both({"user_id": user_id, "guild_id": guild_id, "unit": Unit.IMAGE, "window": DAY}, 1)
        for scope, scope_id in (
            (MoneyScope.MEMBER, f"{server}:{user_id}"),
            (MoneyScope.SERVER, str(server)),
            (MoneyScope.INSTANCE, ""),
        ):
            money += _both({"scope": scope, "scope_id": scope_id, "window": DAY}, COST_NANO_USD)
    _append(conn, tables.quota_entry, quota, {})
    _append(conn, tables.money_entry, money, {"is_estimate": False})
    _count(conn, tables.quota_counter, [each for each in quota if each["kind"] is EntryKind.SETTLE])
    own = [each for each in money if each["kind"] is EntryKind.SETTLE]
    _count(conn, tables.money_counter, [each for each in own if each["scope"] is MoneyScope.MEMBER])


def _both(key: Mapping[str, Any], amount: int) -> list[dict[str, Any]]:
    """The hold and its settlement."""
    return [
        {**key, "kind": EntryKind.HOLD, "held": amount, "settled": 0},
        {**key, "kind": EntryKind.SETTLE, "held": -amount, "settled": amount},
    ]


def _append(
    conn: sa.Connection, table: sa.Table, entries: Sequence[Mapping[str, Any]], more: Mapping[str, Any]
) -> None:
    conn.execute(table.insert(), [{**each, "at": START, **more} for each in entries])


def _count(conn: sa.Connection, table: sa.Table, settled: Sequence[Mapping[str, Any]]) -> None:
    names = {column.name for column in table.columns}
    rows = [{name: each[name] for name in names} | {"held": 0} for each in settled]
    conn.execute(table.insert(), rows)


def _make_shared(conn: sa.Connection, members: int) -> None:
    """The counters that many have together."""
    spent: dict[tuple[MoneyScope, str], int] = {(MoneyScope.INSTANCE, ""): members * COST_NANO_USD}
    for user_id in range(1, members + 1):
        key = (MoneyScope.SERVER, str(_server_of(user_id)))
        spent[key] = spent.get(key, 0) + COST_NANO_USD
    rows = [
        {"scope": scope, "scope_id": scope_id, "window": DAY, "held": 0, "settled": amount}
        for (scope, scope_id), amount in spent.items()
    ]
    _count(conn, tables.money_counter, rows)
