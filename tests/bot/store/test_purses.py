"""Caps of money that are nearly reached: told once in each window, on both engines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.limits import Limit, Target
from bot.model import Act, MoneyScope
from bot.store import auditing, limits, purses, tables
from tests.support.clock import START
from tests.support.store import DAY, GUILD

if TYPE_CHECKING:
    from bot.store.database import Database
    from bot.store.purses import Mark

MONTH = DAY[:7]
LONG_AGO = START.replace(year=2020)


async def cap(
    db: Database, *, day: int | None = None, month: int | None = None, guild_id: int = GUILD
) -> None:
    said = {Limit.SHARED_PER_DAY: day, Limit.SHARED_PER_MONTH: month}
    amounts = {limit: amount for limit, amount in said.items() if amount is not None}
    await db.write(lambda conn: limits.set_rule(conn, Target.server(guild_id), amounts, by=1, now=START))


async def spend(db: Database, held: int, settled: int, *, window: str = DAY, guild_id: int = GUILD) -> None:
    scope = MoneyScope.SERVER if guild_id else MoneyScope.INSTANCE
    key = {"scope": scope, "scope_id": str(guild_id or ""), "window": window}
    counter = tables.money_counter
    mine = [counter.c[name] == value for name, value in key.items()]

    def unit(conn: sa.Connection) -> None:
        conn.execute(sa.delete(counter).where(*mine))
        conn.execute(sa.insert(counter).values(**key, held=held, settled=settled))

    await db.write(unit)


async def due(db: Database, *, instance: int | None = None) -> list[Mark]:
    caps = ((DAY, instance), (MONTH, None))
    return await db.read(partial(purses.due, day=DAY, month=MONTH, instance=caps))


async def told(db: Database) -> list[str | None]:
    found = await db.read(
        partial(auditing.entries, guild_id=GUILD, search=auditing.Search(act=Act.MONEY), limit=9)
    )
    return [entry.detail for entry in found][::-1]


async def tell(db: Database, mark: Mark) -> bool:
    return await db.write(partial(purses.tell, mark=mark, now=START))


async def test_what_is_spent_and_reserved_counts_and_four_fifths_are_told_once(db: Database) -> None:
    await cap(db, day=1000, month=9000)
    await spend(db, 300, 499)
    assert await due(db) == []
    await spend(db, 300, 500)
    [mark] = await due(db)
    assert (mark.window, mark.percent, mark.used, mark.cap) == (DAY, 80, 800, 1000)
    assert await tell(db, mark)
    assert not await tell(db, mark)
    await spend(db, 0, 999)
    assert await due(db) == []
    await spend(db, 0, 1000)
    [gone] = await due(db)
    assert gone.percent == 100
    assert await tell(db, gone)
    assert await due(db) == []
    assert await told(db) == [f"80 {DAY} 800 1000", f"100 {DAY} 1000 1000"]


async def test_who_is_told_that_all_is_gone_is_not_told_that_it_nearly_is(db: Database) -> None:
    await cap(db, day=1000)
    await spend(db, 0, 900)
    assert await db.write(
        partial(purses.refused, scope=MoneyScope.SERVER, guild_id=GUILD, window=DAY, now=START)
    )
    assert await due(db) == []
    again = partial(purses.refused, scope=MoneyScope.SERVER, guild_id=GUILD, window=DAY, now=START)
    assert not await db.write(again)
    assert await told(db) == [f"100 {DAY} 900 1000"]


async def test_day_and_month_and_servers_are_told_apart(db: Database) -> None:
    await cap(db, day=1000, month=2000)
    await cap(db, month=2000, guild_id=GUILD + 1)
    for guild_id in (GUILD, GUILD + 1):
        await spend(db, 0, 1700, window=MONTH, guild_id=guild_id)
    await spend(db, 0, 900)
    assert {(mark.scope_id, mark.window) for mark in await due(db)} == {
        (str(GUILD), DAY),
        (str(GUILD), MONTH),
        (str(GUILD + 1), MONTH),
    }


async def test_without_a_cap_or_with_one_of_nothing_there_is_nothing_to_tell(db: Database) -> None:
    await spend(db, 0, 10**12)
    assert await due(db) == []
    await cap(db, day=0)
    assert await due(db) == []


async def test_the_instances_money_is_told_to_no_server(db: Database) -> None:
    await spend(db, 0, 900, guild_id=0)
    [mark] = await due(db, instance=1000)
    assert mark.scope is MoneyScope.INSTANCE
    assert await tell(db, mark)
    assert await due(db, instance=1000) == []
    assert await told(db) == []
    stop = partial(purses.refused, scope=MoneyScope.INSTANCE, guild_id=GUILD, window=DAY, now=START)
    assert await db.write(stop)
    assert await told(db) == []


async def test_members_and_roles_purses_are_not_told(db: Database) -> None:
    for scope in (MoneyScope.MEMBER, MoneyScope.ROLE):
        refused = partial(purses.refused, scope=scope, guild_id=GUILD, window=DAY, now=START)
        assert not await db.write(refused)


async def test_what_was_told_long_ago_is_forgotten(db: Database) -> None:
    await spend(db, 0, 900, guild_id=0)
    [mark] = await due(db, instance=1000)
    await tell(db, mark)
    assert await db.write(partial(purses.forget, before=LONG_AGO)) == 0
    assert await db.write(partial(purses.forget, before=START.replace(year=2030))) == 1
