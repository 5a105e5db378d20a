"""Images that members reported to the moderators of their server, and what was decided about them.

What one member says of one task is one report. A decision is about the image: it goes for all its reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.errors import TooManyReports
from bot.model import Act
from bot.store import auditing, tables
from bot.store.rows import first_job, insert_missing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Job

_REPORT = tables.report
_COLUMNS = (*_REPORT.c, tables.audit.c.words)
_WITH_WORDS = _REPORT.outerjoin(tables.audit, tables.audit.c.id == _REPORT.c.entry_id)

MOST = 5
WITHIN = timedelta(hours=1)
"""A member reports at most `MOST` images of a server within that time."""


class Decision(StrEnum):
    """What a moderator does about a report; the column of `report` that says who did."""

    REMOVE = "removed_by"
    BLOCK = "blocked_by"
    DISMISS = "dismissed_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a member said of a task's images, and what became of it."""

    id: int
    guild_id: int
    job_id: int
    job: Job | None
    """None: the server no longer keeps it."""
    reporter_id: int
    at: datetime
    entry_id: int | None
    """Its entry in the audit."""
    words: str | None
    """The prompt, where the server chose that prompts are logged."""
    channel_id: int | None
    """Where moderators read it, once that is known."""
    message_id: int | None
    removed_by: int | None
    """The moderator who took the images away."""
    blocked_by: int | None
    """The moderator who blocked the owner."""
    dismissed_by: int | None
    """The moderator who saw nothing wrong."""
    decided_at: datetime | None

    def is_open_for(self, decision: Decision) -> bool:
        """Whether that can still be decided: one who was blocked may have the images taken away too."""
        if decision is Decision.DISMISS:
            return self.decided_at is None
        decided = self.removed_by if decision is Decision.REMOVE else self.blocked_by
        return self.dismissed_by is None and decided is None


def file(conn: sa.Connection, job: Job, *, reporter_id: int, now: datetime) -> bool:
    """Store the report, with its entry in the audit. False: the member had reported it before.

    Raises:
        TooManyReports: The member has reported too many images lately.
    """
    mine = (_REPORT.c.guild_id == job.guild_id, _REPORT.c.reporter_id == reporter_id)
    known = sa.select(_REPORT.c.id).where(*mine, _REPORT.c.job_id == job.id)
    if conn.execute(known).first() is not None:
        return False
    lately = sa.select(_REPORT.c.at).where(*mine, _REPORT.c.at > now - WITHIN).order_by(_REPORT.c.at.desc())
    times = conn.execute(lately.limit(MOST)).scalars().all()
    if len(times) == MOST:
        raise TooManyReports(MOST, again_at=times[-1] + WITHIN)
    values = {"guild_id": job.guild_id, "job_id": job.id, "reporter_id": reporter_id, "at": now}
    if conn.execute(insert_missing(conn.dialect.name, _REPORT).values(values)).rowcount != 1:
        return False
    entry_id = auditing.note_on_job(conn, job, Act.REPORT, actor_id=reporter_id, now=now)
    conn.execute(sa.update(_REPORT).where(*mine, _REPORT.c.job_id == job.id).values(entry_id=entry_id))
    return True


def posted(conn: sa.Connection, entry_id: int, *, channel_id: int, message_id: int) -> None:
    """Store where moderators read the report of that entry."""
    values = {"channel_id": channel_id, "message_id": message_id}
    conn.execute(sa.update(_REPORT).where(_REPORT.c.entry_id == entry_id).values(values))


def decide(
    conn: sa.Connection, report_id: int, decision: Decision, *, by: int, now: datetime
) -> Sequence[Report]:
    """Decide about the image, with the entry in the audit, and give the reports whose state that changed.

    None: the report is gone, or it was decided before. A block is noted by the unit that blocks.
    """
    job_id = sa.select(_REPORT.c.job_id).where(_REPORT.c.id == report_id).scalar_subquery()
    rows = conn.execute(
        sa.select(_REPORT.c.id).where(_REPORT.c.job_id == job_id).order_by(_REPORT.c.id).with_for_update()
    )
    found = [each for row in rows if (each := get(conn, row.id)) is not None]
    changed = [each.id for each in found if each.is_open_for(decision)]
    if report_id not in changed:
        return ()
    values = {decision.value: by, "decided_at": now}
    conn.execute(sa.update(_REPORT).where(_REPORT.c.id.in_(changed)).values(values))
    act = {Decision.REMOVE: Act.DELETE, Decision.DISMISS: Act.DISMISS}.get(decision)
    job = found[0].job
    if act is not None and job is not None:
        auditing.note_on_job(conn, job, act, actor_id=by, now=now)
    return [each for number in changed if (each := get(conn, number)) is not None]


def get(conn: sa.Connection, report_id: int) -> Report | None:
    """The report of that number."""
    return _one(conn, _REPORT.c.id == report_id)


def of_entry(conn: sa.Connection, entry_id: int) -> Report | None:
    """The report that the entry of the audit tells of."""
    return _one(conn, _REPORT.c.entry_id == entry_id)


def _one(conn: sa.Connection, condition: sa.ColumnElement[bool]) -> Report | None:
    row = conn.execute(sa.select(*_COLUMNS).select_from(_WITH_WORDS).where(condition)).first()
    if row is None:
        return None
    job = first_job(conn, tables.job.c.id == row.job_id)
    return Report(job=job, **row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
