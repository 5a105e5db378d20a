"""Who is next: one unit of work that shows the line to a pure rule and lets it choose.

Start-time fair queueing in two levels, server then member. Each keeps a virtual time in `line_clock`: a claim
sets it to the start of the claimed job plus its charge: the cost, and for a member the cost ÷ weight, so that
weights count only inside a server. The start is the later of the
flow's own time and the start of the level's last claim, so that a newcomer begins where the least active
one is, with neither debt nor credit. A return to the line takes the charge back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.model import AT_WIRO, JobState
from bot.store import tables
from bot.store.gates import (
    ACCOUNT,
    Gate,
    clean_submit,
    close_gate,
    gates,
    learn_limit,
    lock_account,
    open_gate,
)
from bot.store.rows import insert_missing, move

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.model import Job

__all__ = [
    "ACCOUNT",
    "DEFAULT_LIMIT",
    "Choice",
    "Gate",
    "LineView",
    "WaitingJob",
    "ahead",
    "claim_next",
    "clean_submit",
    "close_gate",
    "gates",
    "learn_limit",
    "next_due",
    "open_gate",
    "pauses",
    "take_back",
]

DEFAULT_LIMIT = 50
"""Tasks at Wiro at once while neither a setting nor a code 96 says otherwise."""

_ALL = 0
"""Stands for the account in `line_clock.guild_id`, and for the whole server in `user_id`."""

_JOB, _CLOCK, _POLICY = tables.job, tables.line_clock, tables.guild_policy


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """A job in the line."""

    job_id: int
    guild_id: int
    user_id: int
    tool: str
    is_training: bool
    cost_nano_usd: int
    """The estimate, at least 1: what a claim charges the server, and the member at the normal weight."""
    weight: int
    """The member's share among the members of the server; more is more often."""
    waiting_since: datetime
    not_before: datetime | None
    server_time: int
    """Where the server stands, in nano-dollars of virtual time: the least goes next."""
    member_time: int
    """Where the member stands among the members of that server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """All that the rule may look at."""

    now: datetime
    limit: int
    """How many tasks the account bears at once: the least of the setting and what code 96 taught."""
    at_wiro: int
    """Places taken by jobs that are submitting, doubtful or running; always less than `limit`."""
    trainings_at_wiro: int
    tools_at_wiro: Mapping[str, int]
    heads: tuple[WaitingJob, ...]
    """The first job of each member and tool that has a card and may go now; never those behind it, nor any of
    a server whose managers have paused it."""
    gates: Mapping[str, Gate]
    """By key; `ACCOUNT` is always there, and open."""

    def is_open(self, tool: str) -> bool:
        """Whether jobs of this tool may go to Wiro."""
        gate = self.gates.get(tool)
        return gate is None or gate.is_open(self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whom the rule chose, and what that costs the two clocks."""

    job_id: int
    server_charge: int
    """The cost: servers are alike."""
    member_charge: int
    """The cost by the member's weight inside the server."""


def claim_next(
    conn: sa.Connection,
    *,
    owner: int,
    now: datetime,
    choose: Callable[[LineView], Choice | None],
    max_concurrent: int | None = None,
    skew_s: float | None = None,
) -> Job | None:
    """WAITING → SUBMITTING with `owner`: the job that the rule chose, None when nothing may go now.

    The account's gate is locked from the first look to the end, so two claimers never pass the limit
    together. `choose` is pure: it may be asked twice.

    Args:
        conn: The transaction.
        owner: The process that claims; one that was taken over claims nothing.
        now: The time.
        choose: The rule.
        max_concurrent: The operator's `WIRO_MAX_CONCURRENT`.
        skew_s: How far Wiro's clock is ahead of ours, when that is known.
    """
    gate = lock_account(conn)
    limit = _limit(gate, max_concurrent)
    taken = _at_wiro(conn)
    at_wiro = sum(taken.values())
    if not gate.is_open(now) or at_wiro >= limit or not _lives(conn, owner):
        return None
    heads = _heads(conn, now)
    if not heads:
        return None
    tools: dict[str, int] = {}
    for (tool, _), count in taken.items():
        tools[tool] = tools.get(tool, 0) + count
    view = LineView(
        now=now,
        limit=limit,
        at_wiro=at_wiro,
        trainings_at_wiro=sum(count for (_, is_training), count in taken.items() if is_training),
        tools_at_wiro=tools,
        heads=heads,
        gates=gates(conn),
    )
    choice = choose(view)
    return None if choice is None else _claim(conn, view, choice, owner, skew_s)


