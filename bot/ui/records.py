"""What commands read of the database: the one place of `bot.ui` and `cogs` that knows the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.limits import COUNTED, MONEY, Giver, Subject
from bot.model import ALL_SERVERS, MoneyScope, Unit
from bot.quota.policy import back_at, quota_windows
from bot.quota.rules import Given, resolve
from bot.quota.windows import day_window, month_window, next_day, next_month
from bot.store import auditing, blocks, jobs, ledger, limits, policies, reports
from bot.ui.cards import Left

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from bot.clock import Clock
    from bot.limits import Bonus, Limit, MemberRules, Standing
    from bot.model import Job
    from bot.quota.rules import Instance, Limits
    from bot.store.auditing import AuditEntry, Search
    from bot.store.blocks import Block
    from bot.store.database import Database
    from bot.store.jobs import RecentPrompt
    from bot.store.ledger import Usage
    from bot.store.policies import GuildPolicy
    from bot.store.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a member has of one unit."""

    unit: Unit
    used: int
    """Used and held."""
    given: Given
    """The limit that is the tighter one: this server's, or the instance's over all servers."""
    back_at: datetime | None
    """When it is whole again; None for what comes back with each finished task."""

    @property
    def cap(self) -> int:
        """How much there is in all."""
        return self.given.amount

    @property
    def left(self) -> int:
        """How much more may be asked for now."""
        return max(0, self.cap - self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a member's tasks in one server have cost in a window."""

    limit: Limit
    spent_nano_usd: int
    held_nano_usd: int
    """Of tasks that have not ended."""
    given: Given | None
    """The limit; None: there is none."""
    back_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A member's quota here, and what the member's tasks here have cost."""

    allowances: tuple[Allowance, ...]
    spending: tuple[Spending, ...]
    """Today's, and this month's."""
    limits: Limits
    """All that holds."""
    bonuses: tuple[Bonus, ...]


class Records:
    """Reads of jobs, choices and quotas; every one is one transaction of indexed queries."""

    def __init__(self, database: Database, instance: Instance, clock: Clock) -> None:
        self._database = database
        self._instance = instance
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
        self, guild_id: int, search: Search, *, offset: int, limit: int
    ) -> tuple[Sequence[AuditEntry], int]:
        """A part of what is searched for in this server's audit, newest first, and how many entries it is."""

        def unit(conn: sa.Connection) -> tuple[Sequence[AuditEntry], int]:
            found = auditing.entries(conn, guild_id, search, limit=limit, offset=offset)
            return found, auditing.count(conn, guild_id, search)

        return await self._database.read(unit)

    async def audit_before(
        self, guild_id: int, search: Search, before: int | None, *, limit: int
    ) -> Sequence[AuditEntry]:
        """The next entries of what is searched for, newest first, older than that one."""
        return await self._database.read(
            lambda conn: auditing.entries(conn, guild_id, search, limit=limit, before=before)
        )

    async def report(self, report_id: int) -> Report | None:
        """What a member reported."""
        return await self._database.read(lambda conn: reports.get(conn, report_id))

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

    async def limits(self, user_id: int, guild_id: int, standing: Standing) -> Limits:
        """What holds for the member in this server, now."""
        now = self._clock.now()

        def unit(conn: sa.Connection) -> MemberRules:
            return limits.rules_for(
                conn, guild_id=guild_id, user_id=user_id, role_ids=standing.role_ids, now=now
            )

        rules = await self._database.read(unit)
        return resolve(self._instance, rules, standing, guild_id=guild_id)

    async def account(self, user_id: int, guild_id: int, standing: Standing) -> Account:
        """The member's quota and spending in this server, now."""
        now = self._clock.now()

        def unit(conn: sa.Connection) -> Account:
            rules = limits.rules_for(
                conn, guild_id=guild_id, user_id=user_id, role_ids=standing.role_ids, now=now
            )
            held = resolve(self._instance, rules, standing, guild_id=guild_id)
            usage = ledger.usage(conn, user_id=user_id, guild_id=guild_id, windows=quota_windows(now))
            return Account(
                allowances=tuple(_allowance(each, usage, held, now) for each in Unit),
                spending=tuple(_spending(conn, user_id, guild_id, held, now)),
                limits=held,
                bonuses=rules.bonuses,
            )

        return await self._database.read(unit)

    async def left(self, job: Job) -> Left | None:
        """What is left of the images of the job's owner today, under the caps by which it was taken."""
        now = self._clock.now()

        def unit(conn: sa.Connection) -> Left | None:
            caps = ledger.images_cap(conn, job.id)
            if not caps:
                return None
            usage = ledger.usage(
                conn, user_id=job.user_id, guild_id=job.guild_id, windows={Unit.IMAGE: day_window(now)}
            )
            used = {job.guild_id: usage.here, ALL_SERVERS: usage.everywhere}
            return min(
                (
                    Left(left=max(0, cap - used[where][Unit.IMAGE].total), cap=cap)
                    for where, cap in caps.items()
                ),
                key=lambda each: each.left,
            )

        return await self._database.read(unit)


def _allowance(unit: Unit, usage: Usage, held: Limits, now: datetime) -> Allowance:
    """Where the cap over all servers is the tighter one, that one."""
    here = Allowance(
        unit=unit,
        used=usage.here[unit].total,
        given=held.given[COUNTED[unit]],
        back_at=back_at(unit, now),
    )
    ceiling = Given(amount=held.cap_everywhere(unit), by=Giver(Subject.INSTANCE), at_ceiling=True)
    everywhere = replace(here, used=usage.everywhere[unit].total, given=ceiling)
    return min(here, everywhere, key=lambda each: each.left)


def _spending(
    conn: sa.Connection, user_id: int, guild_id: int, held: Limits, now: datetime
) -> Iterator[Spending]:
    windows = ((day_window(now), next_day(now)), (month_window(now), next_month(now)))
    for limit, (window, ends_at) in zip(MONEY, windows, strict=True):
        used = ledger.spent(conn, scope=MoneyScope.MEMBER, scope_id=f"{guild_id}:{user_id}", window=window)
        yield Spending(
            limit=limit,
            spent_nano_usd=used.settled,
            held_nano_usd=used.held,
            given=held.given.get(limit),
            back_at=ends_at,
        )
