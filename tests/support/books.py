"""The bot's database as an auditor reads it: what every job went through, and whether the books are right."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.model import EDGES, JobState
from bot.store import ledger, tables
from bot.store.rows import select_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.model import Job


@contextmanager
def reading(file: Path) -> Iterator[sa.Connection]:
    """A connection to a bot's SQLite file that cannot write, beside the bot or after it."""
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5),
        poolclass=sa.NullPool,
    )
    try:
        with engine.begin() as conn:
            yield conn
    finally:
        engine.dispose()


def all_jobs(conn: sa.Connection) -> list[Job]:
    """Every job, oldest first."""
    return select_jobs(conn)


def late_tasks(conn: sa.Connection) -> dict[str, int]:
    """The tasks that the sweep found, and whose job each is."""
    late = tables.late_task
    return {row.task_id: row.job_id for row in conn.execute(sa.select(late.c.task_id, late.c.job_id))}


def faults_of(conn: sa.Connection) -> list[str]:
    """Everything that is wrong with the books, a line each: ledgers, holds, the steps of every job."""
    return [
        *(f"ledger: {difference}" for difference in ledger.check(conn)),
        *(fault for job in all_jobs(conn) for fault in _wrong_steps(conn, job)),
        *_double_tasks(conn),
    ]


def steps_of(conn: sa.Connection, job: Job) -> list[tuple[JobState | None, JobState]]:
    """The states that a job went through, as pairs of before and after."""
    event = tables.job_event
    rows = conn.execute(
        sa.select(event.c.from_state, event.c.to_state).where(event.c.job_id == job.id).order_by(event.c.id)
    )
    return [(row.from_state, row.to_state) for row in rows]


def _wrong_steps(conn: sa.Connection, job: Job) -> Iterator[str]:
    steps = steps_of(conn, job)
    here: JobState | None = None
    for before, after in steps:
        if before is not here:
            yield f"{job.code}: a step from {before} while it was {here}"
        if before is None and after is not JobState.WAITING:
            yield f"{job.code}: began as {after}"
        if before is not None and after not in EDGES[before]:
            yield f"{job.code}: {before} → {after} is no edge"
        here = after
    if here is not job.state:
        yield f"{job.code}: its last step led to {here}, but it is {job.state}"
    taken = Counter(steps)
    for (before, after), times in taken.items():
        # Only a return to the line lets a job go the same way again, once for each return.
        returns = sum(count for (_, to), count in taken.items() if to is JobState.WAITING) - 1
        if times > 1 + returns:
            yield f"{job.code}: {before} → {after} was taken {times} times"


def _double_tasks(conn: sa.Connection) -> Iterator[str]:
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for job in all_jobs(conn):
        if job.task_id is not None:
            codes[job.task_id].append(job.code)
    for task_id, owners in codes.items():
        if len(owners) > 1:
            yield f"task {task_id} belongs to {owners}"
