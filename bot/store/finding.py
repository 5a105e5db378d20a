"""Reads of jobs. Prompts are personal data: they go to the member who asks and to nobody's log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.model import ENDED, JobState
from bot.store import tables
from bot.store.rows import JOB_COLUMNS, first_job, job_by_id, select_jobs, to_job

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Job

SETTLED = "settled"
"""Stands in `delivery_claim` for a card that tells of its job's end."""

_JOB, _CLAIM = tables.job, tables.delivery_claim

CARD_SOUGHT_FOR = timedelta(hours=1)
"""How long the card of a job that ended without one is looked for: its token lives fifteen minutes."""

SCANNED_JOBS = 200
"""How far back `recent_prompts` looks for different ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentPrompt:
    """A prompt that a member used, and the code of the job that used it last."""

    code: str
    prompt: str


def get(conn: sa.Connection, job_id: int) -> Job | None:
    """The job with that id."""
    return job_by_id(conn, job_id)


def by_code(conn: sa.Connection, code: str) -> Job | None:
    """The job with that short code, without its #."""
    return first_job(conn, _JOB.c.code == code)


def by_interaction(conn: sa.Connection, interaction_id: int) -> Job | None:
    """The job that this interaction made: the natural key of acceptance."""
    return first_job(conn, _JOB.c.interaction_id == interaction_id)


def by_message(conn: sa.Connection, message_id: int) -> Job | None:
    """The job whose card that message is, else the one whose result or public copy it is."""
    # One index each: an OR over three columns would read the whole table.
    for column in (_JOB.c.message_id, _JOB.c.result_message_id, _JOB.c.shared_message_id):
        if (job := first_job(conn, column == message_id)) is not None:
            return job
    return None


def by_hook(conn: sa.Connection, hook_token: str) -> Job | None:
    """The job whose callback that is."""
    return first_job(conn, _JOB.c.hook_token == hook_token)


def by_task(conn: sa.Connection, task_id: str) -> Job | None:
    """The job that owns that Wiro task."""
    return first_job(conn, _JOB.c.task_id == task_id)


def list_for_member(
    conn: sa.Connection, *, user_id: int, guild_id: int, limit: int, unfinished_only: bool = False
) -> list[Job]:
    """The member's jobs in this server, newest first."""
    conditions = [_JOB.c.user_id == user_id, _JOB.c.guild_id == guild_id]
    if unfinished_only:
        conditions.append(tables.IS_UNFINISHED)
    query = sa.select(*JOB_COLUMNS).where(*conditions).order_by(_JOB.c.id.desc()).limit(limit)
    return [to_job(row) for row in conn.execute(query)]


def recent_prompts(
    conn: sa.Connection, *, user_id: int, guild_id: int, limit: int, with_private: bool = True
) -> list[RecentPrompt]:
    """The member's last different prompts in this server, newest first; private jobs' only `with_private`."""
    mine = [_JOB.c.user_id == user_id, _JOB.c.guild_id == guild_id]
    if not with_private:
        mine.append(_JOB.c.private.is_(False))
    query = sa.select(_JOB.c.code, _JOB.c.inputs).where(*mine).order_by(_JOB.c.id.desc()).limit(SCANNED_JOBS)
    found: dict[str, str] = {}
    for row in conn.execute(query):
        prompt = str(row.inputs.get("prompt", ""))
        if prompt and prompt not in found:
            found[prompt] = row.code
            if len(found) == limit:
                break
    return [RecentPrompt(code=code, prompt=prompt) for prompt, code in found.items()]


def unfinished(conn: sa.Connection) -> list[Job]:
    """Every job that has not ended, oldest first."""
    return select_jobs(conn, tables.IS_UNFINISHED)


def carried_by(conn: sa.Connection, owner: int) -> list[Job]:
    """Every unfinished job of that process, oldest first."""
    return select_jobs(conn, tables.IS_UNFINISHED, _JOB.c.owner == owner)


def cardless(conn: sa.Connection, *, before: datetime, limit: int = 1000) -> list[Job]:
    """Jobs accepted before then that never got a card: nobody saw them, or nobody was told of their end.

    A training whose photos are on their way has its card made by whoever brings them.
    """
    never_shown = (_JOB.c.preparing.is_(False), _JOB.c.message_id.is_(None), _JOB.c.created_at < before)
    waiting_jobs = select_jobs(conn, tables.IS_WAITING, *never_shown, limit=limit)
    return [*waiting_jobs, *unsettled(conn, *never_shown, since=before - CARD_SOUGHT_FOR, limit=limit)]


def losing_tokens(conn: sa.Connection, *, before: datetime, limit: int = 1000) -> list[Job]:
    """Unfinished private jobs whose token dies before then; their cards cannot be written after it."""
    return select_jobs(
        conn,
        _JOB.c.interaction_token.is_not(None),
        _JOB.c.token_expires_at <= before,
        _JOB.c.private.is_(True),
        tables.IS_UNFINISHED,
        limit=limit,
    )


def unfinished_in(
    conn: sa.Connection, guild_id: int, *, user_id: int | None = None, limit: int = 1000
) -> list[Job]:
    """Unfinished jobs of one server, or of one member there, oldest first."""
    conditions = [tables.IS_UNFINISHED, _JOB.c.guild_id == guild_id]
    if user_id is not None:
        conditions.append(_JOB.c.user_id == user_id)
    return select_jobs(conn, *conditions, limit=limit)


def waiting(
    conn: sa.Connection,
    *,
    before: datetime | None = None,
    guild_id: int | None = None,
    user_id: int | None = None,
    limit: int = 1000,
) -> list[Job]:
    """Waiting jobs, oldest first: those accepted before then, those of one server or one member."""
    conditions = [tables.IS_WAITING]
    if before is not None:
        conditions.append(_JOB.c.created_at < before)
    if guild_id is not None:
        conditions.append(_JOB.c.guild_id == guild_id)
    if user_id is not None:
        conditions.append(_JOB.c.user_id == user_id)
    return select_jobs(conn, *conditions, limit=limit)


def swept(conn: sa.Connection, *, now: datetime, limit: int = 1000) -> list[Job]:
    """Ended jobs of which Wiro may still have a task that nobody accounts for."""
    return select_jobs(conn, _JOB.c.sweep_until > now, _JOB.c.state.in_(ENDED), limit=limit)


def claimed_ways(conn: sa.Connection, job_id: int) -> frozenset[str]:
    """The ways of delivery by a new message that some process has claimed for the job, and may have used."""
    return frozenset(conn.execute(sa.select(_CLAIM.c.way).where(_CLAIM.c.job_id == job_id)).scalars())


def unsettled(
    conn: sa.Connection, *conditions: sa.ColumnElement[bool], since: datetime, limit: int = 1000
) -> list[Job]:
    """Jobs that ended without images since then, whose cards may not say so yet."""
    told = sa.select(_CLAIM.c.job_id).where(_CLAIM.c.job_id == _JOB.c.id, _CLAIM.c.way == SETTLED)
    without_images = _JOB.c.state.in_((JobState.FAILED, JobState.CANCELLED, JobState.KEPT))
    return select_jobs(
        conn, _JOB.c.ended_at >= since, without_images, ~told.exists(), *conditions, limit=limit
    )


def count_by_state(conn: sa.Connection) -> dict[JobState, int]:
    """How many unfinished jobs are in each state; states without any are left out."""
    rows = conn.execute(
        sa.select(_JOB.c.state, sa.func.count()).where(tables.IS_UNFINISHED).group_by(_JOB.c.state)
    )
    return {row[0]: row[1] for row in rows}
