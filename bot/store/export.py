"""The ledgers read as a whole: a server's entries, or a member's there, in parts, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.model import MoneyScope
from bot.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import EntryKind

AT_ONCE = 1_000
"""At most so many entries are looked at in one unit of work."""

_QUOTA, _MONEY, _JOB = tables.quota_entry, tables.money_entry, tables.job


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """An entry of either ledger; money is in nano-dollars."""

    is_money: bool
    id: int
    at: datetime
    kind: EntryKind
    task: str | None
    """The job's code, as long as the job is kept."""
    whose: str
    """"image", "training" or "task", or whose money: "member", "role", "server"."""
    user_id: int | None
    """The member; None for money of a role or the server."""
    scope_id: str
    window: str
    held: int
    settled: int
    cap: int | None = None
    granted: int = 0
    until: datetime | None = None
    actor_id: int | None = None
    why: str | None = None
    is_estimate: bool = False


def last_ids(conn: sa.Connection) -> tuple[int, int]:
    """The ids of the newest entries: of quota, of money."""
    quota, money = (
        conn.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))).scalar_one()
        for table in (_QUOTA, _MONEY)
    )
    return int(quota), int(money)


def quota_entries(
    conn: sa.Connection, guild_id: int, *, upto: int, user_id: int | None = None
) -> Sequence[LedgerEntry]:
    """Those of the server among the `AT_ONCE` entries that end with the id `upto`, newest first."""
    query = _part(_QUOTA, upto).where(_QUOTA.c.guild_id == guild_id)
    if user_id is not None:
        query = query.where(_QUOTA.c.user_id == user_id)
    return [
        LedgerEntry(
            is_money=False,
            id=row.id,
            at=row.at,
            kind=row.kind,
            task=row.code,
            whose=row.unit.value,
            user_id=row.user_id,
            scope_id=str(guild_id),
            window=row.window,
            held=row.held,
            settled=row.settled,
            cap=row.cap,
            granted=row.granted,
            until=row.until,
            actor_id=row.actor_id,
            why=row.why,
        )
        for row in conn.execute(query)
    ]


def money_entries(
    conn: sa.Connection, guild_id: int, *, upto: int, user_id: int | None = None
) -> Sequence[LedgerEntry]:
    """The same of money: the member's, or with everybody's those of the roles and of the server."""
    scope, scope_id = _MONEY.c.scope, _MONEY.c.scope_id
    if user_id is None:
        wanted = sa.and_(
            scope != MoneyScope.INSTANCE,
            sa.or_(scope_id == str(guild_id), scope_id.like(f"{guild_id}:%")),
        )
    else:
        wanted = sa.and_(scope == MoneyScope.MEMBER, scope_id == f"{guild_id}:{user_id}")
    return [
        LedgerEntry(
            is_money=True,
            id=row.id,
            at=row.at,
            kind=row.kind,
            task=row.code,
            whose=row.scope.value,
            user_id=int(row.scope_id.partition(":")[2]) if row.scope is MoneyScope.MEMBER else None,
            scope_id=row.scope_id,
            window=row.window,
            held=row.held,
            settled=row.settled,
            is_estimate=row.is_estimate,
        )
        for row in conn.execute(_part(_MONEY, upto).where(wanted))
    ]


def _part(entries: sa.Table, upto: int) -> sa.Select[Any]:
    return (
        sa.select(entries, _JOB.c.code)
        .select_from(entries.outerjoin(_JOB, _JOB.c.id == entries.c.job_id))
        .where(entries.c.id <= upto, entries.c.id > upto - AT_ONCE)
        .order_by(entries.c.id.desc())
    )
