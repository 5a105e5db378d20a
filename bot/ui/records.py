"""What commands read of the database: the one place of `bot.ui` and `cogs` that knows the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import MoneyScope, Unit
from bot.quota.policy import Limits, back_at, quota_windows
from bot.quota.windows import day_window, month_window
from bot.store import auditing, blocks, jobs, ledger, policies
from bot.ui.cards import Left

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from bot.clock import Clock
    from bot.model import Job
    from bot.store.auditing import AuditEntry
    from bot.store.blocks import Block
    from bot.store.database import Database
    from bot.store.jobs import RecentPrompt
    from bot.store.policies import GuildPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a member has of one unit."""

    unit: Unit
    used: int
    """Used and held."""
    cap: int
    back_at: datetime | None
    """When it is whole again; None for what comes back with each finished task."""

    @property
    def left(self) -> int:
        """How much more may be asked for now."""
        return max(0, self.cap - self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A member's quota here, and what the member's tasks here have cost."""

    allowances: tuple[Allowance, ...]
    today_nano_usd: int
    month_nano_usd: int


class Records:
    """Reads of jobs, choices and quotas; every one is one transaction of indexed queries."""

    def __init__(self, database: Database, limits: Limits, clock: Clock) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock

    async def by_code(self, code: str) -> Job | None:
        """The job with that code, without its #."""
        return await self._database.read(lambda conn: jobs.by_code(conn, code))

    async def by_message(self, message_id: int) -> Job | None:
        """The job whose card or result that message is."""
        return await self._database.read(lambda conn: jobs.by_message(conn, message_id))

    async def mine(
        self, user_id: int, guild_id: int, *, limit: int, unfinished_only: bool = False
    ) -> Sequence[Job]:
        """The member's jobs in this server, newest first."""
        return await self._database.read(
            lambda conn: jobs.list_for_member(
                conn, user_id=user_id, guild_id=guild_id, limit=limit, unfinished_only=unfinished_only
            )
        )

    async def at_work(self, guild_id: int, user_id: int | None = None) -> Sequence[Job]:
        """The unfinished jobs of this server, or of one member here, oldest first; at most a thousand."""
        return await self._database.read(lambda conn: jobs.unfinished_in(conn, guild_id, user_id=user_id))

    async def blocked(self, guild_id: int, *, offset: int, limit: int) -> tuple[Sequence[Block], int]:
        """A part of the members who are blocked in this server, newest first, and how many they are."""
        now = self._clock.now()

        def unit(conn: sa.Connection) -> tuple[Sequence[Block], int]:
            found = blocks.in_server(conn, guild_id, now=now, limit=limit, offset=offset)
            return found, blocks.count(conn, guild_id, now=now)

        return await self._database.read(unit)

    async def audit(
        self, guild_id: int, user_id: int | None, *, offset: int, limit: int
    ) -> tuple[Sequence[AuditEntry], int]:
        """A part of this server's audit, newest first, and how many entries it has."""

        def unit(conn: sa.Connection) -> tuple[Sequence[AuditEntry], int]:
            found = auditing.entries(conn, guild_id, user_id=user_id, limit=limit, offset=offset)
            return found, auditing.count(conn, guild_id, user_id=user_id)

        return await self._database.read(unit)

    async def recent_prompts(
        self, user_id: int, guild_id: int, *, limit: int, private: bool
    ) -> Sequence[RecentPrompt]:
        """The member's last different prompts here; those of private jobs only when `private`."""
        return await self._database.read(
            lambda conn: jobs.recent_prompts(
                conn, user_id=user_id, guild_id=guild_id, limit=limit, with_private=private
            )
        )

    async def guild_policy(self, guild_id: int) -> GuildPolicy:
        """The server's choices."""
        return await self._database.read(lambda conn: policies.guild_policy(conn, guild_id))

    async def notify(self, job: Job) -> str:
        """How the job's owner wants to be told of its end: "reply", "dm" or "nothing"."""
        policy = await self._database.read(
            lambda conn: policies.member_policy(conn, job.user_id, job.guild_id)
        )
        return policy.notify

    async def account(self, user_id: int, guild_id: int) -> Account:
        """The member's quota and spending in this server, now."""
        now = self._clock.now()

        def unit(conn: sa.Connection) -> Account:
            def spent(window: str) -> int:
                used = ledger.spent(
                    conn, scope=MoneyScope.MEMBER, scope_id=f"{guild_id}:{user_id}", window=window
                )
                return used.settled

            return Account(
                allowances=self._allowances(conn, user_id, guild_id, now),
                today_nano_usd=spent(day_window(now)),
                month_nano_usd=spent(month_window(now)),
            )

        return await self._database.read(unit)

    async def left(self, job: Job) -> Left | None:
        """What is left of the images of the job's owner today."""
        now = self._clock.now()
        found = await self._database.read(lambda conn: self._allowances(conn, job.user_id, job.guild_id, now))
        images = next((each for each in found if each.unit is Unit.IMAGE), None)
        return None if images is None else Left(left=images.left, cap=images.cap)

    def _allowances(
        self, conn: sa.Connection, user_id: int, guild_id: int, now: datetime
    ) -> tuple[Allowance, ...]:
        """One for each unit; where the cap over all servers is the tighter one, that one."""
        usage = ledger.usage(conn, user_id=user_id, guild_id=guild_id, windows=quota_windows(now))
        found = []
        for unit in Unit:
            here = Allowance(
                unit=unit,
                used=usage.here[unit].total,
                cap=self._limits.here.of(unit),
                back_at=back_at(unit, now),
            )
            everywhere = Allowance(
                unit=unit,
                used=usage.everywhere[unit].total,
                cap=self._limits.everywhere.of(unit),
                back_at=here.back_at,
            )
            found.append(min(here, everywhere, key=lambda each: each.left))
        return tuple(found)
