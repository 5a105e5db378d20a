"""What earlier runs of a tool took and cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store import tables

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Job

KEPT_RUNS = 200
"""How many runs of one tool and size are remembered."""

_RUN = tables.tool_run


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One run that ended with a result."""

    duration_s: float
    """From Wiro's start to Wiro's end."""
    cost_nano_usd: int | None
    """None: Wiro never told."""


def past(conn: sa.Connection, tool: str, size_key: str, limit: int = 50) -> list[PastRun]:
    """The last runs of this tool in this size, newest first."""
    rows = conn.execute(
        sa.select(_RUN.c.duration_s, _RUN.c.cost_nano_usd)
        .where(_RUN.c.tool == tool, _RUN.c.size_key == size_key)
        .order_by(_RUN.c.id.desc())
        .limit(limit)
    )
    return [PastRun(duration_s=row.duration_s, cost_nano_usd=row.cost_nano_usd) for row in rows]


def record(conn: sa.Connection, job: Job, *, now: datetime) -> None:
    """Remember a run that ended with a result; one whose times are unknown or impossible teaches nothing."""
    begun_at = job.started_at or job.submitted_at
    if begun_at is None or job.wiro_ended_at is None or job.wiro_ended_at <= begun_at:
        return
    conn.execute(
        sa.insert(_RUN).values(
            at=now,
            tool=job.tool,
            size_key=job.size_key,
            duration_s=(job.wiro_ended_at - begun_at).total_seconds(),
            cost_nano_usd=job.cost_nano_usd,
        )
    )


def prune(conn: sa.Connection, tool: str, size_key: str, *, limit: int = 1000) -> int:
    """Forget runs beyond the last `KEPT_RUNS`, at most `limit` of them; how many were forgotten."""
    mine = sa.select(_RUN.c.id).where(_RUN.c.tool == tool, _RUN.c.size_key == size_key)
    old = mine.order_by(_RUN.c.id.desc()).offset(KEPT_RUNS).limit(limit)
    return conn.execute(sa.delete(_RUN).where(_RUN.c.id.in_(old))).rowcount


def sizes(conn: sa.Connection) -> list[tuple[str, str]]:
    """Every tool and size of which more than `KEPT_RUNS` runs are remembered."""
    rows = conn.execute(
        sa.select(_RUN.c.tool, _RUN.c.size_key)
        .group_by(_RUN.c.tool, _RUN.c.size_key)
        .having(sa.func.count() > KEPT_RUNS)
        .order_by(_RUN.c.tool, _RUN.c.size_key)
    )
    return [(row.tool, row.size_key) for row in rows]
