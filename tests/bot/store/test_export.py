"""The ledgers read as a whole, and as CSV, on both engines."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.jobs.quotas import Quotas
from bot.limits import Bonus
from bot.model import EntryKind, JobState, MoneyHold, MoneyScope, Unit
from bot.quota.export import csv_lines
from bot.store import export, grants, jobs, tables
from bot.store.export import LedgerEntry
from tests.support.clock import START
from tests.support.store import DAY, GUILD, USER, Bench

if TYPE_CHECKING:
    from bot.jobs.quotas import LedgerFile
    from bot.store.database import Database

OTHER = USER + 1


def rows(file: LedgerFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.data.decode())))


async def ledgers(db: Database, user_id: int | None = None, **options: Any) -> list[LedgerFile]:
    return list(await Quotas(db, SystemClock()).ledgers(GUILD, user_id=user_id, **options))


async def filled(db: Database, bench: Bench) -> None:
    """A task that was paid, one of another member, one of another server, a bonus."""
    me = await bench.process()
    await bench.ended(me, JobState.DONE)
    await bench.accepted(user_id=OTHER)
    await bench.accepted(guild_id=GUILD + 1)
    new = bench.new()
    purses = [(MoneyScope.SERVER, str(GUILD)), (MoneyScope.ROLE, f"{GUILD}:51")]
    holds = tuple(
        MoneyHold(scope=scope, scope_id=scope_id, window=DAY, amount_nano_usd=5, cap_nano_usd=None)
        for scope, scope_id in purses
    )
    shared = bench.holds(new)
    await db.write(
        lambda conn: jobs.accept(conn, new, type(shared)(quota=shared.quota, money=holds), now=START)
    )
    bonus = Bonus(unit=Unit.IMAGE, amount=5, until=START + timedelta(days=1), window=DAY)
    who: dict[str, Any] = {"guild_id": GUILD, "user_id": USER, "by": 600, "why": "=1+1", "now": START}
    await db.write(partial(grants.grant, bonus=bonus, **who))


async def test_a_members_ledgers_have_every_entry_once_newest_first(db: Database, bench: Bench) -> None:
    await filled(db, bench)
    quota, money = await ledgers(db, USER)
    assert (quota.is_whole, money.is_whole) == (True, True)
    kinds = [(row["kind"], row["of"]) for row in rows(quota)]
    assert kinds == [
        ("grant", "image"),
        ("hold", "task"),
        ("hold", "image"),
        ("release", "task"),
        ("settle", "image"),
        ("hold", "task"),
        ("hold", "image"),
    ]
    assert quota.entries == len(kinds)
    assert {row["member"] for row in rows(quota)} == {str(USER)}
    assert [(row["kind"], row["of"], row["held"], row["settled"]) for row in rows(money)] == [
        ("settle", "member", "-0.000001", "0.0000007"),
        ("hold", "member", "0.000001", "0"),
    ]
    settled = rows(quota)[4]
    assert (settled["at"], settled["task"], settled["scope"]) == (START.isoformat(), "#J0001", str(GUILD))
    assert (settled["window"], settled["held"], settled["settled"]) == (DAY, "-4", "4")
    granted = rows(quota)[0]
    assert (granted["granted"], granted["by"], granted["why"]) == ("5", "600", "'=1+1")


async def test_the_servers_ledgers_sum_up_to_its_counters(db: Database, bench: Bench) -> None:
    await filled(db, bench)
    quota, money = await ledgers(db)
    assert {row["scope"] for row in rows(quota)} == {str(GUILD)}
    assert {(row["of"], row["scope"]) for row in rows(money)} == {
        ("member", f"{GUILD}:{USER}"),
        ("member", f"{GUILD}:{OTHER}"),
        ("server", str(GUILD)),
        ("role", f"{GUILD}:51"),
    }
    counter = tables.quota_counter
    held = await db.read(
        lambda conn: conn.execute(
            sa.select(sa.func.sum(counter.c.held)).where(counter.c.guild_id == GUILD)
        ).scalar_one()
    )
    assert sum(int(row["held"]) for row in rows(quota)) == held
    assert sum(Decimal(row["held"]) for row in rows(money)) == Decimal("0.00000101")


async def test_an_entry_of_a_task_that_is_forgotten_stays(db: Database, bench: Bench) -> None:
    await bench.accepted()
    await db.write(lambda conn: conn.execute(sa.delete(tables.job)) and None)
    quota, _money = await ledgers(db)
    assert [row["task"] for row in rows(quota)] == ["", ""]


@pytest.mark.parametrize("at_once", [1, 3, 7])
async def test_parts_of_any_size_make_the_same_whole(
    db: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    await filled(db, bench)
    whole = await ledgers(db)
    monkeypatch.setattr(export, "AT_ONCE", at_once)
    assert await ledgers(db) == whole


async def test_what_does_not_fit_are_the_oldest_entries(
    db: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(db, bench)
    whole = rows((await ledgers(db))[0])
    monkeypatch.setattr(export, "AT_ONCE", 2)
    cut, _money = await ledgers(db, most_bytes=600)
    assert not cut.is_whole
    assert len(cut.data) <= 600
    assert 0 < cut.entries < len(whole)
    assert rows(cut) == whole[: cut.entries]


async def test_an_empty_ledger_is_its_header(db: Database) -> None:
    quota, money = await ledgers(db)
    assert rows(quota) == rows(money) == []
    assert quota.data.startswith(b"ledger,entry,at,kind,task,of,")


@pytest.mark.parametrize("why", ["=A1", "+1", "-1", "@x", "\t=A1"])
def test_no_spreadsheet_takes_a_persons_words_for_a_formula(why: str) -> None:
    entry = LedgerEntry(
        is_money=False,
        id=1,
        at=START,
        kind=EntryKind.GRANT,
        task=None,
        whose="image",
        user_id=USER,
        scope_id="1",
        window=DAY,
        held=0,
        settled=0,
        why=why,
    )
    [row] = csv.reader(io.StringIO(csv_lines([entry])))
    assert row[-2] == f"'{why}"
