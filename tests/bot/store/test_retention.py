"""Forgetting what a server no longer wants to be kept, with ledgers that agree after every step."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.jobs.retention import Retention
from bot.limits import Bonus
from bot.model import ALL_SERVERS, Act, MoneyScope, Unit
from bot.quota.windows import day_window
from bot.store import auditing, grants, jobs, ledger, policies, retention, tables
from tests.support.clock import START, ManualClock
from tests.support.store import DAY, GUILD, USER

if TYPE_CHECKING:
    import pytest

    from bot.store.database import Database
    from tests.support.store import Bench

OTHER_GUILD = GUILD + 1
DAYS = 30


async def choose(db: Database, days: int | None = DAYS, guild_id: int = GUILD) -> None:
    choice = partial(policies.choose, guild_id=guild_id, name="retention_days", by=1, now=START)
    await db.write(partial(choice, value=days))


async def forget(db: Database, *, after: timedelta) -> None:
    """The chore, that long after everything here happened."""
    await Retention(db, ManualClock(START + after)).forget_what_is_too_old()
    assert await db.read(ledger.check) == []


async def left(db: Database, table: sa.Table, *conditions: Any) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*conditions)
    return int(await db.read(lambda conn: conn.execute(query).scalar_one()))


async def test_old_tasks_go_with_all_that_belongs_to_them(db: Database, bench: Bench) -> None:
    """The day before nothing goes; then the task, its events, its entries and counters of this server."""
    me = await bench.process()
    ended = await bench.ended(me)
    await choose(db)
    await forget(db, after=timedelta(days=DAYS - 1))
    assert await db.read(lambda conn: jobs.get(conn, ended.id)) is not None
    await forget(db, after=timedelta(days=DAYS + 1))
    assert await db.read(lambda conn: jobs.get(conn, ended.id)) is None
    assert await left(db, tables.job_event) == 0
    for table in (tables.quota_entry, tables.quota_counter):
        assert await left(db, table, table.c.guild_id == GUILD, table.c.window != "") == 0
    for table in (tables.money_entry, tables.money_counter):
        assert await left(db, table, table.c.scope != MoneyScope.INSTANCE) == 0
    assert await left(db, tables.quota_entry, tables.quota_entry.c.unit == Unit.TASK) == 0


async def test_what_all_servers_share_stays_as_it_was(db: Database, bench: Bench) -> None:
    """The instance's spending and a member's quota over all servers are not one server's to forget."""
    await bench.ended(await bench.process())
    await choose(db)
    await forget(db, after=timedelta(days=DAYS + 1))
    spent = await db.read(partial(ledger.spent, scope=MoneyScope.INSTANCE, scope_id="", window=DAY))
    assert spent == ledger.Used(settled=700)
    windows = {Unit.IMAGE: DAY, Unit.TASK: ""}
    used = await db.read(partial(ledger.usage, user_id=USER, guild_id=GUILD, windows=windows))
    assert used.everywhere == {Unit.IMAGE: ledger.Used(settled=4), Unit.TASK: ledger.Used()}
    assert used.here[Unit.IMAGE] == ledger.Used()
    assert await left(db, tables.quota_entry, tables.quota_entry.c.guild_id == ALL_SERVERS) == 2


async def test_other_servers_unfinished_tasks_and_trainings_are_left_alone(
    db: Database, bench: Bench
) -> None:
    """So is a task that is still looked for at Wiro, and every server that chose nothing."""
    me = await bench.process()
    kept = [
        await bench.ended(me, guild_id=OTHER_GUILD),
        await bench.running(me),
        await bench.ended(me, images=0, tool="train-dreambooth-sd"),
    ]
    sought = await bench.ended(me)
    kept.append(await bench.waiting())
    later = sa.update(tables.job).where(tables.job.c.id == sought.id).values(sweep_until=START)
    await db.write(lambda conn: conn.execute(later) and None)
    await choose(db)
    await choose(db, guild_id=OTHER_GUILD + 1)
    await forget(db, after=timedelta(days=DAYS + 1))
    for job in (*kept, sought):
        assert await db.read(partial(jobs.get, job_id=job.id)) is not None
    assert await left(db, tables.quota_entry, tables.quota_entry.c.guild_id == OTHER_GUILD) > 0


