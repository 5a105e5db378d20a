"""Bringing the audit into log channels, whatever Discord answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.jobs.logbook import AGAIN_AFTER, CLOSED_FOR, Logbook
from bot.jobs.ports import Denied, Done, Unknown
from bot.model import Act
from bot.store import auditing, policies
from tests.support.store import GUILD, sqlite_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.jobs.ports import Put
    from bot.store.database import Database
    from bot.store.logbook import Batch
    from tests.support.clock import ManualClock


class Channel:
    """Takes what it is given, as `says` tells."""

    def __init__(self) -> None:
        self.says: Put = Done(channel_id=1, message_id=2)
        self.tried: list[tuple[int, bool]] = []

    async def post(self, batch: Batch) -> Put:
        self.tried.append((len(batch.entries), batch.is_repeat))
        return self.says


@pytest.fixture
async def db(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Database]:
    async with sqlite_database(tmp_path, clock) as db:
        now = clock.now()
        await db.write(
            partial(policies.choose, guild_id=GUILD, name="log_channel_id", value=1, by=7, now=now)
        )
        await db.write(partial(auditing.note, act=Act.UNBLOCK, guild_id=GUILD, actor_id=7, now=now))
        yield db


async def test_everything_is_posted_once(db: Database, clock: ManualClock) -> None:
    channel = Channel()
    await Logbook(db, clock, channel).post_all()
    await Logbook(db, clock, channel).post_all()
    assert channel.tried == [(2, False)]


async def test_what_discord_did_not_confirm_is_posted_again_as_the_same(
    db: Database, clock: ManualClock
) -> None:
    channel = Channel()
    channel.says = Unknown()
    logbook = Logbook(db, clock, channel)
    await logbook.post_all()
    await logbook.post_all()
    assert channel.tried == [(2, False)]
    clock.jump(AGAIN_AFTER.total_seconds())
    channel.says = Done(channel_id=1, message_id=2)
    await logbook.post_all()
    assert channel.tried == [(2, False), (2, True)]


async def test_a_channel_that_is_gone_is_said_once_and_asked_again_hours_apart(
    db: Database, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    channel = Channel()
    channel.says = Denied("404 10003 Unknown Channel")
    logbook = Logbook(db, clock, channel)
    for _ in range(3):
        await logbook.post_all()
        await logbook.post_all()
        clock.jump(CLOSED_FOR.total_seconds())
    assert len(channel.tried) == 3
    assert capsys.readouterr().out.count("a log channel cannot be written to") == 1
