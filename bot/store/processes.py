"""The processes that carry jobs. Only one with a live row may claim; a row's id is never used twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store import tables
from bot.store.rows import JOB_COLUMNS, to_job

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Job

_PROCESS = tables.process
CHUNK = 1000
"""A unit of work touches at most so many rows."""

_REGISTER_LOCK = 0x41746C50  # "AtlP": serialises the drawing of ids on PostgreSQL


def register(conn: sa.Connection, now: datetime) -> int:
    """The id of a new process, greater than any before it."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_REGISTER_LOCK)))
    newest = conn.execute(sa.select(sa.func.coalesce(sa.func.max(_PROCESS.c.id), 0))).scalar_one()
    process_id: int = newest + 1
    at = _database_time(conn, now)
    conn.execute(sa.insert(_PROCESS).values(id=process_id, started_at=at, heartbeat_at=at))
    return process_id


def heartbeat(conn: sa.Connection, process_id: int, now: datetime) -> bool:
    """Say that the process lives. False: it was taken over and must stop at once."""
    alive = sa.update(_PROCESS).where(_PROCESS.c.id == process_id, _PROCESS.c.ended_at.is_(None))
    return conn.execute(alive.values(heartbeat_at=_database_time(conn, now))).rowcount == 1


def retire(conn: sa.Connection, process_id: int, now: datetime) -> None:
    """The process stops: it claims nothing more, and others may take its jobs at once."""
    mine = sa.update(_PROCESS).where(_PROCESS.c.id == process_id, _PROCESS.c.ended_at.is_(None))
    conn.execute(mine.values(ended_at=_database_time(conn, now)))


def lives(conn: sa.Connection, now: datetime, dead_after_s: float) -> bool:
    """Whether any process works on the database; one that fell silent counts until then."""
    since = _database_time(conn, now) - timedelta(seconds=dead_after_s)
    living = sa.select(_PROCESS.c.id).where(_PROCESS.c.ended_at.is_(None), _PROCESS.c.heartbeat_at > since)
    return conn.execute(living.limit(1)).first() is not None


def take_over(conn: sa.Connection, me: int, now: datetime, dead_after_s: float | None) -> list[Job]:
    """The unfinished jobs of processes that stopped or fell silent, mine from now on, oldest first.

    At most `CHUNK` of them: ask again until there are fewer.

    Args:
        conn: The transaction.
        me: The process that takes them.
        now: The time; on PostgreSQL the database's own clock is used instead.
        dead_after_s: How long a silent process counts as alive; None: all others are surely dead, as the
            holder
            of the file lock of an SQLite database knows.
    """
    at = _database_time(conn, now)
    alive = _PROCESS.c.ended_at.is_(None)
    silent = (
        sa.true() if dead_after_s is None else _PROCESS.c.heartbeat_at <= at - timedelta(seconds=dead_after_s)
    )
    dead = sa.select(_PROCESS.c.id).where(_PROCESS.c.id != me, alive, silent).order_by(_PROCESS.c.id)
    ids = list(conn.execute(dead.with_for_update(skip_locked=True)).scalars())
    if ids:
        conn.execute(sa.update(_PROCESS).where(_PROCESS.c.id.in_(ids), alive).values(ended_at=at))
    ended = sa.select(_PROCESS.c.id).where(_PROCESS.c.ended_at.is_not(None))
    orphans = (
        sa.select(tables.job.c.id)
        .where(tables.IS_UNFINISHED, tables.job.c.owner.in_(ended))
        .order_by(tables.job.c.id)
        .limit(CHUNK)
        .with_for_update(skip_locked=True)  # another heir has those
    )
    taken = sa.update(tables.job).where(tables.job.c.id.in_(orphans))
    update = taken.values(owner=me).returning(*JOB_COLUMNS)
    return sorted((to_job(row) for row in conn.execute(update)), key=lambda job: job.id)


def _database_time(conn: sa.Connection, now: datetime) -> datetime:
    """PostgreSQL's clock where several machines share it: their own may differ by more than a lease."""
    if conn.dialect.name != "postgresql":
        return now
    at: datetime = conn.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return at
