"""Members that moderators keep from starting tasks in their server. A block that has run out is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.errors import Blocked
from bot.model import Act
from bot.store import auditing, tables
from bot.store.rows import insert_missing

if TYPE_CHECKING:
    from datetime import datetime

_BLOCK = tables.block
_FIND = sa.select(_BLOCK).where(  # made once: every task that is asked for is asked it
    _BLOCK.c.guild_id == sa.bindparam("guild_id"),
    _BLOCK.c.user_id == sa.bindparam("user_id"),
    sa.or_(_BLOCK.c.until.is_(None), _BLOCK.c.until > sa.bindparam("now", type_=_BLOCK.c.until.type)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A member who may not start tasks in a server."""

    guild_id: int
    user_id: int
    by: int
    """The moderator."""
    reason: str | None
    at: datetime
    until: datetime | None
    """When it ends by itself; None: when a moderator ends it."""


def block(conn: sa.Connection, wanted: Block) -> None:
    """Store the block, in the place of an older one, and its entry in the audit."""
    key = {"guild_id": wanted.guild_id, "user_id": wanted.user_id}
    values = {"by": wanted.by, "reason": wanted.reason, "at": wanted.at, "until": wanted.until}
    conn.execute(insert_missing(conn.dialect.name, _BLOCK).values(**key, **values))
    conn.execute(sa.update(_BLOCK).where(*_of(**key)).values(values))
    auditing.note(
        conn,
        Act.BLOCK,
        guild_id=wanted.guild_id,
        actor_id=wanted.by,
        now=wanted.at,
        target_user_id=wanted.user_id,
        reason=wanted.reason,
        detail=None if wanted.until is None else str(int(wanted.until.timestamp())),
    )


def unblock(conn: sa.Connection, *, guild_id: int, user_id: int, by: int, now: datetime) -> bool:
    """End the block, with its entry in the audit. False: there was none, and nothing is written."""
    was_blocked = find(conn, guild_id=guild_id, user_id=user_id, now=now) is not None
    conn.execute(sa.delete(_BLOCK).where(*_of(guild_id, user_id)))
    if was_blocked:
        auditing.note(conn, Act.UNBLOCK, guild_id=guild_id, actor_id=by, now=now, target_user_id=user_id)
    return was_blocked


def find(conn: sa.Connection, *, guild_id: int, user_id: int, now: datetime) -> Block | None:
    """The block that holds for the member there."""
    row = conn.execute(_FIND, {"guild_id": guild_id, "user_id": user_id, "now": now}).first()
    return None if row is None else Block(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def refuse_blocked(conn: sa.Connection, *, guild_id: int, user_id: int, now: datetime) -> None:
    """Return when the member may start tasks there.

    Raises:
        Blocked: Moderators said no.
    """
    found = find(conn, guild_id=guild_id, user_id=user_id, now=now)
    if found is not None:
        raise Blocked(reason=found.reason, until=found.until)


def in_server(
    conn: sa.Connection, guild_id: int, *, now: datetime, limit: int, offset: int = 0
) -> list[Block]:
    """The blocks that hold in a server, newest first."""
    query = sa.select(_BLOCK).where(_BLOCK.c.guild_id == guild_id, _holds(now))
    query = query.order_by(_BLOCK.c.at.desc(), _BLOCK.c.user_id).limit(limit).offset(offset)
    return [Block(**row._mapping) for row in conn.execute(query)]  # noqa: SLF001  # likewise


def count(conn: sa.Connection, guild_id: int, *, now: datetime) -> int:
    """How many blocks hold in a server."""
    query = sa.select(sa.func.count()).select_from(_BLOCK).where(_BLOCK.c.guild_id == guild_id, _holds(now))
    return int(conn.execute(query).scalar_one())


def _of(guild_id: int, user_id: int) -> list[sa.ColumnElement[bool]]:
    return [_BLOCK.c.guild_id == guild_id, _BLOCK.c.user_id == user_id]


def _holds(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(_BLOCK.c.until.is_(None), _BLOCK.c.until > now)
