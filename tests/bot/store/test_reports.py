from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.errors import TooManyReports
from bot.store import logbook, policies, reports, tables
from bot.store.reports import Decision, Report
from tests.support.clock import START
from tests.support.store import GUILD, Bench

if TYPE_CHECKING:
    from bot.model import Job
    from bot.store.database import Database

REPORTER, MODERATOR = 55, 77


async def file(db: Database, job: Job, reporter_id: int = REPORTER, after: timedelta = timedelta()) -> bool:
    return await db.write(partial(reports.file, job=job, reporter_id=reporter_id, now=START + after))


async def numbers(db: Database) -> list[int]:
    """Those of all reports, in their order; PostgreSQL leaves some out."""
    found = sa.select(tables.report.c.id).order_by(tables.report.c.id)
    return list(await db.read(lambda conn: conn.execute(found).scalars().all()))


async def decide(db: Database, report_id: int, decision: Decision) -> list[Report]:
    return list(
        await db.write(
            partial(reports.decide, report_id=report_id, decision=decision, by=MODERATOR, now=START)
        )
    )


async def test_the_limit_is_a_members_own_and_moves_with_the_hour(db: Database) -> None:
    bench = Bench(db)
    jobs = [await bench.accepted() for _ in range(reports.MOST + 1)]
    for number, job in enumerate(jobs[:-1]):
        assert await file(db, job, after=timedelta(minutes=number))
    with pytest.raises(TooManyReports, match=f"<t:{int((START + reports.WITHIN).timestamp())}"):
        await file(db, jobs[-1], after=timedelta(minutes=10))
    assert not await file(db, jobs[0], after=timedelta(minutes=10))
    assert await file(db, jobs[-1], 56, after=timedelta(minutes=10))
    assert await file(db, jobs[-1], after=reports.WITHIN)


async def test_a_decision_goes_for_all_reports_of_the_image_once(db: Database) -> None:
    job = await Bench(db).accepted()
    for reporter in (1, 2):
        assert await file(db, job, reporter)
    first, second = await numbers(db)
    changed = await decide(db, second, Decision.BLOCK)
    assert [(each.id, each.blocked_by) for each in changed] == [(first, MODERATOR), (second, MODERATOR)]
    assert await decide(db, first, Decision.BLOCK) == []
    assert await decide(db, first, Decision.DISMISS) == []
    assert len(await decide(db, first, Decision.REMOVE)) == 2
    assert await file(db, job, 3)
    third = (await numbers(db))[-1]
    assert [each.id for each in await decide(db, third, Decision.DISMISS)] == [third]
    assert await decide(db, third, Decision.REMOVE) == []
    assert await decide(db, third + 9, Decision.REMOVE) == []


async def test_a_report_remembers_the_message_that_moderators_read(db: Database) -> None:
    await db.write(
        partial(policies.choose, guild_id=GUILD, name="log_channel_id", value=4000, by=MODERATOR, now=START)
    )
    for batch in await db.write(partial(logbook.claim, now=START)):
        await db.write(partial(logbook.posted, batch=batch))
    await file(db, await Bench(db).accepted())
    [batch] = await db.write(partial(logbook.claim, now=START))
    assert batch.report is not None
    await db.write(partial(logbook.posted, batch=batch, message_id=4711))
    found = await db.read(partial(reports.get, report_id=batch.report.id))
    assert found is not None
    assert (found.channel_id, found.message_id) == (4000, 4711)
