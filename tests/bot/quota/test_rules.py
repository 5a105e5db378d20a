"""Which rule gives which limit: a table of cases."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.limits import Bonus, Giver, Limit, MemberRules, Standing, Subject
from bot.model import MoneyScope, Unit
from bot.quota.rules import Given, Instance, Purse, resolve
from tests.support.clock import START
from tests.support.limits import NO_ROLES, instance_of
from tests.support.store import GUILD

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGES, SAMPLES, WEIGHT, MONEY = Limit.IMAGES_PER_DAY, Limit.SAMPLES, Limit.WEIGHT, Limit.MONEY_PER_DAY
HELPER, BOOSTER, SKU = 51, 52, 900_000_000_000_000_001
MEMBER, SERVER, OPERATOR = Giver(Subject.MEMBER), Giver(Subject.SERVER), Giver(Subject.INSTANCE)
ROLE, TIER = Giver(Subject.ROLE, HELPER), Giver(Subject.PREMIUM, SKU)
BOUGHT = Standing(sku_ids=frozenset({SKU}))
USUAL = instance_of(ceilings={IMAGES: 100}, premium={SKU: {IMAGES: 80, WEIGHT: 300}})


def bonus(amount: int, unit: Unit = Unit.IMAGE) -> Bonus:
    return Bonus(unit=unit, amount=amount, until=START + timedelta(days=1), window="2026-11-22")


@pytest.mark.parametrize(
    ("rules", "standing", "given"),
    [
        (MemberRules(), NO_ROLES, Given(amount=40, by=OPERATOR)),
        (MemberRules(server={IMAGES: 20}), NO_ROLES, Given(amount=20, by=SERVER)),
        (MemberRules(server={IMAGES: 0}), NO_ROLES, Given(amount=0, by=SERVER)),
        (MemberRules(server={IMAGES: 500}), NO_ROLES, Given(amount=100, by=SERVER, at_ceiling=True)),
        (MemberRules(server={IMAGES: 20}, roles={HELPER: {IMAGES: 5}}), NO_ROLES, Given(amount=5, by=ROLE)),
        (
            MemberRules(roles={BOOSTER: {IMAGES: 30}, HELPER: {IMAGES: 60}, 53: {SAMPLES: 9}}),
            NO_ROLES,
            Given(amount=60, by=ROLE),
        ),
        (MemberRules(roles={HELPER: {SAMPLES: 9}}), NO_ROLES, Given(amount=40, by=OPERATOR)),
        (MemberRules(server={IMAGES: 20}), BOUGHT, Given(amount=80, by=TIER)),
        (MemberRules(roles={HELPER: {IMAGES: 90}}), BOUGHT, Given(amount=90, by=ROLE)),
        (MemberRules(roles={HELPER: {IMAGES: 70}}), BOUGHT, Given(amount=80, by=TIER)),
        (MemberRules(), Standing(sku_ids=frozenset({7})), Given(amount=40, by=OPERATOR)),
        (
            MemberRules(member={IMAGES: 3}, roles={HELPER: {IMAGES: 60}}, server={IMAGES: 20}),
            BOUGHT,
            Given(amount=3, by=MEMBER),
        ),
        (MemberRules(member={SAMPLES: 3}, server={IMAGES: 20}), NO_ROLES, Given(amount=20, by=SERVER)),
        (MemberRules(bonuses=(bonus(5), bonus(10))), NO_ROLES, Given(amount=55, by=OPERATOR, bonus=15)),
        (MemberRules(bonuses=(bonus(5, Unit.TRAINING),)), NO_ROLES, Given(amount=40, by=OPERATOR)),
        (
            MemberRules(member={IMAGES: 95}, bonuses=(bonus(20),)),
            NO_ROLES,
            Given(amount=100, by=MEMBER, bonus=5, at_ceiling=True),
        ),
        (
            MemberRules(server={IMAGES: 120}, bonuses=(bonus(20),)),
            NO_ROLES,
            Given(amount=100, by=SERVER, at_ceiling=True),
        ),
    ],
)
def test_images_a_day_are_by_the_most_specific_rule_under_the_ceiling(
    rules: MemberRules, standing: Standing, given: Given
) -> None:
    limits = resolve(USUAL, rules, standing, guild_id=GUILD)
    assert limits.given[IMAGES] == given
    assert limits.cap(Unit.IMAGE) == given.amount
    assert limits.cap_everywhere(Unit.IMAGE) == 100


@dataclass(frozen=True)
class Case:
    limit: Limit
    rules: MemberRules
    amount: int | None
    by: Subject | None = None
    standing: Standing = field(default=NO_ROLES)


@pytest.mark.parametrize(
    "case",
    [
        Case(Limit.TRAININGS_PER_WEEK, MemberRules(), 1, Subject.INSTANCE),
        Case(Limit.TRAININGS_PER_WEEK, MemberRules(member={Limit.TRAININGS_PER_WEEK: 9}), 1, Subject.MEMBER),
        Case(Limit.CONCURRENT_TASKS, MemberRules(roles={51: {Limit.CONCURRENT_TASKS: 2}}), 2, Subject.ROLE),
        Case(Limit.CONCURRENT_TASKS, MemberRules(server={Limit.CONCURRENT_TASKS: 9}), 3, Subject.SERVER),
        Case(SAMPLES, MemberRules(), None),
        Case(SAMPLES, MemberRules(server={SAMPLES: 2}, roles={51: {SAMPLES: 6}}), 6, Subject.ROLE),
        Case(Limit.STEPS, MemberRules(server={Limit.STEPS: 40}), 40, Subject.SERVER),
        Case(
            Limit.SIDE, MemberRules(server={Limit.SIDE: 640}, member={Limit.SIDE: 512}), 512, Subject.MEMBER
        ),
        Case(WEIGHT, MemberRules(), 100, Subject.INSTANCE),
        Case(WEIGHT, MemberRules(server={WEIGHT: 50}), 300, Subject.PREMIUM, BOUGHT),
        Case(MONEY, MemberRules(), None),
        Case(MONEY, MemberRules(roles={51: {MONEY: 7}, 52: {MONEY: 8}}, server={MONEY: 9}), 8, Subject.ROLE),
        Case(Limit.MONEY_PER_MONTH, MemberRules(server={Limit.MONEY_PER_MONTH: 9}), 9, Subject.SERVER),
    ],
    ids=lambda case: f"{case.limit.value} {case.amount}",
)
def test_every_other_limit_goes_the_same_way(case: Case) -> None:
    limits = resolve(USUAL, case.rules, case.standing, guild_id=GUILD)
    assert limits.amount(case.limit) == case.amount
    assert (case.by is None) is (case.limit not in limits.given)
    if case.by is not None:
        assert limits.given[case.limit].by.subject is case.by


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        (MemberRules(), Given(amount=4, by=OPERATOR)),
        (MemberRules(server={SAMPLES: 6}), Given(amount=6, by=SERVER)),
        (MemberRules(member={SAMPLES: 9}), Given(amount=8, by=MEMBER, at_ceiling=True)),
    ],
)
def test_the_operator_has_defaults_and_ceilings_for_the_other_limits_too(
    rules: MemberRules, given: Given
) -> None:
    instance = instance_of(further={SAMPLES: 4}, ceilings={SAMPLES: 8})
    assert resolve(instance, rules, NO_ROLES, guild_id=GUILD).given[SAMPLES] == given


def test_a_ceiling_holds_where_nobody_says_anything() -> None:
    limits = resolve(instance_of(ceilings={MONEY: 9}), MemberRules(), NO_ROLES, guild_id=GUILD)
    assert limits.given[MONEY] == Given(amount=9, by=OPERATOR)


ONE = Limit.SHARED_PER_DAY
MANY = Limit.SHARED_PER_MONTH


@pytest.mark.parametrize(
    ("instance", "rules", "caps"),
    [
        (USUAL, MemberRules(), [("server", "800", None, None), ("instance", "", None, None)]),
        (
            replace(USUAL, budget_nano_usd_per_day=5, budget_nano_usd_per_month=6),
            MemberRules(server={ONE: 3, MANY: 4}),
            [("server", "800", 3, 4), ("instance", "", 5, 6)],
        ),
        (
            USUAL,
            MemberRules(roles={9: {MANY: 1}, 7: {ONE: 2}, 8: {IMAGES: 3}}, member={ONE: 9}),
            [
                ("role", "800:7", 2, None),
                ("role", "800:9", None, 1),
                ("server", "800", None, None),
                ("instance", "", None, None),
            ],
        ),
    ],
    ids=["nothing capped", "server and instance", "every role that has a cap"],
)
def test_purses_are_those_of_every_role_with_a_cap_then_the_server_then_the_instance(
    instance: Instance, rules: MemberRules, caps: list[tuple[str, str, int | None, int | None]]
) -> None:
    purses = resolve(instance, rules, NO_ROLES, guild_id=GUILD).purses
    assert list(purses) == [
        Purse(scope=MoneyScope(scope), scope_id=scope_id, per_day=day, per_month=month)
        for scope, scope_id, day, month in caps
    ]


def test_the_servers_pause_is_the_members() -> None:
    assert resolve(USUAL, MemberRules(cooldown_s=60), NO_ROLES, guild_id=GUILD).cooldown_s == 60


def test_the_settings_give_defaults_ceilings_budgets_and_tiers() -> None:
    @dataclass(frozen=True)
    class Settings:
        quota_images_per_day: int = 40
        quota_images_per_day_max: int = 100
        quota_trainings_per_week: int = 1
        quota_trainings_per_week_max: int = 2
        quota_concurrent_tasks: int = 3
        quota_concurrent_tasks_max: int = 5
        quota_limits: Mapping[Limit, int] = field(default_factory=lambda: {SAMPLES: 4})
        quota_limits_max: Mapping[Limit, int] = field(default_factory=lambda: {SAMPLES: 8, MONEY: 9})
        budget_nano_usd_per_day: int | None = 7
        budget_nano_usd_per_month: int | None = 8
        premium_limits: Mapping[int, Mapping[Limit, int]] = field(default_factory=lambda: {SKU: {IMAGES: 80}})

    counted = {IMAGES: 100, Limit.TRAININGS_PER_WEEK: 2, Limit.CONCURRENT_TASKS: 5}
    assert Instance.of(Settings()) == instance_of(
        further={SAMPLES: 4},
        ceilings={**counted, SAMPLES: 8, MONEY: 9},
        budget_nano_usd_per_day=7,
        budget_nano_usd_per_month=8,
        premium={SKU: {IMAGES: 80}},
    )
