"""What limits mean for one job: what it needs to be accepted, and whether it is too large. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import LimitRefused
from bot.limits import MONEY, Limit
from bot.model import ALL_SERVERS, Holds, MoneyHold, MoneyScope, QuotaHold, Unit
from bot.quota.rules import Purse
from bot.quota.windows import (
    ENDLESS,
    day_window,
    month_window,
    next_day,
    next_month,
    next_week,
    week_window,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from bot.model import NewJob
    from bot.quota.rules import Limits

SIZE_INPUTS: Mapping[str, Limit] = {
    "samples": Limit.SAMPLES,
    "steps": Limit.STEPS,
    "width": Limit.SIDE,
    "height": Limit.SIDE,
}
"""Which input a limit is about; options have the same names."""


def quota_windows(now: datetime) -> Mapping[Unit, str]:
    """The window of each unit at that time."""
    return {Unit.IMAGE: day_window(now), Unit.TRAINING: week_window(now), Unit.TASK: ENDLESS}


def back_at(unit: Unit, now: datetime) -> datetime | None:
    """When the unit's window ends and its quota is whole again; None for tasks at once."""
    if unit is Unit.IMAGE:
        return next_day(now)
    return next_week(now) if unit is Unit.TRAINING else None


def require_size(limits: Limits, new: NewJob) -> None:
    """Return when the job is not larger than its member may ask for; trainings have no size.

    Raises:
        LimitRefused: It is; the value, the rule and a fix are named.
    """
    if new.images == 0:
        return
    for name, limit in SIZE_INPUTS.items():
        value, given = _number(new.inputs.get(name)), limits.given.get(limit)
        if given is not None and value > given.amount:
            raise LimitRefused(name, value=value, most=given.amount, giver=given.by)


def holds_for(limits: Limits, new: NewJob, *, now: datetime) -> Holds:
    """Everything that acceptance reserves for the job, in the order in which counters are always locked.

    Quota: the member here, then over all servers. Money, each in its month and its day: the member here, then
        the purses of roles, of the server and of the instance; without a cap it is booked to be looked at.
    """
    unit = Unit.TRAINING if new.images == 0 else Unit.IMAGE
    windows = quota_windows(now)
    quota = tuple(
        QuotaHold(
            unit=each,
            window=windows[each],
            guild_id=guild_id,
            amount=amount,
            cap=cap,
            back_at=back_at(each, now),
        )
        for each, amount in ((unit, new.images or 1), (Unit.TASK, 1))
        for guild_id, cap in (
            (new.guild_id, limits.cap(each)),
            (ALL_SERVERS, limits.cap_everywhere(each)),
        )
    )
    day, month = (limits.amount(limit) for limit in MONEY)
    own = Purse(
        scope=MoneyScope.MEMBER, scope_id=f"{new.guild_id}:{new.user_id}", per_day=day, per_month=month
    )
    month_ends_at, day_ends_at = next_month(now), next_day(now)
    money = tuple(
        MoneyHold(
            scope=purse.scope,
            scope_id=purse.scope_id,
            window=window,
            amount_nano_usd=new.estimate_nano_usd,
            cap_nano_usd=cap,
            back_at=ends_at,
        )
        for purse in (own, *limits.purses)
        # The month goes first: who has spent it is not told to come back tomorrow.
        for window, ends_at, cap in (
            (month_window(now), month_ends_at, purse.per_month),
            (day_window(now), day_ends_at, purse.per_day),
        )
    )
    return Holds(quota=quota, money=money)


def _number(value: Any) -> int:
    """An input as it is sent; what is no number is no size."""
    text = str(value)
    return int(text) if text.isdecimal() else 0
