"""What belongs to a job whose work is over: its result shared or deleted, its tokens, its late tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.errors import Moved
from bot.model import ENDED, Act, JobState
from bot.store import auditing, ledger, tables
from bot.store.ending import end_job
from bot.store.finding import SETTLED
from bot.store.rows import change, claim_way, lock_job

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Job

CHUNK = 1000
"""A unit of work touches at most so many rows."""

_SHARE = "share"
_JOB = tables.job


def claim_share(conn: sa.Connection, job_id: int, now: datetime) -> bool:
    """Claim the one public copy of a private result. False: somebody has it; a failed attempt gives it back.

    Raises:
        Moved: There is no such job.
    """
    job = lock_job(conn, job_id)
    return job.shared_message_id is None and claim_way(conn, job_id, _SHARE, now)


def unclaim_share(conn: sa.Connection, job_id: int) -> None:
    """Give the claim of `claim_share` back: the message was surely not sent."""
    claim = tables.delivery_claim
    conn.execute(sa.delete(claim).where(claim.c.job_id == job_id, claim.c.way == _SHARE))


def fetched(
    conn: sa.Connection, job_id: int, result_message_id: int, channel_id: int | None, now: datetime
) -> Job:
    """KEPT → DONE: the owner has fetched the result, which is now in that message.

    Raises:
        Moved: It is not kept.
    """
    return end_job(
        conn,
        job_id,
        expected=JobState.KEPT,
        state=JobState.DONE,
        owner=None,
        now=now,
        task_existed=True,
        result_message_id=result_message_id,
        result_channel_id=channel_id,
    )


def mark_deleted(conn: sa.Connection, job_id: int, now: datetime, *, moderator_id: int | None = None) -> Job:
    """The ended job, its images taken away; the first time stays, with its entry in the audit.

    Args:
        conn: The unit's connection.
        job_id: The job.
        now: The time.
        moderator_id: Who takes them away, when that is not their owner.

    Raises:
        Moved: It has not ended.
    """
    before = lock_job(conn, job_id)
    if before.deleted_at is not None:
        return before
    after = change(conn, job_id, _JOB.c.state.in_(ENDED), wanted="ended", values={"deleted_at": now})
    if moderator_id is not None:
        auditing.note_on_job(conn, after, Act.DELETE, actor_id=moderator_id, now=now)
    return after


def mark_shared(conn: sa.Connection, job_id: int, message_id: int, now: datetime) -> Job:  # noqa: ARG001  # every unit is given its time
    """The job, its result shared as that message.

    Raises:
        Moved: There is no such job.
    """
    return change(conn, job_id, wanted="there", values={"shared_message_id": message_id})


def refresh_token(conn: sa.Connection, job_id: int, token: str, expires_at: datetime) -> Job:
    """The job with a newer interaction token; one that dies sooner than the stored one is not taken.

    Raises:
        Moved: There is no such job.
    """
    job = lock_job(conn, job_id)
    if job.interaction_token and job.token_expires_at and job.token_expires_at > expires_at:
        return job
    values = {"interaction_token": token, "token_expires_at": expires_at}
    return change(conn, job_id, wanted="there", values=values)


def expire_tokens(conn: sa.Connection, now: datetime, *, limit: int = CHUNK) -> int:
    """Erase interaction tokens that are dead by now, at most `limit` of them; how many were erased."""
    dead = sa.select(_JOB.c.id).where(_JOB.c.interaction_token.is_not(None), _JOB.c.token_expires_at <= now)
    erase = sa.update(_JOB).where(_JOB.c.id.in_(dead.order_by(_JOB.c.token_expires_at).limit(limit)))
    return conn.execute(erase.values(interaction_token=None)).rowcount


def book_late_task(
    conn: sa.Connection, job_id: int, task_id: str, *, action: str, cost_nano_usd: int | None, now: datetime
) -> bool:
    """Attach a task that was found after its job had ended, and book its cost once that is known.

    May be said again with the cost. The search ends with the first time. The task may be the job's own,
    when that was given up before its end, or a second one, which the job pays besides its own.

    Args:
        conn: The transaction.
        job_id: The job that Run was called for.
        task_id: The task.
        action: What was done with it: "killed" or "attached".
        cost_nano_usd: Wiro's `totalcost`; None: not known yet.
        now: The time.

    Returns:
        False when the task belongs to another job.

    Raises:
        Moved: The job has not ended.
    """
    job = lock_job(conn, job_id)
    if not job.state.has_ended:
        raise Moved(f"job {job_id} has not ended")
    if conn.execute(sa.select(_JOB.c.id).where(_JOB.c.task_id == task_id, _JOB.c.id != job_id)).first():
        return False
    late = tables.late_task
    values = {"job_id": job_id, "found_at": now, "action": action, "cost_nano_usd": cost_nano_usd}
    found = conn.execute(sa.update(late).where(late.c.task_id == task_id).values(values)).rowcount
    if not found:
        conn.execute(sa.insert(late).values(task_id=task_id, **values))
    is_own = job.task_id in {None, task_id}
    changes: dict[str, Any] = {"task_id": job.task_id or task_id, "sweep_until": None}
    if cost_nano_usd is not None:
        ledger.correct(conn, job_id, cost_nano_usd + (0 if is_own else _booked(job)), now=now)
        if is_own:
            changes |= {"cost_nano_usd": cost_nano_usd, "cost_is_estimate": False}
    change(conn, job_id, wanted="there", values=changes)
    return True


def _booked(job: Job) -> int:
    """What the job's own task was booked at."""
    if job.cost_nano_usd is not None:
        return job.cost_nano_usd
    return job.estimate_nano_usd if job.cost_is_estimate else 0


def note_settled(conn: sa.Connection, job_id: int, now: datetime) -> None:
    """The card of the ended job says so, or never will: a restart need not write it again."""
    claim_way(conn, job_id, SETTLED, now)