def ahead(conn: sa.Connection) -> tuple[WaitingJob, ...]:
    """Every job in the line, with where its server and member stand, oldest first: for places."""
    return tuple(WaitingJob(*row) for row in conn.execute(_LINE_JOBS))


def next_due(conn: sa.Connection, *, now: datetime) -> datetime | None:
    """When the next job that must not go yet may go; None when none is held back."""
    held_back = sa.select(sa.func.min(_JOB.c.not_before)).where(*_IN_LINE, _JOB.c.not_before > now)
    found: datetime | None = conn.execute(held_back).scalar()
    return found


def pauses(conn: sa.Connection) -> dict[int, str]:
    """The servers whose jobs may not go for now, each with a manager's reason; "" when none was given."""
    return {row.guild_id: row.line_paused for row in conn.execute(_PAUSED)}


def take_back(conn: sa.Connection, job: Job) -> None:
    """Take the charge of the job's last claim off both clocks; the job's row is locked by the caller."""
    row = conn.execute(sa.select(_JOB.c.server_charge, _JOB.c.member_charge).where(_JOB.c.id == job.id)).one()
    for user_id, charge in ((_ALL, row.server_charge), (job.user_id, row.member_charge)):
        mine = (_CLOCK.c.guild_id == job.guild_id, _CLOCK.c.user_id == user_id)
        conn.execute(sa.update(_CLOCK).where(*mine).values(time=_CLOCK.c.time - charge))
    conn.execute(sa.update(_JOB).where(_JOB.c.id == job.id).values(server_charge=0, member_charge=0))


_IN_LINE = (tables.IS_WAITING, _JOB.c.message_id.is_not(None), _JOB.c.preparing.is_(False))
_ACCOUNT_CLOCK, _SERVER_CLOCK, _MEMBER_CLOCK = (
    _CLOCK.alias(name) for name in ("account", "server", "member")
)


