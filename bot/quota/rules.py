"""Which limits hold for a member, and who gave each: one pure function over all that was said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from bot.limits import COUNTED, EACH, SHARED, SIZES, Giver, Limit, MemberRules, Standing, Subject
from bot.model import NORMAL_WEIGHT, MoneyScope, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.limits import Amounts


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
    @property
    def quota_limits(self) -> Amounts: ...  # noqa: D102
    @property
    def quota_limits_max(self) -> Amounts: ...  # noqa: D102
    @property
    def budget_nano_usd_per_day(self) -> int | None: ...  # noqa: D102
    @property
    def budget_nano_usd_per_month(self) -> int | None: ...  # noqa: D102
    @property
    def premium_limits(self) -> Mapping[int, Amounts]: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What the operator says: what holds where nobody else says anything, and what nobody passes."""

    defaults: Amounts
    ceilings: Amounts
    """For one member; of what the quota ledger counts, over all servers."""
    premium: Mapping[int, Amounts] = field(default_factory=dict)
    """Tiers bought at Discord, by their SKU."""
    budget_nano_usd_per_day: int | None = None
    budget_nano_usd_per_month: int | None = None

    @classmethod
    def of(cls, settings: QuotaSettings) -> Self:
        """By the settings."""
        return cls(
            defaults={
                Limit.IMAGES_PER_DAY: settings.quota_images_per_day,
                Limit.TRAININGS_PER_WEEK: settings.quota_trainings_per_week,
                Limit.CONCURRENT_TASKS: settings.quota_concurrent_tasks,
                Limit.WEIGHT: NORMAL_WEIGHT,
                **settings.quota_limits,
            },
            ceilings={
                Limit.IMAGES_PER_DAY: settings.quota_images_per_day_max,
                Limit.TRAININGS_PER_WEEK: settings.quota_trainings_per_week_max,
                Limit.CONCURRENT_TASKS: settings.quota_concurrent_tasks_max,
                **settings.quota_limits_max,
            },
            premium=settings.premium_limits,
            budget_nano_usd_per_day=settings.budget_nano_usd_per_day,
            budget_nano_usd_per_month=settings.budget_nano_usd_per_month,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A limit that holds."""

    amount: int
    """Bonuses included, and never above the instance's ceiling."""
    by: Giver
    bonus: int = 0
    """How much of the amount bonuses add."""
    at_ceiling: bool = False
    """More was said than the instance allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """Money that many spend from together."""

    scope: MoneyScope
    scope_id: str
    per_day: int | None
    per_month: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All that holds for a member in one server."""

    given: Mapping[Limit, Given]
    """By limit; one that is not there is none."""
    everywhere: Amounts
    """The instance's ceilings, over all servers."""
    purses: tuple[Purse, ...]
    """Whose money is spent besides the member's own, in the order in which they are locked."""
    cooldown_s: int = 0

    def amount(self, limit: Limit) -> int | None:
        """How much is allowed; None: as much as anybody likes."""
        given = self.given.get(limit)
        return None if given is None else given.amount

    def cap(self, unit: Unit) -> int:
        """How much of what the quota ledger counts is allowed in this server."""
        return self.given[COUNTED[unit]].amount

    def cap_everywhere(self, unit: Unit) -> int:
        """The same over all servers."""
        return self.everywhere[COUNTED[unit]]

    @property
    def weight(self) -> int:
        """The share of the line."""
        return self.amount(Limit.WEIGHT) or NORMAL_WEIGHT

    @property
    def sizes(self) -> Mapping[Limit, Given]:
        """What limits one task."""
        return {limit: self.given[limit] for limit in SIZES if limit in self.given}


def resolve(instance: Instance, rules: MemberRules, standing: Standing, *, guild_id: int) -> Limits:
    """What holds for a member, each limit by the most specific rule that says something of it.

    The member's own rule goes first, then the best of those of their roles and of what they bought, then the
    server's, then the instance's default. What a rule gives is never above the instance's ceiling, bonuses
    included.

    Args:
        instance: What the operator says.
        rules: What the server says of this member.
        standing: What the member is and has there; `rules` has the roles' rules.
        guild_id: The server.
    """
    given = {}
    for limit in EACH:
        found = _most_specific(limit, instance, rules, standing)
        if found is not None:
            given[limit] = _bounded(limit, *found, instance, rules)
    return Limits(
        given=given,
        everywhere=instance.ceilings,
        purses=tuple(_purses(instance, rules, guild_id)),
        cooldown_s=rules.cooldown_s,
    )


def _most_specific(
    limit: Limit, instance: Instance, rules: MemberRules, standing: Standing
) -> tuple[int, Giver] | None:
    if limit in rules.member:
        return rules.member[limit], Giver(Subject.MEMBER)
    tiers = [(Subject.ROLE, each, rule) for each, rule in rules.roles.items()]
    bought = sorted(standing.sku_ids & instance.premium.keys())
    tiers += [(Subject.PREMIUM, each, instance.premium[each]) for each in bought]
    said = [(rule[limit], Giver(subject, each)) for subject, each, rule in tiers if limit in rule]
    if said:
        return max(said, key=lambda pair: pair[0])
    if limit in rules.server:
        return rules.server[limit], Giver(Subject.SERVER)
    amount = instance.defaults.get(limit, instance.ceilings.get(limit))
    return None if amount is None else (amount, Giver(Subject.INSTANCE))


def _bounded(limit: Limit, amount: int, by: Giver, instance: Instance, rules: MemberRules) -> Given:
    bonus = sum(each.amount for each in rules.bonuses if COUNTED[each.unit] is limit)
    ceiling = instance.ceilings.get(limit)
    if ceiling is None or amount + bonus <= ceiling:
        return Given(amount=amount + bonus, by=by, bonus=bonus)
    return Given(amount=ceiling, by=by, bonus=max(0, ceiling - amount), at_ceiling=True)


def _purses(instance: Instance, rules: MemberRules, guild_id: int) -> Iterator[Purse]:
    for role_id, rule in sorted(rules.roles.items()):
        day, month = (rule.get(limit) for limit in SHARED)
        if day is not None or month is not None:
            scope_id = f"{guild_id}:{role_id}"
            yield Purse(scope=MoneyScope.ROLE, scope_id=scope_id, per_day=day, per_month=month)
    day, month = (rules.server.get(limit) for limit in SHARED)
    yield Purse(scope=MoneyScope.SERVER, scope_id=str(guild_id), per_day=day, per_month=month)
    yield Purse(
        scope=MoneyScope.INSTANCE,
        scope_id="",
        per_day=instance.budget_nano_usd_per_day,
        per_month=instance.budget_nano_usd_per_month,
    )
