"""The units of work on jobs: acceptance, every step of the way, and what belongs to a finished one.

Each is `def unit(conn, …)`, one transaction, run with `Database.write`. Steps are guarded by the job's
state and its owner and raise `bot.errors.Moved` when somebody else was faster. How a job ends is in
`ending`, what comes after in `afterwards`, reads in `finding`; all are offered here too, so that callers need
one name.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.errors import Moved
from bot.model import Job, JobState, NewJob
from bot.store import blocks, ledger, limits, tables
from bot.store.afterwards import (
    book_late_task,
    claim_share,
    expire_tokens,
    fetched,
    mark_deleted,
    mark_shared,
    note_settled,
    refresh_token,
    unclaim_share,
)
from bot.store.ending import end_job, end_unsent, want_stop
from bot.store.errors import CodeTaken, TaskTaken
from bot.store.finding import (
    RecentPrompt,
    by_code,
    by_hook,
    by_interaction,
    by_message,
    by_task,
    cardless,
    carried_by,
    claimed_ways,
    count_by_state,
    get,
    list_for_member,
    losing_tokens,
    recent_prompts,
    swept,
    unfinished,
    unfinished_in,
    unsettled,
    waiting,
)
from bot.store.line import take_back
from bot.store.rows import (
    add_event,
    carried,
    change,
    claim_way,
    insert_missing,
    lock_job,
    move,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.model import Holds, Output

__all__ = [
    "RecentPrompt",
    "accept",
    "begin_doubt",
    "book_late_task",
    "by_code",
    "by_hook",
    "by_interaction",
    "by_message",
    "by_task",
    "cardless",
    "carried_by",
    "claim_delivery",
    "claim_notice",
    "claim_share",
    "claimed_ways",
    "count_by_state",
    "end_job",
    "end_unsent",
    "expire_tokens",
    "fetched",
    "get",
    "list_for_member",
    "losing_tokens",
    "mark_deleted",
    "mark_shared",
    "move_card",
    "note_cost",
    "note_settled",
    "note_status",
    "outputs_known",
    "recent_prompts",
    "refresh_token",
    "return_to_line",
    "show_card",
    "started",
    "swept",
    "unclaim_share",
    "unfinished",
    "unfinished_in",
    "unsettled",
    "waiting",
    "want_stop",
]

_GIVEN = tuple(field.name for field in fields(NewJob))
_UNTOUCHED: Mapping[str, Any] = {
    "attempt": 0,
    "returned": False,
    "outputs": (),
    "cost_is_estimate": False,
    "server_charge": 0,
    "member_charge": 0,
}
_JOB = tables.job


def accept(conn: sa.Connection, new: NewJob, holds: Holds, *, now: datetime, cooldown_s: int = 0) -> Job:
    """The job, stored with everything it reserves; not yet in the line.

    The same interaction again gives the job that it made the first time, and reserves nothing.

    Raises:
        Blocked: Moderators of the server have blocked the member; nothing is stored.
        QuotaRefused, BudgetRefused: A cap would be passed; likewise.
        TooSoon: The member's task before it is less than `cooldown_s` old; likewise.
        CodeTaken: The code or the hook token is in use: draw another.
    """
    given: dict[str, Any] = {name: getattr(new, name) for name in _GIVEN} | {"inputs": dict(new.inputs)}
    begun: dict[str, Any] = {"state": JobState.WAITING, "state_at": now, "created_at": now}
    insert = _insert_job(conn.dialect.name)
    job_id = conn.execute(insert, {**given, **begun, **_UNTOUCHED}).scalar()
    if job_id is None:
        stored = by_interaction(conn, new.interaction_id)
        if stored is None:
            raise CodeTaken(f"the code {new.code} or its hook token is taken")
        return stored
    blocks.refuse_blocked(conn, guild_id=new.guild_id, user_id=new.user_id, now=now)
    job = Job(id=job_id, **given, **begun)
    add_event(conn, job.id, at=now, before=None, after=JobState.WAITING, owner=None)
    ledger.hold(conn, job, holds, now=now)
    limits.refuse_too_soon(conn, job, cooldown_s, now=now)
    return job


@cache
def _insert_job(dialect: str) -> Any:
    return insert_missing(dialect, _JOB).returning(_JOB.c.id)


def show_card(conn: sa.Connection, job_id: int, message_id: int, *, now: datetime) -> Job:  # noqa: ARG001  # every unit is given its time
    """The job with its card: a waiting one is in the line from now on. Saying it again changes nothing.

    A job that ended meanwhile gets its card too, so that the card can be told.

    Raises:
        Moved: There is no such job, or it has another card.
    """
    free = sa.or_(_JOB.c.message_id.is_(None), _JOB.c.message_id == message_id)
    return change(conn, job_id, free, wanted="without a card", values={"message_id": message_id})


def move_card(conn: sa.Connection, job_id: int, message_id: int, *, channel_id: int | None = None) -> Job:
    """The job with another message as its card, in another channel when that is given.

    Raises:
        Moved: There is no such job.
    """
    values = {"message_id": message_id} | ({} if channel_id is None else {"channel_id": channel_id})
    return change(conn, job_id, wanted="there", values=values)


def begin_doubt(
    conn: sa.Connection, job_id: int, owner: int, now: datetime, *, because: str | None = None
) -> Job:
    """SUBMITTING → DOUBTFUL: whether Run made a task is unknown.

    Raises:
        Moved: It is not being submitted by `owner`.
    """
    return move(
        conn,
        job_id,
        expected=JobState.SUBMITTING,
        state=JobState.DOUBTFUL,
        owner=owner,
        now=now,
        note=because,
    )


def return_to_line(  # noqa: PLR0917  # in the order in which a carrier learns them
    conn: sa.Connection,
    job_id: int,
    owner: int,
    now: datetime,
    not_before: datetime | None,
    because: str,
    *,
    out_of_doubt: bool = False,
    sweep_until: datetime | None = None,
) -> Job:
    """SUBMITTING or DOUBTFUL → WAITING with nobody, the charge of the claim taken back.

    When somebody wished the job's end meanwhile, it ends instead: look at the state of what is returned.

    Args:
        conn: The transaction.
        job_id: The job.
        owner: Who carries it.
        now: The time.
        not_before: Until when the line passes it over.
        because: For the event: "code 96".
        out_of_doubt: It was DOUBTFUL and nothing was found, which is allowed once.
        sweep_until: Until when the task that was not found is still looked for, once the job has ended.

    Raises:
        Moved: It is not in that state with `owner`, or came back out of doubt before.
    """
    expected = JobState.DOUBTFUL if out_of_doubt else JobState.SUBMITTING
    job = lock_job(conn, job_id)
    if job.state is not expected or job.owner != owner or (out_of_doubt and job.returned):
        raise Moved(f"job {job_id} is not {expected} with {owner}, or came back before")
    take_back(conn, job)
    if job.wants_to_stop:
        return end_unsent(conn, job, now=now, sweep_until=sweep_until if out_of_doubt else None)
    return move(
        conn,
        job_id,
        expected=expected,
        state=JobState.WAITING,
        owner=owner,
        now=now,
        note=because,
        values={
            "owner": None,
            "not_before": not_before,
            "submitted_at": None,
            "returned": job.returned or out_of_doubt,
            "sweep_until": sweep_until if out_of_doubt else job.sweep_until,
        },
    )


def started(  # noqa: PLR0917  # in the order in which a carrier learns them
    conn: sa.Connection, job_id: int, owner: int, task_id: str, socket_token: str | None, now: datetime
) -> Job:
    """SUBMITTING or DOUBTFUL → RUNNING: this is its task at Wiro.

    Raises:
        Moved: It is in neither state with `owner`.
        TaskTaken: Another job has that task.
    """
    job = lock_job(conn, job_id)
    if conn.execute(sa.select(_JOB.c.id).where(_JOB.c.task_id == task_id, _JOB.c.id != job_id)).first():
        raise TaskTaken(task_id)
    if job.state not in {JobState.SUBMITTING, JobState.DOUBTFUL}:
        raise Moved(f"job {job_id} is not being submitted by {owner}")
    return move(
        conn,
        job_id,
        expected=job.state,
        state=JobState.RUNNING,
        owner=owner,
        now=now,
        values={"task_id": task_id, "socket_token": socket_token},
    )


def note_status(
    conn: sa.Connection, job_id: int, owner: int, status: str, started_at: datetime | None = None
) -> Job:
    """The running job with Wiro's status word, and with the time when Wiro began once that is known.

    Raises:
        Moved: It is not running with `owner`.
    """
    values = {"wiro_status": status} | ({} if started_at is None else {"started_at": started_at})
    conditions = carried(owner, JobState.RUNNING)
    return change(conn, job_id, *conditions, wanted=f"running with {owner}", values=values)


def outputs_known(  # noqa: PLR0917  # in the order in which a carrier learns them
    conn: sa.Connection,
    job_id: int,
    owner: int,
    outputs: Sequence[Output],
    wiro_ended_at: datetime | None,
    cost_nano_usd: int | None,
    now: datetime,
    *,
    started_at: datetime | None = None,
) -> Job:
    """RUNNING → DELIVERING: Wiro has made these.

    Raises:
        Moved: It is not running with `owner`.
    """
    times = {} if started_at is None else {"started_at": started_at}
    return move(
        conn,
        job_id,
        expected=JobState.RUNNING,
        state=JobState.DELIVERING,
        owner=owner,
        now=now,
        values={
            "outputs": tuple(outputs),
            "wiro_ended_at": wiro_ended_at,
            "cost_nano_usd": cost_nano_usd,
            **times,
        },
    )


def note_cost(conn: sa.Connection, job_id: int, owner: int, cost_nano_usd: int) -> Job:
    """The job with Wiro's cost, told only after its outputs: before the job ends.

    Raises:
        Moved: It is not being delivered by `owner`.
    """
    conditions = carried(owner, JobState.DELIVERING)
    return change(conn, job_id, *conditions, wanted=f"with {owner}", values={"cost_nano_usd": cost_nano_usd})


def claim_notice(conn: sa.Connection, job_id: int, owner: int, what: str, now: datetime) -> bool:
    """Claim a word about a running job that is said once. False: it was said, or may have been.

    Raises:
        Moved: The job does not run with `owner`.
    """
    job = lock_job(conn, job_id)
    if job.state is not JobState.RUNNING or job.owner != owner:
        raise Moved(f"job {job_id} does not run with {owner}")
    return claim_way(conn, job_id, what, now)


def claim_delivery(conn: sa.Connection, job_id: int, owner: int, way: str, now: datetime) -> bool:
    """Claim a way of delivery that makes a new message. False: claimed before, so look for that message.

    Raises:
        Moved: The job is not being delivered by `owner`.
    """
    job = lock_job(conn, job_id)
    if job.state is not JobState.DELIVERING or job.owner != owner:
        raise Moved(f"job {job_id} is not being delivered by {owner}")
    return claim_way(conn, job_id, way, now)
