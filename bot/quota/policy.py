"""What a member may do: limits out of the settings, and the holds that a job needs to be accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from bot.model import ALL_SERVERS, Holds, MoneyHold, MoneyScope, QuotaHold, Unit
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

    from bot.model import NewJob


class QuotaSettings(Protocol):
    """The settings that limits are made of; `bot.settings.Settings` is one."""

    @property
    def quota_images_per_day(self) -> int: ...  # noqa: D102  # the contract explains its settings
    @property
    def quota_images_per_day_max(self) -> int: ...  # noqa: D102
    @property
    def quota_trainings_per_week(self) -> int: ...  # noqa: D102
    @property
    def quota_trainings_per_week_max(self) -> int: ...  # noqa: D102
    @property
    def quota_concurrent_tasks(self) -> int: ...  # noqa: D102
    @property
    def quota_concurrent_tasks_max(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """One number for each unit; 0 turns what it counts off."""

    images_per_day: int
    trainings_per_week: int
    concurrent_tasks: int

    def of(self, unit: Unit) -> int:
        """The number for this unit."""
        return {
            Unit.IMAGE: self.images_per_day,
            Unit.TRAINING: self.trainings_per_week,
            Unit.TASK: self.concurrent_tasks,
        }[unit]

    def at_most(self, ceiling: Caps) -> Caps:
        """These numbers, none above the ceiling's."""
        return Caps(
            images_per_day=min(self.images_per_day, ceiling.images_per_day),
            trainings_per_week=min(self.trainings_per_week, ceiling.trainings_per_week),
            concurrent_tasks=min(self.concurrent_tasks, ceiling.concurrent_tasks),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a member may use in one server, and in all servers together."""

    here: Caps
    """The most specific rule, never above the instance's ceiling."""
    everywhere: Caps
    """The instance's ceiling."""

    @classmethod
    def resolve(cls, settings: QuotaSettings, rule: Caps | None = None) -> Self:
        """The limits by the settings; `rule` is the most specific of server's, role's and member's."""
        ceiling = Caps(
            images_per_day=settings.quota_images_per_day_max,
            trainings_per_week=settings.quota_trainings_per_week_max,
            concurrent_tasks=settings.quota_concurrent_tasks_max,
        )
        default = Caps(
            images_per_day=settings.quota_images_per_day,
            trainings_per_week=settings.quota_trainings_per_week,
            concurrent_tasks=settings.quota_concurrent_tasks,
        )
        return cls(here=(rule or default).at_most(ceiling), everywhere=ceiling)

    def allows(self, unit: Unit) -> bool:
        """Whether what this unit counts is turned on at all."""
        return self.here.of(unit) > 0 and self.here.of(Unit.TASK) > 0


def quota_windows(now: datetime) -> Mapping[Unit, str]:
    """The window of each unit at that time."""
    return {Unit.IMAGE: day_window(now), Unit.TRAINING: week_window(now), Unit.TASK: ENDLESS}


def back_at(unit: Unit, now: datetime) -> datetime | None:
    """When the unit's window ends and its quota is whole again; None for tasks at once."""
    return {Unit.IMAGE: next_day(now), Unit.TRAINING: next_week(now), Unit.TASK: None}[unit]


def holds_for(
    limits: Limits, new: NewJob, *, now: datetime, budget_nano_usd_per_day: int | None = None
) -> Holds:
    """Everything that acceptance reserves for the job, in the order in which counters are always locked.

    Quota: the member here, then over all servers. Money: the member here, the server, the instance; each in
        its day and its month. Only the instance's day has a cap for now, the others are booked to be looked
        at.
    """
    unit = Unit.TRAINING if new.images == 0 else Unit.IMAGE
    wanted = ((unit, new.images or 1), (Unit.TASK, 1))
    windows = quota_windows(now)
    quota = tuple(
        QuotaHold(
            unit=each,
            window=windows[each],
            guild_id=guild_id,
            amount=amount,
            cap=caps.of(each),
            back_at=back_at(each, now),
        )
        for each, amount in wanted
        for guild_id, caps in ((new.guild_id, limits.here), (ALL_SERVERS, limits.everywhere))
    )
    scopes = (
        (MoneyScope.MEMBER, f"{new.guild_id}:{new.user_id}", None),
        (MoneyScope.SERVER, str(new.guild_id), None),
        (MoneyScope.INSTANCE, "", budget_nano_usd_per_day),
    )
    money = tuple(
        MoneyHold(
            scope=scope,
            scope_id=scope_id,
            window=window,
            amount_nano_usd=new.estimate_nano_usd,
            cap_nano_usd=cap,
            back_at=ends_at,
        )
        for scope, scope_id, day_cap in scopes
        for window, ends_at, cap in (
            (day_window(now), next_day(now), day_cap),
            (month_window(now), next_month(now), None),
        )
    )
    return Holds(quota=quota, money=money)
