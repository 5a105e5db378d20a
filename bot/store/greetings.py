"""Servers that were told who the bot is: each once, in a channel or in an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store import tables
from bot.store.rows import insert_missing

if TYPE_CHECKING:
    from datetime import datetime

_GREETING = tables.greeting


def is_greeted(conn: sa.Connection, guild_id: int) -> bool:
    """Whether the server was greeted."""
    query = sa.select(_GREETING.c.guild_id).where(_GREETING.c.guild_id == guild_id)
    return conn.execute(query).first() is not None


def claim(conn: sa.Connection, guild_id: int, now: datetime) -> bool:
    """Claim the one greeting of the server. False: it was greeted, or somebody is about to."""
    values = {"guild_id": guild_id, "at": now}
    return conn.execute(insert_missing(conn.dialect.name, _GREETING).values(values)).rowcount == 1


def forget(conn: sa.Connection, guild_id: int) -> None:
    """Have the server greeted again: the greeting was surely not sent, or the bot has left."""
    conn.execute(sa.delete(_GREETING).where(_GREETING.c.guild_id == guild_id))