def _later(own: sa.ColumnElement[Any], last: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The later of two times that may be missing; `max` and `greatest` differ between the engines."""
    own, last = sa.func.coalesce(own, 0), sa.func.coalesce(last, 0)
    return sa.case((own > last, own), else_=last)


_COST = sa.case((_JOB.c.estimate_nano_usd > 1, _JOB.c.estimate_nano_usd), else_=1)
_WAITING = (
    # In the order of WaitingJob's fields: there may be thousands of rows, and building them by name takes
    # longer.
    sa.select(
        _JOB.c.id,
        _JOB.c.guild_id,
        _JOB.c.user_id,
        _JOB.c.tool,
        sa.type_coerce(_JOB.c.images == 0, sa.Boolean),
        _COST,
        _JOB.c.weight,
        _JOB.c.created_at,
        _JOB.c.not_before,
        _later(_SERVER_CLOCK.c.time, _ACCOUNT_CLOCK.c.inner_time),
        _later(_MEMBER_CLOCK.c.time, _SERVER_CLOCK.c.inner_time),
    )
    .select_from(
        _JOB.outerjoin(
            _ACCOUNT_CLOCK, sa.and_(_ACCOUNT_CLOCK.c.guild_id == _ALL, _ACCOUNT_CLOCK.c.user_id == _ALL)
        )
        .outerjoin(
            _SERVER_CLOCK,
            sa.and_(_SERVER_CLOCK.c.guild_id == _JOB.c.guild_id, _SERVER_CLOCK.c.user_id == _ALL),
        )
        .outerjoin(
            _MEMBER_CLOCK,
            sa.and_(_MEMBER_CLOCK.c.guild_id == _JOB.c.guild_id, _MEMBER_CLOCK.c.user_id == _JOB.c.user_id),
        )
    )
    .order_by(_JOB.c.id)
)

_MAY_GO = sa.or_(
    _JOB.c.not_before.is_(None), _JOB.c.not_before <= sa.bindparam("now", type_=_JOB.c.not_before.type)
)
_PAUSED = sa.select(_POLICY.c.guild_id, _POLICY.c.line_paused).where(_POLICY.c.line_paused.is_not(None))
_NOT_PAUSED = _JOB.c.guild_id.not_in(_PAUSED.with_only_columns(_POLICY.c.guild_id))
_HEADS = (
    sa.select(sa.func.min(_JOB.c.id))
    .where(*_IN_LINE, _MAY_GO, _NOT_PAUSED)
    .group_by(_JOB.c.guild_id, _JOB.c.user_id, _JOB.c.tool)
)
_HEAD_JOBS = _WAITING.where(_JOB.c.id.in_(_HEADS))
_LINE_JOBS = _WAITING.where(*_IN_LINE)


def _heads(conn: sa.Connection, now: datetime) -> tuple[WaitingJob, ...]:
    return tuple(WaitingJob(*row) for row in conn.execute(_HEAD_JOBS, {"now": now}))


def _limit(gate: Gate, max_concurrent: int | None) -> int:
    known = [number for number in (gate.learned_limit, max_concurrent) if number is not None]
    return min(known, default=DEFAULT_LIMIT)


def _at_wiro(conn: sa.Connection) -> dict[tuple[str, bool], int]:
    """How many places are taken, by tool and by whether it is a training."""
    is_training = (_JOB.c.images == 0).label("is_training")
    rows = conn.execute(
        sa.select(_JOB.c.tool, is_training, sa.func.count())
        .where(tables.IS_UNFINISHED, _JOB.c.state.in_(AT_WIRO))
        .group_by(_JOB.c.tool, is_training)
    )
    return {(row[0], bool(row[1])): row[2] for row in rows}


def _lives(conn: sa.Connection, owner: int) -> bool:
    """Whether that process may still claim; whoever takes it over waits until this transaction has ended."""
    alive = sa.select(tables.process.c.id).where(
        tables.process.c.id == owner, tables.process.c.ended_at.is_(None)
    )
    return conn.execute(alive.with_for_update(read=True)).first() is not None


def _claim(conn: sa.Connection, view: LineView, choice: Choice, owner: int, skew_s: float | None) -> Job:
    head = next(head for head in view.heads if head.job_id == choice.job_id)
    claimed = move(
        conn,
        head.job_id,
        expected=JobState.WAITING,
        state=JobState.SUBMITTING,
        owner=None,
        now=view.now,
        values={
            "owner": owner,
            "attempt": _JOB.c.attempt + 1,
            "submitted_at": view.now,
            "submitted_skew_s": skew_s,
            "not_before": None,
            "server_charge": choice.server_charge,
            "member_charge": choice.member_charge,
        },
    )
    _tick(conn, _ALL, _ALL, time=0, inner_time=head.server_time)
    server = {"time": head.server_time + choice.server_charge, "inner_time": head.member_time}
    _tick(conn, head.guild_id, _ALL, **server)
    _tick(conn, head.guild_id, head.user_id, time=head.member_time + choice.member_charge, inner_time=0)
    return claimed


def _tick(conn: sa.Connection, guild_id: int, user_id: int, *, time: int, inner_time: int) -> None:
    """Set a clock; its inner time never goes back."""
    key = {"guild_id": guild_id, "user_id": user_id}
    conn.execute(insert_missing(conn.dialect.name, _CLOCK).values(**key, time=0, inner_time=0))
    mine = (_CLOCK.c.guild_id == guild_id, _CLOCK.c.user_id == user_id)
    inner = sa.case((_CLOCK.c.inner_time > inner_time, _CLOCK.c.inner_time), else_=inner_time)
    conn.execute(sa.update(_CLOCK).where(*mine).values(time=time, inner_time=inner))
