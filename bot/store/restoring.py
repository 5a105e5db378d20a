"""What a restored database must forget: it is older than what Wiro and Discord know of its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import JobState, Reason
from bot.store import processes, tables
from bot.store.afterwards import note_settled
from bot.store.ending import end_job
from bot.store.jobs import begin_doubt
from bot.store.rows import move, select_jobs

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    import sqlalchemy as sa

    from bot.model import Job

BECAUSE = "restored from a backup"
_WITH_TASK = frozenset({JobState.RUNNING, JobState.DELIVERING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What became of the jobs that were unfinished when the backup was made."""

    ended: int
    looked_for: int
    followed: int


def reconcile(
    conn: sa.Connection, *, now: datetime, follow_for: timedelta, sweep_for: timedelta
) -> Reconciled:
    """Let no job go to Wiro that may have been there since the backup was made.

    One that waited is doubtful now: it is looked for at Wiro and followed when it is found, else it ends and
    is released. Jobs that were under way go on as after a crash. One that is older than `follow_for` has
    long ended in truth: it ends here too, and its card is left as it is.

    Args:
        conn: The transaction.
        now: The time.
        follow_for: How old a job may be whose card may still be written.
        sweep_for: How long the cost of a job that ends here is still looked for.
    """
    jobs = select_jobs(conn, tables.IS_UNFINISHED)
    past = [job for job in jobs if job.created_at < now - follow_for or job.message_id is None]
    for job in past:
        end_job(
            conn,
            job.id,
            expected=job.state,
            state=JobState.FAILED,
            owner=job.owner,
            now=now,
            task_existed=job.state in _WITH_TASK,
            reason=Reason.RESTORED,
            sweep_until=now + sweep_for,
        )
        note_settled(conn, job.id, now)
    waiting = [job for job in jobs if job.state is JobState.WAITING and job not in past]
    if waiting:
        me = processes.register(conn, now)
        for job in waiting:
            _doubt(conn, job, me, now)
        processes.retire(conn, me, now)  # the next process takes them over
    return Reconciled(ended=len(past), looked_for=len(waiting), followed=len(jobs) - len(past) - len(waiting))


def _doubt(conn: sa.Connection, job: Job, me: int, now: datetime) -> None:
    """WAITING → SUBMITTING → DOUBTFUL, as if Run had been begun when the job was accepted."""
    values = {
        "owner": me,
        "attempt": job.attempt + 1,
        "submitted_at": job.created_at,
        "not_before": None,
        "returned": True,  # it never goes back to the line
    }
    move(
        conn,
        job.id,
        expected=JobState.WAITING,
        state=JobState.SUBMITTING,
        owner=None,
        now=now,
        note=BECAUSE,
        values=values,
    )
    begin_doubt(conn, job.id, me, now, because=BECAUSE)
