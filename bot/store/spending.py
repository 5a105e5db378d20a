"""What a server's members spent on some days, by day, member and tool.

The counters are told apart by the entries, and these are found by the jobs of those members, so that the
ledger, which only grows, is never read as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.model import EntryKind, MoneyScope
from bot.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

MEMBERS_AT_ONCE = 200
"""The money of at most so many members is looked up in one unit of work."""

_COUNTER, _ENTRY, _JOB = tables.money_counter, tables.money_entry, tables.job


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a member's tasks of one tool cost on a day, in nano-dollars."""

    user_id: int
    day: str
    tool: str | None
    """None: of tasks that are no longer kept."""
    tasks: int
    """How many were taken; 0 when they are no longer kept."""
    settled: int
    held: int
    """By tasks that have not ended."""


def spenders(conn: sa.Connection, guild_id: int, days: Sequence[str]) -> list[int]:
    """The members whose money was booked in the server on these days."""
    rows = conn.execute(
        sa.select(_COUNTER.c.scope_id)
        .distinct()
        .where(
            _COUNTER.c.scope == MoneyScope.MEMBER,
            _COUNTER.c.scope_id.like(f"{guild_id}:%"),
            _COUNTER.c.window.in_(days),
        )
    )
    return sorted(int(row.scope_id.partition(":")[2]) for row in rows)


def spending(conn: sa.Connection, guild_id: int, days: Sequence[str], user_ids: Sequence[int]) -> list[Spent]:
    """What these members spent in the server; it sums up to their counters."""
    scope_ids = [f"{guild_id}:{user_id}" for user_id in user_ids]
    found = _by_tool(conn, guild_id, days, user_ids, scope_ids)
    known: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for each in found:
        sums = known[f"{guild_id}:{each.user_id}", each.day]
        sums[0] += each.settled
        sums[1] += each.held
    counters = conn.execute(
        sa.select(_COUNTER).where(
            _COUNTER.c.scope == MoneyScope.MEMBER,
            _COUNTER.c.scope_id.in_(scope_ids),
            _COUNTER.c.window.in_(days),
        )
    )
    for row in counters:
        settled, held = known[row.scope_id, row.window]
        if (row.settled, row.held) != (settled, held):
            rest = Spent(
                user_id=int(row.scope_id.partition(":")[2]),
                day=row.window,
                tool=None,
                tasks=0,
                settled=row.settled - settled,
                held=row.held - held,
            )
            found.append(rest)
    return found


def _by_tool(
    conn: sa.Connection,
    guild_id: int,
    days: Sequence[str],
    user_ids: Sequence[int],
    scope_ids: Sequence[str],
) -> list[Spent]:
    """The same of the jobs that are still kept."""
    # A job's money is booked in the day of its acceptance, give or take what two clocks differ.
    since = datetime.fromisoformat(min(days)).replace(tzinfo=UTC) - timedelta(days=1)
    rows = conn.execute(
        sa.select(
            _JOB.c.user_id,
            _ENTRY.c.window,
            _JOB.c.tool,
            sa.func.count().filter(_ENTRY.c.kind == EntryKind.HOLD).label("tasks"),
            sa.func.sum(_ENTRY.c.settled).label("settled"),
            sa.func.sum(_ENTRY.c.held).label("held"),
        )
        .select_from(_JOB.join(_ENTRY, _ENTRY.c.job_id == _JOB.c.id))
        .where(
            _JOB.c.user_id.in_(user_ids),
            _JOB.c.guild_id == guild_id,
            _JOB.c.created_at >= since,
            _ENTRY.c.scope == MoneyScope.MEMBER,
            _ENTRY.c.scope_id.in_(scope_ids),
            _ENTRY.c.window.in_(days),
        )
        .group_by(_JOB.c.user_id, _ENTRY.c.window, _JOB.c.tool)
    )
    return [
        Spent(
            user_id=row.user_id,
            day=row.window,
            tool=row.tool,
            tasks=row.tasks,
            settled=int(row.settled),
            held=int(row.held),
        )
        for row in rows
    ]
