"""What goes when a server keeps things for some days only: tasks that ended, and what the ledgers tell of it.

What is taken out of a ledger is taken off its counter in the same unit of work: they agree at any time. What
all servers share stays: the instance's money, and a member's quota over all servers. So do the audit, but for
its prompts, and trainings, whose models go on being used.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.model import ENDED, MoneyScope, Unit
from bot.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

JOBS = 50
"""At most so many in one unit of work: each has some twenty rows elsewhere."""
ROWS = 500

_JOB, _AUDIT, _POLICY = tables.job, tables.audit, tables.guild_policy
_QUOTA, _MONEY = tables.quota_entry, tables.money_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """What is too old for a server."""

    guild_id: int
    before: datetime
    day: str
    """The day of `before`: earlier ones are over, and so on."""
    week: str
    month: str


def servers(conn: sa.Connection) -> Sequence[tuple[int, int]]:
    """The servers that keep things for some days only, and for how many."""
    columns = (_POLICY.c.guild_id, _POLICY.c.retention_days)
    rows = conn.execute(sa.select(*columns).where(_POLICY.c.retention_days.is_not(None)))
    return [(row.guild_id, row.retention_days) for row in rows]


def old_jobs(conn: sa.Connection, cutoff: Cutoff) -> Sequence[int]:
    """Some of the server's tasks that are too old, oldest first; none that is still looked for."""
    query = sa.select(_JOB.c.id).where(
        _JOB.c.guild_id == cutoff.guild_id,
        _JOB.c.ended_at < cutoff.before,
        _JOB.c.sweep_until.is_(None),
        _JOB.c.images > 0,
    )
    return conn.execute(query.order_by(_JOB.c.ended_at).limit(JOBS)).scalars().all()


def old_entries(conn: sa.Connection, cutoff: Cutoff) -> tuple[Sequence[int], Sequence[int]]:
    """Some entries of the server's quota and money, in windows that are too old; of a task all or none."""
    of_quota = sa.and_(
        _QUOTA.c.guild_id == cutoff.guild_id,
        sa.or_(
            sa.and_(_QUOTA.c.unit == Unit.IMAGE, _QUOTA.c.window < cutoff.day),
            sa.and_(_QUOTA.c.unit == Unit.TRAINING, _QUOTA.c.window < cutoff.week),
        ),
    )
    window, scope_id = _MONEY.c.window, _MONEY.c.scope_id
    is_day = sa.func.length(window) == len(cutoff.day)
    of_money = sa.and_(
        _MONEY.c.scope != MoneyScope.INSTANCE,
        sa.or_(scope_id == str(cutoff.guild_id), scope_id.like(f"{cutoff.guild_id}:%")),
        sa.or_(sa.and_(is_day, window < cutoff.day), sa.and_(sa.not_(is_day), window < cutoff.month)),
    )
    return _some(conn, _QUOTA, of_quota), _some(conn, _MONEY, of_money)


def _some(conn: sa.Connection, entries: sa.Table, condition: sa.ColumnElement[bool]) -> Sequence[int]:
    # An entry of no task, a grant for one, stands for itself: ids of tasks are never negative.
    task = sa.func.coalesce(entries.c.job_id, -entries.c.id)
    tasks = sa.select(task).where(condition).distinct().limit(JOBS)
    return conn.execute(sa.select(entries.c.id).where(condition, task.in_(tasks))).scalars().all()


def old_words(conn: sa.Connection, cutoff: Cutoff) -> Sequence[int]:
    """Some entries of the server's audit that are too old to have a prompt."""
    query = sa.select(_AUDIT.c.id).where(
        _AUDIT.c.guild_id == cutoff.guild_id, _AUDIT.c.at < cutoff.before, _AUDIT.c.words.is_not(None)
    )
    return conn.execute(query.limit(ROWS)).scalars().all()


def forget_jobs(conn: sa.Connection, ids: Sequence[int]) -> int:
    """Delete these tasks with all that belongs to them, but for what they cost; how many there were."""
    delete = sa.delete(_JOB).where(_JOB.c.id.in_(ids), _JOB.c.state.in_(ENDED))
    gone = conn.execute(delete.returning(_JOB.c.id)).scalars().all()
    for table in (tables.late_task, tables.result_file, tables.report):
        conn.execute(sa.delete(table).where(table.c.job_id.in_(gone)))
    # What they took of "jobs at once" came back: its entries sum to nothing.
    at_once = sa.and_(_QUOTA.c.job_id.in_(gone), _QUOTA.c.unit == Unit.TASK)
    _take_out(conn, _QUOTA, tables.quota_counter, at_once)
    return len(gone)


def forget_entries(conn: sa.Connection, quota: Sequence[int], money: Sequence[int]) -> None:
    """Delete these entries, and the counters of which nothing is left."""
    for table, counter, ids in (
        (_QUOTA, tables.quota_counter, quota),
        (_MONEY, tables.money_counter, money),
    ):
        for found in _take_out(conn, table, counter, table.c.id.in_(ids)):
            is_empty = sa.and_(counter.c.held == 0, counter.c.settled == 0)
            conn.execute(sa.delete(counter).where(*_is(counter, found), is_empty))


def forget_words(conn: sa.Connection, ids: Sequence[int]) -> None:
    """Take the prompts out of these entries of the audit; the entries stay."""
    conn.execute(sa.update(_AUDIT).where(_AUDIT.c.id.in_(ids)).values(words=None))


def _take_out(
    conn: sa.Connection, entries: sa.Table, counter: sa.Table, condition: sa.ColumnElement[bool]
) -> Sequence[dict[str, Any]]:
    """Delete entries and take them off their counters; the keys of these."""
    key = [column.name for column in counter.primary_key]
    columns = (*(entries.c[name] for name in key), entries.c.held, entries.c.settled)
    sums: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in conn.execute(sa.delete(entries).where(condition).returning(*columns)):
        sums[tuple(row)[: len(key)]][0] += row.held
        sums[tuple(row)[: len(key)]][1] += row.settled
    found = []
    for values, (held, settled) in sorted(sums.items()):
        found.append(dict(zip(key, values, strict=True)))
        if held or settled:
            less = {"held": counter.c.held - held, "settled": counter.c.settled - settled}
            conn.execute(sa.update(counter).where(*_is(counter, found[-1])).values(less))
    return found


def _is(counter: sa.Table, key: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [counter.c[name] == value for name, value in key.items()]
