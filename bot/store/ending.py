"""How a job ends. `end_job` is the one unit of work that writes an ended state and settles the ledgers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.model import EDGES, Act, CancelBy, JobState, Reason
from bot.store import auditing, history, ledger, tables
from bot.store.rows import add_event, carried, change, lock_job

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Job

_REASONS = {CancelBy.OWNER: Reason.OWNER_CANCELLED, CancelBy.MODERATOR: Reason.MODERATOR_STOPPED}
_KEEPS_QUOTA = sa.func.coalesce(
    sa.select(sa.not_(tables.guild_policy.c.stop_returns_quota))
    .where(tables.guild_policy.c.guild_id == tables.job.c.guild_id)
    .scalar_subquery(),
    sa.false(),
)
"""The server of the job chose that what moderators stop counts."""
_UNSENT = frozenset({JobState.WAITING, JobState.SUBMITTING, JobState.DOUBTFUL})


def end_job(
    conn: sa.Connection,
    job_id: int,
    *,
    expected: JobState,
    state: JobState,
    owner: int | None,
    now: datetime,
    task_existed: bool,
    reason: Reason | None = None,
    reason_text: str | None = None,
    images_made: int = 0,
    cost_nano_usd: int | None = None,
    result_message_id: int | None = None,
    result_channel_id: int | None = None,
    kept_until: datetime | None = None,
    sweep_until: datetime | None = None,
) -> Job:
    """The job, ended: its state, its event, both ledgers and the tool's history in one transaction.

    A job ends with nobody as its owner. A kept job that is fetched (KEPT → DONE) was settled when it was
    kept.

    Args:
        conn: The transaction.
        job_id: The job.
        expected: The state that the caller believes it to be in.
        state: The end.
        owner: Who carries it now; None: nobody (it waits, or is kept).
        now: The time of its end.
        task_existed: Wiro had a task for it, so it may have cost something, whatever became of it.
        reason: Why there are no images.
        reason_text: Wiro's words, or a reference id.
        images_made: What the quota is settled at when there is a result for the owner (DONE, KEPT).
        cost_nano_usd: Wiro's `totalcost`; None: what is stored already, else the estimate is booked and
            flagged.
        result_message_id: Where the images are, when that is not the card.
        result_channel_id: Likewise.
        kept_until: Until when a kept result can be fetched.
        sweep_until: Until when a task that was never found is still looked for.

    Raises:
        Moved: The job is not in `expected`, or not with `owner`.
        ValueError: There is no such edge.
    """
    if not state.has_ended or state not in EDGES[expected]:
        raise ValueError(f"{expected} → {state} is not an end")
    settles = not expected.has_ended
    values: dict[str, Any] = {
        "reason": reason,
        "reason_text": reason_text,
        "cost_nano_usd": cost_nano_usd,
        "result_message_id": result_message_id,
        "result_channel_id": result_channel_id,
        "kept_until": kept_until,
        "sweep_until": sweep_until,
    }
    values = {name: value for name, value in values.items() if value is not None}
    if settles:
        stored = tables.job.c.cost_nano_usd
        cost_unknown = stored.is_(None) if cost_nano_usd is None else sa.false()
        if reason is Reason.MODERATOR_STOPPED:
            values["quota_kept"] = _KEEPS_QUOTA
        values |= {"ended_at": now, "cost_is_estimate": sa.and_(sa.literal(task_existed), cost_unknown)}
    job = change(
        conn,
        job_id,
        *carried(owner, expected),
        wanted=f"{expected} with {owner}",
        values={"state": state, "state_at": now, "owner": None, **values},
    )
    add_event(conn, job_id, at=now, before=expected, after=state, owner=owner, note=reason)
    if settles:
        if expected is JobState.DELIVERING and state in {JobState.DONE, JobState.KEPT}:
            history.record(conn, job, now=now)
        ledger.settle(conn, job, images_made=images_made, task_existed=task_existed, now=now)
    return job


def want_stop(
    conn: sa.Connection,
    job_id: int,
    *,
    by: CancelBy,
    user_id: int | None,
    reason: str | None,
    now: datetime,
    end_reason: Reason | None = None,
) -> Job:
    """Write the wish to stop the job; one that waits ends at once, one that has ended stays as it is.

    The first wish stands, but a moderator's overrules any other, and is written into the audit with it.
    Whoever carries the job reads the wish at each step.

    Args:
        conn: The transaction.
        job_id: The job.
        by: Whose wish it is.
        user_id: Who clicked; None for the system.
        reason: The moderator's words.
        now: The time of the wish.
        end_reason: What a waiting job ends with; left out, by whose wish it is. The system must say it.

    Raises:
        Moved: There is no such job.
    """
    job = lock_job(conn, job_id)
    if job.state.has_ended:
        return job
    overrules = by is CancelBy.MODERATOR and job.cancel_by is not CancelBy.MODERATOR
    if job.cancel_by is None or overrules:
        job = change(
            conn,
            job_id,
            tables.job.c.ended_at.is_(None),
            wanted="unfinished",
            values={
                "cancel_by": by,
                "cancel_user_id": user_id,
                "cancel_reason": reason,
                "cancel_at": now,
            },
        )
        if by is CancelBy.MODERATOR and user_id is not None:
            auditing.note_on_job(conn, job, Act.STOP, actor_id=user_id, reason=reason, now=now)
    return end_unsent(conn, job, now=now, reason=end_reason) if job.state is JobState.WAITING else job


def end_unsent(
    conn: sa.Connection,
    job: Job,
    *,
    now: datetime,
    reason: Reason | None = None,
    sweep_until: datetime | None = None,
) -> Job:
    """End a job of which Wiro has no task, as its stored wish to stop says.

    Raises:
        Moved: It is no longer in that state.
        ValueError: Wiro has a task, or nobody wished its end.
    """
    if job.state not in _UNSENT or job.cancel_by is None:
        raise ValueError(f"a {job.state} job cannot be ended unsent")
    return end_job(
        conn,
        job.id,
        expected=job.state,
        state=JobState.FAILED if job.cancel_by is CancelBy.SYSTEM else JobState.CANCELLED,
        owner=job.owner,
        now=now,
        task_existed=False,
        reason=reason or _REASONS.get(job.cancel_by, Reason.INTERNAL),
        reason_text=job.cancel_reason,
        sweep_until=sweep_until,
    )
