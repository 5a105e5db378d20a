"""Bonuses, and what was used given back: moderators' entries in the ledger of quota, with who, why and until.

A bonus is its entry: it holds as long as the sum of what was granted with its end is above nothing. A reset
takes what was used off the server's counter; the one over all servers, for the instance's ceiling, keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.limits import Bonus
from bot.model import Act, EntryKind, Unit
from bot.store import auditing, ledger, tables
from bot.store.tables import HAS_END

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

_ENTRY = tables.quota_entry
_AMOUNT = sa.func.sum(_ENTRY.c.granted).label("amount")
_END = (_ENTRY.c.unit, _ENTRY.c.until, _ENTRY.c.window)
_HOLDS = sa.and_(
    _ENTRY.c.user_id == sa.bindparam("user_id"),
    _ENTRY.c.guild_id == sa.bindparam("guild_id"),
    _ENTRY.c.until > sa.bindparam("now", type_=_ENTRY.c.until.type),
    HAS_END,
)
HAS_BONUS = sa.exists().where(_HOLDS)
"""Whether the member may have a bonus there; binds `user_id`, `guild_id` and `now`."""
_BONUSES = (
    sa.select(*_END, _AMOUNT)
    .where(_HOLDS)
    .group_by(*_END)
    .having(_AMOUNT > 0)
    .order_by(_ENTRY.c.until, _ENTRY.c.unit)
)


def bonuses(conn: sa.Connection, *, guild_id: int, user_id: int, now: datetime) -> tuple[Bonus, ...]:
    """The member's bonuses in that server that hold now, those that end first before."""
    rows = conn.execute(_BONUSES, {"guild_id": guild_id, "user_id": user_id, "now": now})
    return tuple(
        Bonus(unit=row.unit, amount=int(row.amount), until=row.until, window=row.window) for row in rows
    )


def grant(
    conn: sa.Connection,
    bonus: Bonus,
    *,
    guild_id: int,
    user_id: int,
    by: int,
    why: str | None,
    now: datetime,
) -> None:
    """Give the member a bonus, with its entry in the audit."""
    who = {"user_id": user_id, "guild_id": guild_id, "actor_id": by, "why": why, "at": now}
    ledger.book_quota(conn, [_entry(EntryKind.GRANT, bonus, bonus.amount) | who])
    auditing.note(
        conn,
        Act.GRANT,
        guild_id=guild_id,
        actor_id=by,
        now=now,
        target_user_id=user_id,
        reason=why,
        detail=f"{bonus.unit.value} {bonus.amount} {int(bonus.until.timestamp())}",
    )


def take_back(
    conn: sa.Connection, *, guild_id: int, user_id: int, by: int, why: str | None, now: datetime
) -> tuple[Bonus, ...]:
    """End all of the member's bonuses there, each with its entry in the audit; which there were."""
    # Of two who take them back at once, one finds none left.
    key = {"guild_id": guild_id, "user_id": user_id, "now": now}
    conn.execute(sa.select(_ENTRY.c.id).where(_HOLDS).order_by(_ENTRY.c.id).with_for_update(), key)
    ended = bonuses(conn, guild_id=guild_id, user_id=user_id, now=now)
    who = {"user_id": user_id, "guild_id": guild_id, "actor_id": by, "why": why, "at": now}
    ledger.book_quota(conn, [_entry(EntryKind.RESET, each, -each.amount) | who for each in ended])
    for each in ended:
        auditing.note(
            conn,
            Act.GRANT,
            guild_id=guild_id,
            actor_id=by,
            now=now,
            target_user_id=user_id,
            reason=why,
            detail=f"{each.unit.value} {-each.amount} {int(each.until.timestamp())}",
        )
    return ended


def _entry(kind: EntryKind, bonus: Bonus, granted: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "unit": bonus.unit,
        "window": bonus.window,
        "until": bonus.until,
        "granted": granted,
        "held": 0,
        "settled": 0,
    }


def reset(
    conn: sa.Connection,
    *,
    guild_id: int,
    user_id: int,
    windows: Mapping[Unit, str],
    by: int,
    why: str | None,
    now: datetime,
) -> Mapping[Unit, int]:
    """Give back what the member has used in that server in these windows; how much that was.

    The member's counters over all servers keep it: no moderator of a server lets anybody pass the instance's
    ceiling. What is held stays: those tasks go on.
    """
    given_back = {}
    for unit, window in windows.items():
        key: dict[str, Any] = {"user_id": user_id, "guild_id": guild_id, "unit": unit, "window": window}
        used = ledger.settled_now(conn, key)
        if used <= 0:
            continue
        given_back[unit] = used
        ledger.book_quota(
            conn,
            [
                key
                | {"kind": EntryKind.RESET, "held": 0, "settled": -used}
                | {"at": now, "actor_id": by, "why": why}
            ],
        )
        auditing.note(
            conn,
            Act.RESET,
            guild_id=guild_id,
            actor_id=by,
            now=now,
            target_user_id=user_id,
            reason=why,
            detail=f"{unit.value} {used}",
        )
    return given_back
