"""The audit: what moderators and rules did, each act written by the unit that does it. Append-only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Act, Job

_AUDIT = tables.audit
_POLICY = sa.select(tables.guild_policy.c.log_channel_id, tables.guild_policy.c.log_prompts).where(
    tables.guild_policy.c.guild_id == sa.bindparam("guild_id")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act of a moderator."""

    id: int
    guild_id: int
    at: datetime
    actor_id: int
    act: Act
    target_user_id: int | None
    job_id: int | None
    reason: str | None
    detail: str | None
    """What else is to be known: a task's code, when a block ends."""
    words: str | None = None
    """The prompt that it is about, where the server chose that prompts are logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which entries are wanted; what is None makes no difference."""

    user_id: int | None = None
    """What this user did, or what was done to them."""
    actor_id: int | None = None
    """What this user did."""
    act: Act | None = None
    since: datetime | None = None
    text: str | None = None
    """What stands in the reason or the detail, in whatever case."""


EVERYTHING = Search()


def note(
    conn: sa.Connection,
    act: Act,
    *,
    guild_id: int,
    actor_id: int,
    now: datetime,
    target_user_id: int | None = None,
    job_id: int | None = None,
    reason: str | None = None,
    detail: str | None = None,
    words: str | None = None,
) -> None:
    """Write down an act, and queue it for the server's log channel if there is one.

    `words` are kept only where the server chose it.
    """
    values = {
        "act": act,
        "guild_id": guild_id,
        "at": now,
        "actor_id": actor_id,
        "target_user_id": target_user_id,
        "job_id": job_id,
        "reason": reason,
        "detail": detail,
    }
    _write(conn, values, words)


def _write(conn: sa.Connection, values: dict[str, Any], words: str | None) -> int:
    policy = conn.execute(_POLICY, {"guild_id": values["guild_id"]}).first()
    values["words"] = words if policy is not None and policy.log_prompts else None
    entry_id = conn.execute(sa.insert(_AUDIT).values(values).returning(_AUDIT.c.id)).scalar_one()
    if policy is not None and policy.log_channel_id is not None:
        queued = {"entry_id": entry_id, "guild_id": values["guild_id"], "queued_at": values["at"]}
        conn.execute(sa.insert(tables.log_outbox).values(queued))
    return int(entry_id)


def note_on_job(
    conn: sa.Connection, job: Job, act: Act, *, actor_id: int, now: datetime, reason: str | None = None
) -> int:
    """Write down an act on a job, with its code, which people know it by; the entry's number."""
    values = {
        "act": act,
        "guild_id": job.guild_id,
        "at": now,
        "actor_id": actor_id,
        "target_user_id": job.user_id,
        "job_id": job.id,
        "reason": reason,
        "detail": job.code,
    }
    return _write(conn, values, None if job.private else job.prompt)


def entries(
    conn: sa.Connection,
    guild_id: int,
    search: Search = EVERYTHING,
    *,
    limit: int,
    offset: int = 0,
    before: int | None = None,
) -> list[AuditEntry]:
    """The server's entries that are searched for, newest first; older ones than `before`, an entry's id."""
    query = sa.select(_AUDIT).where(*_of(guild_id, search)).order_by(_AUDIT.c.id.desc())
    if before is not None:
        query = query.where(_AUDIT.c.id < before)
    rows = conn.execute(query.limit(limit).offset(offset))
    return [AuditEntry(**row._mapping) for row in rows]  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def by_ids(conn: sa.Connection, ids: Sequence[int]) -> list[AuditEntry]:
    """These entries, oldest first."""
    rows = conn.execute(sa.select(_AUDIT).where(_AUDIT.c.id.in_(ids)).order_by(_AUDIT.c.id))
    return [AuditEntry(**row._mapping) for row in rows]  # noqa: SLF001  # likewise


def count(conn: sa.Connection, guild_id: int, search: Search = EVERYTHING) -> int:
    """How many entries are searched for."""
    query = sa.select(sa.func.count()).select_from(_AUDIT).where(*_of(guild_id, search))
    return int(conn.execute(query).scalar_one())


def _of(guild_id: int, search: Search) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [_AUDIT.c.guild_id == guild_id]
    if search.user_id is not None:
        involved = sa.or_(_AUDIT.c.target_user_id == search.user_id, _AUDIT.c.actor_id == search.user_id)
        conditions.append(involved)
    if search.actor_id is not None:
        conditions.append(_AUDIT.c.actor_id == search.actor_id)
    if search.act is not None:
        conditions.append(_AUDIT.c.act == search.act)
    if search.since is not None:
        conditions.append(_AUDIT.c.at >= search.since)
    if search.text:
        columns = (_AUDIT.c.reason, _AUDIT.c.detail)
        conditions.append(sa.or_(*(each.icontains(search.text, autoescape=True) for each in columns)))
    return conditions
