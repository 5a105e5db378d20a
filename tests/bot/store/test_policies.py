from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.model import AgeRule
from bot.store import changes, policies
from bot.store.policies import GuildPolicy, MemberPolicy
from tests.support.clock import START

if TYPE_CHECKING:
    from bot.store.database import Database


async def test_server_has_the_defaults_until_it_chooses(db: Database) -> None:
    assert await db.read(lambda conn: policies.guild_policy(conn, 1)) == GuildPolicy(guild_id=1)
    for chosen in (
        GuildPolicy(guild_id=1, real_persons=True),
        GuildPolicy(guild_id=1, deleted_card="message"),
    ):
        await db.write(partial(policies.set_guild_policy, policy=chosen, now=START))
        assert await db.read(lambda conn: policies.guild_policy(conn, 1)) == chosen
    assert await db.read(lambda conn: policies.guild_policy(conn, 2)) == GuildPolicy(guild_id=2)


async def test_member_has_the_defaults_until_they_choose(db: Database) -> None:
    default = MemberPolicy(user_id=1, guild_id=2)
    assert await db.read(lambda conn: policies.member_policy(conn, 1, 2)) == default
    for chosen in (MemberPolicy(user_id=1, guild_id=2, notify="dm"), default):
        await db.write(partial(policies.set_member_policy, policy=chosen, now=START))
        assert await db.read(lambda conn: policies.member_policy(conn, 1, 2)) == chosen


CHOSEN: dict[str, object] = {
    "real_persons": True,
    "deleted_card": "message",
    "language": "de",
    "allowed_channels": (1 << 63, 7),
    "age_rule": AgeRule.NSFW_ONLY,
    "retention_days": 30,
    "log_channel_id": 5,
    "log_prompts": True,
    "moderator_roles": (9,),
    "portrait_defaults": {"samples": 4, "negativePrompt": "blurry"},
    "cooldown_s": 60,
    "stop_returns_quota": False,
    "line_paused": "new rules",
}


def test_each_choice_is_tried_here() -> None:
    assert set(CHOSEN) == set(policies.CHOICES)


async def test_each_choice_is_stored_told_and_undone_by_what_was_told(db: Database) -> None:
    """A change says what was before in a form that can be chosen again."""
    for name, value in CHOSEN.items():
        assert await db.write(partial(policies.choose, guild_id=1, name=name, value=value, by=7, now=START))
    chosen = await db.read(lambda conn: policies.guild_policy(conn, 1))
    assert chosen == GuildPolicy(guild_id=1, **CHOSEN)  # type: ignore[arg-type]  # a table of different types
    told = await db.read(lambda conn: changes.changes(conn, 1, limit=100))
    assert [each.setting for each in told] == list(reversed(CHOSEN))
    assert {(each.actor_id, each.at) for each in told} == {(7, START)}
    for each in told:
        await db.write(
            partial(policies.choose, guild_id=1, name=each.setting, value=each.before, by=8, now=START)
        )
    assert await db.read(lambda conn: policies.guild_policy(conn, 1)) == GuildPolicy(guild_id=1)


async def test_choosing_what_holds_already_is_no_change(db: Database) -> None:
    """Nothing is written into the audit, also for lists."""
    pick = partial(policies.choose, guild_id=1, name="allowed_channels", by=7, now=START)
    assert not await db.write(partial(pick, value=()))
    assert await db.write(partial(pick, value=(3,)))
    assert not await db.write(partial(pick, value=[3]))
    assert len(await db.read(lambda conn: changes.changes(conn, 1, limit=10))) == 1


async def test_a_change_is_found_in_its_own_server_only(db: Database) -> None:
    """Who undoes by a number cannot reach into another server."""
    await db.write(partial(policies.choose, guild_id=1, name="language", value="de", by=7, now=START))
    [told] = await db.read(lambda conn: changes.changes(conn, 1, limit=10))
    assert await db.read(lambda conn: changes.change(conn, 1, told.id)) == told
    assert await db.read(lambda conn: changes.change(conn, 2, told.id)) is None
    assert await db.read(lambda conn: changes.changes(conn, 2, limit=10)) == []


async def test_only_choices_can_be_chosen(db: Database) -> None:
    """The server's own id and time are not settings."""
    for name in ("guild_id", "updated_at"):
        with pytest.raises(ValueError, match="not a server's choice"):
            await db.write(partial(policies.choose, guild_id=1, name=name, value=2, by=7, now=START))
