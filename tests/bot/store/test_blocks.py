from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import Blocked
from bot.model import Act, CancelBy
from bot.store import auditing, blocks, jobs, ledger
from bot.store.blocks import Block
from tests.support.clock import START
from tests.support.store import CHANNEL, GUILD, USER

if TYPE_CHECKING:
    from bot.store.database import Database
    from tests.support.store import Bench

MODERATOR = 77


def a_block(**changes: Any) -> Block:
    values: dict[str, Any] = {
        "guild_id": GUILD,
        "user_id": USER,
        "by": MODERATOR,
        "reason": "spam",
        "at": START,
        "until": None,
    }
    return Block(**(values | changes))


async def acts(db: Database, guild_id: int = GUILD, **options: Any) -> list[Act]:
    found = await db.read(lambda conn: auditing.entries(conn, guild_id, limit=50, **options))
    return [entry.act for entry in found]


async def test_a_blocked_member_is_refused_with_why_and_until_when_and_nothing_is_held(
    db: Database, bench: Bench
) -> None:
    until = START + timedelta(days=3)
    await db.write(partial(blocks.block, wanted=a_block(until=until)))
    with pytest.raises(Blocked) as refusal:
        await bench.waiting()
    assert refusal.value.reason == "spam"
    assert refusal.value.until == until
    assert "spam" in refusal.value.message
    assert f"<t:{int(until.timestamp())}:R>" in refusal.value.message
    assert await db.read(jobs.unfinished) == []
    assert await db.read(ledger.check) == []
    assert (await bench.waiting(guild_id=GUILD + 1)).user_id == USER
    assert (await bench.waiting(user_id=USER + 1)).guild_id == GUILD


async def test_a_block_ends_at_its_time_and_is_then_no_longer_listed(db: Database, bench: Bench) -> None:
    until = START + timedelta(days=1)
    await db.write(partial(blocks.block, wanted=a_block(until=until)))
    listed = partial(blocks.in_server, guild_id=GUILD, limit=10)
    assert await db.read(partial(listed, now=until - timedelta(seconds=1))) == [a_block(until=until)]
    assert await db.read(partial(listed, now=until)) == []
    assert await db.read(partial(blocks.count, guild_id=GUILD, now=until)) == 0
    bench.now = until
    await bench.waiting()


async def test_a_later_block_takes_the_place_of_an_earlier_one(db: Database) -> None:
    await db.write(partial(blocks.block, wanted=a_block()))
    later = a_block(by=78, reason=None, at=START + timedelta(hours=1), until=START + timedelta(days=2))
    await db.write(partial(blocks.block, wanted=later))
    found = await db.read(partial(blocks.in_server, guild_id=GUILD, now=START, limit=10))
    assert found == [later]
    assert await acts(db) == [Act.BLOCK, Act.BLOCK]


async def test_unblocking_lets_the_member_in_again_and_says_when_there_was_no_block(
    db: Database, bench: Bench
) -> None:
    await db.write(partial(blocks.block, wanted=a_block()))
    elsewhere = partial(blocks.unblock, guild_id=GUILD + 1, user_id=USER, by=MODERATOR, now=START)
    assert await db.write(elsewhere) is False
    lift = partial(blocks.unblock, guild_id=GUILD, user_id=USER, by=MODERATOR, now=START)
    assert await db.write(lift) is True
    assert await db.write(lift) is False
    assert await acts(db) == [Act.UNBLOCK, Act.BLOCK]
    assert await acts(db, GUILD + 1) == []
    await bench.waiting()


async def test_a_moderators_stop_is_in_the_audit_once_and_an_owners_is_not(
    db: Database, bench: Bench
) -> None:
    me = await bench.process()
    job, own = await bench.running(me), await bench.running(me)
    stop = partial(jobs.want_stop, job_id=job.id, by=CancelBy.MODERATOR, user_id=MODERATOR, now=START)
    await db.write(partial(stop, reason="no"))
    await db.write(partial(stop, reason="again"))
    await db.write(
        partial(jobs.want_stop, job_id=own.id, by=CancelBy.OWNER, user_id=USER, reason=None, now=START)
    )
    [entry] = await db.read(partial(auditing.entries, guild_id=GUILD, limit=10))
    assert (entry.act, entry.actor_id, entry.target_user_id) == (Act.STOP, MODERATOR, USER)
    assert (entry.job_id, entry.detail, entry.reason, entry.at) == (job.id, job.code, "no", START)


async def test_the_audit_is_read_by_page_and_by_user_newest_first(db: Database) -> None:
    for number in range(5):
        await db.write(
            partial(blocks.block, wanted=a_block(user_id=USER + number, at=START + timedelta(hours=number)))
        )
    page = await db.read(partial(auditing.entries, guild_id=GUILD, limit=2, offset=2))
    assert [entry.target_user_id for entry in page] == [USER + 2, USER + 1]
    assert await db.read(partial(auditing.count, guild_id=GUILD)) == 5
    assert (
        await db.read(partial(auditing.count, guild_id=GUILD, search=auditing.Search(user_id=USER + 3))) == 1
    )
    assert (
        await db.read(partial(auditing.count, guild_id=GUILD, search=auditing.Search(user_id=MODERATOR))) == 5
    )
    lately = auditing.Search(since=START + timedelta(hours=3))
    assert await db.read(partial(auditing.count, guild_id=GUILD, search=lately)) == 2
    older = await db.read(partial(auditing.entries, guild_id=GUILD, limit=9, before=page[0].id))
    assert [entry.target_user_id for entry in older] == [USER + 1, USER]


async def test_unfinished_and_waiting_jobs_are_found_by_server_and_member(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.ended(me)
    running, waiting = await bench.running(me), await bench.waiting()
    other = await bench.waiting(user_id=USER + 1)
    await bench.waiting(guild_id=GUILD + 1, channel_id=CHANNEL + 1)
    here = await db.read(partial(jobs.unfinished_in, guild_id=GUILD))
    assert [job.id for job in here] == [running.id, waiting.id, other.id]
    theirs = await db.read(partial(jobs.unfinished_in, guild_id=GUILD, user_id=USER))
    assert [job.id for job in theirs] == [running.id, waiting.id]
    in_line = await db.read(partial(jobs.waiting, guild_id=GUILD, user_id=USER))
    assert [job.id for job in in_line] == [waiting.id]
