"""What a server's members spent, by day, member and tool, on both engines."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.jobs.quotas import Quotas
from bot.model import JobState, MoneyScope
from bot.quota.spending import Period, by_tool_and_day, days_of, spending_csv
from bot.store import spending, tables
from tests.support.store import DAY, GUILD, USER, Bench

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.store.database import Database
    from bot.store.spending import Spent

OTHER = USER + 1


async def spent(db: Database, *days: str, guild_id: int = GUILD) -> Sequence[Spent]:
    return await Quotas(db, SystemClock()).spending(guild_id, days or (DAY,))


def short(found: Sequence[Spent]) -> list[tuple[int, str | None, int, int, int]]:
    return [(each.user_id, each.tool, each.tasks, each.settled, each.held) for each in found]


async def filled(db: Database, bench: Bench) -> None:
    """Two tools of one member, a task at work of another, and a server whose id begins like this one's."""
    me = await bench.process()
    await bench.ended(me, JobState.DONE)
    await bench.ended(me, JobState.DONE, cost_nano_usd=900)
    await bench.ended(me, JobState.DONE, tool="text-to-image-sd", cost_nano_usd=50)
    await bench.accepted(user_id=OTHER)
    await bench.ended(me, JobState.DONE, guild_id=GUILD * 10, cost_nano_usd=77)


@pytest.mark.parametrize("at_once", [1, 200])
async def test_money_is_told_apart_by_member_and_tool_and_by_server(
    db: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(spending, "MEMBERS_AT_ONCE", at_once)
    await filled(db, bench)
    assert short(await spent(db)) == [
        (USER, "portraitplus", 2, 1_600, 0),
        (USER, "text-to-image-sd", 1, 50, 0),
        (OTHER, "portraitplus", 1, 0, 1_000),
    ]
    assert short(await spent(db, guild_id=GUILD * 10)) == [(USER, "portraitplus", 1, 77, 0)]
    assert await spent(db, guild_id=GUILD + 1) == []


async def test_another_days_money_is_not_counted(db: Database, bench: Bench) -> None:
    await filled(db, bench)
    assert await spent(db, "2026-11-20", "2026-11-22") == []
    assert {each.day for each in await spent(db, "2026-11-20", DAY)} == {DAY}


async def test_it_sums_up_to_the_counters_also_when_tasks_are_forgotten(db: Database, bench: Bench) -> None:
    await filled(db, bench)
    forgotten = tables.job.c.tool == "portraitplus"
    await db.write(lambda conn: conn.execute(sa.delete(tables.job_event)) and None)
    await db.write(lambda conn: conn.execute(sa.delete(tables.job).where(forgotten)) and None)
    found = await spent(db)
    assert short(found) == [
        (USER, None, 0, 1_600, 0),
        (USER, "text-to-image-sd", 1, 50, 0),
        (OTHER, None, 0, 0, 1_000),
    ]
    counter = tables.money_counter
    sums = await db.read(
        lambda conn: tuple(
            conn.execute(
                sa.select(sa.func.sum(counter.c.settled), sa.func.sum(counter.c.held)).where(
                    counter.c.scope == MoneyScope.MEMBER, counter.c.scope_id.like(f"{GUILD}:%")
                )
            ).one()
        )
    )
    assert (sum(each.settled for each in found), sum(each.held for each in found)) == sums


async def test_the_file_has_a_line_for_each_in_dollars(db: Database, bench: Bench) -> None:
    await filled(db, bench)
    rows = list(csv.DictReader(io.StringIO(spending_csv(await spent(db)).decode())))
    assert rows[0] == {
        "day": DAY,
        "member": str(USER),
        "tool": "portraitplus",
        "tasks": "2",
        "spent": "0.0000016",
        "held": "0",
    }
    assert len(rows) == 3


async def test_the_tool_with_the_most_is_the_first_and_one_without_is_left_out(
    db: Database, bench: Bench
) -> None:
    await filled(db, bench)
    found = by_tool_and_day([*await spent(db), *await spent(db, "2026-11-20")], ["2026-11-20", DAY])
    assert list(found.items()) == [("portraitplus", [0, 1_600]), ("text-to-image-sd", [0, 50])]


@pytest.mark.parametrize(
    ("period", "first", "count"),
    [
        (Period.TODAY, "2026-03-02", 1),
        (Period.WEEK, "2026-02-24", 7),
        (Period.DAYS_30, "2026-02-01", 30),
        (Period.MONTH, "2026-03-01", 2),
    ],
)
def test_a_period_is_whole_days_that_end_with_today(period: Period, first: str, count: int) -> None:
    days = days_of(period, datetime(2026, 3, 2, 0, 30, tzinfo=UTC))
    assert (days[0], days[-1], len(days)) == (first, "2026-03-02", count)
    assert list(days) == sorted(set(days))
