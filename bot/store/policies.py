"""What servers and members have chosen; whoever chose nothing has the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store import tables
from bot.store.rows import insert_missing

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildPolicy:
    """A server's choices."""

    guild_id: int
    real_persons: bool = False
    """Inspirations that name a real person are suggested."""
    deleted_card: str = "dm"
    """Where a result goes whose card was deleted: "dm" or "message"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPolicy:
    """A member's choices in one server."""

    user_id: int
    guild_id: int
    notify: str = "reply"
    """How the end of a long job is told: "reply", "dm" or "nothing"."""


def guild_policy(conn: sa.Connection, guild_id: int) -> GuildPolicy:
    """The server's choices."""
    table = tables.guild_policy
    row = conn.execute(sa.select(table).where(table.c.guild_id == guild_id)).first()
    if row is None:
        return GuildPolicy(guild_id=guild_id)
    return GuildPolicy(guild_id=guild_id, real_persons=row.real_persons, deleted_card=row.deleted_card)


def member_policy(conn: sa.Connection, user_id: int, guild_id: int) -> MemberPolicy:
    """The member's choices in this server."""
    table = tables.member_policy
    mine = sa.select(table).where(table.c.user_id == user_id, table.c.guild_id == guild_id)
    row = conn.execute(mine).first()
    if row is None:
        return MemberPolicy(user_id=user_id, guild_id=guild_id)
    return MemberPolicy(user_id=user_id, guild_id=guild_id, notify=row.notify)


def set_guild_policy(conn: sa.Connection, policy: GuildPolicy, *, now: datetime) -> None:
    """Store the server's choices."""
    table = tables.guild_policy
    values = {
        "real_persons": policy.real_persons,
        "deleted_card": policy.deleted_card,
        "updated_at": now,
    }
    conn.execute(insert_missing(conn.dialect.name, table).values(guild_id=policy.guild_id, **values))
    conn.execute(sa.update(table).where(table.c.guild_id == policy.guild_id).values(values))


def set_member_policy(conn: sa.Connection, policy: MemberPolicy, *, now: datetime) -> None:
    """Store the member's choices."""
    table = tables.member_policy
    key = {"user_id": policy.user_id, "guild_id": policy.guild_id}
    values = {"notify": policy.notify, "updated_at": now}
    conn.execute(insert_missing(conn.dialect.name, table).values(**key, **values))
    mine = (table.c.user_id == policy.user_id, table.c.guild_id == policy.guild_id)
    conn.execute(sa.update(table).where(*mine).values(values))
