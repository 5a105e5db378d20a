"""Taking a job in: what holds for its member, whether it fits, and the job with its holds, in one unit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.quota.policy import holds_for, require_size
from bot.quota.rules import resolve
from bot.store import jobs, limits

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from bot.limits import Standing
    from bot.model import Job, NewJob
    from bot.quota.rules import Instance


def take_in(
    conn: sa.Connection, new: NewJob, standing: Standing, instance: Instance, *, now: datetime
) -> Job:
    """The job, stored with its weight in the line and everything it reserves; not yet in the line.

    The rules are read in the transaction that reserves: one that was just changed holds.

    Raises:
        LimitRefused: It is larger than the member may ask for; nothing is stored.
        TooSoon: The member has to wait; likewise.
        Blocked, QuotaRefused, BudgetRefused, CodeTaken: As `jobs.accept`.
    """
    rules = limits.rules_for(
        conn, guild_id=new.guild_id, user_id=new.user_id, role_ids=standing.role_ids, now=now
    )
    held = resolve(instance, rules, standing, guild_id=new.guild_id)
    require_size(held, new)
    weighed = replace(new, weight=held.weight)
    return jobs.accept(conn, weighed, holds_for(held, weighed, now=now), now=now, cooldown_s=held.cooldown_s)
