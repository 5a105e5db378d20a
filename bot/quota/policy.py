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
    from collections.abc import Iterator, Mapping
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
    return {Unit.IMAGE: next_day(now), Unit.TRAINING: next_week(now), Unit.TASK: None}[unit]


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

    Quota: the member here, then over all servers. Money, each in its day and its month: the member here, then
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
    money = tuple(
        hold for purse in (own, *limits.purses) for hold in _money_holds(purse, new.estimate_nano_usd, now)
    )
    return Holds(quota=quota, money=money)


def _money_holds(purse: Purse, amount_nano_usd: int, now: datetime) -> Iterator[MoneyHold]:
    for window, ends_at, cap in (
        (day_window(now), next_day(now), purse.per_day),
        (month_window(now), next_month(now), purse.per_month),
    ):
        yield MoneyHold(
            scope=purse.scope,
            scope_id=purse.scope_id,
            window=window,
            amount_nano_usd=amount_nano_usd,
            cap_nano_usd=cap,
            back_at=ends_at,
        )


def _number(value: Any) -> int:
    """An input as it is sent; what is no number is no size."""
    text = str(value)
    return int(text) if text.isdecimal() else 0
