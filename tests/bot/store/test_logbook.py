from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.model import Act
from bot.store import auditing, logbook, policies
from tests.support.clock import START
from tests.support.store import GUILD

if TYPE_CHECKING:
    from bot.store.database import Database
    from bot.store.logbook import Batch

CHANNEL = 4000
MODERATOR = 77


async def choose(db: Database, name: str, value: Any, guild_id: int = GUILD) -> None:
    """Choose it, and have what that itself says crossed off."""
    await db.write(
        partial(policies.choose, guild_id=guild_id, name=name, value=value, by=MODERATOR, now=START)
    )
    for batch in await claim(db):
        await db.write(partial(logbook.posted, batch=batch))


async def write_down(db: Database, act: Act = Act.UNBLOCK, **changes: Any) -> None:
    values: dict[str, Any] = {"guild_id": GUILD, "actor_id": MODERATOR, "now": START} | changes
    await db.write(partial(auditing.note, act=act, **values))


async def claim(db: Database, after: timedelta = timedelta()) -> list[Batch]:
    return await db.write(partial(logbook.claim, now=START + after))


def details(batch: Batch) -> list[str | None]:
    return [entry.detail for entry in batch.entries]


async def test_only_entries_of_servers_with_a_log_channel_are_posted_in_their_order(db: Database) -> None:
    await write_down(db, detail="before it was chosen")
    await choose(db, "log_channel_id", CHANNEL)
    for detail in "ab":
        await write_down(db, detail=detail)
        await write_down(db, detail=detail, guild_id=GUILD + 1)
    [batch] = await claim(db)
    assert (batch.guild_id, batch.channel_id, details(batch)) == (GUILD, CHANNEL, ["a", "b"])
    assert not batch.is_repeat
    await db.write(partial(logbook.posted, batch=batch))
    assert not await db.read(partial(logbook.pending, now=START))
    assert await claim(db) == []


async def test_a_batch_whose_process_ended_comes_again_as_it_was(db: Database) -> None:
    await choose(db, "log_channel_id", CHANNEL)
    await write_down(db, detail="a")
    [first] = await claim(db)
    await write_down(db, detail="b")
    assert await claim(db, logbook.LEASE - timedelta(seconds=1)) == []
    [again] = await claim(db, logbook.LEASE)
    assert (again.number, details(again), again.begun_at) == (first.number, ["a"], START)
    assert again.is_repeat
    await db.write(partial(logbook.posted, batch=again))
    assert [details(batch) for batch in await claim(db, logbook.LEASE)] == [["b"]]


async def test_a_report_is_a_message_of_its_own(db: Database) -> None:
    await choose(db, "log_channel_id", CHANNEL)
    for act, detail in ((Act.UNBLOCK, "a"), (Act.REPORT, "r"), (Act.REPORT, "s"), (Act.UNBLOCK, "b")):
        await write_down(db, act, detail=detail)
    seen = []
    while batches := await claim(db):
        seen.append(details(batches[0]))
        await db.write(partial(logbook.posted, batch=batches[0]))
    assert seen == [["a"], ["r"], ["s"], ["b"]]


async def test_a_channel_that_refuses_is_left_alone_until_its_time_or_another_is_chosen(db: Database) -> None:
    await choose(db, "log_channel_id", CHANNEL)
    await choose(db, "log_channel_id", CHANNEL, GUILD + 1)
    await write_down(db, detail="a")
    await write_down(db, detail="elsewhere", guild_id=GUILD + 1)
    [batch, other] = await claim(db)
    assert batch.guild_id == GUILD
    await db.write(partial(logbook.posted, batch=other))
    hour = timedelta(hours=1)
    await db.write(partial(logbook.hold, batch=batch, until=START + hour))
    await write_down(db, detail="b")
    assert not await db.read(partial(logbook.pending, now=START + hour / 2))
    assert await db.read(partial(logbook.held_back, now=START)) == 1
    assert [details(each) for each in await claim(db, hour)] == [["a"]]
    await db.write(partial(logbook.hold, batch=batch, until=START + 2 * hour))
    await db.write(
        partial(
            policies.choose,
            guild_id=GUILD,
            name="log_channel_id",
            value=CHANNEL + 1,
            by=MODERATOR,
            now=START + hour,
        )
    )
    [moved] = await claim(db, hour)
    assert (moved.channel_id, details(moved)) == (CHANNEL + 1, ["a"])


async def test_what_has_no_channel_any_more_or_is_a_week_old_is_forgotten(db: Database) -> None:
    await choose(db, "log_channel_id", CHANNEL)
    await write_down(db, detail="a")
    await db.write(
        partial(policies.choose, guild_id=GUILD, name="log_channel_id", value=None, by=MODERATOR, now=START)
    )
    assert await db.read(partial(logbook.pending, now=START))
    assert await claim(db) == []
    assert not await db.read(partial(logbook.pending, now=START))
    await choose(db, "log_channel_id", CHANNEL)
    await write_down(db, detail="b")
    late = logbook.KEPT + timedelta(seconds=1)
    assert await claim(db, late) == []
    assert not await db.read(partial(logbook.pending, now=START + late))


async def test_prompts_are_kept_only_where_the_server_chose_it(db: Database) -> None:
    await write_down(db, words="a red fox")
    await choose(db, "log_prompts", value=True)
    await write_down(db, words="a blue fox")
    found = await db.read(partial(auditing.entries, guild_id=GUILD, limit=9))
    assert [entry.words for entry in found if entry.act is Act.UNBLOCK] == ["a blue fox", None]
