"""Money that many spend from together, against its caps: what is nearly gone is told once in each window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.limits import SHARED, Subject, loaded
from bot.model import Act, MoneyScope
from bot.store import auditing, tables
from bot.store.rows import insert_missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

_RULE, _COUNTER, _TOLD = tables.limit_rule, tables.money_counter, tables.purse_mark

NEARLY, ALL = 80, 100
"""Percent of a cap that are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far the money of a server, or of the instance, is gone in a window."""

    scope: MoneyScope
    scope_id: str
    window: str
    """"2026-11-21" or "2026-11"."""
    percent: int
    """`NEARLY` or `ALL`: all is gone when a task did not fit any more."""
    used: int
    """Nano-dollars, with those reserved for tasks that have not ended."""
    cap: int

    @property
    def detail(self) -> str:
        """What the audit has of it."""
        return f"{self.percent} {self.window} {self.used} {self.cap}"


def due(
    conn: sa.Connection, *, day: str, month: str, instance: Sequence[tuple[str, int | None]]
) -> list[Mark]:
    """The marks that are passed in these windows and were not told yet.

    `instance` has the caps of the instance by window.
    """
    marks = [*_of_instance(conn, instance), *_of_servers(conn, day=day, month=month)]
    return [mark for mark in marks if not _was_told(conn, mark)]


def refused(conn: sa.Connection, scope: MoneyScope, guild_id: int, window: str, *, now: datetime) -> bool:
    """Tell that all is gone of the server's or the instance's money: a task did not fit into the window.

    False: it was told before, or it is the money of a member or a role.
    """
    if scope not in {MoneyScope.SERVER, MoneyScope.INSTANCE}:
        return False
    scope_id = str(guild_id) if scope is MoneyScope.SERVER else ""
    used = cap = _used(conn, scope, scope_id, window)
    if scope is MoneyScope.SERVER:
        query = sa.select(_RULE.c.amounts).where(
            _RULE.c.guild_id == guild_id, _RULE.c.subject == Subject.SERVER
        )
        amounts = loaded(conn.execute(query).scalar() or {})
        day, month = SHARED
        cap = amounts.get(day if window.count("-") > 1 else month, used)
    mark = Mark(scope=scope, scope_id=scope_id, window=window, percent=ALL, used=used, cap=cap)
    return tell(conn, mark, now=now)


def tell(conn: sa.Connection, mark: Mark, *, now: datetime) -> bool:
    """Write a server's mark into its audit, which its log channel tells. False: it was told before."""
    key = {"scope": mark.scope, "scope_id": mark.scope_id, "window": mark.window, "percent": mark.percent}
    if conn.execute(insert_missing(conn.dialect.name, _TOLD).values(**key, at=now)).rowcount != 1:
        return False
    if mark.percent == ALL:  # then nobody need be told that it is nearly gone
        conn.execute(insert_missing(conn.dialect.name, _TOLD).values(**key | {"percent": NEARLY}, at=now))
    if mark.scope is MoneyScope.SERVER:
        auditing.note(conn, Act.MONEY, guild_id=int(mark.scope_id), actor_id=0, now=now, detail=mark.detail)
    return True


def forget(conn: sa.Connection, before: datetime) -> int:
    """Forget what was told in windows that are long over; how much that was."""
    return conn.execute(sa.delete(_TOLD).where(_TOLD.c.at < before)).rowcount


def _of_instance(conn: sa.Connection, caps: Sequence[tuple[str, int | None]]) -> Iterator[Mark]:
    for window, cap in caps:
        if cap is not None:
            used = _used(conn, MoneyScope.INSTANCE, "", window)
            yield from _passed(MoneyScope.INSTANCE, "", window, used, cap)


def _of_servers(conn: sa.Connection, *, day: str, month: str) -> Iterator[Mark]:
    rows = conn.execute(sa.select(_RULE.c.guild_id, _RULE.c.amounts).where(_RULE.c.subject == Subject.SERVER))
    for row in rows.all():
        amounts = loaded(row.amounts)
        for limit, window in zip(SHARED, (day, month), strict=True):
            cap = amounts.get(limit)
            if cap is not None:
                scope_id = str(row.guild_id)
                used = _used(conn, MoneyScope.SERVER, scope_id, window)
                yield from _passed(MoneyScope.SERVER, scope_id, window, used, cap)


def _passed(scope: MoneyScope, scope_id: str, window: str, used: int, cap: int) -> Iterator[Mark]:
    """The highest mark that is passed; of a cap of nothing none is, it turns tasks off."""
    if cap and used * 100 >= cap * NEARLY:
        percent = ALL if used >= cap else NEARLY
        yield Mark(scope=scope, scope_id=scope_id, window=window, percent=percent, used=used, cap=cap)


def _used(conn: sa.Connection, scope: MoneyScope, scope_id: str, window: str) -> int:
    query = sa.select(_COUNTER.c.held + _COUNTER.c.settled).where(
        _COUNTER.c.scope == scope, _COUNTER.c.scope_id == scope_id, _COUNTER.c.window == window
    )
    return int(conn.execute(query).scalar() or 0)


def _was_told(conn: sa.Connection, mark: Mark) -> bool:
    query = sa.select(_TOLD.c.at).where(
        _TOLD.c.scope == mark.scope,
        _TOLD.c.scope_id == mark.scope_id,
        _TOLD.c.window == mark.window,
        _TOLD.c.percent == mark.percent,
    )
    return conn.execute(query).first() is not None
