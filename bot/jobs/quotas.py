"""What managers and moderators say of limits: rules, bonuses, and what is given back; all in the audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.limits import Bonus
from bot.model import Unit
from bot.quota.export import csv_header, csv_lines
from bot.quota.policy import back_at, quota_windows
from bot.quota.windows import day_window, week_window
from bot.store import changes, export, grants, limits, spending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import sqlalchemy as sa

    from bot.clock import Clock
    from bot.limits import Amounts, Limit, Subject, Target
    from bot.store.changes import Change
    from bot.store.database import Database
    from bot.store.export import LedgerEntry
    from bot.store.spending import Spent

JUST_BEFORE = timedelta(microseconds=1)
MOST_BYTES = 4_000_000
"""Of one ledger's file: both fit into a message of any server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFile:
    """A ledger as CSV."""

    name: str
    """"quota" or "money"."""
    data: bytes = field(repr=False)
    entries: int
    is_whole: bool
    """False: the oldest entries did not fit."""


class Quotas:
    """Changes of limits. Whether somebody may make them is the caller's question, asked before."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def rule(self, target: Target) -> Amounts:
        """What the server's rule for them says."""
        return await self._db.read(lambda conn: limits.rule(conn, target))

    async def rules(self, guild_id: int, subject: Subject, *, limit: int) -> Mapping[Target, Amounts]:
        """The server's rules for members, or for roles, those that changed last first."""
        return await self._db.read(lambda conn: limits.rules(conn, guild_id, subject, limit=limit))

    async def change(self, target: Target, said: Mapping[Limit, int | None], *, by: int) -> Change | None:
        """Let the rule say these amounts too; None takes one out. None is given back when all was so.

        Raises:
            ValueError: An amount is out of its bounds.
        """
        now = self._clock.now()

        def unit(conn: sa.Connection) -> Change | None:
            changed = limits.change_rule(conn, target, said, by=by, now=now)
            return changes.changes(conn, target.guild_id, limit=1)[0] if changed else None

        return await self._db.write(unit)

    async def replace(self, target: Target, amounts: Amounts, *, by: int) -> Change | None:
        """Let the rule say exactly that. None: it did already."""
        now = self._clock.now()

        def unit(conn: sa.Connection) -> Change | None:
            changed = limits.set_rule(conn, target, amounts, by=by, now=now)
            return changes.changes(conn, target.guild_id, limit=1)[0] if changed else None

        return await self._db.write(unit)

    async def grant(
        self,
        unit: Unit,
        amount: int,
        *,
        lasts: timedelta | None,
        guild_id: int,
        user_id: int,
        by: int,
        why: str | None,
    ) -> Bonus:
        """Give a member so many more in every window for a while; without a time, in this window."""
        now = self._clock.now()
        until = back_at(unit, now) if lasts is None else now + lasts
        assert until is not None  # noqa: S101  # for the type checker: images and trainings have windows
        last = until - JUST_BEFORE
        window = day_window(last) if unit is Unit.IMAGE else week_window(last)
        bonus = Bonus(unit=unit, amount=amount, until=until, window=window)
        await self._db.write(
            lambda conn: grants.grant(
                conn, bonus, guild_id=guild_id, user_id=user_id, by=by, why=why, now=now
            )
        )
        return bonus

    async def take_back(self, *, guild_id: int, user_id: int, by: int, why: str | None) -> Sequence[Bonus]:
        """End all bonuses of a member; which there were."""
        now = self._clock.now()
        return await self._db.write(
            lambda conn: grants.take_back(conn, guild_id=guild_id, user_id=user_id, by=by, why=why, now=now)
        )

    async def reset(self, *, guild_id: int, user_id: int, by: int, why: str | None) -> Mapping[Unit, int]:
        """Give back what a member used here today, and of trainings this week; how much that was."""
        now = self._clock.now()
        every = quota_windows(now)
        windows: dict[Unit, str] = {each: every[each] for each in (Unit.IMAGE, Unit.TRAINING)}
        return await self._db.write(
            lambda conn: grants.reset(
                conn, guild_id=guild_id, user_id=user_id, windows=windows, by=by, why=why, now=now
            )
        )

    async def ledgers(
        self, guild_id: int, *, user_id: int | None = None, most_bytes: int = MOST_BYTES
    ) -> Sequence[LedgerFile]:
        """The server's two ledgers as CSV, or a member's there, the newest entries first.

        They are read in small parts, between which everything else goes on.
        """
        quota, money = await self._db.read(export.last_ids)
        return (
            await self._ledger(
                "quota",
                quota,
                partial(export.quota_entries, guild_id=guild_id, user_id=user_id),
                most_bytes,
            ),
            await self._ledger(
                "money",
                money,
                partial(export.money_entries, guild_id=guild_id, user_id=user_id),
                most_bytes,
            ),
        )

    async def spending(self, guild_id: int, days: Sequence[str]) -> Sequence[Spent]:
        """What the server's members spent on these days, by day, member and tool; read in parts likewise."""
        user_ids = await self._db.read(lambda conn: spending.spenders(conn, guild_id, days))
        found: list[Spent] = []
        for start in range(0, len(user_ids), spending.MEMBERS_AT_ONCE):
            part = user_ids[start : start + spending.MEMBERS_AT_ONCE]
            found += await self._db.read(
                partial(spending.spending, guild_id=guild_id, days=days, user_ids=part)
            )
        return sorted(found, key=lambda each: (each.day, each.user_id, each.tool or ""))

    async def _ledger(
        self, name: str, last: int, unit: Callable[..., Sequence[LedgerEntry]], most_bytes: int
    ) -> LedgerFile:
        data, count = bytearray(csv_header().encode()), 0
        for upto in range(last, 0, -export.AT_ONCE):
            found = await self._db.read(partial(unit, upto=upto))
            lines = csv_lines(found).encode()
            if len(data) + len(lines) > most_bytes:
                return LedgerFile(name=name, data=bytes(data), entries=count, is_whole=False)
            data += lines
            count += len(found)
        return LedgerFile(name=name, data=bytes(data), entries=count, is_whole=True)
