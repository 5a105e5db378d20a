from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.store import policies
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
