"""The way of the audit's entries into the log channels of servers: each is posted once, in their order.

An entry of a server that has a log channel is queued by the unit that writes it. A process claims some of one
server as a batch, posts that as one message and crosses it off. A batch keeps its number and its entries
until then, so that whoever repeats it after a crash makes, or finds, the same message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.model import Act
from bot.store import auditing, reports, tables

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.auditing import AuditEntry
    from bot.store.reports import Report

_OUTBOX = tables.log_outbox
_POLICY = tables.guild_policy

ENTRIES_A_MESSAGE = 10
GUILDS_AT_ONCE = 20
LEASE = timedelta(seconds=60)
"""A batch that was claimed so long ago was not posted: its process is gone."""
KEPT = timedelta(days=7)
"""What no channel took in so long is only in the audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Entries of one server that are one message."""

    number: int
    guild_id: int
    channel_id: int
    language: str | None
    entries: tuple[AuditEntry, ...]
    begun_at: datetime
    """When it was claimed first."""
    is_repeat: bool
    """It was claimed before, so that the message may be there."""
    report: Report | None = None
    """What its one entry tells of, where that is a report."""


def pending(conn: sa.Connection, now: datetime) -> bool:
    """Whether `claim` has anything to do."""
    return bool(_due(conn, now)) or conn.execute(_orphans(now).limit(1)).first() is not None


def claim(conn: sa.Connection, now: datetime) -> list[Batch]:
    """Take the next batch of every server whose turn it is; forget what has no channel, or is too old."""
    orphans = [row.entry_id for row in conn.execute(_orphans(now).limit(500))]
    if orphans:
        conn.execute(sa.delete(_OUTBOX).where(_OUTBOX.c.entry_id.in_(orphans)))
    batches = (_claim_of(conn, guild_id, now) for guild_id in _due(conn, now))
    return [batch for batch in batches if batch is not None]


def posted(conn: sa.Connection, batch: Batch, message_id: int | None = None) -> None:
    """Cross the batch off; a report remembers its message."""
    conn.execute(sa.delete(_OUTBOX).where(*_of(batch)))
    if batch.report is not None and message_id is not None:
        reports.posted(conn, batch.number, channel_id=batch.channel_id, message_id=message_id)


def hold(conn: sa.Connection, batch: Batch, until: datetime) -> None:
    """Leave this server's entries where they are until then, or until it has another log channel."""
    conn.execute(
        sa.update(_OUTBOX).where(*_of(batch)).values(not_before=until, held_channel_id=batch.channel_id)
    )


def held_back(conn: sa.Connection, now: datetime) -> int:
    """How many servers have a log channel that cannot be written to."""
    query = sa.select(sa.func.count(_OUTBOX.c.guild_id.distinct())).where(
        _OUTBOX.c.held_channel_id.is_not(None), _OUTBOX.c.not_before > now
    )
    return int(conn.execute(query).scalar_one())


def _of(batch: Batch) -> tuple[sa.ColumnElement[bool], ...]:
    return (_OUTBOX.c.guild_id == batch.guild_id, _OUTBOX.c.batch == batch.number)


def _orphans(now: datetime) -> sa.Select[tuple[int]]:
    """What is to be posted no more: there is no log channel, it is old, or the entry was swept."""
    to_policy = _OUTBOX.outerjoin(_POLICY, _POLICY.c.guild_id == _OUTBOX.c.guild_id)
    to_entry = to_policy.outerjoin(tables.audit, tables.audit.c.id == _OUTBOX.c.entry_id)
    return (
        sa.select(_OUTBOX.c.entry_id)
        .select_from(to_entry)
        .where(
            sa.or_(
                _POLICY.c.log_channel_id.is_(None),
                tables.audit.c.id.is_(None),
                _OUTBOX.c.queued_at < now - KEPT,
            )
        )
    )


def _due(conn: sa.Connection, now: datetime) -> list[int]:
    """Servers none of whose entries is in somebody's hands, or held back from their present channel."""
    is_held = sa.and_(
        _OUTBOX.c.not_before > now,
        sa.or_(_OUTBOX.c.held_channel_id.is_(None), _OUTBOX.c.held_channel_id == _POLICY.c.log_channel_id),
    )
    query = (
        sa.select(_OUTBOX.c.guild_id)
        .select_from(_OUTBOX.join(_POLICY, _POLICY.c.guild_id == _OUTBOX.c.guild_id))
        .where(_POLICY.c.log_channel_id.is_not(None))
        .group_by(_OUTBOX.c.guild_id)
        .having(sa.func.sum(sa.case((is_held, 1), else_=0)) == 0)
        .order_by(sa.func.min(_OUTBOX.c.entry_id))
        .limit(GUILDS_AT_ONCE)
    )
    return [row.guild_id for row in conn.execute(query)]


def _claim_of(conn: sa.Connection, guild_id: int, now: datetime) -> Batch | None:
    """The server's next batch; None when another process was quicker."""
    mine = _OUTBOX.c.guild_id == guild_id
    rows = conn.execute(
        sa.select(_OUTBOX).where(mine).order_by(_OUTBOX.c.entry_id).limit(ENTRIES_A_MESSAGE).with_for_update()
    ).all()
    if not rows or any(row.held_channel_id is None and (row.not_before or now) > now for row in rows):
        return None
    entries = auditing.by_ids(conn, [row.entry_id for row in rows])
    first = rows[0]
    if first.batch is not None:
        chosen = [entry for entry, row in zip(entries, rows, strict=True) if row.batch == first.batch]
    else:
        chosen = _together(entries)
    begun_at = first.begun_at or now
    conn.execute(
        sa.update(_OUTBOX)
        .where(mine, _OUTBOX.c.entry_id.in_([entry.id for entry in chosen]))
        .values(batch=first.entry_id, begun_at=begun_at, not_before=now + LEASE, held_channel_id=None)
    )
    policy = conn.execute(sa.select(_POLICY).where(_POLICY.c.guild_id == guild_id)).one()
    return Batch(
        number=first.entry_id,
        guild_id=guild_id,
        channel_id=policy.log_channel_id,
        language=policy.language,
        entries=tuple(chosen),
        begun_at=begun_at,
        is_repeat=first.begun_at is not None,
        report=reports.of_entry(conn, chosen[0].id) if chosen[0].act is Act.REPORT else None,
    )


def _together(entries: list[AuditEntry]) -> list[AuditEntry]:
    """The entries that stand in the first message: a report has one of its own, with its buttons."""
    if entries[0].act is Act.REPORT:
        return entries[:1]
    reports = [number for number, entry in enumerate(entries) if entry.act is Act.REPORT]
    return entries[: reports[0]] if reports else entries
