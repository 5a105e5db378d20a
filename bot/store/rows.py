"""What every unit of work on jobs stands on: reading a job, locking it, moving it on, noting the event."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.errors import Moved
from bot.model import EDGES, Job, JobState
from bot.store import tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

JOB_COLUMNS = tuple(tables.job.c[field.name] for field in fields(Job))
"""The columns of `bot.model.Job`, in its order."""

_SELECT = sa.select(*JOB_COLUMNS)
_BY_ID = _SELECT.where(tables.job.c.id == sa.bindparam("job_id"))
_LOCK = _BY_ID.with_for_update()  # means nothing to SQLite, whose writer is alone anyway
_ADD_EVENT = sa.insert(tables.job_event)


@cache
def insert_missing(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that does nothing when it would break a unique key (`ON CONFLICT DO NOTHING`)."""
    return insert_into(dialect, table).on_conflict_do_nothing()


def insert_into(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can be told what to do when it would break a unique key."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def to_job(row: sa.Row[*tuple[Any, ...]]) -> Job:
    """The job of a row that has `JOB_COLUMNS`."""
    return Job(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def job_by_id(conn: sa.Connection, job_id: int) -> Job | None:
    """The job, None when there is none."""
    row = conn.execute(_BY_ID, {"job_id": job_id}).first()
    return None if row is None else to_job(row)


def lock_job(conn: sa.Connection, job_id: int) -> Job:
    """The job, which nobody else changes before this transaction ends.

    Raises:
        Moved: There is no such job.
    """
    row = conn.execute(_LOCK, {"job_id": job_id}).first()
    if row is None:
        raise Moved(f"there is no job {job_id}")
    return to_job(row)


def select_jobs(
    conn: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int | None = None
) -> list[Job]:
    """The jobs that meet every condition, oldest first."""
    query = _SELECT.where(*conditions).order_by(tables.job.c.id).limit(limit)
    return [to_job(row) for row in conn.execute(query)]


def first_job(conn: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Job | None:
    """The oldest job that meets every condition."""
    return next(iter(select_jobs(conn, *conditions, limit=1)), None)


def change(
    conn: sa.Connection,
    job_id: int,
    *conditions: sa.ColumnElement[bool],
    wanted: str,
    values: Mapping[str, Any],
) -> Job:
    """Update the job where it meets every condition, and give it back as it is then.

    Raises:
        Moved: It does not meet them; `wanted` says in words what they are.
    """
    update = sa.update(tables.job).where(tables.job.c.id == job_id, *conditions).values(values)
    row = conn.execute(update.returning(*JOB_COLUMNS)).first()
    if row is None:
        raise Moved(f"job {job_id} is not {wanted}")
    return to_job(row)


def carried(owner: int | None, *states: JobState) -> list[sa.ColumnElement[bool]]:
    """Conditions: the job is in one of these states and with this owner; None: with nobody."""
    state = tables.job.c.state == states[0] if len(states) == 1 else tables.job.c.state.in_(states)
    return [state, tables.job.c.owner.is_(None) if owner is None else tables.job.c.owner == owner]


def move(
    conn: sa.Connection,
    job_id: int,
    *,
    expected: JobState,
    state: JobState,
    owner: int | None,
    now: datetime,
    note: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> Job:
    """Take the job over one edge of its life, guarded by its state and its owner, and note the event.

    Ended states are written by `ending.end_job` alone, which is also what makes the ledgers right.

    Raises:
        Moved: The job is not in `expected`, or not with `owner`.
        ValueError: There is no such edge, or it leads to an end.
    """
    if state.has_ended or state not in EDGES[expected]:
        raise ValueError(f"{expected} → {state} is not an edge for this")
    moved = change(
        conn,
        job_id,
        *carried(owner, expected),
        wanted=f"{expected} with {owner}",
        values={"state": state, "state_at": now, **(values or {})},
    )
    add_event(conn, job_id, at=now, before=expected, after=state, owner=owner, note=note)
    return moved


def add_event(
    conn: sa.Connection,
    job_id: int,
    *,
    at: datetime,
    before: JobState | None,
    after: JobState,
    owner: int | None,
    note: str | None = None,
) -> None:
    """Note that the job went from one state to another."""
    event = {
        "job_id": job_id,
        "at": at,
        "from_state": before,
        "to_state": after,
        "owner": owner,
        "note": note,
    }
    conn.execute(_ADD_EVENT, event)


def claim_way(conn: sa.Connection, job_id: int, way: str, now: datetime) -> bool:
    """Claim something of the job that may happen once. False: it was claimed before."""
    insert = insert_missing(conn.dialect.name, tables.delivery_claim).values(job_id=job_id, way=way, at=now)
    return conn.execute(insert).rowcount == 1