async def test_money_of_a_month_that_goes_on_is_kept_for_its_cap(db: Database, bench: Bench) -> None:
    """A cap a month must not be whole again because the month's first days are forgotten."""
    month = {"scope": MoneyScope.SERVER, "scope_id": str(GUILD), "window": DAY[:7]}
    entry = month | {"at": START, "job_id": 1, "kind": "settle", "held": 0, "settled": 5}
    entry |= {"is_estimate": False}

    def booked(conn: sa.Connection) -> None:
        conn.execute(sa.insert(tables.money_counter).values(month | {"held": 0, "settled": 5}))
        conn.execute(sa.insert(tables.money_entry).values(entry))

    await db.write(booked)
    await choose(db, days=7)
    await forget(db, after=timedelta(days=9))  # the 30th: the day is over by more than seven days
    assert await left(db, tables.money_counter) == 1
    await forget(db, after=timedelta(days=17))
    assert await left(db, tables.money_counter) == 0
    assert await left(db, tables.money_entry) == 0


async def test_the_audit_stays_without_its_prompts(db: Database, bench: Bench) -> None:
    """Who did what is remembered; what was asked for is not."""
    await choose(db)
    await db.write(partial(policies.choose, guild_id=GUILD, name="log_prompts", value=True, by=1, now=START))
    job = await bench.waiting()

    def stopped(conn: sa.Connection) -> None:  # the entry's number is another one each time it is tried
        auditing.note_on_job(conn, job, Act.STOP, actor_id=1, now=START)

    await db.write(stopped)
    words = tables.audit.c.words.is_not(None)
    assert await left(db, tables.audit, words) == 1
    entries = await left(db, tables.audit)
    await forget(db, after=timedelta(days=DAYS + 1))
    assert await left(db, tables.audit, words) == 0
    assert await left(db, tables.audit) == entries


async def test_a_lot_goes_in_small_steps_that_each_leave_the_ledgers_right(
    db: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No unit of work takes more than its share, and an end in the middle does no harm."""
    me = await bench.process()
    for number in range(5):
        await bench.ended(me, user_id=USER + number % 2)
    await choose(db)
    monkeypatch.setattr(retention, "JOBS", 2)
    steps = []
    write = db.write

    async def watched(unit: Any, **options: Any) -> Any:
        done = await write(unit, **options)
        steps.append(await db.read(ledger.check))
        return done

    monkeypatch.setattr(db, "write", watched)
    await forget(db, after=timedelta(days=DAYS + 1))
    assert len(steps) >= 3 + 3
    assert steps == [[]] * len(steps)
    assert await left(db, tables.job) == 0


async def test_bonuses_that_ended_and_what_was_given_back_go_with_their_windows(
    db: Database, bench: Bench
) -> None:
    """A bonus that still holds stays, however long ago it was given."""
    await bench.ended(await bench.process())
    who: dict[str, Any] = {"guild_id": GUILD, "user_id": USER, "by": 1, "why": None, "now": START}
    await db.write(partial(grants.reset, windows={Unit.IMAGE: DAY}, **who))
    for days in (1, 90):
        until = START + timedelta(days=days)
        bonus = Bonus(unit=Unit.IMAGE, amount=days, until=until, window=day_window(until))
        await db.write(partial(grants.grant, bonus=bonus, **who))
    await choose(db)
    await forget(db, after=timedelta(days=DAYS + 5))
    entry = tables.quota_entry
    assert await left(db, entry, entry.c.guild_id == GUILD) == 1
    now = START + timedelta(days=DAYS + 5)
    [holds] = await db.read(partial(grants.bonuses, guild_id=GUILD, user_id=USER, now=now))
    assert holds.amount == 90
