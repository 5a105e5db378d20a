"""Changes of a server's settings: entries of the audit that say what was before, so that it can be undone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.model import Act
from bot.store import auditing, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_AUDIT = tables.audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that somebody changed; its values are JSON, as a column's type takes them back."""

    id: int
    """The entry in the audit."""
    at: datetime
    actor_id: int
    setting: str
    """A field of `GuildPolicy`; other settings have a dot in their name."""
    before: Any
    after: Any


def note_change(
    conn: sa.Connection,
    setting: str,
    *,
    guild_id: int,
    actor_id: int,
    before: object,
    after: object,
    now: datetime,
    target_user_id: int | None = None,
) -> bool:
    """Write down a change. False: both are the same, and nothing is written."""
    told = {"setting": setting, "before": before, "after": after}
    plain = json.loads(json.dumps(told))
    if plain["before"] == plain["after"]:
        return False
    detail = json.dumps(told, ensure_ascii=False)
    auditing.note(
        conn,
        Act.SETTING,
        guild_id=guild_id,
        actor_id=actor_id,
        now=now,
        target_user_id=target_user_id,
        detail=detail,
    )
    return True


def read_detail(detail: str | None) -> tuple[str, Any, Any]:
    """The setting of an entry, its value before and after."""
    told = json.loads(detail or "{}")
    return told.get("setting", ""), told.get("before"), told.get("after")


def changes(conn: sa.Connection, guild_id: int, *, limit: int) -> Sequence[Change]:
    """The server's last changes, newest first."""
    query = _changes_of(guild_id).order_by(_AUDIT.c.id.desc()).limit(limit)
    return [_to_change(row) for row in conn.execute(query)]


def change(conn: sa.Connection, guild_id: int, change_id: int) -> Change | None:
    """That change, when it is one of this server."""
    row = conn.execute(_changes_of(guild_id).where(_AUDIT.c.id == change_id)).first()
    return None if row is None else _to_change(row)


def _changes_of(guild_id: int) -> sa.Select[Any]:
    columns = (_AUDIT.c.id, _AUDIT.c.at, _AUDIT.c.actor_id, _AUDIT.c.detail)
    return sa.select(*columns).where(_AUDIT.c.guild_id == guild_id, _AUDIT.c.act == Act.SETTING)


def _to_change(row: sa.Row[Any]) -> Change:
    setting, before, after = read_detail(row.detail)
    return Change(id=row.id, at=row.at, actor_id=row.actor_id, setting=setting, before=before, after=after)
